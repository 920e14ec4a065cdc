"""How much of a drug is taken in a day, from structured dosage: an interval, since orders leave room.

As-needed doses count from zero, a stated maximum caps, a range gives both ends, a steady rate runs all day
unless it says how long. Numbered instructions follow each other, if they are not for different times of the day;
as some systems number what is taken together, all of them is the upper end. Free text is not read. What cannot
be told is anything from nothing upwards.
Uses the value set ``daily_frequency`` and the analyte ``duration``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from itertools import combinations

from rules.criterion import Chart
from rules.datatypes import CodeableConcept, Dosage, Quantity, Range, Ratio, Repeat, Timing
from rules.quantities import Analyte, Interval, on_grid

ANYTHING = Interval(Fraction(0), None)
"""A dose that cannot be told."""

_MEALS = ("AC", "PC", "C")
"""FHIR event timings that stand for each of the day's three meals."""
_MEALS_A_DAY = 3
_WEEKDAYS = 7


@dataclass(frozen=True, slots=True)
class Measure:
    """What a drug is dosed in."""

    dose: Analyte
    per: Mapping[str, Fraction] = field(default_factory=dict)
    """How much one of another unit holds: ``{"mL": 100}`` for 100 units a millilitre."""
    rate: Analyte | None = None
    """Amount in the dose's unit an hour, for pumps."""


def total(amounts: Sequence[Interval]) -> Interval:
    """Return the sum of intervals; of none, exactly zero."""
    return sum(amounts, Interval.exactly(Fraction(0)))


def hull(intervals: Sequence[Interval]) -> Interval:
    """Return the smallest interval that holds all of one or more."""
    lows = [i.low for i in intervals if i.low is not None]
    highs = [i.high for i in intervals if i.high is not None]
    return Interval(
        min(lows) if len(lows) == len(intervals) else None,
        max(highs) if len(highs) == len(intervals) else None,
    )


def either(amounts: Sequence[Interval]) -> Interval:
    """Return what amounts give that may replace each other: at least the smallest, at most all of them."""
    return Interval(hull(amounts).low, total(amounts).high)


_LARGEST = Fraction(10**6)
"""No daily dose and no length in days is more; larger numbers do not fit the rule engine."""


def comparable(given: Interval) -> Interval:
    """Return an interval the rule engine holds: on the grid of limits, its ends not beyond the largest."""
    low, high = given.low, given.high
    return on_grid(Interval(None if low is None else min(low, _LARGEST), None if high is None else min(high, _LARGEST)))


def from_zero(amount: Interval) -> Interval:
    """Return an amount that may also not be taken."""
    return Interval(Fraction(0), amount.high)


def daily_amount(chart: Chart, dosages: Sequence[Dosage], measure: Measure) -> Interval:
    """Return what ``dosages`` give in a day, in the dose's canonical unit.

    Instructions bounded to another time count only where no other is current, and then from zero.
    """
    current = [d for d in dosages if applies_on(chart, d)]
    if not current:
        return from_zero(_together(chart, dosages, measure)) if dosages else ANYTHING
    return _together(chart, current, measure)


def applies_on(chart: Chart, dosage: Dosage) -> bool:
    """False when the instruction's own period is over or has not begun."""
    period = dosage.timing.repeat.bounds_period if dosage.timing and dosage.timing.repeat else None
    start, end = (chart.moment(text) for text in (period.start, period.end)) if period else (None, None)
    return not (start and start.days.first > chart.on) and not (end and end.days.last < chart.on)


def _together(chart: Chart, dosages: Sequence[Dosage], measure: Measure) -> Interval:
    """Add up doses; several steady rates are parts of one day's profile."""
    rates = [(d, rate) for d in dosages if (rate := _steady(chart, d, measure))]
    steady = {id(d) for d, _rate in rates}
    steps: dict[int | None, list[Dosage]] = {}
    for dosage in dosages:
        if id(dosage) not in steady:
            steps.setdefault(None if _is_as_needed(dosage) else dosage.sequence, []).append(dosage)
    beside = [_one(chart, d, measure) for d in steps.pop(None, ())]
    parts = [total([_one(chart, d, measure) for d in step]) for step in steps.values()]
    if len(parts) > 1 and not at_different_times(list(steps.values())):
        parts = [either(parts)]
    return total([*beside, *parts, *([hull([rate for _d, rate in rates])] if rates else [])])


def _one(chart: Chart, dosage: Dosage, measure: Measure) -> Interval:
    dose, rate = _dose(chart, dosage, measure), _rate(chart, dosage, measure)
    times = times_a_day(chart, dosage.timing)
    given = ANYTHING
    if dose and times:
        given = _product(dose, times)
    elif rate and not dose:
        given = _product(_product(rate, _hours(chart, dosage)), times or Interval.exactly(Fraction(1)))
    return _limited(chart, dosage, measure, given)


def _is_as_needed(dosage: Dosage) -> bool:
    return bool(dosage.as_needed_boolean or dosage.as_needed_codeable_concept)


def _limited(chart: Chart, dosage: Dosage, measure: Measure, given: Interval) -> Interval:
    """Apply "as needed" and a stated maximum."""
    if _is_as_needed(dosage):
        given = from_zero(given)
    most = _maximum(chart, dosage.max_dose_per_period, measure)
    if most is None:
        return given
    low = min(given.low or Fraction(0), most)
    return Interval(low, most if given.high is None else min(given.high, most))


def _product(one: Interval, other: Interval) -> Interval:
    """Return the product of two intervals of amounts, which are never negative."""
    low = (one.low or Fraction(0)) * (other.low or Fraction(0))
    return Interval(low, None if one.high is None or other.high is None else one.high * other.high)


# -- how much at once ------------------------------------------------------------------------------------


def _dose(chart: Chart, dosage: Dosage, measure: Measure) -> Interval | None:
    """Return one dose; the ordered and the calculated one of the same instruction are alternatives."""
    found = []
    for part in dosage.dose_and_rate or ():
        single = amount(chart, part.dose_quantity, measure)
        found += [dose for dose in (single, _range(chart, part.dose_range, measure)) if dose]
    return hull(found) if found else None


def amount(chart: Chart, quantity: Quantity | None, measure: Measure) -> Interval | None:
    """Return a quantity in the canonical unit of the dose; None without a value or a unit that has a rule."""
    if quantity is None or quantity.value is None or quantity.value < 0:
        return None
    try:
        given = Interval.of(quantity.value, quantity.comparator)
    except ValueError:
        return None
    for spelling in (quantity.code, quantity.unit):
        unit = chart.units.canonical(spelling)
        conversion = measure.dose.conversion(unit, None) if unit else None
        if conversion:
            mapped = given.mapped(conversion)
            return mapped if measure.dose.is_plausible(mapped) else None
        if unit and unit in measure.per:
            return _product(given, Interval.exactly(measure.per[unit]))
    return None


def _range(chart: Chart, given: Range | None, measure: Measure) -> Interval | None:
    if given is None:
        return None
    low, high = amount(chart, given.low, measure), amount(chart, given.high, measure)
    if (given.low and low is None) or (given.high and high is None):
        return None
    least, most = low.low if low else Fraction(0), high.high if high else None
    return None if least is not None and most is not None and least > most else Interval(least, most)


def _maximum(chart: Chart, given: Ratio | None, measure: Measure) -> Fraction | None:
    most = amount(chart, given.numerator, measure) if given else None
    days = _days(chart, given.denominator) if given else None
    return most.high / days if most and most.high is not None and days else None


def _days(chart: Chart, quantity: Quantity | None) -> Fraction | None:
    if quantity is None or quantity.value is None or quantity.value <= 0:
        return None
    units = chart.analyte("duration").units
    known = (units.get(chart.units.canonical(spelling) or "") for spelling in (quantity.code, quantity.unit))
    conversion = next((c for c in known if c), None)
    return conversion.apply(Fraction(quantity.value)) if conversion else None


# -- how fast --------------------------------------------------------------------------------------------


def _steady(chart: Chart, dosage: Dosage, measure: Measure) -> Interval | None:
    """Return what a rate gives that does not say how long it runs: all day."""
    repeat = dosage.timing.repeat if dosage.timing else None
    if _dose(chart, dosage, measure) or (repeat and repeat.duration):
        return None
    rate = _rate(chart, dosage, measure)
    return _limited(chart, dosage, measure, _product(rate, _hours(chart, dosage))) if rate else None


def _rate(chart: Chart, dosage: Dosage, measure: Measure) -> Interval | None:
    """Return the amount an hour."""
    if measure.rate is None:
        return None
    an_hour = Measure(measure.rate)
    found = []
    for part in dosage.dose_and_rate or ():
        ratio = part.rate_ratio
        most = amount(chart, ratio.numerator, measure) if ratio else None
        days = _days(chart, ratio.denominator) if ratio else None
        by_ratio = _product(most, Interval.exactly(_an_hour(chart) / days)) if most and days else None
        rates = (
            amount(chart, part.rate_quantity, an_hour),
            _range(chart, part.rate_range, an_hour),
            by_ratio,
        )
        found += [rate for rate in rates if rate]
    return hull(found) if found else None


def _an_hour(chart: Chart) -> Fraction:
    """Return an hour in days."""
    return chart.analyte("duration").units["h"].apply(Fraction(1))


def _hours(chart: Chart, dosage: Dosage) -> Interval:
    """Return how long a rate runs each time: its own duration, else a whole day."""
    repeat = dosage.timing.repeat if dosage.timing else None
    if repeat is None or not repeat.duration:
        return Interval.exactly(1 / _an_hour(chart))
    days = _days(chart, Quantity(value=repeat.duration, code=repeat.duration_unit))
    return Interval.exactly(days / _an_hour(chart)) if days else ANYTHING


# -- how often -------------------------------------------------------------------------------------------


def times_a_day(chart: Chart, timing: Timing | None) -> Interval | None:
    """Return how many times a day; None when it is not said. Statements that differ give all they allow."""
    if timing is None:
        return None
    repeat = timing.repeat or Repeat()
    said = (_by_period(chart, repeat), _by_events(repeat), _by_code(chart, timing.code))
    found = [times for times in said if times]
    if not found:
        return None
    times = hull(found)
    days = len(set(repeat.day_of_week or ()))
    return _product(times, Interval(Fraction(days, _WEEKDAYS), Fraction(1))) if days else times


def _by_period(chart: Chart, repeat: Repeat) -> Interval | None:
    """Return what frequency and period say; anything at all where one of them cannot be."""
    numbers = (repeat.frequency, repeat.frequency_max, repeat.period, repeat.period_max)
    if any(number is not None and number <= 0 for number in numbers):
        return ANYTHING
    shortest = _days(chart, Quantity(value=repeat.period or Decimal(1), code=repeat.period_unit))
    if shortest is None:
        return None
    longest = _days(chart, Quantity(value=repeat.period_max, code=repeat.period_unit)) or shortest
    often = repeat.frequency or 1
    return Interval(often / longest, (repeat.frequency_max or often) / shortest)


def _by_events(repeat: Repeat) -> Interval | None:
    """Count the events or the times of the day at which the drug is given."""
    if repeat.time_of_day:
        return Interval.exactly(Fraction(len(set(repeat.time_of_day))))
    if not repeat.when:
        return None
    return Interval.exactly(Fraction(sum(_MEALS_A_DAY if event in _MEALS else 1 for event in set(repeat.when))))


def _by_code(chart: Chart, code: CodeableConcept | None) -> Interval | None:
    """Return what a timing code, or a text that is one, stands for."""
    if code is None:
        return None
    frequencies = chart.value_set("daily_frequency")
    match = frequencies.find(code)
    if match:
        return Interval.exactly(Fraction(match.row.note))
    texts = {" ".join(text.lower().split()) for text in _texts(code)}
    row = next((row for row in frequencies if row.match == "text" and row.code in texts), None)
    return Interval.exactly(Fraction(row.note)) if row else None


def _texts(code: CodeableConcept) -> list[str]:
    named = (code.text, *(part for coding in code.codings for part in (coding.code, coding.display)))
    return [text for text in named if text]


def at_different_times(groups: Sequence[Sequence[Dosage]]) -> bool:
    """True when groups of instructions name different times of the day, so that all are taken."""
    named = [frozenset[str]().union(*map(_named_times, group)) for group in groups]
    return all(one and other and not one & other for one, other in combinations(named, 2))


def _named_times(dosage: Dosage) -> frozenset[str]:
    """Return the meals, parts or hours of the day an instruction names."""
    repeat = dosage.timing.repeat if dosage.timing else None
    return frozenset((*(repeat.when or ()), *(repeat.time_of_day or ()))) if repeat else frozenset()
