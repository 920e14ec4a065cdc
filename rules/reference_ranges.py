"""The laboratory's own limits of normal for one result, and the flags that it put on it.

A range counts when it is the normal range (or does not say), and when the sex and age it names are the
person's; its text may name the sex as well. Ranges that contradict each other, or whose unit has no rule, count as
none. Uses the value sets ``sex_male`` and ``sex_female``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from rules.criterion import Chart
from rules.datatypes import LONGEST_VALUE, CodeableConcept, Quantity, Range
from rules.dates import age_range
from rules.quantities import Analyte, Conversion, exact
from rules.resources import ReferenceRange, Value
from rules.results import Result
from rules.sex import Sex, sex_named, sex_of

_NUMBER = r"(\d+,\d{1,2}|\d+(?:\.\d+)?)"
_TEXT = re.compile(rf"\s*[(\[]?\s*{_NUMBER}\s*(?:-|–|—|−|to|bis)\s*{_NUMBER}\s*([^\d\s)\],.][^)\]]*?)?\s*[)\]]?\s*")
_ONE_SIDED = re.compile(
    rf"\s*[(\[]?\s*(<=|>=|<|>|≤|≥|up to|bis)\s*{_NUMBER}\s*([^\d\s)\],.][^)\]]*?)?\s*[)\]]?\s*", re.I
)
_NORMAL_TYPES = ("normal", "reference")

_LOW = frozenset({"L", "LL", "LU"})
_HIGH = frozenset({"H", "HH", "HU"})
_ABNORMAL = frozenset({"A", "AA"})
_NORMAL = frozenset({"N"})


@dataclass(frozen=True, slots=True)
class Normal:
    """The limits of normal in the analyte's canonical unit; None where the laboratory gave none."""

    low: Fraction | None = None
    high: Fraction | None = None


def normal_range(chart: Chart, result: Result, analyte: Analyte) -> Normal:
    """Return the limits of normal that the laboratory sent with ``result`` and that apply to this person."""
    own = [r for r in result.retrieved.value.reference_range or () if _is_normal(r)]
    fitting = [(fit, r) for r in own if (fit := _fit(chart, result, r)) is not None]
    best = max((fit for fit, _range in fitting), default=0)
    read = [_bounds(chart, result, analyte, r) for fit, r in fitting if fit == best]
    return Normal(_agreed(normal.low for normal in read), _agreed(normal.high for normal in read))


def _agreed(bounds: Iterable[Fraction | None]) -> Fraction | None:
    known = {bound for bound in bounds if bound is not None}
    return known.pop() if len(known) == 1 else None


def _is_normal(reference: ReferenceRange) -> bool:
    if reference.type is None:
        return True
    names = [reference.type.text, *(n for c in reference.type.codings for n in (c.code, c.display))]
    stated = [name.strip().lower() for name in names if name and name.strip()]
    return not stated or any(name.startswith(_NORMAL_TYPES) for name in stated)


def _fit(chart: Chart, result: Result, reference: ReferenceRange) -> int | None:
    """Return how specific a range is that applies to this person; None for one that does not apply."""
    fit = 0
    for group in reference.applies_to or ():
        if not _names_anything(group):
            continue
        named = sex_named(chart, group)
        if named is Sex.UNKNOWN or named is not sex_of(chart):
            return None
        fit += 1
    described = _sex_in_text(chart, reference)
    if described is not Sex.UNKNOWN:
        if described is not sex_of(chart):
            return None
        fit += 1
    if reference.age and (reference.age.low or reference.age.high):
        if not _age_fits(chart, result, reference.age):
            return None
        fit += 1
    return fit


def _sex_in_text(chart: Chart, reference: ReferenceRange) -> Sex:
    """Return the one sex that the text of a range names; unknown for none, for both, and for prose."""
    text = reference.text
    return sex_named(chart, CodeableConcept(text=text)) if text and len(text) <= LONGEST_VALUE else Sex.UNKNOWN


def _names_anything(concept: CodeableConcept) -> bool:
    return bool(concept.text or any(coding.code for coding in concept.codings))


def _age_fits(chart: Chart, result: Result, ages: Range) -> bool:
    birth = chart.moment(chart.record.patient.birth_date)
    if birth is None or result.when is None:
        return False
    youngest, oldest = age_range(birth.days, result.when.days)
    low, high = (_years(chart, bound) if bound else None for bound in (ages.low, ages.high))
    if (ages.low and low is None) or (ages.high and high is None):
        return False
    return (low is None or youngest >= low) and (high is None or oldest <= high)


def _years(chart: Chart, age: Quantity) -> Fraction | None:
    if age.value is None:
        return None
    if not age.code and not age.unit:
        return Fraction(age.value)
    conversion = _conversion(chart, chart.analyte("age"), (age.code, age.unit), "", None)
    return conversion.apply(Fraction(age.value)) if conversion else None


def _bounds(chart: Chart, result: Result, analyte: Analyte, reference: ReferenceRange) -> Normal:
    low, high = _bound(chart, result, analyte, reference.low), _bound(chart, result, analyte, reference.high)
    if low is None and high is None and reference.text:
        return _from_text(chart, result, analyte, reference.text)
    return Normal(low, high)


def _bound(chart: Chart, result: Result, analyte: Analyte, quantity: Quantity | None) -> Fraction | None:
    if quantity is None or quantity.value is None:
        return None
    spellings = (quantity.code, quantity.unit)
    conversion = _conversion(chart, analyte, spellings, result.code, result)
    return conversion.apply(exact(quantity.value)) if conversion else None


def _from_text(chart: Chart, result: Result, analyte: Analyte, text: str) -> Normal:
    """Read "13.0-17.0", "13,0 – 17,0 g/dL", "<41 U/L"."""
    if len(text) > LONGEST_VALUE:
        return Normal()
    pair, single = _TEXT.fullmatch(text), _ONE_SIDED.fullmatch(text)
    if pair:
        low, high, unit = pair.groups()
        conversion = _conversion(chart, analyte, (unit,), result.code, result)
        return Normal(conversion.apply(_fraction(low)), conversion.apply(_fraction(high))) if conversion else Normal()
    if single:
        sign, number, unit = single.groups()
        conversion = _conversion(chart, analyte, (unit,), result.code, result)
        bound = conversion.apply(_fraction(number)) if conversion else None
        return Normal(low=bound) if sign[0] in ">≥" else Normal(high=bound)
    return Normal()


def _fraction(number: str) -> Fraction:
    return Fraction(number.replace(",", "."))


def _conversion(
    chart: Chart, analyte: Analyte, spellings: Sequence[str | None], code: str, result: Result | None
) -> Conversion | None:
    """Return the conversion of a bound: its own unit, or that of the value where it has none."""
    given = [spelling for spelling in spellings if spelling and spelling.strip()]
    if not given:
        return result.conversion if result else None
    for spelling in given:
        unit = chart.units.canonical(spelling)
        if unit and result and unit == result.unit:
            return result.conversion
        conversion = analyte.conversion(unit, code) if unit else None
        if conversion:
            return conversion
    return None


# -- flags -----------------------------------------------------------------------------------------------


def flagged_low(value: Value) -> bool:
    """True when the laboratory flags the value as low, and not also as something else."""
    return _flags(value) == {"low"}


def flagged_not_low(value: Value) -> bool:
    """True when the laboratory flags the value as normal or high."""
    flags = _flags(value)
    return bool(flags) and flags <= {"normal", "high"}


def _flags(value: Value) -> set[str]:
    """Return the directions of all flags; an "abnormal" without a direction gives none."""
    return {flag for concept in value.interpretation or () if (flag := _flag(concept))}


def _flag(concept: CodeableConcept) -> str | None:
    codes = {coding.code.strip().upper() for coding in concept.codings if coding.code}
    if not codes and concept.text and concept.text.strip().upper() in _LOW | _HIGH | _NORMAL | _ABNORMAL:
        codes = {concept.text.strip().upper()}
    for name, known in (("low", _LOW), ("high", _HIGH), ("normal", _NORMAL)):
        if codes & known:
            return name
    if codes - _ABNORMAL:
        return None
    words = " ".join([concept.text or "", *(c.display or "" for c in concept.codings)]).lower()
    return next((name for name in ("low", "high") if re.search(rf"\b{name}\b", words)), None)
