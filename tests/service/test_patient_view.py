"""patient-view over HTTP: who gets a card, every state of the prefetch, and whose data are taken."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from cds_service.setting_parts import Sandbox
from cds_service.setting_types import Attestation, Recruitment
from cds_service.storage.database import Database
from cds_service.storage.tables import cards_shown
from rules.assessment import Verdict
from tests.support.fhir import bundle, condition, observation, patient
from tests.support.service import (
    SERVICE,
    call,
    candidate,
    locked,
    make_app,
    post,
    said,
    without_type_1,
)  # fmt: skip

OUTCOME = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "error", "code": "forbidden", "diagnostics": "no"}],
}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A service that answers with the assessment beside the cards."""
    return make_app(tmp_path_factory.mktemp("sandbox"), sandbox=Sandbox(enabled=True)).test_client()


def _assessed(sandbox: FlaskClient, prefetch: dict[str, Any], **more: Any) -> dict[str, Any]:
    response = post(sandbox, call(prefetch, **more))
    assert response.status_code == 200, response.data
    content: dict[str, Any] = response.get_json()["extension"]["org.trial-cds.assessment"]
    return content


def _status(assessed: dict[str, Any], criterion: str) -> str:
    return next(item["status"] for item in assessed["criteria"] if item["id"] == criterion)


# -- cards ---------------------------------------------------------------------------------------------------


def test_a_candidate_gives_one_info_card(client: FlaskClient) -> None:
    (card,) = post(client, call(candidate())).get_json()["cards"]
    assert card["indicator"] == "info"
    assert "p1" not in card["summary"]
    assert card["source"]["topic"]["code"]


def test_every_card_has_its_own_uuid(client: FlaskClient) -> None:
    uuids = {post(client, call(candidate())).get_json()["cards"][0]["uuid"] for _ in range(3)}
    assert len(uuids) == 3


def test_no_card_for_whom_the_trial_does_not_apply(client: FlaskClient) -> None:
    assert post(client, call(without_type_1())).get_json() == {"cards": []}


def test_the_assessment_is_shown_in_the_sandbox_only(client: FlaskClient, sandbox: FlaskClient) -> None:
    assert set(post(client, call(candidate())).get_json()) == {"cards"}
    assessed = _assessed(sandbox, candidate())
    assert assessed["verdict"] == Verdict.POSSIBLY_ELIGIBLE
    assert len(assessed["criteria"]) == 42
    assert assessed["reasons"]


def test_the_sandbox_marks_its_cards(sandbox: FlaskClient) -> None:
    (card,) = post(sandbox, call(candidate())).get_json()["cards"]
    assert "DEMONSTRATION" in card["detail"]


def test_which_verdicts_give_a_card_is_a_setting(tmp_path: Path) -> None:
    quiet = make_app(tmp_path, show=frozenset({Verdict.POTENTIALLY_ELIGIBLE})).test_client()
    assert post(quiet, call(candidate())).get_json() == {"cards": []}


@pytest.mark.parametrize(("expires", "cards"), [("2026-12-31", 1), ("2026-11-21", 0)])
def test_an_attestation_counts_until_it_expires(tmp_path: Path, expires: str, cards: int) -> None:
    statement = Attestation(
        asserted_by="Dr Example", role="PI", asserted_on="2026-11-01", irb_reference="IRB 1", expires=expires,
        site="Example Hospital", contact="trials@example.org",
    )  # fmt: skip
    recruitment = Recruitment(require_site_attestation=True, attestation=statement)
    response = post(make_app(tmp_path, recruitment=recruitment).test_client(), call(candidate()))
    assert len(response.get_json()["cards"]) == cards


def test_a_required_attestation_that_lacks_gives_no_card(tmp_path: Path) -> None:
    strict = make_app(tmp_path, recruitment=Recruitment(require_site_attestation=True)).test_client()
    assert post(strict, call(candidate())).get_json() == {"cards": []}


def test_a_test_patient_gives_a_card_in_the_sandbox_only(client: FlaskClient, sandbox: FlaskClient) -> None:
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}
    prefetch = {**candidate(), "patient": patient(meta={"security": [label]})}
    assert post(client, call(prefetch)).get_json() == {"cards": []}
    assert len(post(sandbox, call(prefetch)).get_json()["cards"]) == 1


@pytest.mark.parametrize("viewer", ["Patient/p1", "RelatedPerson/35"])
def test_patients_and_relatives_are_shown_nothing(client: FlaskClient, viewer: str) -> None:
    assert post(client, call(candidate(), user=viewer)).get_json() == {"cards": []}


@pytest.mark.parametrize("viewer", ["Practitioner/1", "PractitionerRole/1"])
def test_clinicians_are_shown_cards(client: FlaskClient, viewer: str) -> None:
    assert len(post(client, call(candidate(), user=viewer)).get_json()["cards"]) == 1


def test_a_shown_card_is_noted_without_the_patient(tmp_path: Path) -> None:
    client = make_app(tmp_path).test_client()
    (card,) = post(client, call(candidate())).get_json()["cards"]
    post(client, call(without_type_1()))
    with Database(f"sqlite:///{tmp_path / 'service.sqlite'}").engine.connect() as connection:
        (row,) = connection.execute(select(cards_shown)).mappings()
    assert row["card"] == card["uuid"]
    assert row["verdict"] == "possibly-eligible"
    assert row["statuses"]["I8"] == "met"
    assert "p1" not in json.dumps(dict(row), default=str).replace(card["uuid"], "")


# -- prefetch ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["patient", "problems"])
def test_a_required_key_that_is_absent_without_a_server_is_412(client: FlaskClient, key: str) -> None:
    prefetch = {name: value for name, value in candidate().items() if name != key}
    response = post(client, call(prefetch))
    assert response.status_code == 412
    assert key in said(response)
    assert "fhirServer" in said(response)


@pytest.mark.parametrize("body", [call(), call(None), call({})])
def test_no_prefetch_and_no_server_is_412(client: FlaskClient, body: dict[str, Any]) -> None:
    assert post(client, body).status_code == 412


def test_a_required_key_as_outcome_without_a_server_is_412(client: FlaskClient) -> None:
    assert post(client, call({**candidate(), "problems": OUTCOME})).status_code == 412


@pytest.mark.parametrize("empty", [None, bundle(), bundle(total=0), {"resourceType": "Bundle", "type": "collection"}])
def test_empty_problems_are_known_to_be_empty(sandbox: FlaskClient, empty: Any) -> None:
    assessed = _assessed(sandbox, {**candidate(), "problems": empty})
    assert assessed["verdict"] == Verdict.NOT_APPLICABLE
    assert assessed["searches"] == []


def test_optional_keys_that_are_absent_leave_criteria_unknown(sandbox: FlaskClient) -> None:
    sent = candidate()
    assessed = _assessed(sandbox, {"patient": sent["patient"], "problems": sent["problems"]})
    assert assessed["verdict"] == Verdict.INSUFFICIENT_DATA
    assert _status(assessed, "I8") == "unknown"
    assert assessed["prefetch"]["labs"] == "absent"


def test_optional_keys_as_outcome_leave_criteria_unknown(sandbox: FlaskClient) -> None:
    assessed = _assessed(sandbox, {**candidate(), "labs": OUTCOME})
    assert _status(assessed, "I8") == "unknown"


def test_a_page_that_cannot_be_followed_still_decides_by_what_it_holds(sandbox: FlaskClient) -> None:
    paged = {
        **candidate()["labs"],
        "link": [{"relation": "next", "url": "https://ehr.example.org/fhir?page=2"}],
    }
    assessed = _assessed(sandbox, {**candidate(), "labs": paged})
    assert assessed["verdict"] in (Verdict.POSSIBLY_ELIGIBLE, Verdict.INSUFFICIENT_DATA)


def test_a_single_resource_may_stand_for_a_bundle(sandbox: FlaskClient) -> None:
    assessed = _assessed(sandbox, {**candidate(), "problems": condition()})
    assert _status(assessed, "I4") == "met"


def test_epics_outcome_entry_means_empty(sandbox: FlaskClient) -> None:
    nothing = {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": "warning",
                "code": "not-found",
                "details": {"coding": [{"system": "urn:oid:1.2.3", "code": "4101"}]},
            }
        ],
    }
    epic = {**bundle(total=0), "entry": [{"resource": nothing, "search": {"mode": "outcome"}}]}
    assert _assessed(sandbox, {**candidate(), "problems": epic})["verdict"] == Verdict.NOT_APPLICABLE


def test_unknown_keys_are_passed_over(client: FlaskClient) -> None:
    prefetch = {**candidate(), "-user": {"resourceType": "PractitionerRole"}, "junk": [1, "x", None]}
    assert len(post(client, call(prefetch)).get_json()["cards"]) == 1


@pytest.mark.parametrize("junk", ["<html>busy</html>", 5, True, [], [1], {}, {"resourceType": 7}])
def test_junk_under_an_optional_key_costs_that_key_only(sandbox: FlaskClient, junk: Any) -> None:
    assessed = _assessed(sandbox, {**candidate(), "labs": junk})
    assert _status(assessed, "I8") == "unknown"
    assert _status(assessed, "I5") == "met"


@pytest.mark.parametrize("junk", ["<html>busy</html>", 5, [1]])
def test_junk_under_a_required_key_is_412(client: FlaskClient, junk: Any) -> None:
    assert post(client, call({**candidate(), "problems": junk})).status_code == 412


# -- identity ------------------------------------------------------------------------------------------------


def test_another_patient_in_the_prefetch_is_refused(client: FlaskClient) -> None:
    response = post(client, call({**candidate(), "patient": patient(id="p2")}))
    assert response.status_code == 400
    assert "context.patientId" in said(response)


def test_another_patients_resources_are_left_out(sandbox: FlaskClient) -> None:
    foreign = bundle(
        observation("4548-4", 8.4, "%", "2026-10-20", of="p2"),
        observation("1986-9", 0.1, "ng/mL", "2026-10-20", of="p2"),
    )
    assessed = _assessed(sandbox, {**candidate(), "labs": foreign})
    assert _status(assessed, "I8") == "unknown"
    assert _status(assessed, "I7") == "unknown"


def test_data_in_which_nothing_agrees_give_no_card(client: FlaskClient) -> None:
    """As a second client sends them: context, Patient and subjects differ, single resources, a relative."""
    prefetch = {
        "patient": patient(id="hc-2"),
        "encounter": {"resourceType": "Encounter", "id": "e"},
        "condition": condition(of="hc-3"),
    }
    assert post(client, call(prefetch, user="RelatedPerson/35", of="hc-1")).get_json() == {"cards": []}
    assert post(client, call(prefetch, of="hc-1")).status_code in (400, 412)


def test_a_token_for_another_patient_is_refused(client: FlaskClient) -> None:
    access = {"access_token": "hush", "token_type": "Bearer", "patient": "p2"}
    response = post(client, call(candidate(), fhirAuthorization=access))
    assert response.status_code == 400
    assert "fhirAuthorization.patient" in said(response)
    assert "hush" not in response.text


def test_a_token_without_a_server_is_not_used(client: FlaskClient) -> None:
    access = {
        "access_token": "hush",
        "token_type": "Bearer",
        "patient": "p1",
        "scope": "Observation.Read (Labs) (R4)",
    }
    assert len(post(client, call(candidate(), fhirAuthorization=access)).get_json()["cards"]) == 1


@pytest.mark.parametrize("token", ["", "a b", "a\r\nX-Evil: 1", "ü"])
def test_what_cannot_be_a_token_is_refused(client: FlaskClient, token: str) -> None:
    response = post(client, call(candidate(), fhirAuthorization={"access_token": token}))
    assert response.status_code == 400
    assert "access_token" in said(response)


# -- servers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://ehr.example.org/fhir", "http://ehr.example.org/fhir", "https://user:pw@127.0.0.1/fhir", "file:///etc/passwd",
        "http://169.254.169.254/latest", "http://127.0.0.1.example.org/fhir", "nonsense", "https://[::1",
    ],
)  # fmt: skip
def test_servers_that_may_not_be_called_are_refused(client: FlaskClient, url: str) -> None:
    response = post(client, call(candidate(), fhirServer=url))
    assert response.status_code == 400
    assert "fhirServer" in said(response)


def test_a_dead_server_is_412_for_required_data(client: FlaskClient, unused_port: int) -> None:
    response = post(client, call(fhirServer=f"http://127.0.0.1:{unused_port}/fhir"))
    assert response.status_code == 412
    assert str(unused_port) not in said(response)


def test_a_dead_server_leaves_optional_data_unknown(sandbox: FlaskClient, unused_port: int) -> None:
    sent = candidate()
    prefetch = {name: sent[name] for name in ("patient", "problems", "diagnoses", "medications")}
    assessed = _assessed(sandbox, prefetch, fhirServer=f"http://127.0.0.1:{unused_port}/fhir")
    assert assessed["verdict"] == Verdict.INSUFFICIENT_DATA
    assert {item["state"] for item in assessed["searches"]} == {"failed"}


# -- the request itself --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "text/json", ""])
def test_what_is_not_said_to_be_json_is_415(client: FlaskClient, kind: str) -> None:
    response = post(client, call(candidate()), content_type=kind)
    assert response.status_code == 415
    assert "application/json" in said(response)


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "application/fhir+json", "APPLICATION/JSON"])
def test_spellings_of_json_are_taken(client: FlaskClient, kind: str) -> None:
    assert post(client, call(candidate()), content_type=kind).status_code == 200


def test_compressed_bodies_are_415(client: FlaskClient) -> None:
    body = gzip.compress(json.dumps(call(candidate())).encode())
    response = post(client, body, headers={"Content-Encoding": "gzip"})
    assert response.status_code == 415
    assert "uncompressed" in said(response)


def test_a_body_over_the_limit_is_413(client: FlaskClient) -> None:
    response = post(client, call({"x": "y" * 5_000_001}))
    assert response.status_code == 413
    assert "5000000 bytes" in said(response)
    assert post(client, call(candidate())).status_code == 200


def test_a_body_at_the_limit_is_read(client: FlaskClient) -> None:
    body = json.dumps(call(candidate())).encode()
    assert post(client, body + b" " * (5_000_000 - len(body))).status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b'{"a":' + b"[" * 100_000, b"\xff\xfe"])
def test_malformed_bodies_are_400_and_harm_nothing(client: FlaskClient, body: bytes) -> None:
    assert post(client, body).status_code == 400
    assert len(post(client, call(candidate())).get_json()["cards"]) == 1


def test_deep_nesting_within_a_resource_is_400_or_unreadable(client: FlaskClient) -> None:
    deep = b'{"resourceType":"Observation","x":' + b"[" * 900 + b"]" * 900 + b"}"
    body = json.dumps(call({**candidate(), "labs": "DEEP"})).encode().replace(b'"DEEP"', deep)
    assert post(client, body).status_code in (200, 400)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"hook": None}, "hook"),
        ({"hook": "order-sign"}, "patient-view"),
        ({"hookInstance": 5}, "hookInstance"),
        ({"context": {"userId": "Practitioner/1"}}, "context.patientId"),
        ({"context": {"patientId": "p1"}}, "context.userId"),
        ({"context": "p1"}, "context"),
        ({"prefetch": []}, "prefetch"),
    ],
)
def test_wrong_fields_are_400_and_named(client: FlaskClient, changes: dict[str, Any], named: str) -> None:
    response = post(client, {**call(candidate()), **changes})
    assert response.status_code == 400
    assert named in said(response)


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_a_birth_date_that_stands_for_none_is_answered(client: FlaskClient, day: str) -> None:
    (card,) = post(client, call({**candidate(), "patient": patient(birth_date=day)})).get_json()["cards"]
    assert "the date of birth is not recorded" in card["detail"]


def test_an_unknown_service_is_404(client: FlaskClient) -> None:
    for url in ("/cds-services/other", "/cds-services/other/feedback"):
        response = post(client, call(candidate()), url=url)
        assert response.status_code == 404
        assert "t1dm-trial-screening" in said(response)


def test_a_wrong_method_is_405(client: FlaskClient) -> None:
    response = client.get(SERVICE)
    assert response.status_code == 405
    assert response.headers["Allow"] == "OPTIONS, POST"
    assert response.get_json(force=True)["resourceType"] == "OperationOutcome"


def test_a_failure_is_500_without_a_word_about_its_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("Ada Testperson, born 1990-04-02")

    client = make_app(tmp_path).test_client()
    monkeypatch.setattr("cds_service.cds_hooks.patient_view.gather", fail)
    response = post(client, call(candidate()), headers={"X-Request-Id": "find-me"})
    assert response.status_code == 500
    assert "find-me" in said(response)
    assert "Testperson" not in response.text
    written = " ".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert "RuntimeError" in written
    assert "Testperson" not in written


def test_a_database_that_fails_costs_the_note_and_not_the_card(
    tmp_path: Path, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = make_app(tmp_path)
    monkeypatch.setattr("cds_service.storage.journal.cards_shown", _absent_table())
    assert len(post(broken.test_client(), call(candidate())).get_json()["cards"]) == 1


def test_a_locked_database_costs_the_note_and_little_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = make_app(tmp_path).test_client()
    with locked(tmp_path), monkeypatch.context() as hurried:
        hurried.setattr("cds_service.cds_hooks.patient_view._NOTE_SECONDS", 0.1)
        started = time.monotonic()
        assert len(post(client, call(candidate())).get_json()["cards"]) == 1
        assert time.monotonic() - started < 3
    card = post(client, call(candidate())).get_json()["cards"][0]
    with Database(f"sqlite:///{tmp_path / 'service.sqlite'}").engine.connect() as connection:
        assert card["uuid"] in connection.execute(select(cards_shown.c.card)).scalars().all()


def _absent_table() -> Any:
    from sqlalchemy import MetaData

    return cards_shown.to_metadata(MetaData(), name="not_there")
