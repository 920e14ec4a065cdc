"""One numeric result: status, subject, date, and the number in the analyte's unit.

The rules of hygiene are those of the clinical reference, section 1.3: only final, amended and corrected
results count, a preliminary one is shown, a result of another specimen or body is not this person's, an
undated, future or uninterpretable result decides nothing. Which one decides: `rules.measurements`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import groupby
from operator import eq
from typing import Any

from msgspec import Struct, structs

from rules.assessment import Confidence, Evidence
from rules.codes import LOINC, ValueSet, canonical_system
from rules.criterion import Chart, once
from rules.datatypes import Period, Quantity, Ratio
from rules.dates import NEVER, Moment, between
from rules.quantities import Analyte, Conversion, Interval, Units, half_step, parse_number, plain
from rules.record import Retrieved
from rules.resources import Observation, Value

USABLE = frozenset({"final", "amended", "corrected"})
IGNORED = frozenset({"registered", "cancelled", "entered-in-error", "unknown"})


class Cause(StrEnum):
    """Why a result or a criterion is unknown; also what metrics count."""

    NONE = "no-data"
    STALE = "stale"
    UNDATED = "undated"
    IMPRECISE_DATE = "imprecise-date"
    FUTURE = "future-date"
    PRELIMINARY = "preliminary"
    NO_VALUE = "no-value"
    UNPARSABLE = "unparsable"
    UNIT_MISSING = "unit-missing"
    UNIT_UNKNOWN = "unit-unknown"
    IMPLAUSIBLE = "implausible"
    TOO_FINE = "not-comparable"
    UNREADABLE = "unreadable"
    SEARCH = "search-incomplete"
    CONFOUNDED = "confounded"
    """Taken under circumstances in which the value misleads."""
    INVALID = "invalid-method"
    """Computed where the computation does not hold, which laboratories also report as no value."""


class Reading(Struct, frozen=True):
    """What the number of a result says, as far as it can be read."""

    reported: str
    """As received, for people."""
    confidence: Confidence
    interval: Interval | None = None
    """In the analyte's canonical unit; None when ``problem`` says why."""
    printed: Decimal | None = None
    """The number as reported, for an exact value."""
    canonical: bool = True
    """Reported in the canonical unit."""
    unit: str | None = None
    """Canonical spelling of the unit it was reported in."""
    conversion: Conversion | None = None
    """From that unit to the analyte's canonical one."""
    compared: str | None = None
    problem: Cause | None = None
    why: str = ""


class Result:
    """One numeric result of this person. Its number is read when somebody first asks for it.

    Most results of a long chart are older than the one that decides, and nobody asks.
    """

    __slots__ = ("_analyte", "_dated", "_reading", "_units", "preliminary", "retrieved", "when")

    def __init__(
        self,
        retrieved: Retrieved,
        when: Moment | None,
        dated: Confidence,
        preliminary: bool,
        analyte: Analyte,
        units: Units,
        reading: Reading | None = None,
    ) -> None:
        """``dated`` is how sure the date is; ``reading`` is given when it is known already."""
        self.retrieved = retrieved
        self.when = when
        self.preliminary = preliminary
        self._dated = dated
        self._analyte = analyte
        self._units = units
        self._reading = reading

    def __repr__(self) -> str:
        return f"Result({self.observation.reference}, {self.date}, {self.reading})"

    def but(self, **changes: Any) -> Result:
        """Return the result with fields of its reading changed."""
        changed = structs.replace(self.reading, **changes)
        return Result(self.retrieved, self.when, self._dated, self.preliminary, self._analyte, self._units, changed)

    @property
    def reading(self) -> Reading:
        reading = self._reading
        if reading is None:
            reading = self._reading = _measured(self._units, self.retrieved, self._analyte, self._dated)
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
    times = [_time(result) for result in ordered]
    if not any(map(eq, times, times[1:])):
        return ordered
    return [result for together in at_one_time(ordered) for result in _of_one_time(together)]


def _of_one_time(together: list[Result]) -> list[Result]:
    """Put those reported in the canonical unit first."""
    return sorted(together, key=lambda r: (r.canonical, r.observation.reference), reverse=True)


def at_one_time(ordered: Iterable[Result]) -> Iterator[list[Result]]:
    """Yield results that are sorted by time in groups of exactly the same time; those without any are one group."""
    return (list(same) for _when, same in groupby(ordered, _time))


def _time(result: Result) -> tuple[datetime, datetime]:
    when = result.when
    return (when.end, when.start) if when else (NEVER, NEVER)


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
    reading = Reading(shown(retrieved.value), dated, problem=problem[0], why=problem[1]) if problem else None
    return Result(retrieved, when, dated, status == "preliminary", analyte, chart.units, reading)


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


def shown(value: Value) -> str:
    """Return the value as received, for people."""
    quantity = value.value_quantity
    if quantity and quantity.value is not None:
        return _shown_quantity(quantity)
    if value.value_range:
        bounds = (value.value_range.low, value.value_range.high)
        return " to ".join(_shown_quantity(q) if q and q.value is not None else "?" for q in bounds)
    if value.value_ratio:
        parts = (value.value_ratio.numerator, value.value_ratio.denominator)
        return " : ".join(_shown_quantity(q) if q and q.value is not None else "?" for q in parts)
    for simple in (value.value_string, value.value_integer, value.value_boolean, value.value_date_time):
        if simple is not None:
            return str(simple)
    if value.value_codeable_concept:
        return value.value_codeable_concept.display
    if value.data_absent_reason:
        return f"no value ({value.data_absent_reason.display})"
    return "no value"


def _shown_quantity(quantity: Quantity) -> str:
    return f"{quantity.comparator or ''}{quantity.value} {quantity.unit or quantity.code or ''}".strip()


class _Raw(Struct, frozen=True):
    """A number as reported, before its unit is understood."""

    low: Decimal | None
    high: Decimal | None
    comparator: str | None
    spellings: tuple[str, ...]

    def interval(self) -> Interval:
        if self.low is not None and self.low == self.high:
            return Interval.of(self.low, self.comparator)
        return Interval(
            None if self.low is None else Fraction(self.low),
            None if self.high is None else Fraction(self.high),
        )


def _number_of(value: Value) -> _Raw | None:
    quantity = value.value_quantity
    if quantity and quantity.value is not None:
        return _Raw(quantity.value, quantity.value, quantity.comparator, _spellings(quantity))
    if value.value_range and (value.value_range.low or value.value_range.high):
        low, high = value.value_range.low, value.value_range.high
        spellings = _spellings(low or high)
        return _Raw(low.value if low else None, high.value if high else None, None, spellings)
    if value.value_ratio:
        return _number_of_ratio(value.value_ratio)
    if value.value_integer is not None:
        number = Decimal(value.value_integer)
        return _Raw(number, number, None, ())
    concept = value.value_codeable_concept
    text = value.value_string or (concept.display if concept else None)
    parsed = parse_number(text) if text else None
    if parsed is None:
        return None
    number, comparator, unit = parsed
    return _Raw(number, number, comparator, (unit,) if unit else ())


def _number_of_ratio(ratio: Ratio) -> _Raw | None:
    """Read 350 mg : 1 g as 350 mg/g, and 310 mg : 24 h as 310 mg/(24.h)."""
    above, below = ratio.numerator, ratio.denominator
    if above is None or above.value is None or below is None or (below.value or 0) <= 0 or below.comparator:
        return None
    amount = "" if below.value == 1 else f"{below.value}."
    spellings = tuple(
        f"{one}/({amount}{other})" if amount else f"{one}/{other}"
        for one, other in zip(_spellings(above), _spellings(below), strict=False)
    )
    return _Raw(above.value, above.value, above.comparator, spellings)


def _spellings(quantity: Quantity | None) -> tuple[str, ...]:
    """UCUM code first, then the printed unit."""
    return tuple(s for s in (quantity.code, quantity.unit) if s and s.strip()) if quantity else ()


def _measured(units: Units, retrieved: Retrieved, analyte: Analyte, dated: Confidence) -> Reading:
    value = retrieved.value
    reported = shown(value)
    raw = _number_of(value)
    if raw is None:
        empty = not (value.value_string or value.value_codeable_concept or value.value_ratio)
        cause = Cause.NO_VALUE if empty else Cause.UNPARSABLE
        return Reading(reported, dated, problem=cause, why=f"the result cannot be read as a number: {reported}")
    try:
        interval = raw.interval()
    except ValueError:
        why = f"the comparator is not known: {reported}"
        return Reading(reported, dated, problem=Cause.UNPARSABLE, why=why)
    return _converted(units, retrieved, analyte, dated, reported, raw, interval)


def _converted(
    units: Units, retrieved: Retrieved, analyte: Analyte, dated: Confidence, reported: str, raw: _Raw, given: Interval
) -> Reading:
    code, value = retrieved.code, retrieved.value
    unit, confidence, note = _unit(units, code, raw, given, analyte)
    range_high = _range_high(units, value, unit) if unit in analyte.by_range else None
    conversion = analyte.conversion(unit, code, range_high) if unit else None
    if unit and _codes_contradict(value, unit, analyte):
        why = f"its codes give {reported} different meanings"
        return Reading(reported, dated, problem=Cause.UNIT_UNKNOWN, why=why)
    if conversion is None or unit is None:
        cause = Cause.UNIT_UNKNOWN if raw.spellings else Cause.UNIT_MISSING
        return Reading(reported, dated, problem=cause, why=note or f"the unit is not recognised: {reported}")
    interval = given.mapped(conversion)
    if not analyte.is_plausible(interval):
        return Reading(reported, dated, problem=Cause.IMPLAUSIBLE, why=f"the value is not plausible: {reported}")
    canonical = unit == analyte.canonical and conversion.changes_nothing
    return Reading(
        reported,
        dated.at_most(confidence),
        interval,
        printed=raw.low if given.point else None,
        canonical=canonical,
        unit=unit,
        conversion=conversion,
        compared=None if canonical else f"{words(interval)} {analyte.canonical}",
        why=note,
    )


def _codes_contradict(value: Value, unit: str, analyte: Analyte) -> bool:
    """True when one result carries codes under which its unit means different things."""
    concept = value.code
    if concept is None or not analyte.by_code:
        return False
    codes = {c.code.strip() for c in concept.codings if c.code and canonical_system(c.system) == LOINC}
    return len({analyte.conversion(unit, code) for code in codes}) > 1


def _range_high(units: Units, value: Value, unit: str | None) -> Fraction | None:
    """Return the upper end of the reference range as reported, where its unit is that of the value."""
    for reference in value.reference_range or ():
        high = reference.high
        if high and high.value is not None:
            spellings = _spellings(high)
            if not spellings or any(units.canonical(spelling) == unit for spelling in spellings):
                return Fraction(high.value)
    return None


def _unit(
    units: Units, code: str, raw: _Raw, reported: Interval, analyte: Analyte
) -> tuple[str | None, Confidence, str]:
    """Return the canonical spelling of the unit, how sure it is, and a remark."""
    for spelling in raw.spellings:
        unit = units.canonical(spelling)
        if unit and analyte.conversion(unit, code):
            return unit, Confidence.HIGH, ""
    if raw.spellings:
        return None, Confidence.HIGH, f"the unit is not recognised for {analyte.name}: {raw.spellings[-1]}"
    assumed = analyte.unit_for(reported.low, code) if reported.point and reported.low is not None else None
    if assumed:
        return assumed.unit, assumed.confidence, f"reported without a unit, taken as {assumed.unit}"
    return None, Confidence.HIGH, "the result has no unit"


def words(interval: Interval) -> str:
    """Return an interval in the canonical unit for people: ``7.4578``, ``<0.1``, ``30 to 40``."""
    if interval.low is not None and interval.low == interval.high:
        return plain(interval.low)
    if interval.low is None and interval.high is not None:
        return f"{'<' if interval.high_open else '≤'}{plain(interval.high)}"
    if interval.high is None and interval.low is not None:
        return f"{'>' if interval.low_open else '≥'}{plain(interval.low)}"
    if interval.low is not None and interval.high is not None:
        return f"{plain(interval.low)} to {plain(interval.high)}"
    return "any value"
