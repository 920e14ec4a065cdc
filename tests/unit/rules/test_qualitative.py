"""What a test that answers yes or no has answered: by code, by words, by flag, by its range, in this order."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rules.codes import SNOMED
from rules.decoding import read_resource
from rules.qualitative import Reading, flags, reading
from tests.unit.rules.charts import codes

POSITIVE, NEGATIVE = codes("positive", (SNOMED, "10828004", "exact")), codes("negative", (SNOMED, "260385009", "exact"))


def coded(code: str, text: str | None = None) -> dict[str, Any]:
    return {"valueCodeableConcept": {"coding": [{"system": SNOMED, "code": code}], **({"text": text} if text else {})}}


def flag(*codes: str) -> dict[str, Any]:
    return {"interpretation": [{"coding": [{"code": code}]} for code in codes]}


def number(
    value: float, unit: str = "U", comparator: str | None = None, high: float = 5, high_unit: str | None = "U"
) -> dict[str, Any]:
    quantity = {"value": value, "unit": unit, **({"comparator": comparator} if comparator else {})}
    bound = {"value": high, **({"unit": high_unit} if high_unit else {})}
    return {"valueQuantity": quantity, "referenceRange": [{"high": bound}]}


def between(value: float) -> dict[str, Any]:
    """An index with a range for negative and another for equivocal results."""
    ranges = [{"high": {"value": 0.9}}, {"low": {"value": 0.9}, "high": {"value": 1.1}, "text": "equivocal"}]
    return {"valueQuantity": {"value": value}, "referenceRange": ranges}


def observed(elements: dict[str, Any]) -> Any:
    return read_resource(json.dumps({"resourceType": "Observation", **elements}).encode())


@pytest.mark.parametrize(
    ("elements", "expected"),
    [
        (coded("10828004"), "positive"),
        (coded("260385009"), "negative"),
        (coded("10828004", "negative"), "positive"),  # the code wins over its text
        (coded("999", "Positive"), "positive"),
        *(({"valueString": text}, "negative") for text in (
            "NEG", "negative", "Non Reactive", "non-reactive", "nonreactive", "Not detected", "undetectable",
            " none seen",
            "(negative)", "Negative for antibodies", "absent")),
        *(({"valueString": text}, "positive") for text in ("POS", "Positive", "REACTIVE", "detected", "present 1:40")),
        *(({"valueString": text}, "unclear") for text in (
            "indeterminate", "weakly", "see comment", "positively odd", "inconclusive", "1+",
            "result is negative", "")),
        (flag("POS"), "positive"),
        (flag("H"), "positive"),
        (flag(" neg "), "negative"),
        (flag("N"), "negative"),
        (flag("N", "POS"), "positive"),
        (flag("L"), "unclear"),
        *(({"valueString": "negative", **flag(code)}, "unclear") for code in ("POS", "DET", "RR", "WR")),
        ({**coded("260385009"), **flag("POS")}, "unclear"),
        ({"valueString": "positive", **flag("NEG")}, "positive"),
        *(({"valueString": text}, "unclear") for text in (
            "Negative for HIV-1; reactive for HIV-2", "Nonreactive, but positive in 2019",
            "HIV-1 negative, HIV-2 reactive", "Negative for HIV-1. Positive result for HIV-2, sent for confirmation",
            "Negative. Positive results are sent for confirmation. Reactive for HIV-2")),
        *(({"valueString": text}, "negative") for text in (
            "Negative; no antibodies detected", "Non-reactive for HIV-1, non-reactive for HIV-2",
            "Not detected. Not reactive.", "Negative, absent, none detected", "Not detected. Positive control valid",
            "Negative. Control: positive", "Non-reactive. A reactive result requires confirmation.",
            "Negative for HIV-1/2 Ab. Positive results are sent for confirmation")),
        ({"valueString": "pending", **flag("ND")}, "negative"),
        (number(5.1), "positive"),
        (number(5), "negative"),
        (number(5, high_unit=None), "negative"),
        *((between(value), expected) for value, expected in ((0.8, "negative"), (1.0, "unclear"), (1.2, "positive"))),
        (number(6, comparator=">"), "positive"),
        (number(4, comparator="<"), "unclear"),
        (number(6, high_unit="mU"), "unclear"),
        ({"valueQuantity": {"value": 6}}, "unclear"),
        ({**number(1), **flag("H")}, "positive"),
        ({}, "unclear"),
    ],
)  # fmt: skip
def test_reading(elements: dict[str, Any], expected: str) -> None:
    assert reading(observed(elements), POSITIVE, NEGATIVE) is Reading(expected)


def test_flags() -> None:
    assert flags(None) == frozenset()
    assert flags(observed({**flag("h", " LL "), "x": 1}).interpretation) == {"H", "LL"}
    assert flags(observed({"interpretation": [{"text": "high"}]}).interpretation) == frozenset()
