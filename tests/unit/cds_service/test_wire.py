"""Reading hook calls: lenient on what is added, exact on what is needed, and plain about what is wrong."""

from __future__ import annotations

import codecs
import json
from typing import Any

import pytest

from cds_service.cds_hooks.errors import Refused
from cds_service.cds_hooks.wire import read_context, read_feedback, read_hook

GOOD: dict[str, Any] = {
    "hook": "patient-view",
    "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
    "context": {"userId": "Practitioner/1", "patientId": "p1"},
}


def _bytes(**changes: Any) -> bytes:
    return json.dumps({key: value for key, value in (GOOD | changes).items() if value is not ...}).encode()


def _refusal(body: bytes) -> Refused:
    with pytest.raises(Refused) as caught:
        read_context(read_hook(body))
    assert caught.value.status == 400
    return caught.value


def test_what_vendors_add_is_skipped() -> None:
    body = _bytes(
        extension={"com.epic.cdshooks.request.bpa-trigger-action": "60"},
        context={**GOOD["context"], "encounterId": "e1", "extension": {"a": [1]}, "later": None},
        fhirAuthorization={
            "access_token": "t",
            "token_type": "Bearer",
            "scope": "Observation.Read (Labs) (R4)",
        },
        prefetch={"-user": {"resourceType": "PractitionerRole"}, "labs": None},
        something={"new": True},
    )
    request = read_hook(body)
    assert read_context(request).patient_id == "p1"
    assert request.prefetch is not None
    assert bytes(request.prefetch["labs"]) == b"null"
    assert "t" not in repr(request.fhir_authorization).replace("FhirAuthorization", "")


def test_what_is_not_used_may_be_anything() -> None:
    assert read_context(read_hook(_bytes(context={**GOOD["context"], "encounterId": 5}))).patient_id == "p1"


def test_a_byte_order_mark_is_skipped() -> None:
    assert read_hook(codecs.BOM_UTF8 + _bytes()).hook == "patient-view"


@pytest.mark.parametrize(
    "user", ["Practitioner/1", "PractitionerRole/a-b.c", "https://ehr.example.org/fhir/Practitioner/1"]
)
def test_users_are_a_type_and_an_id(user: str) -> None:
    context = read_context(read_hook(_bytes(context={"userId": user, "patientId": "p1"})))
    assert context.user_type in ("Practitioner", "PractitionerRole")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"hook": ...}, "hook is missing"),
        ({"hook": 7}, "hook must be a string"),
        ({"hook": ""}, "hook is empty"),
        ({"hookInstance": ...}, "hookInstance is missing"),
        ({"hookInstance": None}, "hookInstance must be a string, and is null"),
        ({"context": ...}, "context is missing"),
        ({"context": []}, "context must be an object"),
        ({"context": {"userId": "Practitioner/1"}}, "context.patientId is missing"),
        ({"context": {"patientId": "p1"}}, "context.userId is missing"),
        ({"context": {"userId": "Practitioner/1", "patientId": 5}}, "context.patientId must be a string"),
        ({"context": {"userId": ["x"], "patientId": "p1"}}, "context.userId must be a string"),
        (
            {"context": {"userId": "Practitioner/1", "patientId": "Patient/p1"}},
            "context.patientId must be the bare id",
        ),
        (
            {"context": {"userId": "Practitioner/1", "patientId": ".."}},
            "context.patientId must be the bare id",
        ),
        ({"context": {"userId": "Practitioner/1", "patientId": ""}}, "context.patientId must be the bare id"),
        ({"context": {"userId": "1", "patientId": "p1"}}, "context.userId must be a type and an id"),
        ({"context": {"userId": "Device/1", "patientId": "p1"}}, "context.userId must be a type and an id"),
        ({"prefetch": []}, "prefetch must be an object"),
        ({"prefetch": "x"}, "prefetch must be an object"),
        ({"fhirServer": 1}, "fhirServer must be a string"),
        ({"fhirAuthorization": {}}, "fhirAuthorization.access_token is missing"),
        ({"fhirAuthorization": "t"}, "fhirAuthorization must be an object"),
    ],
)
def test_each_fault_is_named(changes: dict[str, Any], said: str) -> None:
    assert said in _refusal(_bytes(**changes)).sentence


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"<html>", "not valid JSON"),
        (b'{"hook": "\xff"}', "not valid JSON"),
        (b'{"hook": "patient-view",}', "not valid JSON"),
        (b"[]", "The body must be an object"),
        (b"null", "The body must be an object"),
        (b'{"x": ' + b"[" * 200_000, "nested too deeply"),
        (b'{"prefetch": {"labs": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}}", "nested too deeply"),
    ],
)
def test_what_is_no_json_object_is_refused(body: bytes, said: str) -> None:
    assert said in _refusal(body).sentence


def test_no_value_of_a_request_comes_back_in_a_refusal() -> None:
    secret = "Ada-Testperson-1990"
    for changes in (
        {"hook": [secret]},
        {"context": {"userId": secret, "patientId": secret + "/"}},
        {"prefetch": secret},
    ):
        assert secret not in _refusal(_bytes(**changes)).sentence


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"feedback": {}}', b'{"feedback": null}', b"no"])
def test_feedback_needs_its_array(body: bytes) -> None:
    with pytest.raises(Refused) as caught:
        read_feedback(body)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("sent", "read"), [("e1", "e1"), ("", None), ("Encounter/e1", "e1"), ("a/b", None), (5, None), (None, None)]
)
def test_an_encounter_counts_only_as_a_bare_id(sent: Any, read: str | None) -> None:
    context = {"userId": "Practitioner/1", "patientId": "p1", "encounterId": sent}
    assert read_context(read_hook(_bytes(context=context))).encounter == read
