"""E2: insulin requirements above 100 units a day, all insulins together.

The orders give an interval: scales and as-needed doses count from zero, what cannot be read has no upper end.
Two insulins of one class may be an old order beside its successor: a clinician must tell. The dispensed
amount can clear and never exclude; a recorded total daily dose is the last resort.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import msgspec
from msgspec.structs import replace

from rules.assessment import Basis, Confidence, Evidence, Status
from rules.criterion import Chart, Finding
from rules.datatypes import Dosage
from rules.decision import Rule, field
from rules.dosing import (
    ANYTHING,
    Measure,
    amount,
    at_different_times,
    comparable,
    daily_amount,
    either,
    from_zero,
    total,
)
from rules.measurements import Selection, first_usable, newest
from rules.medications import Order, Use, all_read, named_drug, orders, visibility
from rules.panel import sides
from rules.quantities import Interval, on_grid, plain, scaled
from rules.resources import MedicationRequest, MedicationStatement
from rules.results import newest_first, read_result, results
from rules.strengths import names, units_per_millilitre

_CLEAR = field.total_high <= field.maximum
_BOUNDED = field.bounded.holds

RULES = (
    Rule("above", (field.total_low > field.maximum,), Status.MET,
         "Insulin {dose} a day, above {maximum}: {orders}."),
    Rule("two-basal-insulins", (field.two_basal.holds,), Status.NEEDS_JUDGEMENT,
         "Two different basal insulins are active, perhaps an old order beside its successor: {orders}."),
    Rule("two-of-one-class", (field.two_of_a_class.holds,), Status.NEEDS_JUDGEMENT,
         "Two insulins of one class are active, perhaps an old order beside its successor: {orders}."),
    Rule("only-old-orders", (field.only_old.holds,), Status.NEEDS_JUDGEMENT,
         "The insulin orders are over a year old or past their validity: {orders}."),
    Rule("medications-missing", (_CLEAR, field.visible.fails), Status.UNKNOWN,
         "Insulin {dose} a day among the orders that arrived; others may exist: {why}."),
    Rule("within-by-supply", (_CLEAR, field.by_supply.holds), Status.NOT_MET,
         "Insulin {dose} a day at most, in part by the amount dispensed, not above {maximum}: {orders}.",
         Confidence.MODERATE, Basis.SURROGATE),
    Rule("within", (_CLEAR,), Status.NOT_MET,
         "Insulin {dose} a day, not above {maximum}: {orders}."),
    Rule("may-replace-each-other", (_BOUNDED, field.contested.holds), Status.NEEDS_JUDGEMENT,
         "Several orders of one insulin, which may replace each other; together {dose} a day: {orders}."),
    Rule("with-old-orders", (_BOUNDED, field.old.holds), Status.NEEDS_JUDGEMENT,
         "Insulin {dose} a day, depending on orders over a year old or past their validity: {orders}."),
    Rule("above-by-supply", (_BOUNDED, field.by_supply.holds), Status.NEEDS_JUDGEMENT,
         "The amount of insulin dispensed allows {dose} a day, part of which is wasted: {orders}.",
         Confidence.MODERATE, Basis.SURROGATE),
    Rule("recorded-above", (field.recorded_low > field.recorded_maximum,), Status.MET,
         "A daily insulin dose of {recorded} is recorded, above {maximum}.", Confidence.LOW, Basis.SURROGATE),
    Rule("recorded-conflict", (field.recorded_state.equals("conflict"),), Status.NEEDS_JUDGEMENT,
         "Recorded daily insulin doses disagree: {recorded}."),
    Rule("recorded-within", (field.recorded_high <= field.recorded_maximum, field.readable.holds),
         Status.NOT_MET,
         "A daily insulin dose of {recorded} is recorded, not above {maximum}.",
         Confidence.LOW, Basis.SURROGATE),
    Rule("dose-open", (field.ordered.holds,), Status.UNKNOWN,
         "The orders allow an insulin dose of {dose} a day; {unread}: {orders}."),
    Rule("no-insulin", (), Status.UNKNOWN, "No current insulin order: {why}."),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Dose:
    """An insulin order that counts, and what it gives in a day."""

    order: Order
    kind: str
    """basal, rapid, mixed, inhaled, or unknown."""
    insulin: str
    amount: Interval
    by_supply: bool = False

    @property
    def active(self) -> bool:
        return self.order.active

    def __str__(self) -> str:
        remarks = [f"{_words(self.amount)} a day" + (" by supply" if self.by_supply else "")]
        remarks += [self.order.use.value] if not self.active else []
        return f"{self.order.name} ({', '.join(remarks)})"

    def evidence(self) -> Evidence:
        return replace(self.order.evidence(), compared_as=f"{_words(self.amount)} a day")


@dataclass(frozen=True, slots=True)
class _Sum:
    """What all orders give together, and what is doubtful about it."""

    amount: Interval
    two: frozenset[str]
    """Classes of which two different insulins are active."""
    contested: bool
    repeated: int
    """Orders left out because they repeat another."""


def find(chart: Chart) -> Finding:
    """Return the daily dose of all current insulin orders, and what else tells it."""
    doses, left_out = _doses(chart)
    doses, repeated = _distinct(doses)
    summed = _sum(doses, repeated)
    recorded = _recorded(chart)
    read, seen = all_read(chart), visibility(chart)
    total_now = comparable(summed.amount) if doses else None
    maximum = chart.limit("maximum")
    return Finding(
        fact={
            **scaled({"total": total_now}, {"maximum": maximum}),
            **_recorded_fields(recorded, maximum),
            "ordered": bool(doses),
            "bounded": summed.amount.high is not None,
            "two_basal": "basal" in summed.two,
            "two_of_a_class": bool(summed.two - {"basal"}),
            "contested": summed.contested,
            "old": any(d.order.use is Use.LAPSED for d in doses),
            "only_old": bool(doses) and all(d.order.use is Use.LAPSED for d in doses),
            "by_supply": any(d.by_supply for d in doses),
            "visible": seen.complete,
            "readable": read.complete,
        },
        words={
            "dose": _words(summed.amount),
            "maximum": f"{plain(maximum)} {chart.this.limits['maximum'].unit}",
            "orders": "; ".join(map(str, doses)),
            "unread": _unread(doses),
            "recorded": _recorded_words(recorded),
            "why": seen.why or "none is recorded here",
        },
        evidence=(*(d.evidence() for d in doses), *(o.evidence() for o in left_out), *recorded.evidence()),
        notes=_notes(chart, doses, summed, left_out),
    )


# -- what each order gives -------------------------------------------------------------------------------


def _doses(chart: Chart) -> tuple[list[_Dose], list[Order]]:
    """Return the orders that count, active ones first, and those for a hospital stay or a vein."""
    current = [o for o in orders(chart, chart.value_set("insulin")) if o.use is not Use.PAST]
    acute = [o for o in current if _is_acute(chart, o)]
    counted = [_dose(chart, o) for o in current if o not in acute]
    return sorted(counted, key=lambda d: (not d.active, d.order.resource.reference)), acute


def _is_acute(chart: Chart, order: Order) -> bool:
    """True for a hospital order or an infusion: it does not show what the person needs every day."""
    category = order.resource.category
    categories = category if isinstance(category, list) else [category] if category else []
    hospital, vein = chart.value_set("inpatient_order"), chart.value_set("intravenous_route")
    routes = [d.route for d in order.dosages if d.route]
    return any(hospital.find(c) or hospital.find_words(c.text) for c in categories) or any(
        vein.find(route) or vein.find_words(route.display) for route in routes
    )


def _dose(chart: Chart, order: Order) -> _Dose:
    kind, insulin = _kind(chart, order)
    given, by_supply = _given(chart, order)
    if not order.active:
        given = from_zero(given)
    return _Dose(order, kind, insulin, given, by_supply)


def _given(chart: Chart, order: Order) -> tuple[Interval, bool]:
    """Return the daily dose, and whether it is only bounded by the amount dispensed."""
    strength = units_per_millilitre(chart, order)
    measure = Measure(
        chart.analyte("insulin_dose"), {"mL": strength} if strength else {}, chart.analyte("insulin_rate")
    )
    given = daily_amount(chart, order.dosages, measure)
    if any(_is_scale(chart, dosage) for dosage in order.dosages):
        given = from_zero(given)
    if given.high is None:
        supplied = _supplied(chart, order, measure)
        if supplied:
            return Interval(Fraction(0), supplied), True
    return given, False


def _is_scale(chart: Chart, dosage: Dosage) -> bool:
    words = chart.value_set("insulin_sliding")
    needed = dosage.as_needed_codeable_concept
    return words.mentions(dosage.text) or (needed is not None and words.mentions(needed.display))


def _supplied(chart: Chart, order: Order, measure: Measure) -> Fraction | None:
    """Return units dispensed over days of supply."""
    dispensed = order.resource.dispense_request if isinstance(order.resource, MedicationRequest) else None
    if dispensed is None or dispensed.expected_supply_duration is None:
        return None
    units = amount(chart, dispensed.quantity, measure)
    days = amount(chart, dispensed.expected_supply_duration, Measure(chart.analyte("duration")))
    if not units or not days or units.high is None or not days.low:
        return None
    return units.high / days.low


_KINDS = ("inhaled", "mixed", "basal", "rapid")


def _kind(chart: Chart, order: Order) -> tuple[str, str]:
    """Return the class of an insulin and which one it is, by its ATC code and by its names."""
    found, named = {}, names(order)
    for kind in _KINDS:
        value_set = chart.value_set(f"insulin_{kind}")
        match = value_set.find(order.drug) or next((m for name in named if (m := named_drug(value_set, name))), None)
        if match:
            found[kind] = match.row.note
    if "basal" in found and "rapid" in found and "inhaled" not in found:
        return "mixed", f"{found['basal']} with {found['rapid']}"
    return next(((kind, found[kind]) for kind in _KINDS if kind in found), ("unknown", ""))


# -- all orders together ---------------------------------------------------------------------------------


def _distinct(doses: Sequence[_Dose]) -> tuple[list[_Dose], int]:
    """Leave out orders that repeat another: the same product in the same dose, or a statement without any."""
    kept: list[_Dose] = []
    for dose in doses:
        if not any(_repeats(dose, other) for other in kept):
            kept.append(dose)
    stated = [d for d in kept if not (_is_bare(d) and any(_restates(d, o) for o in kept if o is not d))]
    return stated, len(doses) - len(stated)


def _repeats(dose: _Dose, other: _Dose) -> bool:
    """True for the same product with the same instructions; where these tell no dose, with the same supply."""
    if not _product(dose) & _product(other) or _instructions(dose) != _instructions(other):
        return False
    return not (dose.by_supply and other.by_supply) or dose.amount == other.amount


def _product(dose: _Dose) -> set[Any]:
    coded = {(c.system, c.code) for c in dose.order.drug.codings if c.code}
    return coded | {dose.order.drug.display.strip().lower()}


def _instructions(dose: _Dose) -> list[Dosage]:
    """Return the instructions without what is only said in other words."""
    return [
        msgspec.structs.replace(dosage, text=None) if dosage.dose_and_rate else dosage for dosage in dose.order.dosages
    ]


def _is_bare(dose: _Dose) -> bool:
    return isinstance(dose.order.resource, MedicationStatement) and not dose.order.dosages


def _restates(dose: _Dose, other: _Dose) -> bool:
    return (dose.kind, dose.insulin) == (other.kind, other.insulin) and not _is_bare(other)


def _sum(doses: Sequence[_Dose], repeated: int) -> _Sum:
    """Add up the orders; of active ones that may replace each other, at least the smallest is taken."""
    by_kind: dict[str, dict[str, list[_Dose]]] = {}
    for dose in doses:
        if dose.active:
            by_kind.setdefault(dose.kind, {}).setdefault(dose.insulin, []).append(dose)
    parts = [d.amount for d in doses if not d.active]
    two, contested = set(), False
    for kind, insulins in by_kind.items():
        given = []
        for same in insulins.values():
            rivals = not at_different_times([dose.order.dosages for dose in same])
            contested = contested or rivals
            given.append(either([d.amount for d in same]) if rivals else total([d.amount for d in same]))
        if len(given) > 1:
            two.add(kind)
        parts.append(either(given) if len(given) > 1 else given[0])
    return _Sum(total(parts), frozenset(two), contested, repeated)


# -- other evidence --------------------------------------------------------------------------------------


def _recorded(chart: Chart) -> Selection:
    """Return the newest recorded total daily dose."""
    value_set, analyte = chart.value_set("insulin_daily_dose"), chart.analyte("insulin_daily_dose")
    recorded = chart.record.retrieve_named_observations(value_set)
    found = (read_result(chart, r, analyte) for r in recorded)
    selection = newest(
        chart, newest_first(r for r in found if r), sides(chart.limit("maximum")),
        decide=chart.window("decide"), shown_for=chart.window("shown"), value_sets=[value_set], search="labs",
    )  # fmt: skip
    vitals = chart.search("vitals")
    if vitals.complete:
        return selection
    return replace(selection, state="unknown", why=vitals.reason or "the vital signs are not available")


def _recorded_fields(recorded: Selection, maximum: Fraction) -> Mapping[str, Any]:
    value = on_grid(recorded.interval) if recorded.interval else None
    return {"recorded_state": recorded.state, **scaled({"recorded": value}, {"recorded_maximum": maximum})}


def _recorded_words(recorded: Selection) -> str:
    words = recorded.words()
    return f"{words['value']} on {words['date']}"


def _unread(doses: Sequence[_Dose]) -> str:
    unread = [d.order.name for d in doses if d.amount.high is None]
    return f"no readable dose of {', '.join(unread)}" if unread else "the limit lies in between"


def _notes(chart: Chart, doses: Sequence[_Dose], summed: _Sum, left_out: Sequence[Order]) -> list[str]:
    said: list[tuple[bool, Callable[[], str]]] = [
        (summed.repeated > 0, lambda: f"Possible duplicate orders, counted once: {summed.repeated}."),
        (bool(left_out), lambda: "Not counted: insulin for a hospital stay or into a vein."),
        (
            _concentrated(chart, doses),
            lambda: "A U-500 insulin: make sure that its dose is not in syringe marks.",
        ),
    ]
    return [*(words() for holds, words in said if holds), *_usual(chart, summed.amount)]


def _concentrated(chart: Chart, doses: Sequence[_Dose]) -> bool:
    return any(units_per_millilitre(chart, d.order) == chart.limit("concentrated") for d in doses)


def _usual(chart: Chart, given: Interval) -> list[str]:
    """Say when the dose is unusual for the weight, which points at a misread order."""
    weight = first_usable(results(chart, chart.value_set("weight"), chart.analyte("weight")))
    if not given.point or given.low is None or weight is None or not weight.interval or not weight.interval.low:
        return []
    per_kilogram = given.low / weight.interval.low
    low, high = chart.limit("usual_low"), chart.limit("usual_high")
    if low <= per_kilogram <= high or not given.low:
        return []
    return [f"That is {plain(per_kilogram, 2)} U/kg a day; usual are {plain(low)} to {plain(high)}."]


def _words(given: Interval) -> str:
    low = given.low or Fraction(0)
    if given == ANYTHING:
        return "an unknown number of units"
    if given.high is None:
        return f"{plain(low, 1)} U or more"
    return f"{plain(low, 1)} U" if given.point else f"{plain(low, 1)} to {plain(given.high, 1)} U"
