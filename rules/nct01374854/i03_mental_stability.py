"""I3: mentally stable and able to comply. Only a person can tell, so it always needs judgement.

Current severe mental illness, suicidal ideation and psychiatric stays of the last months are hints: they are
pointed to in neutral words and not named. What is over, such as a depression in remission, is no hint.
"""

from __future__ import annotations

from rules.assessment import Basis, Confidence, Evidence, Status
from rules.criterion import Chart, Coverage, Finding, Window
from rules.dates import Moment
from rules.decision import Rule, field
from rules.diagnoses import Course, Diagnosis, diagnoses
from rules.encounters import Stay, class_among, has_words, stays
from rules.gaps import gaps
from rules.words import count

NEUTRAL = "An entry that may bear on stability: see chart"

RULES = (
    Rule("hints", (field.hints >= 1,), Status.NEEDS_JUDGEMENT,
         "For the investigator to judge; {hints} on file may bear on it: see chart.",
         Confidence.LOW, Basis.HUMAN),
    Rule("ask", (), Status.NEEDS_JUDGEMENT,
         "For the investigator to judge; the record cannot show it.", Confidence.LOW, Basis.HUMAN),
)  # fmt: skip


def find(chart: Chart) -> Finding:
    """Return how many entries may bear on stability, without their names."""
    found = [*_current(chart), *_recent_ideation(chart)]
    hints = [_neutral(d.condition.reference, d.when) for d in found]
    hints += [_neutral(s.encounter.reference, s.start) for s in stays(chart) if _is_psychiatric(chart, s)]
    missing = gaps(chart, "diagnoses", "encounters")
    return Finding(
        fact={"hints": len(hints)},
        words={"hints": count(len(hints), "entry", "entries")},
        evidence=tuple(hints),
        notes=tuple(f"Not looked at: {why}." for why in missing),
    )


def _neutral(reference: str, when: Moment | None) -> Evidence:
    return Evidence(reference, NEUTRAL, None, None, when.text if when else None)


def _current(chart: Chart) -> list[Diagnosis]:
    return [d for d in diagnoses(chart, chart.value_set("mental_health_hints")) if d.course is not Course.PAST]


def _recent_ideation(chart: Chart) -> list[Diagnosis]:
    """Return entries of the last months; one without a date counts while it is current."""
    window = chart.window("ideation")
    return [
        d
        for d in diagnoses(chart, chart.value_set("suicidal_ideation"))
        if (_may_lie_in(chart, window, d.when) if d.when else d.current)
    ]


def _may_lie_in(chart: Chart, window: Window, when: Moment) -> bool:
    return window.covers(when.days, chart.on) is not Coverage.OUTSIDE


def _is_psychiatric(chart: Chart, stay: Stay) -> bool:
    """True for an admission to psychiatry that reaches into the last months."""
    encounter, service = stay.encounter, chart.value_set("psychiatric_service")
    admission = chart.value_set("admission_type")
    admitted = class_among(encounter, {"inpatient": chart.value_set("inpatient_class")}) or any(
        admission.find(kind) for kind in encounter.type or ()
    )
    last = stay.end or stay.start
    recent = stay.ongoing or last is None or _may_lie_in(chart, chart.window("admission"), last)
    kinds = (*(encounter.type or ()), encounter.service_type)
    return bool(admitted) and recent and any(has_words(kind, service) for kind in kinds)
