"""Orders and statements: what is taken now, recognised by code before words, and what silence means."""

from __future__ import annotations

from typing import Any

import pytest

from rules.codes import ATC, RXNORM
from rules.criterion import Window
from rules.medications import Use, orders, visibility
from tests.criteria.given import Given, medication, resource
from tests.unit.rules.charts import chart, codes, words

INSULIN = codes("insulin", (RXNORM, "274783", "exact"), (ATC, "A10A", "prefix"))
WORDS = words("insulin_words", "insulin")
ORDER = {"order": Window(None, 12, "test")}


def found(*given: Given) -> list[Any]:
    return orders(chart(*given, windows=ORDER), INSULIN, WORDS)


@pytest.mark.parametrize(
    ("status", "use"),
    [("active", "active"), ("on-hold", "on-hold"), ("stopped", "past"), ("completed", "past"), (" Active ", "active"),
     ("entered-in-error", None), ("draft", None), ("cancelled", None), ("unknown", None), ("", None)],
)  # fmt: skip
def test_status(status: str, use: str | None) -> None:
    uses = [order.use for order in found(medication("rxnorm:274783", status=status))]
    assert uses == ([Use(use)] if use else [])


@pytest.mark.parametrize(
    ("intent", "counts"),
    [("order", True), ("original-order", True), ("reflex-order", True), ("filler-order", True),
     ("instance-order", True),
     ("plan", False), ("proposal", False), ("option", False)],
)  # fmt: skip
def test_intent(intent: str, counts: bool) -> None:
    assert bool(found(medication("rxnorm:274783", intent=intent))) is counts


def test_what_is_written_or_begins_after_the_day_of_evaluation_is_no_order() -> None:
    def statement(**more: Any) -> Given:
        drug = {"coding": [{"system": RXNORM, "code": "274783"}]}
        return resource("MedicationStatement", "glargine", status="active", medicationCodeableConcept=drug, **more)

    assert found(medication("rxnorm:274783", authored="2025-06-16")) == []
    assert len(found(medication("rxnorm:274783", authored="2025-06-15"))) == 1
    assert found(statement(effectivePeriod={"start": "2025-06-16"})) == []
    assert found(statement(effectivePeriod={"start": "2025-06-01"}, dateAsserted="2025-06-16")) == []
    assert len(found(statement(effectivePeriod={"start": "2025-06-15"}))) == 1
    silent = visibility(chart(medication("rxnorm:274783", authored="2025-06-16"), windows=ORDER))
    assert (silent.complete, silent.why) == (False, "no medications are recorded here")


def test_a_prohibition_is_no_order() -> None:
    assert found(medication("rxnorm:274783", doNotPerform=True)) == []
    assert len(found(medication("rxnorm:274783", doNotPerform=False))) == 1


@pytest.mark.parametrize(
    ("authored", "more", "use"),
    [
        ("2024-06-15", {}, "active"),
        ("2024-06-14", {}, "lapsed"),
        ("2024-06", {}, "active"),  # may still lie within the year
        ("2024-05", {}, "lapsed"),
        (None, {}, "active"),
        ("2020-01-01", {"dispenseRequest": {"validityPeriod": {"end": "2025-06-15"}}}, "active"),
        ("2025-06-01", {"dispenseRequest": {"validityPeriod": {"end": "2025-06-14"}}}, "lapsed"),
        ("2025-06-01", {"dispenseRequest": {"validityPeriod": {"start": "2025-06-01"}}}, "active"),
        ("2025-06-15", {}, "active"),
    ],
)
def test_an_old_order_has_lapsed(authored: str | None, more: dict[str, Any], use: str) -> None:
    (order,) = found(medication("rxnorm:274783", authored=authored, **more))
    assert order.use is Use(use)
    assert order.active is (use == "active")


@pytest.mark.parametrize(
    ("dispense", "use"),
    [
        ({}, "active"),
        ({"whenHandedOver": "2024-06-15"}, "active"),
        ({"whenHandedOver": "2024-06-14"}, "lapsed"),
        ({"whenHandedOver": "2025-06-16"}, "lapsed"),
        ({"whenHandedOver": None, "whenPrepared": "2025-05-01"}, "active"),
        ({"whenHandedOver": None}, "lapsed"),
        ({"status": "cancelled"}, "lapsed"),
        ({"medicationCodeableConcept": {"coding": [{"system": RXNORM, "code": "6809"}]}}, "lapsed"),
        ({"authorizingPrescription": [{"reference": "MedicationRequest/r1"}]}, "active"),
        ({"authorizingPrescription": [{"reference": "MedicationRequest/r2"}]}, "lapsed"),
    ],
)
def test_a_dispense_keeps_an_old_order_active(dispense: dict[str, Any], use: str) -> None:
    usual = {"status": "completed", "whenHandedOver": "2025-05-01",
             "medicationCodeableConcept": {"coding": [{"system": RXNORM, "code": "274783"}]}}  # fmt: skip
    given = resource("MedicationDispense", "dispense", **{**usual, **dispense})
    (order,) = found(medication("rxnorm:274783", authored="2023-01-01", id="r1"), given)
    assert order.use is Use(use)


def test_what_is_dated_after_the_evaluation_is_not_used() -> None:
    assert found(medication("rxnorm:274783", authored="2025-06-16")) == []
    assert found(statement("active", effectiveDateTime="2025-06-16")) == []
    assert found(statement("active", effectivePeriod={"start": "2025-07"})) == []
    assert len(found(medication("rxnorm:274783", authored="2025-06"))) == 1  # may be today or earlier


def statement(status: str, text: str = "insulin", **more: Any) -> Given:
    return resource("MedicationStatement", text, status=status, medicationCodeableConcept={"text": text}, **more)


@pytest.mark.parametrize(
    ("status", "use"),
    [("active", "active"), ("completed", "past"), ("stopped", "past"), ("not-taken", None), ("intended", None),
     ("entered-in-error", None), ("on-hold", "on-hold"), ("unknown", None)],
)  # fmt: skip
def test_statements(status: str, use: str | None) -> None:
    uses = [order.use for order in found(statement(status))]
    assert uses == ([Use(use)] if use else [])


def test_a_statement_tells_since_when() -> None:
    (by_date,) = found(statement("active", effectiveDateTime="2024-01"))
    (by_period,) = found(statement("active", effectivePeriod={"start": "2023-01"}))
    assert (by_date.since.text, by_period.since.text) == ("2024-01", "2023-01")


def test_an_active_statement_whose_period_is_over_has_lapsed() -> None:
    (over,) = found(statement("active", effectivePeriod={"start": "2015-01-01", "end": "2025-06-14"}))
    (going_on,) = found(statement("active", effectivePeriod={"start": "2015-01-01", "end": "2025-06-15"}))
    assert (over.use, going_on.use) == (Use.LAPSED, Use.ACTIVE)


def test_codes_come_before_words() -> None:
    (coded,) = found(medication("atc:A10AE04", text="insulin glargine"))
    (named,) = found(medication("Insulin lispro 100 U/mL"))
    assert not coded.match.by_text
    assert named.match.by_text
    assert found(medication("no insulin")) == []
    assert found(medication("metformin")) == []


@pytest.mark.parametrize("name", [
    "HIGH RISK: insulin lispro", "Risk of low glucose: insulin", "Insulin lispro, do not mix",
    "insulin?", "insulin 100 units/mL injection syringe",
])  # fmt: skip
def test_a_warning_or_a_form_beside_its_name_leaves_a_drug_what_it_is(name: str) -> None:
    given = {"status": "active", "intent": "order", "medicationCodeableConcept": {"text": name}}
    assert len(found(resource("MedicationRequest", name, **given))) == 1


@pytest.mark.parametrize("name", [
    "No insulin", "denies insulin", "not on insulin", "Kein Insulin", "insulin syringe",
    "Possible insulin", "Insulin syringe?",
    "Insulin syringe-needle U-100 0.5 mL 31 gauge",
])  # fmt: skip
def test_what_denies_a_drug_or_goes_with_it_is_none(name: str) -> None:
    assert found(medication(name)) == []


def test_displays_and_ingredients_are_read() -> None:
    drug = {"coding": [{"system": "urn:local", "code": "7", "display": "Insulin, human"}]}
    local = resource("MedicationRequest", "by display", status="active", intent="order", medicationCodeableConcept=drug)
    contained = resource(
        "MedicationRequest", "by ingredient", status="active", intent="order", medicationReference={"reference": "#m"},
        contained=[{"resourceType": "Medication", "id": "m", "code": {"text": "Mixture 5"},
                    "ingredient": [{"itemCodeableConcept": {"coding": [{"system": RXNORM, "code": "274783"}]}}]}],
    )  # fmt: skip
    (by_display,), (by_ingredient,) = found(local), found(contained)
    assert by_display.match.by_text
    assert not by_ingredient.match.by_text
    assert by_ingredient.drug.text == "Mixture 5"


def test_a_reference_to_a_drug_beside_it() -> None:
    order = resource(
        "MedicationRequest", "r", status="active", intent="order", medicationReference={"reference": "Medication/m1"}
    )
    drug = resource("Medication", "m", id="m1", code={"coding": [{"system": RXNORM, "code": "274783"}]})
    assert [o.use for o in found(order, drug)] == [Use.ACTIVE]
    assert found(order) == []


UNKNOWN_DRUG = resource(
    "MedicationRequest", "r", status="active", intent="order", medicationReference={"reference": "Medication/x"}
)


NOT_IDENTIFIED = "an ordered drug could not be identified"
ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"


def coded_as(system: str, code: str, display: str | None = None) -> Given:
    coding = {"system": system, "code": code, **({"display": display} if display else {})}
    return resource(
        "MedicationRequest", code, status="active", intent="order", medicationCodeableConcept={"coding": [coding]}
    )


@pytest.mark.parametrize(
    ("given", "searches", "why"),
    [
        ([medication("metformin")], {}, ""),
        ([statement("active")], {}, ""),
        ([], {}, "no medications are recorded here"),
        ([medication("metformin")], {"medications": "failed"}, "the medications search was failed"),
        ([medication("metformin")], {"medications": "truncated"}, "the medications search was truncated"),
        ([statement("active")], {"medications": "not-asked"}, "the medications search was not-asked"),
        ([medication("metformin")], {"medication-statements": "unsupported"}, ""),
        ([medication("metformin")], {"medication-statements": "not-asked"}, ""),
        (
            [medication("metformin")],
            {"medication-statements": "forbidden"},
            "the medication-statements search was forbidden",
        ),
        ([medication("metformin"), UNKNOWN_DRUG], {}, NOT_IDENTIFIED),
        ([medication("metformin"), medication("x", dispenseRequest=7)], {}, "a medication entry could not be read"),
        ([medication("metformin"), coded_as("http://local", "7")], {}, NOT_IDENTIFIED),
        ([medication("metformin"), coded_as("http://local", "7", "Metformin")], {}, ""),
        ([medication("metformin"), coded_as(RXNORM, "6809")], {}, ""),
        ([medication("metformin"), coded_as(ABSENT, "unknown", "Unknown")], {}, NOT_IDENTIFIED),
        ([medication("metformin"), medication("unknown medication")], {}, NOT_IDENTIFIED),
        ([medication("metformin"), medication("unknown", status="stopped")], {}, ""),
        ([medication("metformin"), medication("unknown", status="cancelled")], {}, ""),
        ([medication("metformin", authored="2025-06-16")], {}, "no medications are recorded here"),
    ],
)
def test_when_silence_means_not_taken(given: list[Given], searches: dict[str, str], why: str) -> None:
    seen = visibility(chart(*given, searches=searches, windows=ORDER))
    assert (seen.complete, seen.why) == (not why, why)
