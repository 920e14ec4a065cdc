"""The number of a result, as reported and in the analyte's unit."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from msgspec import Struct

from rules.assessment import Confidence
from rules.causes import Cause
from rules.codes import LOINC, canonical_system
from rules.datatypes import Quantity, Range, Ratio
from rules.quantities import Analyte, Conversion, Interval, Units, parse_number, plain
from rules.record import Retrieved
from rules.resources import Value


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
        return _number_of_range(value.value_range)
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


def _number_of_range(given: Range) -> _Raw | None:
    """Read both ends in one unit; None where they have different units, or stand the wrong way round."""
    low, high = (end.value if end else None for end in (given.low, given.high))
    units = [spellings for end in (given.low, given.high) if (spellings := _spellings(end))]
    if (low is not None and high is not None and low > high) or (len(units) == 2 and not set(units[0]) & set(units[1])):
        return None
    return _Raw(low, high, None, units[0] if units else ())


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


def measured(units: Units, retrieved: Retrieved, analyte: Analyte, dated: Confidence) -> Reading:
    """Read the number of a result; what keeps it from being used is the reading's ``problem``."""
    value = retrieved.value
    reported = shown(value)
    raw = _number_of(value)
    if raw is None:
        ends = value.value_range and (value.value_range.low or value.value_range.high)
        empty = not (value.value_string or value.value_codeable_concept or value.value_ratio or ends)
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
    return len(codes) > 1 and len({analyte.conversion(unit, code) for code in codes}) > 1


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
    bounds = [bound for bound in {reported.low, reported.high} if bound is not None]
    assumed = analyte.unit_for(bounds[0], code, exact=reported.point) if len(bounds) == 1 else None
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
