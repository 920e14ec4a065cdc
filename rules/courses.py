"""How long a drug is or has been taken: the planned length of an order, else the time since it was written.

Uses the analyte ``duration``; a month of treatment is 30 days.
"""

from __future__ import annotations

from fractions import Fraction

from msgspec import Struct

from rules.criterion import Chart
from rules.datatypes import Dosage, Period, Quantity, Repeat
from rules.dosing import hull
from rules.medications import Order, is_past
from rules.quantities import Interval
from rules.resources import MedicationRequest, MedicationStatement


class Course(Struct, frozen=True):
    """One order as a stretch of treatment."""

    order: Order
    days: Interval
    """Its length. Without a plan: from the time it has lasted, without an upper end."""
    planned: bool
    repeats: bool
    """The pharmacy may dispense it again."""
    over: bool
    """The planned end has passed, though the order is still called active."""

    def __str__(self) -> str:
        name = self.order.name
        if self.planned and self.days.low is not None and self.days.high is not None:
            low, high = int(self.days.low), int(self.days.high)
            return f"{name} for {low if low == high else f'{low} to {high}'} days"
        return f"{name} since {self.order.since.text[:10]}" if self.order.since else f"{name}, length not stated"


def course(chart: Chart, order: Order) -> Course:
    """Return how long ``order`` lasts."""
    planned = _planned(chart, order)
    repeats = False
    if isinstance(order.resource, MedicationRequest) and order.resource.dispense_request:
        repeats = (order.resource.dispense_request.number_of_repeats_allowed or 0) > 0
    if planned is not None:
        return Course(order, planned, True, repeats, _is_over(chart, order))
    return Course(order, Interval(Fraction(_lasted(chart, order)), None), False, repeats, False)


def _planned(chart: Chart, order: Order) -> Interval | None:
    """Return the length that the instructions state, else that of the supply; None for an open end."""
    if isinstance(order.resource, MedicationStatement) and order.resource.effective_period:
        length = _between(chart, order.resource.effective_period)
        if length:
            return length
    bounds = [r for d in order.dosages if d.timing and (r := d.timing.repeat)]
    lengths = [length for repeat in bounds if (length := _bounded(chart, repeat))]
    if lengths:
        # Steps follow each other or run side by side: the record does not say which.
        longest = hull(lengths)
        return Interval(
            max(length.low or Fraction(0) for length in lengths),
            sum((length.high for length in lengths if length.high is not None), Fraction(0))
            if longest.high is not None else None,
        )  # fmt: skip
    if isinstance(order.resource, MedicationRequest) and order.resource.dispense_request:
        return _days(chart, order.resource.dispense_request.expected_supply_duration)
    return None


def _bounded(chart: Chart, repeat: Repeat) -> Interval | None:
    if repeat.bounds_range:
        low, high = (_days(chart, q) for q in (repeat.bounds_range.low, repeat.bounds_range.high))
        return Interval(low.low if low else Fraction(0), high.high if high else None) if low or high else None
    if repeat.bounds_period:
        return _between(chart, repeat.bounds_period)
    return _days(chart, repeat.bounds_duration)


def _between(chart: Chart, period: Period) -> Interval | None:
    start, end = chart.moment(period.start), chart.moment(period.end)
    if not start or not end:
        return None
    return Interval(
        Fraction(max(0, (end.days.first - start.days.last).days)),
        Fraction(max(0, (end.days.last - start.days.first).days)),
    )


def _days(chart: Chart, quantity: Quantity | None) -> Interval | None:
    if quantity is None or quantity.value is None:
        return None
    units = chart.analyte("duration").units
    for spelling in (quantity.code, quantity.unit):
        conversion = units.get(chart.units.canonical(spelling) or "")
        if conversion:
            return Interval.exactly(conversion.apply(Fraction(quantity.value)))
    return None


def _is_over(chart: Chart, order: Order) -> bool:
    """True when every instruction has an end of its own that is past; a statement whose period is past has lapsed."""
    periods = [_bounds(dosage) for dosage in order.dosages]
    return bool(periods) and all(period is not None and is_past(chart, period) for period in periods)


def _bounds(dosage: Dosage) -> Period | None:
    return dosage.timing.repeat.bounds_period if dosage.timing and dosage.timing.repeat else None


def _lasted(chart: Chart, order: Order) -> int:
    """Return how many days the order has lasted at least; 0 when its beginning is not known."""
    starts = [chart.moment(period.start) for d in order.dosages if (period := _bounds(d))]
    begins = [moment for moment in (order.since, *starts) if moment]
    return max((max(0, (chart.on - moment.days.last).days) for moment in begins), default=0)
