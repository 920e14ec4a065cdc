"""E4: systolic pressure above 160 or diastolic above 100 mmHg at the time of enrolment.

The most recent outpatient day with a reading counts, and of that day the lowest systolic and the lowest
diastolic value, as quality measures do. Readings of emergency, inpatient, pre-admission and short-stay
encounters do not count. A pair written as text ("165/95") is read with less confidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction

from rules.assessment import Confidence, Evidence, Status
from rules.causes import Cause
from rules.criterion import Chart, Finding
from rules.datatypes import LONGEST_VALUE, CodeableConcept
from rules.dates import NEVER
from rules.decision import FactValue, Rule, field
from rules.encounters import Stay, class_among, stays
from rules.measurements import near, not_final, usable
from rules.quantities import Interval, on_grid, plain, scaled
from rules.record import Retrieved
from rules.resources import Component, Encounter, Observation
from rules.results import Result, read_result, results
from rules.searches import SearchState
from rules.value_sets import Match, ValueSet
from rules.words import count

KNOWN = field.state.equals("value")

RULES = (
    Rule("conflict", (field.state.equals("conflict"),), Status.NEEDS_JUDGEMENT, "Blood pressure: {why}."),
    Rule("systolic-above", (field.sbp_low > field.systolic,), Status.MET,
         "Blood pressure {value} on {date}, systolic above {systolic}."),
    Rule("diastolic-above", (field.dbp_low > field.diastolic,), Status.MET,
         "Blood pressure {value} on {date}, diastolic above {diastolic}."),
    Rule("within", (field.sbp_high <= field.systolic, field.dbp_high <= field.diastolic),
         Status.NOT_MET, "Blood pressure {value} on {date}, not above {systolic} and {diastolic}."),
    Rule("not-told", (KNOWN,), Status.UNKNOWN,
         "Blood pressure {value} on {date} does not tell whether {systolic} or {diastolic} is exceeded."),
    Rule("unknown", (), Status.UNKNOWN, "Blood pressure: {why}."),
)  # fmt: skip

_PAIR = re.compile(r"\s*(\d+(?:\.\d+)?)\s*/\s*(\d+(?:\.\d+)?)\s*(\D.*?)?\s*")
"""Systolic, diastolic and perhaps a unit, as one text."""


class Setting(StrEnum):
    """Where a reading was taken, as far as the record tells."""

    OUTPATIENT = "outpatient"
    PRESUMED = "presumed"
    """No visit is linked, and not all visits could be looked at."""
    EXCLUDED = "excluded"
    UNTOLD = "untold"
    """A visit is linked, and could not be looked at."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """One systolic or diastolic value."""

    result: Result
    systolic: bool
    setting: Setting
    standing: bool

    @property
    def day(self) -> date | None:
        when = self.result.when
        return when.days.first if when and when.days.exact else None


@dataclass(frozen=True, slots=True)
class _Day:
    """The lowest values of one outpatient day."""

    sbp: _Reading | None
    dbp: _Reading | None
    day: date

    @property
    def lowest(self) -> tuple[_Reading, ...]:
        return tuple(reading for reading in (self.sbp, self.dbp) if reading)

    @property
    def words(self) -> str:
        values = (r.result.compared or r.result.reported if r else "(missing)" for r in (self.sbp, self.dbp))
        systolic, diastolic = values
        number, _, unit = systolic.partition(" ")
        return f"{number}/{diastolic}" if diastolic.endswith(f" {unit}") else f"{systolic}/{diastolic}"


def find(chart: Chart) -> Finding:
    """Return the lowest values of the most recent outpatient day, in mmHg."""
    readings = _up_to_the_latest_day(_readings(chart))
    day = _latest_day([reading for reading in readings if usable(reading.result)])
    state, why, shown = _state(chart, readings, day)
    counted = day.lowest if day and state == "value" else ()
    limits = {name: chart.limit(name) for name in ("systolic", "diastolic")}
    return Finding(
        fact={"state": state, **_numbers(day if state == "value" else None, limits)},
        words={
            "value": day.words if day else "none",
            "date": day.day.isoformat() if day else "no date",
            "why": why,
            **{name: f"{plain(limit)} {chart.this.limits[name].unit}" for name, limit in limits.items()},
        },
        evidence=_evidence(shown),
        notes=_notes(chart, counted),
        confidence=_confidence(chart, counted),
        near_threshold=any(
            near(r.result, limits["systolic" if r.systolic else "diastolic"], laboratory=False) for r in counted
        ),
    )


def _numbers(day: _Day | None, limits: dict[str, Fraction]) -> dict[str, FactValue]:
    pair = {"sbp": day.sbp if day else None, "dbp": day.dbp if day else None}
    intervals = {name: on_grid(_interval(reading)) if reading else None for name, reading in pair.items()}
    return {**scaled(intervals, limits)}


def _interval(reading: _Reading) -> Interval:
    if reading.result.interval is None:
        raise ValueError("a reading without a usable value was compared")
    return reading.result.interval


# -- retrieving -------------------------------------------------------------------------------------------


def _up_to_the_latest_day(readings: Iterable[_Reading]) -> list[_Reading]:
    """Return outpatient readings, newest first, as far back as the latest day with a value: older ones say nothing."""
    taken: list[_Reading] = []
    latest: date | None = None
    for reading in readings:
        when = reading.result.when
        if latest and (when is None or when.days.last < latest):
            break
        if reading.setting is not Setting.EXCLUDED:
            taken.append(reading)
            latest = latest or (reading.day if usable(reading.result) else None)
    return taken


def _readings(chart: Chart) -> Iterator[_Reading]:
    """Yield all values, newest first: components, observations of their own, and pairs written as text."""
    analyte, visits = chart.analyte("blood_pressure"), stays(chart)
    found: list[tuple[Result, bool]] = []
    for systolic, name in ((True, "systolic_bp"), (False, "diastolic_bp")):
        value_set = chart.value_set(name)
        written = (read_result(chart, pair, analyte) for pair in _written(chart, value_set, systolic))
        texts = (r.but(confidence=r.confidence.at_most(Confidence.MODERATE)) for r in written if r)
        found += ((result, systolic) for result in (*results(chart, value_set, analyte), *texts))
    found.sort(key=lambda pair: pair[0].when.end if pair[0].when else NEVER, reverse=True)
    for result, systolic in found:
        yield _Reading(result, systolic, _setting(chart, result, visits), _is_standing(chart, result))


def _written(chart: Chart, value_set: ValueSet, systolic: bool) -> Iterable[Retrieved]:
    """Return the half of each pair written as text, like a component; in mmHg unless a unit is written."""
    unit = chart.analyte("blood_pressure").canonical
    for found in chart.record.retrieve_observations(chart.value_set("bp_panel")):
        text = found.value.value_string
        pair = _PAIR.fullmatch(text) if text and len(text) <= LONGEST_VALUE else None
        if pair:
            row = next(iter(value_set))
            half = Component(
                code=CodeableConcept(text=f"{row.display} (written {text})"),
                value_string=f"{pair[1] if systolic else pair[2]} {pair[3] or unit}",
            )
            yield Retrieved(found.observation, half, Match(row, None))


def _is_standing(chart: Chart, result: Result) -> bool:
    return chart.value_set("standing_bp").find(result.retrieved.value.code) is not None


def _setting(chart: Chart, result: Result, visits: Sequence[Stay]) -> Setting:
    """Return where the value was taken: by the visit it refers to, else by a stay that surely covers it."""
    observation = result.observation
    visit = chart.record.resolve(observation.encounter, Encounter, observation)
    if visit is not None:
        return Setting.EXCLUDED if _does_not_count(chart, visit) else Setting.OUTPATIENT
    excluded = [stay for stay in visits if _does_not_count(chart, stay.encounter)]
    if any(_covers(stay, result) for stay in excluded):
        return Setting.EXCLUDED
    if any(_may_cover(stay, result) for stay in excluded):
        return Setting.UNTOLD
    if chart.search("encounters").complete:
        return Setting.OUTPATIENT
    return Setting.UNTOLD if _refers(observation) else Setting.PRESUMED


def _refers(observation: Observation) -> bool:
    return observation.encounter is not None and observation.encounter.reference is not None


def _does_not_count(chart: Chart, visit: Encounter) -> bool:
    return class_among(visit, {"excluded": chart.value_set("bp_excluded_encounters")}) is not None


def _covers(stay: Stay, result: Result) -> bool:
    """True when the value was taken during the stay, whatever the precision of the dates."""
    if result.when is None or stay.start is None or stay.start.end > result.when.start:
        return False
    return stay.ongoing or (stay.end is not None and stay.end.start >= result.when.end)


def _may_cover(stay: Stay, result: Result) -> bool:
    """True when imprecise dates allow that the value was taken during the stay."""
    if result.when is None or stay.start is None or stay.start.start > result.when.end:
        return False
    return stay.ongoing or (stay.end or stay.start).end >= result.when.start


# -- choosing ---------------------------------------------------------------------------------------------


def _latest_day(readings: Sequence[_Reading]) -> _Day | None:
    """Return the lowest values of the latest day among usable ``readings``."""
    days = [reading.day for reading in readings if reading.day]
    if not days:
        return None
    latest = max(days)
    of_day = [reading for reading in readings if reading.day == latest]
    return _Day(_lowest(r for r in of_day if r.systolic), _lowest(r for r in of_day if not r.systolic), latest)


def _lowest(readings: Iterable[_Reading]) -> _Reading | None:
    """Return the reading with the lowest value; one without a lower bound is the lowest."""

    def low(reading: _Reading) -> tuple[bool, Fraction, str]:
        bound = _interval(reading).low
        return bound is not None, bound or Fraction(0), reading.result.observation.reference

    return min(readings, key=low, default=None)


def _state(chart: Chart, readings: Sequence[_Reading], day: _Day | None) -> tuple[str, str, Sequence[_Reading]]:
    """Return value, conflict or unknown, the reason, and the readings to show."""
    gap = _gap(chart)
    if day is None:
        why, shown = _nothing_usable(chart, readings)
        return "unknown", gap or why, shown
    if gap:
        return "unknown", f"{gap}; a newer reading may exist", day.lowest
    obstacle = next((r for r in readings if _hides_a_newer_value(r, day)), None)
    if obstacle:
        why = obstacle.result.why or f"the date {obstacle.result.date} does not tell which reading is newest"
        return "unknown", f"the newest reading cannot be used: {why}", (obstacle, *day.lowest)
    return _in_window(chart, readings, day)


def _in_window(chart: Chart, readings: Sequence[_Reading], day: _Day) -> tuple[str, str, Sequence[_Reading]]:
    from_start = (day.day - chart.window("decide").start(chart.on)).days
    if from_start < 0:
        if (day.day - chart.window("shown").start(chart.on)).days < 0:
            return "unknown", f"no reading in the last {chart.window('shown')}", ()
        why = f"the newest reading ({day.words} on {day.day}) is older than {chart.window('decide')}"
        return "unknown", why, day.lowest
    untold = [r for r in readings if r.day == day.day and r.setting is Setting.UNTOLD]
    if untold:
        why = "it may belong to a hospital stay or an emergency visit of that time"
        if not chart.search("encounters").complete:
            why = chart.search("encounters").reason or "the encounters are not available to the service"
        return (
            "unknown",
            f"whether the reading of {day.day} is from an outpatient visit is not known: {why}",
            untold,
        )
    preliminary = _latest_day([r for r in readings if r.result.preliminary and r.result.problem is None])
    if preliminary and preliminary.day > day.day and _outcome(chart, preliminary) != _outcome(chart, day):
        why = f"a newer preliminary reading ({preliminary.words}) differs from {day.words} on {day.day}"
        return "conflict", why, (*preliminary.lowest, *day.lowest)
    return "value", "", day.lowest


def _hides_a_newer_value(reading: _Reading, day: _Day) -> bool:
    """True for a reading that is or may be newer than the day, and cannot be used."""
    when, problem = reading.result.when, reading.result.problem
    if when is None or problem in (Cause.NO_VALUE, Cause.FUTURE):
        return False
    if problem is None:
        return not when.days.exact and when.days.last >= day.day and not reading.result.preliminary
    return when.days.first > day.day


def _outcome(chart: Chart, day: _Day) -> tuple[bool, bool]:
    pairs = ((day.sbp, chart.limit("systolic")), (day.dbp, chart.limit("diastolic")))
    above = any(reading and _interval(reading).wholly_above(limit) for reading, limit in pairs)
    below = all(reading and _interval(reading).wholly_below(limit, inclusive=True) for reading, limit in pairs)
    return above, below


def _nothing_usable(chart: Chart, readings: Sequence[_Reading]) -> tuple[str, Sequence[_Reading]]:
    shown = chart.window("shown")
    if not readings:
        return f"no outpatient reading in the last {shown}{not_final(chart, _codes(chart))}", ()
    first = next((r for r in readings if r.result.preliminary and r.result.problem is None), readings[0])
    if first.result.problem:
        return first.result.why, (first,)
    if first.result.preliminary:
        return f"only a preliminary reading: {first.result.reported}", (first,)
    return f"the date {first.result.date} does not tell which day it is", (first,)


def _gap(chart: Chart) -> str:
    search = chart.search("vitals")
    if search.state not in (SearchState.COMPLETE, SearchState.SUPPRESSED):
        return search.reason or "the vital signs are not available to the service"
    unreadable = chart.record.unreadable_of("Observation", *_codes(chart))
    return f"{count(len(unreadable), 'result')} could not be read" if unreadable else ""


def _codes(chart: Chart) -> list[ValueSet]:
    return [chart.value_set(name) for name in ("bp_panel", "systolic_bp", "diastolic_bp")]


# -- explaining -------------------------------------------------------------------------------------------


def _evidence(shown: Sequence[_Reading]) -> tuple[Evidence, ...]:
    return tuple(dict.fromkeys(reading.result.evidence() for reading in shown))


def _notes(chart: Chart, counted: Sequence[_Reading]) -> tuple[str, ...]:
    notes = []
    if any(reading.standing for reading in counted):
        notes.append("Measured standing.")
    if any(reading.setting is Setting.PRESUMED for reading in counted):
        notes.append("The kind of visit is not known.")
    return tuple(notes)


def _confidence(chart: Chart, counted: Sequence[_Reading]) -> Confidence:
    confidence = Confidence.HIGH
    for reading in counted:
        confidence = confidence.at_most(reading.result.confidence)
        if reading.standing or reading.setting is Setting.PRESUMED:
            confidence = confidence.at_most(Confidence.MODERATE)
    if chart.search("vitals").state is SearchState.SUPPRESSED:
        return confidence.at_most(Confidence.MODERATE)
    return confidence
