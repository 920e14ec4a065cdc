"""Overdue tests of routine care as draft orders: only where a site asks, and while somebody vouches for the study."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from fhir.resources.R4B.servicerequest import ServiceRequest

from cards import Attestation, CardSettings, build_cards
from cards.profiles import PROFILES
from rules.assessment import Assessment, Verdict
from rules.standard_of_care import Code, OverdueTest
from tests.support.assessments import TODAY, usual
from tests.support.markdown import Rendered
from tests.support.service import valid

T1DM = Code("http://snomed.info/sct", "46635009", "Type 1 diabetes mellitus")
HBA1C = OverdueTest(
    "hba1c", "HbA1c", Code("http://loinc.org", "4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood"), T1DM,
    "Last on 2024-10-02.", "Usual every 6 months.", "Routine diabetes care.",
)  # fmt: skip
EYES = replace(HBA1C, id="eye_exam", name="Dilated eye examination", says="None in this record.",
               order=Code("http://snomed.info/sct", "36228007", "Ophthalmic examination"),
               instruction="Bring sunglasses.")  # fmt: skip
ATTESTATION = Attestation("Dr. Example", "investigator", date(2025, 6, 1), "2025-17", date(2025, 8, 30), "Site", "4711")
ON = CardSettings("https://cds.example.org", suggest_orders=True, attestation=ATTESTATION)


def cards(settings: CardSettings = ON, given: Assessment | None = None, **more: Any) -> list[dict[str, Any]]:
    usually, trial = usual()
    overdue = more.pop("overdue", (HBA1C, EYES))
    return build_cards(given or usually, trial, settings, new_uuid=lambda: str(uuid4()), overdue=overdue, **more)


def orders(settings: CardSettings = ON, **more: Any) -> list[dict[str, Any]]:
    [card] = cards(settings, **more)
    return [action["resource"] for s in card.get("suggestions", ()) for action in s["actions"]]


@pytest.mark.parametrize(
    "settings",
    [
        replace(ON, suggest_orders=False),
        replace(ON, attestation=None),
        replace(ON, attestation=replace(ATTESTATION, expires=date(2025, 6, 14))),
        replace(ON, attestation=replace(ATTESTATION, irb_reference="")),
        replace(ON, attestation=None, demo=True),
    ],
)
def test_nothing_is_suggested_unless_asked_for_and_vouched_for(settings: CardSettings) -> None:
    [card] = cards(settings)
    assert not {"suggestions", "selectionBehavior"} & set(card)
    assert "Overdue" not in card["detail"]


def test_nothing_is_suggested_without_a_test_or_a_patient_to_order_for() -> None:
    assert "suggestions" not in cards(overdue=())[0]
    given, _trial = usual()
    assert "suggestions" not in cards(given=replace(given, patient=None))[0]


def test_no_card_no_suggestion() -> None:
    given, _trial = usual()
    assert cards(given=replace(given, verdict=Verdict.NOT_ELIGIBLE)) == []


@pytest.mark.parametrize("profile", PROFILES)
def test_a_card_with_suggestions_keeps_the_schema(profile: str) -> None:
    shown = cards(replace(ON, profile=profile), encounter="e1")
    valid("response", {"cards": shown})
    assert len(shown[0]["suggestions"]) == 2
    assert all(len(suggestion["actions"]) == 1 for suggestion in shown[0]["suggestions"])
    assert shown[0]["selectionBehavior"] == "any"


def test_an_order_is_a_draft_that_says_why() -> None:
    order = orders(encounter="e1")[0]
    ServiceRequest.model_validate(order)
    assert (order["status"], order["intent"]) == ("draft", "proposal")
    assert order["subject"] == {"reference": "Patient/secret-id-77"}
    assert order["encounter"] == {"reference": "Encounter/e1"}
    assert order["code"]["coding"] == [
        {"system": "http://loinc.org", "code": "4548-4", "display": "Hemoglobin A1c/Hemoglobin.total in Blood"}
    ]
    assert order["reasonCode"][0]["coding"][0]["code"] == "46635009"
    assert order["note"] == [{"text": "Routine diabetes care."}]
    assert order["occurrenceDateTime"] == TODAY.isoformat()
    assert "priority" not in order
    assert "encounter" not in orders()[0]


def test_an_instruction_goes_with_the_order() -> None:
    assert [order.get("patientInstruction") for order in orders()] == [None, "Bring sunglasses."]


def test_a_site_orders_by_its_own_catalogue() -> None:
    local = Code("urn:com.epic.cdshooks.action.code.system.preference-list-item", "4711", "HBA1C")
    first, second = orders(replace(ON, order_codes={"hba1c": local}))
    assert [coding["code"] for coding in first["code"]["coding"]] == ["4711", "4548-4"]
    assert [coding["code"] for coding in second["code"]["coding"]] == ["36228007"]


def test_the_description_says_everything_for_epic_shows_nothing_else() -> None:
    suggestion = cards()[0]["suggestions"][0]
    assert suggestion["label"] == "HbA1c: overdue in routine care"
    assert suggestion["actions"][0]["description"] == (
        "Order HbA1c. Last on 2024-10-02. Usual every 6 months. Routine diabetes care, not ordered for the study."
    )


def test_nothing_is_recommended_or_done_by_itself() -> None:
    [card] = cards()
    assert not any("isRecommended" in suggestion for suggestion in card["suggestions"])
    assert "systemActions" not in str(card)


def test_each_suggestion_has_an_id_of_its_own() -> None:
    [card] = cards()
    ids = [card["uuid"], *(suggestion["uuid"] for suggestion in card["suggestions"])]
    assert len({UUID(one) for one in ids}) == 3


def test_the_detail_names_them() -> None:
    shown = Rendered(cards()[0]["detail"]).text
    assert "Overdue in routine diabetes care, suggested with this card" in shown
    assert "HbA1c: Last on 2024-10-02. Usual every 6 months." in shown
