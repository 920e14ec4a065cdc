"""The same chart behind servers that answer as those of Epic, Oracle Health, MEDITECH and HAPI do.

How a server pages, counts and remarks must not change what is decided; what it holds back or refuses must
make the criteria that need it unknown, with the reason on the card.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.sandbox.patients import ALL
from cds_service.setting_parts import Limits, Sandbox, Server
from tests.support import vendors
from tests.support.fault_server import FaultServer
from tests.support.fhir import HBA1C, coded, condition, observation
from tests.support.service import TODAY, call, make_app, post, said
from tests.support.vendors import Vendor

PERSON = "golden-ada"
ACCESS = {"access_token": "not-a-real-token", "token_type": "Bearer", "expires_in": 300, "scope": "", "subject": "x"}
LONG_AGO = 58
"""Old results before the new ones: in pages of 20, what decides is on the last."""

HELD_BACK = "the server held back some results, such as outside records"
REFUSED = "the server refused access \\(403\\)"

DIAGNOSES = {"E7", "E14", "E15", "E18", "E22", "E24", "E25", "E26", "E29", "E30"}
"""Cleared by the absence of a diagnosis alone."""
DRUGS = {"E2", "E13", "E17"}


@cache
def chart() -> tuple[dict[str, Any], ...]:
    """The textbook candidate's chart, with years of old HbA1c before the new one."""
    person = next(patient for patient in ALL if patient.id == PERSON)
    resources = [json.loads(resource.model_dump_json()) for resource in person.build(TODAY)]
    old = [
        observation(HBA1C, 7.0, "%", f"{2021 + month // 12}-{month % 12 + 1:02d}-03", of=PERSON)
        for month in range(LONG_AGO)
    ]
    return (*old, *resources)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    folder = tmp_path_factory.mktemp("vendors")
    limits, server = Limits(deadline_seconds=20), Server(graceful_seconds=60)  # what is decided, not how fast
    return make_app(folder, sandbox=Sandbox(enabled=True), limits=limits, server=server).test_client()


def open_chart(client: FlaskClient, server: FaultServer) -> dict[str, Any]:
    response = post(client, call(of=PERSON, fhirServer=server.base_url, fhirAuthorization=ACCESS))
    assert response.status_code == 200, response.data
    body: dict[str, Any] = response.get_json()
    return body


def statuses(answer: dict[str, Any]) -> dict[str, str]:
    criteria = answer["extension"]["org.trial-cds.assessment"]["criteria"]
    return {criterion["id"]: criterion["status"] for criterion in criteria}


def states(answer: dict[str, Any]) -> dict[str, str]:
    searches = answer["extension"]["org.trial-cds.assessment"]["searches"]
    return {search["name"]: search["state"] for search in searches}


@pytest.fixture(scope="module")
def plain(client: FlaskClient) -> dict[str, str]:
    """What is decided when everything comes on one page."""
    with Vendor(types=vendors.ALL_TYPES).serve(*chart()) as server:
        decided = statuses(open_chart(client, server))
    assert decided["I8"] == "met"
    assert list(decided.values()).count("unknown") == 0
    return decided


MANNERS = {
    "Epic": vendors.epic(),
    "Epic, short pages": vendors.epic(page=20),
    "Oracle Health": vendors.oracle(),
    "MEDITECH": vendors.meditech(),
    "HAPI": vendors.hapi(),
}


@pytest.mark.parametrize("vendor", MANNERS.values(), ids=MANNERS.keys())
def test_paging_and_counting_change_nothing(client: FlaskClient, plain: dict[str, str], vendor: Vendor) -> None:
    with vendor.serve(*chart()) as server:
        answer = open_chart(client, server)
        assert set(server.authorizations) == {"Bearer not-a-real-token"}
        assert all("fhir+json" in headers["accept"] for headers in server.headers)
    assert statuses(answer) == plain
    assert set(states(answer).values()) <= {"complete", "unsupported"}
    (card,) = answer["cards"]
    assert "8.4 %" in card["detail"].replace("\\", "")


def test_several_pages_were_asked_for(client: FlaskClient) -> None:
    for vendor, mark in ((vendors.epic(page=20), "sessionID"), (vendors.oracle(), "pageContext"),
                         (vendors.meditech(), "continue"), (vendors.hapi(), "_getpages")):  # fmt: skip
        with vendor.serve(*chart()) as server:
            open_chart(client, server)
            assert any(mark in url for url in server.urls)


@pytest.mark.parametrize(
    "vendor", [vendors.epic(), vendors.oracle(), vendors.meditech()], ids=["Epic", "Oracle", "MEDITECH"]
)
def test_a_type_that_is_not_offered_is_no_failure(client: FlaskClient, vendor: Vendor) -> None:
    """MedicationStatement is answered by an HTML 404; the orders decide."""
    with vendor.serve(*chart()) as server:
        answer = open_chart(client, server)
    assert states(answer)["medication-statements"] == "unsupported"
    assert {statuses(answer)[name] for name in DRUGS} == {"not-met"}


def test_outside_records_held_back_make_absence_unknown(client: FlaskClient, plain: dict[str, str]) -> None:
    with vendors.epic(held_back=["Condition"]).serve(*chart()) as server:
        answer = open_chart(client, server)
    assert states(answer)["problems"] == "suppressed"
    changed = {name for name, status in statuses(answer).items() if status != plain[name]}
    assert changed >= DIAGNOSES
    assert {statuses(answer)[name] for name in changed} == {"unknown"}
    assert statuses(answer)["I8"] == statuses(answer)["I4"] == "met"  # what did arrive decides
    assert HELD_BACK in answer["cards"][0]["detail"]


def test_a_warning_about_other_categories_alone_makes_absence_unknown(
    client: FlaskClient, plain: dict[str, str]
) -> None:
    """The problem list is whole, but what is held back may be the diagnosis that excludes."""
    with vendors.epic(held_back=["Condition"], by_category=False).serve(*chart()) as server:
        answer = open_chart(client, server)
    assert states(answer)["problems"] == "complete"
    assert states(answer)["diagnoses"] == "suppressed"
    changed = {name for name, status in statuses(answer).items() if status != plain[name]}
    assert changed >= DIAGNOSES
    assert {statuses(answer)[name] for name in changed} == {"unknown"}
    assert HELD_BACK in answer["cards"][0]["detail"]


@pytest.mark.parametrize("remark", vendors.MORE_MAY_EXIST)
def test_every_remark_that_there_may_be_more_counts(client: FlaskClient, plain: dict[str, str], remark: str) -> None:
    said = vendors.outcome("processing", "warning", remark, vendors.MORE_MAY_EXIST[remark])
    with vendors.epic(held_back=["Condition"], remark=said).serve(*chart()) as server:
        answer = open_chart(client, server)
    assert {statuses(answer)[name] for name in DIAGNOSES} == {"unknown"}
    assert HELD_BACK in answer["cards"][0]["detail"]


@pytest.mark.parametrize(
    ("held_back", "needed"), [("MedicationRequest", {"E2", "E13", "E17"}), ("Encounter", {"E20"}), ("Procedure", set())]
)
def test_what_is_held_back_of_any_type_is_named(
    client: FlaskClient, plain: dict[str, str], held_back: str, needed: set[str]
) -> None:
    with vendors.epic(held_back=[held_back]).serve(*chart()) as server:
        answer = open_chart(client, server)
    changed = {name for name, status in statuses(answer).items() if status != plain[name]}
    assert changed >= needed
    assert {statuses(answer)[name] for name in changed} <= {"unknown", "needs-judgement"}
    assert HELD_BACK in answer["cards"][0]["detail"]


@pytest.mark.parametrize(
    ("vendor", "status"), [(vendors.epic(page=20, expires=True), 400), (vendors.hapi(expires=True), 410)]
)
def test_pages_whose_session_has_expired_are_missing(
    client: FlaskClient, plain: dict[str, str], vendor: Vendor, status: int
) -> None:
    """What decides stands on the last page: the old results that did arrive must not decide instead."""
    with vendor.serve(*chart()) as server:
        answer = open_chart(client, server)
    assert states(answer)["labs"] == "truncated"
    assert statuses(answer)["I8"] == "unknown"
    changed = {name for name, now in statuses(answer).items() if now != plain[name]}
    assert {statuses(answer)[name] for name in changed} <= {"unknown", "needs-judgement"}
    gaps = " ".join(answer["extension"]["org.trial-cds.assessment"]["dataGaps"])
    assert re.search(rf"labs: [^;]*\({status}\)", gaps)


@pytest.mark.parametrize("vendor", [vendors.epic(), vendors.oracle(), vendors.hapi()], ids=["Epic", "Oracle", "HAPI"])
def test_filters_that_the_server_ignores_change_nothing(
    client: FlaskClient, plain: dict[str, str], vendor: Vendor
) -> None:
    """Every search of a type brings all of that type: each result several times, and under other names."""
    with vendors.ignoring(vendor).serve(*chart()) as server:
        answer = open_chart(client, server)
    assert statuses(answer) == plain


def test_drugs_by_reference_as_epic_and_meditech_send_them(client: FlaskClient, plain: dict[str, str]) -> None:
    by_reference: list[dict[str, Any]] = []
    for number, resource in enumerate(chart()):
        if resource["resourceType"] != "MedicationRequest":
            by_reference.append(resource)
            continue
        order = dict(resource)
        drug = {"resourceType": "Medication", "id": f"drug-{number}", "code": order.pop("medicationCodeableConcept")}
        by_reference += [order | {"medicationReference": {"reference": f"Medication/drug-{number}"}}, drug]
    for vendor in (vendors.epic(), vendors.meditech()):
        with vendor.serve(*by_reference) as server:
            assert statuses(open_chart(client, server)) == plain
            assert len(server.asked("Medication")) == 1


def test_entries_in_error_come_back_emptied_as_from_oracle(client: FlaskClient, plain: dict[str, str]) -> None:
    """An exclusion that was entered in error, without its clinical status, excludes nobody."""
    ver_status = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
    mistaken = condition("C50.9", "2020-02-01", of=PERSON, verificationStatus=coded(ver_status, "entered-in-error"))
    del mistaken["clinicalStatus"]
    with vendors.oracle().serve(*chart(), mistaken) as server:
        assert statuses(open_chart(client, server)) == plain
    with vendors.oracle().serve(*chart(), condition("C50.9", "2020-02-01", of=PERSON)) as server:
        assert statuses(open_chart(client, server)) != plain


def test_a_refused_type_makes_its_criteria_unknown(client: FlaskClient, plain: dict[str, str]) -> None:
    with vendors.oracle(forbidden=["MedicationRequest"]).serve(*chart()) as server:
        answer = open_chart(client, server)
    assert states(answer)["medications"] == "forbidden"
    changed = {name for name, status in statuses(answer).items() if status != plain[name]}
    assert changed >= DRUGS
    assert {statuses(answer)[name] for name in changed} == {"unknown"}
    assert REFUSED in answer["cards"][0]["detail"]


def test_refused_results_leave_no_card_but_no_false_block(client: FlaskClient, plain: dict[str, str]) -> None:
    with vendors.epic(forbidden=["Observation"]).serve(*chart()) as server:
        answer = open_chart(client, server)
    assert answer["extension"]["org.trial-cds.assessment"]["verdict"] == "insufficient-data"
    changed = {name for name, status in statuses(answer).items() if status != plain[name]}
    assert {"I7", "I8", "E3", "E11", "E23"} <= changed
    assert {statuses(answer)[name] for name in changed} <= {"unknown", "needs-judgement"}


@pytest.mark.parametrize("vendor", [vendors.epic(), vendors.meditech()], ids=["Epic", "MEDITECH"])
def test_without_a_token_the_answer_is_412(client: FlaskClient, vendor: Vendor) -> None:
    """Their bodies are no FHIR: an empty string in JSON, and an object of MEDITECH's own."""
    with vendor.serve(*chart()) as server:
        response = post(client, call(of=PERSON, fhirServer=server.base_url))
    assert response.status_code == 412
    assert "did not accept the access token (401)" in said(response)
