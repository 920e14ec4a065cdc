"""E20: admission to hospital in the 14 days before enrolment.

The admission counts, not the discharge: a stay that began in the window, or is going on, excludes. A stay
that began earlier and ended in the window meets the intent and not the words: judgement, and so do
observation, short stays, and ambulatory visits with hospital data. Only this record's stays are visible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from rules.assessment import Basis, Confidence, Status
from rules.criterion import Chart, Coverage, Finding
from rules.dates import Days
from rules.decision import Rule, field
from rules.encounters import Stay, class_among, stays, words_among
from rules.words import count

RULES = (
    Rule("inpatient-now", (field.now >= 1,), Status.MET,
         "In hospital now: {now}."),
    Rule("admitted-in-window", (field.admitted >= 1,), Status.MET,
         "Admitted in the last {window}: {admitted}."),
    Rule("hospital-data-without-a-class", (field.presumed >= 1,), Status.MET,
         "Probably admitted in the last {window} (hospital data, class not stated or not known): {presumed}.",
         Confidence.MODERATE, Basis.SURROGATE),
    Rule("discharged-in-window", (field.discharged >= 1,), Status.NEEDS_JUDGEMENT,
         "Admitted before the last {window}, but discharged within them: {discharged}."),
    Rule("short-stay", (field.doubtful >= 1,), Status.NEEDS_JUDGEMENT,
         "A stay in the last {window} that may count as an admission: {doubtful}."),
    Rule("dates-open", (field.undated >= 1,), Status.UNKNOWN,
         "The dates of a hospital stay do not tell whether it lies in the last {window}: {undated}."),
    Rule("kind-open", (field.unclassified >= 1,), Status.UNKNOWN,
         "The kind of an encounter in the last {window} is not known: {unclassified}."),
    Rule("encounters-incomplete", (field.complete.fails,), Status.UNKNOWN,
         "No admission in the last {window} among the encounters that arrived: {why}."),
    Rule("none", (), Status.NOT_MET,
         "No admission in the last {window} in this record; stays elsewhere are not visible.",
         Confidence.LOW, Basis.ABSENCE),
)  # fmt: skip


class Kind(StrEnum):
    """What an encounter is, as far as admission goes."""

    ADMISSION = "admission"
    PRESUMED = "presumed"
    """No class that is known, but hospital data."""
    DOUBTFUL = "doubtful"
    NONE = "none"
    UNKNOWN = "unknown"


class Timing(StrEnum):
    """Where a stay lies with regard to the window."""

    NOW = "now"
    BEGAN = "began"
    ENDED = "ended"
    OPEN = "open"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class _Sorted:
    stay: Stay
    kind: Kind
    timing: Timing


def find(chart: Chart) -> Finding:
    """Return the person's stays, sorted by kind and by where they lie with regard to the window."""
    found = [_Sorted(stay, kind_of(chart, stay), timing_of(chart, stay)) for stay in stays(chart)]
    groups = {
        "now": _pick(found, [Kind.ADMISSION, Kind.PRESUMED], [Timing.NOW]),
        "admitted": _pick(found, [Kind.ADMISSION], [Timing.BEGAN]),
        "presumed": _pick(found, [Kind.PRESUMED], [Timing.BEGAN]),
        "discharged": _pick(found, [Kind.ADMISSION, Kind.PRESUMED], [Timing.ENDED]),
        "doubtful": _pick(found, [Kind.DOUBTFUL], [Timing.NOW, Timing.BEGAN, Timing.ENDED]),
        "undated": _pick(found, [Kind.ADMISSION, Kind.PRESUMED, Kind.DOUBTFUL], [Timing.OPEN]),
        "unclassified": _pick(found, [Kind.UNKNOWN], [Timing.NOW, Timing.BEGAN, Timing.ENDED, Timing.OPEN]),
    }
    why = _incomplete(chart)
    return Finding(
        fact={**{name: len(group) for name, group in groups.items()}, "complete": not why},
        words={
            **{name: "; ".join(f"{stay.name}, {stay.period}" for stay in group) for name, group in groups.items()},
            "window": str(chart.window("decide")),
            "why": why,
        },
        evidence=tuple(stay.evidence() for group in groups.values() for stay in group),
        recheck_on=_recheck(chart, [*groups["now"], *groups["admitted"], *groups["presumed"]]),
    )


def _pick(found: Sequence[_Sorted], kinds: Sequence[Kind], timings: Sequence[Timing]) -> list[Stay]:
    return [item.stay for item in found if item.kind in kinds and item.timing in timings]


_CLASSES = ("inpatient_class", "short_stay_class", "ambulatory_class", "not_admission_class")


def kind_of(chart: Chart, stay: Stay) -> Kind:
    """Return whether a stay is an admission: by class, else by type, else by hospital data."""
    encounter = stay.encounter
    kinds = {name: chart.value_set(name) for name in _CLASSES}
    known = class_among(encounter, kinds)
    typed = any(chart.value_set("admission_type").find(kind) for kind in encounter.type or ())
    if known is None and not typed:
        known = words_among(encounter.type or (), kinds)
    if known == "inpatient_class" or (typed and known is None):
        return Kind.ADMISSION
    if known == "short_stay_class" or typed:
        return Kind.DOUBTFUL
    if known == "ambulatory_class":
        return Kind.DOUBTFUL if encounter.hospitalization else Kind.NONE
    if known == "not_admission_class":
        return Kind.NONE
    return Kind.PRESUMED if encounter.hospitalization else Kind.UNKNOWN


def timing_of(chart: Chart, stay: Stay) -> Timing:
    """Return where a stay lies: going on, begun in the window, ended in it, not to be told, or outside."""
    window = chart.window("decide")
    if stay.ongoing:
        return Timing.NOW
    began = window.covers(stay.start.days, chart.on) if stay.start else Coverage.STRADDLES
    ended = window.covers(stay.end.days, chart.on) if stay.end else Coverage.STRADDLES
    if began is Coverage.INSIDE:
        return Timing.BEGAN
    if ended is Coverage.OUTSIDE:
        return Timing.OUTSIDE
    if began is Coverage.OUTSIDE and ended is Coverage.INSIDE:
        return Timing.ENDED
    return Timing.OPEN


def _incomplete(chart: Chart) -> str:
    search = chart.search("encounters")
    if not search.complete:
        return search.reason or "the encounters are not available to the service"
    unreadable = chart.record.unreadable_of("Encounter")
    return f"{count(len(unreadable), 'encounter')} could not be read" if unreadable else ""


def _recheck(chart: Chart, blocking: Sequence[Stay]) -> date | None:
    """Return the day after the window of the latest admission; None when that day has passed."""
    begins: list[Days] = [stay.start.days for stay in blocking if stay.start]
    length = chart.window("decide").days
    if not begins or length is None:
        return None
    ends = max(days.first for days in begins) + timedelta(days=length + 1)
    return ends if ends > chart.on else None
