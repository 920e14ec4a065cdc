"""E19: an investigational agent in the last 28 days.

Taking part in another study with its intervention on any of these days excludes. Everything else needs
judgement: other roles in a study, signs of one among diagnoses and orders, and silence too, for other
studies are rarely recorded and only the person knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from rules.assessment import Basis, Confidence, Evidence, Status
from rules.criterion import Chart, Coverage, Finding
from rules.dates import Moment
from rules.decision import Rule, field
from rules.diagnoses import Course, diagnoses
from rules.gaps import gaps
from rules.medications import Order, Use, orders
from rules.resources import MedicationStatement, ResearchSubject

RULES = (
    Rule("on-intervention", (field.intervention >= 1,), Status.MET,
         "In another study with its intervention in the last {window}: {intervention}."),
    Rule("on-intervention-undated", (field.undated >= 1,), Status.MET,
         "In another study with its intervention, dates not stated: {undated}.", Confidence.MODERATE),
    Rule("signs", (field.signs >= 1,), Status.NEEDS_JUDGEMENT,
         "Signs of another study; ask which agent was used, and when: {signs}.", Confidence.MODERATE),
    Rule("ask", (), Status.NEEDS_JUDGEMENT,
         "No other study is recorded in the last {window}, which proves nothing: ask the person.",
         Confidence.LOW, Basis.HUMAN),
)  # fmt: skip

_INTERVENTION = "on-study-intervention"
_TAKING_PART = frozenset({
    _INTERVENTION, "on-study", "pending-on-study", "on-study-observation", "follow-up", "off-study",
    "withdrawn",
})  # fmt: skip
"""ResearchSubject statuses (R4) of a person who is or was in a study; candidates are not."""


def find(chart: Chart) -> Finding:
    """Return the studies that overlap the window, and other signs of one."""
    subjects = [s for s in chart.record.research_subjects if _status(s) in _TAKING_PART]
    treated = [s for s in subjects if _status(s) == _INTERVENTION]
    undated = [s for s in treated if not any(_bounds(chart, s))]
    during = [s for s in treated if s not in undated and _overlap(chart, s) is Coverage.INSIDE]
    open_ = [s for s in subjects if s not in (*during, *undated) and _overlap(chart, s) is not Coverage.OUTSIDE]
    signs = [*map(_evidence, open_), *_diagnoses(chart), *_orders(chart)]
    missing = gaps(chart, "research-subjects", "diagnoses", "medications", "medication-statements")
    return Finding(
        fact={"intervention": len(during), "undated": len(undated), "signs": len(signs)},
        words={
            "window": str(chart.window("decide")),
            "intervention": _names(map(_evidence, during)),
            "undated": _names(map(_evidence, undated)),
            "signs": _names(signs),
        },
        evidence=(*map(_evidence, (*during, *undated)), *signs),
        notes=tuple(f"Not looked at: {why}." for why in missing),
        recheck_on=_recheck(chart, during) if not undated else None,
    )


def _status(subject: ResearchSubject) -> str:
    return (subject.status or "").strip().lower()


def _bounds(chart: Chart, subject: ResearchSubject) -> tuple[Moment | None, Moment | None]:
    period = subject.period
    return (chart.moment(period.start), chart.moment(period.end)) if period else (None, None)


def _overlap(chart: Chart, subject: ResearchSubject) -> Coverage:
    """Return whether the participation reaches into the window; one without an end goes on."""
    start, end = _bounds(chart, subject)
    if start and start.days.first > chart.on:
        return Coverage.OUTSIDE
    coverage = chart.window("decide").covers(end.days, chart.on) if end else Coverage.INSIDE
    uncertain = start is not None and start.days.last > chart.on
    return Coverage.STRADDLES if uncertain and coverage is Coverage.INSIDE else coverage


def _evidence(subject: ResearchSubject) -> Evidence:
    study = subject.study.display or subject.study.reference if subject.study else None
    period = subject.period
    dates = f"{period.start or '?'} to {period.end or 'now'}" if period else None
    return Evidence(subject.reference, study or "a study", _status(subject), None, dates)


def _names(items: Iterable[Evidence]) -> str:
    return "; ".join(", ".join(part for part in (i.display, i.value, i.date) if part) for i in items)


def _diagnoses(chart: Chart) -> list[Evidence]:
    """Return entries for a trial participant or a research visit; undated ones while they are not over."""
    return [
        d.evidence()
        for d in diagnoses(chart, chart.value_set("trial_participant"))
        if d.impossible_onset is None and (_recent(chart, d.when) if d.when else d.course is not Course.PAST)
    ]


def _recent(chart: Chart, when: Moment) -> bool:
    inside = chart.window("decide").covers(when.days, chart.on) is not Coverage.OUTSIDE
    return inside and when.days.first <= chart.on


def _orders(chart: Chart) -> list[Evidence]:
    """Return orders and statements whose words speak of a study drug, taken now or until lately."""
    found = orders(chart, chart.value_set("investigational_words"))
    return [order.evidence() for order in found if order.use is not Use.PAST or _ended_lately(chart, order)]


def _ended_lately(chart: Chart, order: Order) -> bool:
    if not isinstance(order.resource, MedicationStatement) or order.resource.effective_period is None:
        return False
    end = chart.moment(order.resource.effective_period.end)
    return end is not None and _recent(chart, end)


def _recheck(chart: Chart, blocking: Sequence[ResearchSubject]) -> date | None:
    """Return the day after the window of the last participation; None while one goes on."""
    ends = [end for subject in blocking if (end := _bounds(chart, subject)[1])]
    length = chart.window("decide").days
    if len(ends) < len(blocking) or not ends or length is None:
        return None
    return max(end.days.last for end in ends) + timedelta(days=length + 1)
