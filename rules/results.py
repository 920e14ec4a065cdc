"""One numeric result: its status, subject and date. Its number in the analyte's unit: `rules.readings`.

The rules of hygiene are those of the clinical reference, section 1.3: only final, amended and corrected
results count, a preliminary one is shown, a result of another specimen or body is not this person's, an
undated, future or uninterpretable result decides nothing. Which one decides: `rules.measurements`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from fractions import Fraction
from functools import partial
from itertools import groupby
from operator import attrgetter, eq
from typing import Any

from msgspec import structs

from rules.assessment import Confidence, Evidence
from rules.causes import Cause
from rules.criterion import Chart, once
from rules.datatypes import Period
from rules.dates import NEVER, Moment, between
from rules.quantities import Analyte, Conversion, Interval, half_step
from rules.readings import Reading, measured, shown
from rules.record import Retrieved
from rules.resources import Observation
from rules.value_sets import ValueSet

USABLE = frozenset({"final", "amended", "corrected"})
IGNORED = frozenset({"registered", "cancelled", "entered-in-error", "unknown"})


_NO_TIME = NEVER, NEVER
_time = attrgetter("time")


class Result:
    """One numeric result of this person. Its number is read when somebody first asks for it.

    Most results of a long chart are older than the one that decides, and nobody asks.
    """

    __slots__ = ("_read", "_reading", "preliminary", "retrieved", "time", "when")

    def __init__(
        self, retrieved: Retrieved, when: Moment | None, preliminary: bool, read: Callable[[], Reading]
    ) -> None:
        """``read`` reads the number; it must not lead back to this result, which would keep the chart in memory."""
        self.retrieved = retrieved
        self.when = when
        self.time = (when.end, when.start) if when else _NO_TIME
        self.preliminary = preliminary
        self._read = read
        self._reading: Reading | None = None

    def __repr__(self) -> str:
        return f"Result({self.observation.reference}, {self.date}, {self.reading})"

    def but(self, **changes: Any) -> Result:
        """Return the result with fields of its reading changed."""
        return self.read_by(lambda: structs.replace(self.reading, **changes))

    def read_by(self, read: Callable[[], Reading]) -> Result:
        """Return the result with the reading that ``read`` gives when somebody first asks."""
        return Result(self.retrieved, self.when, self.preliminary, read)

    @property
    def reading(self) -> Reading:
        reading = self._reading
        if reading is None:
            reading = self._reading = self._read()
        return reading

    @property
    def observation(self) -> Observation:
        return self.retrieved.observation

    @property
    def code(self) -> str:
        return self.retrieved.code

    @property
    def display(self) -> str:
        return self.retrieved.display

    @property
    def reported(self) -> str:
        return self.reading.reported

    @property
    def interval(self) -> Interval | None:
        return self.reading.interval

    @property
    def canonical(self) -> bool:
        return self.reading.canonical

    @property
    def unit(self) -> str | None:
        return self.reading.unit

    @property
    def conversion(self) -> Conversion | None:
        return self.reading.conversion

    @property
    def compared(self) -> str | None:
        return self.reading.compared

    @property
    def confidence(self) -> Confidence:
        return self.reading.confidence

    @property
    def problem(self) -> Cause | None:
        return self.reading.problem

    @property
    def why(self) -> str:
        return self.reading.why

    @property
    def blur(self) -> tuple[Fraction, Fraction] | None:
        """The value minus and plus half of its last reported digit, in the canonical unit."""
        printed, conversion = self.reading.printed, self.reading.conversion
        if printed is None or conversion is None:
            return None
        value, half = Fraction(printed), half_step(printed)
        return conversion.apply(value - half), conversion.apply(value + half)

    @property
    def date(self) -> str:
        """The day in the site's zone, or as much of it as is recorded."""
        return _day(self.when)

    def evidence(self) -> Evidence:
        return Evidence(
            self.observation.reference,
            self.display,
            self.reported + (" (preliminary)" if self.preliminary else ""),
            self.compared,
            self.when.text if self.when else None,
        )


def results(chart: Chart, value_set: ValueSet, analyte: Analyte) -> list[Result]:
    """Return this person's results in ``value_set``, newest first, with those that cannot be used.

    A result that also carries a code of the criterion's traps (a goal, another specimen) is not one of them.
    """
    found, trapped = _results(chart, value_set, analyte), _trapped(chart, *chart.this.traps)
    return [result for result in found if id(result.retrieved.value) not in trapped] if trapped else [*found]


@once
def _results(chart: Chart, value_set: ValueSet, analyte: Analyte) -> tuple[Result, ...]:
    retrieved = chart.record.retrieve_observations(value_set)
    if not retrieved:
        return ()
    return tuple(newest_first([result for r in retrieved if (result := read_result(chart, r, analyte))]))


@once
def _trapped(chart: Chart, *traps: ValueSet) -> frozenset[int]:
    """Return which values carry a code of ``traps``."""
    return frozenset(id(r.value) for trap in traps for r in chart.record.retrieve_observations(trap))


def all_results(chart: Chart, value_sets: Iterable[ValueSet], analyte: Analyte) -> list[Result]:
    """Return the results of several value sets, newest first, each only once."""
    found = {id(r.retrieved.value): r for v in reversed(list(value_sets)) for r in results(chart, v, analyte)}
    return newest_first(found.values())


def newest_first(found: Iterable[Result]) -> list[Result]:
    """Return results in the order in which `rules.measurements.newest` takes them."""
    ordered = sorted(found, key=_time, reverse=True)
    times = [result.time for result in ordered]
    if not any(map(eq, times, times[1:])):
        return ordered
    return [result for together in at_one_time(ordered) for result in _of_one_time(together)]


def _of_one_time(together: list[Result]) -> list[Result]:
    """Put those reported in the canonical unit first."""
    return sorted(together, key=lambda r: (r.canonical, r.observation.reference), reverse=True)


def at_one_time(ordered: Iterable[Result]) -> Iterator[list[Result]]:
    """Yield results that are sorted by time in groups of exactly the same time; those without any are one group."""
    return (list(same) for _when, same in groupby(ordered, _time))


def read_result(chart: Chart, retrieved: Retrieved, analyte: Analyte) -> Result | None:
    """Return one result; None when its status or its subject rule it out."""
    observation = retrieved.observation
    status = observation.status
    if status not in USABLE:
        status = (status or "").strip().lower()
        if not (status in USABLE or status == "preliminary"):
            return None
    if not is_own(chart, observation):
        return None
    when, dated = effective(chart, observation)
    problem = _problem(when, chart.on)
    read = (
        partial(measured, chart.units, retrieved, analyte, dated)
        if problem is None
        else partial(Reading, shown(retrieved.value), dated, problem=problem[0], why=problem[1])
    )
    return Result(retrieved, when, status == "preliminary", read)


def _problem(when: Moment | None, on: date) -> tuple[Cause, str] | None:
    """Return why a result cannot be used whatever its number says."""
    if when is None:
        return Cause.UNDATED, "the result has no date"
    if when.days.first > on:
        return Cause.FUTURE, f"the result is dated in the future ({_day(when)})"
    return None


def _day(when: Moment | None) -> str:
    if when is None:
        return "no date"
    return when.days.first.isoformat() if when.days.exact else when.text[:10]


def is_own(chart: Chart, observation: Observation) -> bool:
    """False for a result about somebody or something else: a focus, a donor's or a fetal specimen."""
    if not observation.focus and not observation.specimen:
        return True
    is_person = chart.record.is_person
    if any(f.reference and not is_person(f.reference) for f in observation.focus or ()):
        return False
    specimen = chart.record.specimen(observation)
    subject = specimen.subject.reference if specimen and specimen.subject else None
    return not subject or is_person(subject)


def effective(chart: Chart, observation: Observation) -> tuple[Moment | None, Confidence]:
    """Return when the observation was made; ``issued`` stands in for it with less confidence."""
    moment = chart.moment(observation.effective_date_time) or chart.moment(observation.effective_instant)
    if moment:
        return moment, Confidence.HIGH
    if observation.effective_period:
        moment = _period_end(chart, observation.effective_period)
        if moment:
            return moment, Confidence.HIGH
    return chart.moment(observation.issued), Confidence.MODERATE


def _period_end(chart: Chart, period: Period) -> Moment | None:
    end, start = chart.moment(period.end), chart.moment(period.start)
    if end or not start:
        return end
    last = max(chart.on, start.days.first)
    return between(start.days.first, last, chart.zone, f"{start.text}/")
