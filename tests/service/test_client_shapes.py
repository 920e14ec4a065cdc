"""Calls as the known CDS clients send them: Epic, Oracle Health, MEDITECH, the public sandbox, HealthChain."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support import fault_server as faults
from tests.support.fault_server import FaultServer
from tests.support.fhir import bundle, condition, patient
from tests.support.service import FEEDBACK, SERVICE, call, candidate, make_app, post, said
from tests.support.tokens import PUBLIC_URL, Client, key

DISCOVERY = "/cds-services"


def _service(folder: Path, client: Client, **fields: Any) -> FlaskClient:
    tenant = client.tenant(folder, **{"jku": client.header.get("jku"), **fields})
    app = make_app(folder, public_url=PUBLIC_URL, tenants=(tenant,))
    app.extensions["trial_cds_keys"].read_all()
    return app.test_client()


# -- Epic ----------------------------------------------------------------------------------------------------

EPIC_JKU = "https://ehr.epic.example/interconnect/api/epic/2021/Security/Open/OAuth/cds/keys"
NOTHING_FOUND = bundle(
    {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "warning", "code": "processing", "details": {"coding": [{"code": "4101"}]}}],
    },
    total=0,
)


def epic() -> Client:
    """Tokens of 900 seconds by RS384, with nbf before iat, and an audience that a person has typed."""
    client = Client("epic", "https://ehr.epic.example/interconnect/api/FHIR/R4", "epic-1", key("RSA", 7), "RS384")
    return replace(client, header={"jku": EPIC_JKU}, claims={"sub": "our-client-id"})


def epic_token(path: str) -> dict[str, str]:
    now = int(time.time())
    return epic().signing_in(path, nbf=now - 300, exp=now + 900, aud=[f"{PUBLIC_URL}{path}", "T1DM screening"])


def epic_call(server: str, action: Any = 60, **more: Any) -> dict[str, Any]:
    prefetch = {
        "patient": patient(),
        "problems": candidate()["problems"],
        "labs": candidate()["labs"],
        "medications": NOTHING_FOUND,
        "-user": {"resourceType": "PractitionerRole", "id": "eM5CWtq15N0WJeuCet5bJlQ3"},
    }
    access = {
        "access_token": "hush", "token_type": "Bearer", "expires_in": 300, "subject": "our-client-id",
        "scope": "Observation.Read (Labs) (R4) Condition.Read (Problems) (R4) Patient.Read (R4)",
    }  # fmt: skip
    extension = {
        "com.epic.cdshooks.request.bpa-trigger-action": action,
        "com.epic.cdshooks.request.cds-hooks-specification-version": "1.1",
    }
    return call(
        prefetch,
        user="PractitionerRole/eM5CWtq15N0WJeuCet5bJlQ3",
        fhirServer=server,
        fhirAuthorization=access,
        extension=extension,
        **more,
    )


@pytest.fixture
def epics(tmp_path: Path) -> Callable[[FaultServer], FlaskClient]:
    def make(server: FaultServer) -> FlaskClient:
        return _service(
            tmp_path, epic(), profile="epic", max_token_seconds=900, subject="our-client-id",
            fhir_servers=[server.base_url], trigger_actions=[60],
        )  # fmt: skip

    return make


def test_epic_is_answered(epics: Callable[[FaultServer], FlaskClient]) -> None:
    with FaultServer() as server:
        client = epics(server)
        response = post(client, epic_call(server.base_url), headers=epic_token(SERVICE))
        assert len(response.get_json()["cards"]) == 1
        # What was sent, empty results too, is not asked for again; the rest is, whatever the scope says.
        assert server.asked("MedicationRequest") == []
        assert server.asked("Encounter") != []
        assert set(server.authorizations) == {"Bearer hush"}


@pytest.mark.parametrize("action", [18, "18", [18, 23]])
def test_epics_other_triggers_give_no_card(epics: Callable[[FaultServer], FlaskClient], action: Any) -> None:
    with FaultServer() as server:
        response = post(epics(server), epic_call(server.base_url, action), headers=epic_token(SERVICE))
        assert response.get_json() == {"cards": []}
        assert server.urls == []


@pytest.mark.parametrize("action", ["60", [60, 18], None, "sixty", {"a": 60}, True])
def test_epics_trigger_is_read_in_any_form_and_never_in_the_way(
    epics: Callable[[FaultServer], FlaskClient], action: Any
) -> None:
    with FaultServer() as server:
        response = post(epics(server), epic_call(server.base_url, action), headers=epic_token(SERVICE))
        assert len(response.get_json()["cards"]) == 1


def test_a_call_that_epic_has_stripped_is_told_why(epics: Callable[[FaultServer], FlaskClient]) -> None:
    with FaultServer() as server:
        response = post(epics(server), call(user="Practitioner/e1"), headers=epic_token(SERVICE))
    assert response.status_code == 412
    assert "not exactly the one registered" in said(response)


def test_epics_feedback_is_taken(epics: Callable[[FaultServer], FlaskClient]) -> None:
    with FaultServer() as server:
        client = epics(server)
        card = post(client, epic_call(server.base_url), headers=epic_token(SERVICE)).get_json()["cards"][0]["uuid"]
        reason = {"extension": {"com.epic.cdshooks.feedback.overrideReason.reasonCategory": 4}, "userComment": "hush"}
        entry = {
            "card": card, "outcome": "overridden", "overrideReasons": reason,
            "outcomeTimestamp": "2026-11-22T10:00:00Z",
        }  # fmt: skip
        response = post(client, {"feedback": [entry]}, FEEDBACK, headers=epic_token(FEEDBACK))
    assert response.get_json()["stored"] == 1


# -- Oracle Health -------------------------------------------------------------------------------------------

ORACLE_JKU = "https://authorization.cerner.com/jwk"


def oracle(tenant: str) -> Client:
    """One issuer for all hospitals, which the claim tenant tells apart."""
    client = Client("oracle", "https://cds-hooks.cerner.com", "cerner-1", key("P-384", 8), "ES384")
    return replace(client, header={"jku": ORACLE_JKU}, claims={"tenant": tenant})


def test_oracles_hospitals_share_an_issuer_and_nothing_else(tmp_path: Path) -> None:
    with FaultServer() as first, FaultServer() as second:
        shared: dict[str, Any] = {"jku": ORACLE_JKU, "profile": "oracle"}
        tenants = (
            oracle("a").tenant(tmp_path, name="first", tenant_claim="a", fhir_servers=[first.base_url], **shared),
            oracle("b").tenant(tmp_path, name="second", tenant_claim="b", fhir_servers=[second.base_url], **shared),
        )
        app = make_app(tmp_path, public_url=PUBLIC_URL, tenants=tenants)
        app.extensions["trial_cds_keys"].read_all()
        client = app.test_client()
        access = {"access_token": "hush", "scope": "patient/Patient.read patient/Observation.read", "patient": "p1"}
        body = call(candidate(), fhirServer=first.base_url, fhirAuthorization=access)
        (card,) = post(client, body, headers=oracle("a").signing_in(SERVICE)).get_json()["cards"]
        assert all("appContext" not in link for link in card.get("links", ()))
        assert set(first.authorizations) == {"Bearer hush"}
        assert post(client, body, headers=oracle("b").signing_in(SERVICE)).status_code == 400
        assert client.post(SERVICE, json=body, headers=oracle("c").signing_in(SERVICE)).status_code == 401
        assert second.urls == []


# -- MEDITECH ------------------------------------------------------------------------------------------------


def test_meditechs_totals_and_errors_are_not_believed(tmp_path: Path) -> None:
    """Its total is the size of the page while there is a next one, and its 401 is no FHIR."""
    client = Client("meditech", "https://greenfield.example", "m-1", key("RSA", 9), "RS384")
    with FaultServer() as server:
        service = _service(tmp_path, client, fhir_servers=[server.base_url])
        first = bundle(condition("I10"), total=1)
        server.behaviours |= {
            "Patient": faults.content(faults.json.dumps(patient()).encode()),
            "Condition": faults.paged([first, bundle(condition(), total=1)]),
            "": faults.paged([first, bundle(condition(), total=1)]),
            "Observation": faults.holding(*(entry["resource"] for entry in candidate()["labs"]["entry"])),
        }
        body = call(fhirServer=server.base_url, fhirAuthorization={"access_token": "hush"})
        assert len(post(service, body, headers=client.signing_in(SERVICE)).get_json()["cards"]) == 1
        server.behaviours.clear()
        server.otherwise = faults.status(401, {"resource": "Patient", "detail": "Unauthorized"})
        response = post(service, body, headers=client.signing_in(SERVICE))
        assert response.status_code == 412
        assert "401" in said(response)


# -- the public sandbox --------------------------------------------------------------------------------------

SANDBOX = "https://sandbox.cds-hooks.org"


def sandbox() -> Client:
    client = Client("sandbox", SANDBOX, "44823f3d-0b01-4a6c-a80e-b9d3e8a7226f", key("P-384", 5), "ES384")
    return replace(client, header={"jku": f"{SANDBOX}/.well-known/jwks.json"})


def test_the_public_sandbox_discovers_calls_and_sends_feedback(tmp_path: Path) -> None:
    client = _service(tmp_path, sandbox(), cors_origins=[SANDBOX], test=True)
    for path, method, asked in (
        (DISCOVERY, "GET", "authorization"),
        (SERVICE, "POST", "authorization,content-type"),
        (FEEDBACK, "POST", "authorization,content-type"),
    ):
        preflight = {
            "Origin": SANDBOX, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": asked,
        }  # fmt: skip
        allowed = client.options(path, headers=preflight)
        assert allowed.status_code == 200
        assert allowed.headers["Access-Control-Allow-Origin"] == SANDBOX
    origin = {"Origin": SANDBOX}
    found = client.get(DISCOVERY, headers={**sandbox().signing_in(DISCOVERY), **origin})
    assert found.headers["Access-Control-Allow-Origin"] == SANDBOX
    (service,) = found.get_json()["services"]
    body = call(
        {key: value for key, value in candidate().items() if key in ("patient", "problems", "labs")},
        user="Practitioner/COREPRACTITIONER1",
        fhirServer="https://launch.smarthealthit.org/v/r4/fhir",
    )
    response = post(client, body, f"{DISCOVERY}/{service['id']}", headers={**sandbox().signing_in(SERVICE), **origin})
    (card,) = response.get_json()["cards"]
    assert response.headers["Access-Control-Allow-Origin"] == SANDBOX
    reason = {"reason": {"code": "patient-refuses", "system": card["overrideReasons"][0]["system"]}}
    entry = {
        "card": card["uuid"], "outcome": "overridden", "overrideReason": reason,
        "outcomeTimestamp": "2026-11-22T10:00:00.000Z",
    }  # fmt: skip
    taken = post(client, {"feedback": [entry]}, FEEDBACK, headers={**sandbox().signing_in(FEEDBACK), **origin})
    assert taken.get_json()["stored"] == 1


# -- HealthChain ---------------------------------------------------------------------------------------------

MISMATCHING = {
    "patient": patient("someone"),
    "encounter": {"resourceType": "Encounter", "id": "e1", "subject": {"reference": "Patient/another"}},
    "condition": condition(of="a-third"),
}


def test_healthchain_is_shown_nothing(tmp_path: Path) -> None:
    """No token, single resources for bundles, ids of which no two agree, and a relative who looks."""
    signed = _service(tmp_path, sandbox())
    assert signed.post(SERVICE, json=call(MISMATCHING, user="RelatedPerson/35")).status_code == 401
    (tmp_path / "open").mkdir()
    unsigned = make_app(tmp_path / "open").test_client()
    assert post(unsigned, call(MISMATCHING, user="RelatedPerson/35")).get_json() == {"cards": []}
    assert post(unsigned, call(MISMATCHING, user="Practitioner/35")).status_code == 400


# -- who looks, and who is switched off ----------------------------------------------------------------------


@pytest.mark.parametrize("viewer", ["Patient/p1", "RelatedPerson/r1", "https://ehr.example/fhir/Patient/p1"])
def test_a_patient_or_relative_who_looks_is_shown_nothing_and_nothing_is_fetched(tmp_path: Path, viewer: str) -> None:
    with FaultServer() as server:
        client = _service(tmp_path, sandbox(), fhir_servers=[server.base_url])
        body = call(user=viewer, fhirServer=server.base_url, fhirAuthorization={"access_token": "hush"})
        assert post(client, body, headers=sandbox().signing_in(SERVICE)).get_json() == {"cards": []}
        assert server.urls == []


def test_a_tenant_that_is_switched_off_gets_no_card_and_its_feedback_is_taken(tmp_path: Path) -> None:
    client = _service(tmp_path, sandbox(), enabled=False)
    assert post(client, call(candidate()), headers=sandbox().signing_in(SERVICE)).get_json() == {"cards": []}
    assert post(client, {"feedback": []}, FEEDBACK, headers=sandbox().signing_in(FEEDBACK)).status_code == 200


def test_pages_of_other_tenants_may_not_read_the_answers(tmp_path: Path) -> None:
    """Before the token arrives any tenant's page may ask; what is answered only its own may read."""
    ours = sandbox().tenant(tmp_path, cors_origins=[SANDBOX], jku=sandbox().header["jku"])
    theirs = epic().tenant(tmp_path, cors_origins=["https://epic.example"], jku=EPIC_JKU, max_token_seconds=900)
    app = make_app(tmp_path, public_url=PUBLIC_URL, tenants=(ours, theirs))
    app.extensions["trial_cds_keys"].read_all()
    client = app.test_client()
    for origin, readable in ((SANDBOX, False), ("https://epic.example", True), ("http://localhost:3000", False)):
        headers = {**epic_token(DISCOVERY), "Origin": origin}
        response = client.get(DISCOVERY, headers=headers)
        assert response.status_code == 200
        assert ("Access-Control-Allow-Origin" in response.headers) is readable
        assert "Access-Control-Allow-Credentials" not in response.headers
        assert "Origin" in response.headers["Vary"]
