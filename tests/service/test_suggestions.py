"""Suggested orders through the whole service: asked for, pulled for, and never what is on order."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.setting_parts import OpenMode
from cds_service.setting_types import Attestation, Recruitment
from tests.support import fault_server
from tests.support.fault_server import FaultServer, holding
from tests.support.fhir import PATIENT, coded
from tests.support.service import call, candidate, make_app, post, valid

ATTESTATION = Attestation(
    asserted_by="Dr. Example", role="investigator", asserted_on=date(2026, 11, 1), irb_reference="2026-1",
    expires=date(2027, 1, 15), site="Example Hospital", contact="4711",
)  # fmt: skip


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    return _service(tmp_path_factory.mktemp("asking"), suggest_orders=True, profile="epic")


def _service(folder: Path, attestation: Attestation | None = ATTESTATION, **mode: Any) -> FlaskClient:
    recruitment = Recruitment(attestation=attestation)
    return make_app(folder, open=OpenMode(**mode), recruitment=recruitment).test_client()


def order(code: str) -> dict[str, Any]:
    return {
        "resourceType": "ServiceRequest", "id": "o1", "status": "active", "intent": "order",
        "subject": {"reference": f"Patient/{PATIENT}"}, "code": coded("http://loinc.org", code),
    }  # fmt: skip


def suggested(client: FlaskClient, **server: Any) -> tuple[list[str], list[str]]:
    """Return the names of the suggested tests, and what was asked about orders."""
    with FaultServer(**{"otherwise": fault_server.empty, **server}) as fhir:
        context = {"userId": "Practitioner/1", "patientId": PATIENT, "encounterId": "e1"}
        response = post(client, call(candidate(), context=context, fhirServer=fhir.base_url))
        (card,) = response.get_json()["cards"]
        asked = fhir.asked("ServiceRequest")
    valid("response", response.get_json())
    resources = [s["actions"][0]["resource"] for s in card.get("suggestions", ())]
    assert all(resource["encounter"] == {"reference": "Encounter/e1"} for resource in resources)
    return [resource["code"]["text"] for resource in resources], asked


ALL = ["Creatinine with eGFR", "Urine albumin/creatinine ratio", "Lipid panel", "Dilated eye examination"]


def test_what_is_overdue_is_suggested(asking: FlaskClient) -> None:
    """The person has an HbA1c of last month, and nothing else but a C-peptide."""
    tests, asked = suggested(asking)
    assert tests == ALL
    assert len(asked) == 1


def test_what_is_on_order_is_not(asking: FlaskClient) -> None:
    tests, _ = suggested(asking, ServiceRequest=holding(order("24331-1")))
    assert tests == [test for test in ALL if test != "Lipid panel"]


@pytest.mark.parametrize("behaviour", [fault_server.status(403), fault_server.status(404), fault_server.status(500)])
def test_nothing_is_suggested_while_orders_are_not_known(asking: FlaskClient, behaviour: Any) -> None:
    assert suggested(asking, ServiceRequest=behaviour)[0] == []


def test_without_a_server_nothing_is_suggested(asking: FlaskClient) -> None:
    (card,) = post(asking, call(candidate())).get_json()["cards"]
    assert "suggestions" not in card


@pytest.mark.parametrize(
    ("attestation", "mode"),
    [(ATTESTATION, {}), (None, {"suggest_orders": True}),
     (ATTESTATION.model_copy(update={"expires": date(2026, 11, 21)}), {"suggest_orders": True})],
)  # fmt: skip
def test_orders_are_not_even_asked_for_unless_they_may_be_suggested(
    tmp_path: Path, attestation: Attestation | None, mode: dict[str, Any]
) -> None:
    assert suggested(_service(tmp_path, attestation, **mode)) == ([], [])


def test_the_order_is_what_the_clinician_gets(asking: FlaskClient) -> None:
    with FaultServer(otherwise=fault_server.empty) as fhir:
        answer = post(asking, call(candidate(), fhirServer=fhir.base_url)).get_json()
    text = json.dumps(answer)
    assert "not ordered for the study" in text
    assert '"status": "draft"' in text
    assert "Overdue in routine diabetes care" in answer["cards"][0]["detail"]
