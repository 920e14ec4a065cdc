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
_BUT_POSITIVE = re.compile(
    r"[;,.\n](?![^;,.\n]*\b(?:no|non|not|none|controls?)\b)[^;,.\n]*\b(?:pos|positive|reactive|detected)\b"
    r"(?!\s+(?:results?|tests?|screens?|samples?|specimens?)\s+"
    r"(?:are (?:sent|referred|repeated|confirmed|reported)|requires?|needs?|must|should|will)\b)",
    re.IGNORECASE,
)
"""A later clause that takes back a negative answer: "negative for HIV-1; reactive for HIV-2".

Remarks on the control, or on what is done with positive results, do not.
"""
_SAYS_POSITIVE = frozenset({"POS", "DET", "RR", "WR"})
_POSITIVE_FLAGS = _SAYS_POSITIVE | {"H", "HH"}
_NEGATIVE_FLAGS = frozenset({"NEG", "N", "ND", "NR"})


def reading(value: Value, positive: ValueSet, negative: ValueSet) -> Reading:
    """Return what ``value`` says: its coded answer, its words, then its flag, then its place in the range.

    A negative answer that its own words or its flag contradict tells nothing.
    """
    said = _said(value, positive, negative)
    return Reading.UNCLEAR if said is Reading.NEGATIVE and _is_contradicted(value) else said


def _is_contradicted(value: Value) -> bool:
    words = _words(value)
    return bool(flags(value.interpretation) & _SAYS_POSITIVE or (words and _BUT_POSITIVE.search(words)))


def _words(value: Value) -> str | None:
    answer = value.value_codeable_concept
    return answer.display if answer else value.value_string


def _said(value: Value, positive: ValueSet, negative: ValueSet) -> Reading:
    if value.value_boolean is not None:
        return Reading.POSITIVE if value.value_boolean else Reading.NEGATIVE
    answer = value.value_codeable_concept
    if answer is not None:
        if positive.find(answer):
            return Reading.POSITIVE
        if negative.find(answer):
            return Reading.NEGATIVE
    words = _words(value)
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
    """A number above its own upper reference limit, in the same unit, is positive; between several limits, unclear."""
    quantity = value.value_quantity
    if quantity is None or quantity.value is None or quantity.comparator not in (None, ">", ">="):
        return None
    highs = [r.high for r in value.reference_range or () if r.high and r.high.unit in (None, quantity.unit)]
    above = {Fraction(quantity.value) > Fraction(high.value) for high in highs if high.value is not None}
    if len(above) != 1:
        return None
    return Reading.POSITIVE if above.pop() else Reading.NEGATIVE
