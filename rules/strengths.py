"""Strength of a product, from its name or its ingredients: units a millilitre, milligrams a tablet."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction

from rules.codes import RXNORM
from rules.criterion import Chart
from rules.datatypes import LONGEST_VALUE, Ratio
from rules.medications import Order
from rules.resources import Medication

_NUMBER = r"(\d+(?:\.\d+)?)"
_RXNORM_PER_ML = re.compile(rf"{_NUMBER} UNT/ML", re.IGNORECASE)
_PER_ML = re.compile(rf"{_NUMBER}\s*(?:units?|unit\(s\)|iu|u|unt)\s*/\s*ml\b", re.IGNORECASE)
_U_NUMBER = re.compile(r"(?<!\w)U-?(\d{2,3})(?!\w)", re.IGNORECASE)
_MILLIGRAMS = re.compile(rf"(?<![\w.]){_NUMBER}\s*mg\b(?!\s*/)", re.IGNORECASE)


def names(order: Order) -> list[str]:
    """Return everything that names the product and is no prose: its RxNorm name, then texts of the order."""
    row = order.match.row
    given = [order.drug.text, *(coding.display for coding in order.drug.codings)]
    named = [row.display] if row.system == RXNORM else []
    return [name for name in (*named, *given) if name and len(name) <= LONGEST_VALUE]


def units_per_millilitre(chart: Chart, order: Order) -> Fraction | None:
    """Return the strength in units a millilitre; None when it is not named, or named in two ways."""
    found = [strength for name in names(order) if (strength := _per_millilitre(name))]
    stated = _of_ingredients(chart, order)
    return _agreed([*found, *([stated] if stated else [])])


def milligrams(chart: Chart, order: Order) -> Fraction | None:
    """Return the milligrams a tablet; None when they are not told, or told in two ways."""
    named = [Fraction(number) for name in names(order) for number in _MILLIGRAMS.findall(name)]
    stated = [_in_one(chart, strength) for strength in _strengths(chart, order)]
    return _agreed([*named, *(mg for mg in stated if mg)])


def _in_one(chart: Chart, strength: Ratio) -> Fraction | None:
    """Return the milligrams in one of what is no volume: a tablet, or one piece of an unnamed form."""
    top, bottom = strength.numerator, strength.denominator
    if not top or not top.value or chart.units.canonical(top.code or top.unit) != "mg":
        return None
    if bottom and (bottom.value not in (None, 1) or chart.units.canonical(bottom.code or bottom.unit) == "mL"):
        return None
    return Fraction(top.value)


def _per_millilitre(name: str) -> Fraction | None:
    """The parts of a premixed product add up in RxNorm names; other names state the whole."""
    parts = _RXNORM_PER_ML.findall(name)
    if parts:
        return sum((Fraction(part) for part in parts), Fraction(0))
    return _agreed(Fraction(number) for number in _PER_ML.findall(name) or _U_NUMBER.findall(name))


def _agreed(found: Iterable[Fraction]) -> Fraction | None:
    distinct = set(found)
    return distinct.pop() if len(distinct) == 1 else None


def _of_ingredients(chart: Chart, order: Order) -> Fraction | None:
    known = [strength for given in _strengths(chart, order) if (strength := _ratio(chart, given))]
    return sum(known, Fraction(0)) if known else None


def _strengths(chart: Chart, order: Order) -> list[Ratio]:
    product = chart.record.resolve(order.resource.medication_reference, Medication, order.resource)
    return [i.strength for i in (product.ingredient or () if product else ()) if i.strength]


def _ratio(chart: Chart, strength: Ratio) -> Fraction | None:
    """Return units a millilitre; None for a strength in anything else, such as a second substance in mg."""
    top, bottom = strength.numerator, strength.denominator
    if not top or not bottom or not top.value or not bottom.value:
        return None
    spelled = (chart.units.canonical(top.code or top.unit), chart.units.canonical(bottom.code or bottom.unit))
    return Fraction(top.value) / Fraction(bottom.value) if spelled == ("U", "mL") else None
