"""Numbers with units: exact intervals, the units met in practice, and the conversion of each analyte.

Values stay exact (`Fraction`) from the text of the record to the comparison; nothing is rounded in between.
A comparator opens the interval: ``<0.1`` is everything below 0.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from math import ceil, floor, lcm

from msgspec import Struct

from rules.assessment import Confidence
from rules.datatypes import LONGEST_VALUE
from rules.decision import LARGEST_EXACT

_NUMBER = re.compile(r"\s*(<=|>=|<|>|≤|≥)?\s*([+-]?\d{1,40}(?:\.\d{1,40})?)\s*(.*?)\s*", re.DOTALL)
_COUNT_UNIT = re.compile(r"10[*^eE]|/[^\W\d]")
"""Units of counts begin like a number or with a slash: 10*3/uL, /uL."""
_COMPARATORS = {"≤": "<=", "≥": ">="}
UCUM = "http://unitsofmeasure.org"


def exact(number: Decimal) -> Fraction:
    """Return a finite number as a fraction. (Fraction itself first finds out what it was given.)"""
    return Fraction(*number.as_integer_ratio())


def _beyond(value: Fraction, limit: Fraction) -> int:
    """Return a number above zero when ``value`` is above ``limit``, zero when it equals it, else one below zero.

    All that is measured is compared so, some of it often, and two fractions take several times as long.
    """
    (numerator, denominator), (limit_numerator, limit_denominator) = value.as_integer_ratio(), limit.as_integer_ratio()
    return numerator * limit_denominator - limit_numerator * denominator


class Interval(Struct, frozen=True):
    """The values a reported result allows. A bound of None is infinite."""

    low: Fraction | None
    high: Fraction | None
    low_open: bool = False
    high_open: bool = False

    @classmethod
    def exactly(cls, value: Fraction) -> Interval:
        return cls(value, value)

    @classmethod
    def of(cls, value: Decimal, comparator: str | None) -> Interval:
        """Return what ``comparator value`` says; raises ValueError for an unknown comparator."""
        number = exact(value)
        if not comparator:
            return cls(number, number)
        if comparator in ("<", "<="):
            return cls(None, number, high_open=comparator == "<")
        if comparator in (">", ">="):
            return cls(number, None, low_open=comparator == ">")
        raise ValueError(f"unknown comparator {comparator!r}")

    @property
    def point(self) -> bool:
        return self.low is not None and (self.low is self.high or self.low == self.high)

    def mapped(self, conversion: Conversion) -> Interval:
        """Return the interval in the canonical unit (conversions are increasing, so ends stay ends)."""
        low = None if self.low is None else conversion.apply(self.low)
        high = None if self.high is None else low if self.point else conversion.apply(self.high)
        return Interval(low, high, self.low_open, self.high_open)

    def wholly_below(self, limit: Fraction, inclusive: bool = False) -> bool:
        """True when every value is < ``limit`` (or <= with ``inclusive``)."""
        if self.high is None:
            return False
        beyond = _beyond(self.high, limit)
        return beyond < 0 or (beyond == 0 and (inclusive or self.high_open))

    def wholly_above(self, limit: Fraction, inclusive: bool = False) -> bool:
        """True when every value is > ``limit`` (or >= with ``inclusive``)."""
        if self.low is None:
            return False
        beyond = _beyond(self.low, limit)
        return beyond > 0 or (beyond == 0 and (inclusive or self.low_open))

    def __add__(self, other: Interval) -> Interval:
        return Interval(
            None if self.low is None or other.low is None else self.low + other.low,
            None if self.high is None or other.high is None else self.high + other.high,
            self.low_open or other.low_open,
            self.high_open or other.high_open,
        )


GRID = Fraction(1, 10**6)
"""Limits are multiples of this, so that `on_grid` loses no comparison."""


def on_grid(interval: Interval) -> Interval:
    """Return the interval with its ends moved outward to the grid; an end that moved is open.

    It compares with every limit on the grid as the exact interval does, and it fits the rule engine even
    where the exact value is a fraction without end (a computed index).
    """
    low, high = _to_grid(interval.low, floor), _to_grid(interval.high, ceil)
    moved = low is not interval.low, high is not interval.high
    return Interval(low, high, interval.low_open or moved[0], interval.high_open or moved[1])


def _to_grid(bound: Fraction | None, rounded: Callable[[Fraction], int]) -> Fraction | None:
    """Return the bound itself where it lies on the grid, as nearly all that is reported does."""
    if bound is None or GRID.denominator % bound.denominator == 0:
        return bound
    return rounded(bound / GRID) * GRID


class TooFine(ValueError):
    """A value and its limits have no common scale that the rule engine holds exactly."""


def scaled(intervals: Mapping[str, Interval | None], limits: Mapping[str, Fraction]) -> dict[str, int | None]:
    """Return the intervals and limits of one fact as integers on a common exact scale.

    ``{"value": Interval}`` gives ``value_low`` and ``value_high``. Integers count half steps, so that an open
    end lies half a step beyond its bound: ``<0.3`` becomes a high just below a limit of 0.3. Infinite and
    absent bounds are None. A value with more digits than fit (7.699999999999999, from a binary float) is moved
    outward to the grid, which changes no comparison with a limit on it. Raises `TooFine` where even that does
    not fit below 2^53.
    """
    try:
        return _on_one_scale(intervals, limits)
    except TooFine:
        coarse = {name: on_grid(interval) if interval else None for name, interval in intervals.items()}
        return _on_one_scale(coarse, limits)


def _on_one_scale(intervals: Mapping[str, Interval | None], limits: Mapping[str, Fraction]) -> dict[str, int | None]:
    bounds = [b for i in intervals.values() if i for b in (i.low, i.high) if b is not None]
    unit = 2 * lcm(*[bound.denominator for bound in (*bounds, *limits.values())])

    def steps(bound: Fraction) -> int:
        numerator, denominator = bound.as_integer_ratio()
        return numerator * (unit // denominator)

    numbers: dict[str, int | None] = {name: steps(limit) for name, limit in limits.items()}
    for name, interval in intervals.items():
        low = interval.low if interval else None
        high = interval.high if interval else None
        numbers[f"{name}_low"] = None if low is None else steps(low) + bool(interval and interval.low_open)
        numbers[f"{name}_high"] = None if high is None else steps(high) - bool(interval and interval.high_open)
    if any(number is not None and abs(number) >= LARGEST_EXACT for number in numbers.values()):
        raise TooFine("the value or its limit has too many digits to be compared exactly")
    return numbers


@dataclass(frozen=True, slots=True)
class Conversion:
    """canonical = value * factor / divisor + offset, all exact."""

    factor: Fraction = Fraction(1)
    divisor: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)

    changes_nothing: bool = field(init=False)
    """True for the canonical unit itself, in which most results arrive."""
    slope: Fraction = field(init=False)
    """By how much the canonical value grows when the value grows by one."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "changes_nothing", self.factor == self.divisor and not self.offset)
        object.__setattr__(self, "slope", self.factor / self.divisor)

    def apply(self, value: Fraction) -> Fraction:
        if self.changes_nothing:
            return value
        return value * self.slope + self.offset


@dataclass(frozen=True, slots=True)
class AssumedUnit:
    """What a number without a unit is taken as: only inside ``[low, high]`` and for the codes listed."""

    low: Fraction
    high: Fraction
    unit: str
    confidence: Confidence
    codes: frozenset[str] = frozenset()
    comparators: bool = False
    """Also a bound, such as ``>60``."""


@dataclass(frozen=True, slots=True, eq=False)
class Analyte:
    """Something measured: its canonical unit, the units accepted, and what is plausible."""

    name: str
    canonical: str
    units: Mapping[str, Conversion]
    by_code: Mapping[str, Mapping[str, Conversion]] = field(default_factory=dict)
    """Units that mean something else under a certain LOINC code; these replace ``units`` for that code."""
    assumed: tuple[AssumedUnit, ...] = ()
    plausible: tuple[Fraction, Fraction] | None = None
    by_range: Mapping[str, tuple[Fraction, Conversion]] = field(default_factory=dict)
    """Units that mean something else when the upper end of the reference range lies below a bound."""

    def conversion(self, unit: str, code: str | None, range_high: Fraction | None = None) -> Conversion | None:
        """Return the conversion of canonical spelling ``unit``, or None when there is no rule for it.

        ``range_high`` is the upper end of the result's reference range, in ``unit``.
        """
        bound = self.by_range.get(unit)
        if bound and range_high is not None and range_high < bound[0]:
            return bound[1]
        special = self.by_code.get(code or "")
        if special and unit in special:
            return special[unit]
        return self.units.get(unit)

    def unit_for(self, value: Fraction, code: str | None, *, exact: bool = True) -> AssumedUnit | None:
        """Return what a bare number may be taken as, or None; not ``exact`` for a bound such as ``>60``."""
        for rule in self.assumed:
            if not exact and not rule.comparators:
                continue
            if rule.low <= value <= rule.high and (not rule.codes or code in rule.codes):
                return rule
        return None

    def is_plausible(self, interval: Interval) -> bool:
        if self.plausible is None:
            return True
        low, high = self.plausible
        return not (interval.wholly_below(low) or interval.wholly_above(high))


class Units:
    """The spellings of units met in practice, folded to one canonical spelling each."""

    def __init__(self, aliases: Mapping[str, Iterable[str]]) -> None:
        self._written: dict[str, str] = {}
        self._folded: dict[str, str] = {}
        for canonical, spellings in aliases.items():
            for spelling in (canonical, *spellings):
                self._written[spelling] = canonical
                known = self._folded.setdefault(fold(spelling), canonical)
                if known != canonical:
                    raise ValueError(f"unit {spelling!r} is given as {known!r} and as {canonical!r}")

    def canonical(self, spelling: str | None) -> str | None:
        """Return the canonical spelling, or None for an unknown or absent unit."""
        if not spelling:
            return None
        return self._written.get(spelling) or self._folded.get(fold(spelling))


def fold(spelling: str) -> str:
    """Fold the differences that carry no meaning: micro signs, blanks, case."""
    return "".join(spelling.replace("µ", "u").replace("μ", "u").split()).lower()


def parse_number(text: str) -> tuple[Decimal, str | None, str | None] | None:
    """Read "<0.1", "8.4 %", "15.0 gm/L" as (value, comparator, unit); None for anything else."""
    match = _NUMBER.fullmatch(text) if len(text) <= LONGEST_VALUE else None
    if match is None:
        return None
    sign, number, unit = match.groups()
    if unit and (unit[0].isdigit() or unit[0] in ".,-/") and not _COUNT_UNIT.match(unit):
        return None
    try:
        return Decimal(number), _COMPARATORS.get(sign, sign), unit or None
    except InvalidOperation:
        return None


def decimals(value: Decimal) -> int:
    """Return how many digits are reported behind the point; raises ValueError for what is no number."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):
        raise ValueError("not a finite number")
    return max(-exponent, 0)


def half_step(value: Decimal) -> Fraction:
    """Return half of the last reported digit: 0.05 for 7.5, 0.005 for 7.50."""
    return Fraction(1, 2 * 10 ** decimals(value))


def plain(value: Fraction, digits: int = 4) -> str:
    """Return ``value`` for people: at most ``digits`` decimals, without trailing zeros. Never compared."""
    text = f"{float(value):.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
