"""Qualitative results: positive, negative, or neither, from codes, words, flags or the reference range."""

from __future__ import annotations

import re
from enum import StrEnum
from fractions import Fraction

from rules.datatypes import CodeableConcept
from rules.resources import Value
from rules.value_sets import ValueSet


class Reading(StrEnum):
    """What a test that answers yes or no has answered."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    UNCLEAR = "unclear"


_NEGATIVE_WORDS = re.compile(
    r"^\W*(neg|negative|non[- ]?reactive|not detected|undetected|undetectable|absent|none)\b", re.IGNORECASE
)
_POSITIVE_WORDS = re.compile(
    r"^\W*((?:weakly|strongly|repeatedly) )?(pos|positive|reactive|detected|present)\b", re.IGNORECASE
)
_POSITIVE_FLAGS = frozenset({"POS", "H", "HH", "DET", "RR", "WR"})
_NEGATIVE_FLAGS = frozenset({"NEG", "N", "ND", "NR"})


def reading(value: Value, positive: ValueSet, negative: ValueSet) -> Reading:
    """Return what ``value`` says: its coded answer, its words, then its flag, then its place in the range."""
    if value.value_boolean is not None:
        return Reading.POSITIVE if value.value_boolean else Reading.NEGATIVE
    answer = value.value_codeable_concept
    if answer is not None:
        if positive.find(answer):
            return Reading.POSITIVE
        if negative.find(answer):
            return Reading.NEGATIVE
    words = answer.display if answer else value.value_string
    for pattern, meaning in ((_NEGATIVE_WORDS, Reading.NEGATIVE), (_POSITIVE_WORDS, Reading.POSITIVE)):
        if words and pattern.search(words):
            return meaning
    return _by_flag(value) or _by_range(value) or Reading.UNCLEAR


def flags(interpretation: list[CodeableConcept] | None) -> frozenset[str]:
    """Return the codes of an Observation's interpretation, in upper case."""
    return frozenset(c.code.strip().upper() for i in interpretation or () for c in i.codings if c.code)


def _by_flag(value: Value) -> Reading | None:
    codes = flags(value.interpretation)
    if codes & _POSITIVE_FLAGS:
        return Reading.POSITIVE
    return Reading.NEGATIVE if codes & _NEGATIVE_FLAGS else None


def _by_range(value: Value) -> Reading | None:
    """A number above its own upper reference limit, in the same unit, is positive."""
    quantity = value.value_quantity
    for given in value.reference_range or ():
        high = given.high
        if quantity is None or quantity.value is None or high is None or high.value is None:
            continue
        if high.unit in (None, quantity.unit) and quantity.comparator in (None, ">", ">="):
            above = Fraction(quantity.value) > Fraction(high.value)
            return Reading.POSITIVE if above else Reading.NEGATIVE
    return None
