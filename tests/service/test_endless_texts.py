"""Texts and codes without end cost no time: what is looked at closely is short.

A pattern that tries each way to part a run of blanks or digits takes the square of its length: hours for a megabyte.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.fhir import PATIENT, bundle, condition, observation
from tests.support.service import call, candidate, post

LONG = 300_000
BLANKS, DIGITS = " " * LONG, "1" * LONG


def _with(key: str, *resources: dict[str, Any]) -> dict[str, Any]:
    chart = copy.deepcopy(candidate())
    entries = chart[key].get("entry", [])
    return {**chart, key: bundle(*(entry["resource"] for entry in entries), *resources)}


def _text(code: str, text: str, **more: Any) -> dict[str, Any]:
    plain = observation(code, 1, "%", "2026-10-20")
    del plain["valueQuantity"]
    return {**plain, "valueString": text, **more}


def _drug(name: str) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest", "id": "m1", "status": "active", "intent": "order",
        "subject": {"reference": f"Patient/{PATIENT}"}, "authoredOn": "2026-10-01",
        "medicationCodeableConcept": {"text": name}, "dosageInstruction": [{"text": "2 ml daily"}],
    }  # fmt: skip


CHARTS = {
    "a code": lambda: _with("problems", condition("E" * LONG, "2015-03-01")),
    "a result of blanks": lambda: _with("labs", _text("4548-4", BLANKS)),
    "a result of blanks before a letter": lambda: _with("labs", _text("4548-4", f"1{BLANKS}x")),
    "a blood pressure of digits": lambda: _with("vitals", _text("85354-9", DIGITS)),
    "a reference range of blanks": lambda: _with(
        "labs", observation("1742-6", 30, "U/L", "2026-10-20", referenceRange=[{"text": f"{BLANKS}x"}])
    ),
    "a reference range of digits": lambda: _with(
        "labs", observation("1742-6", 30, "U/L", "2026-10-20", referenceRange=[{"text": f"{DIGITS} - {DIGITS}"}])
    ),
    "a drug of blanks": lambda: _with("medications", _drug(BLANKS)),
    "a drug of digits": lambda: _with("medications", _drug(f"insulin glargine {DIGITS}")),
    "a strength of digits": lambda: _with("medications", _drug(f"insulin glargine {DIGITS} units/ml")),
    "a date": lambda: _with("problems", condition("E10.9", "2015-03-01" + BLANKS)),
}


@pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS)
def test_a_text_without_end_costs_no_time(client: FlaskClient, chart: Any) -> None:
    assert post(client, call(chart())).status_code == 200
