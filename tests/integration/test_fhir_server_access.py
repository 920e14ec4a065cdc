"""A third-party FHIR server that asks for SMART tokens: what a token does not open is named, the rest still decides."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import jwt
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cds_service.patient_data import fhir_client
from cds_service.patient_data.transport import new_session
from cds_service.sandbox.fhir_server import SandboxFhirServer
from cds_service.sandbox.patients import ALL
from cds_service.sandbox.processes import local_session
from cds_service.setting_parts import Limits, Sandbox, Server
from tests.support.borrowed_server import BorrowedServer
from tests.support.charts import sandbox_chart
from tests.support.sekmet import NEEDS_SEKMET
from tests.support.service import TODAY, call, make_app, post, said

pytestmark = [NEEDS_SEKMET, pytest.mark.xdist_group("fhir-servers")]

STAFF = "token-of-those-who-fill-the-server"
CLIENT = {"client_id": "trial-cds", "client_secret": "no-secret-here", "scopes": "system/*.read"}
AUTH = {"types": ["smart", "bearer"], "tokens": [STAFF], "smart_clients": [CLIENT]}

TYPES = (
    "Patient", "Condition", "MedicationRequest", "MedicationStatement", "Observation", "Encounter", "Procedure",
    "Immunization", "ResearchSubject", "Consent", "Flag",
)  # fmt: skip
"""What the service asks for."""

REFUSED = "the server refused access (403)"


class Guarded:
    """The server with one candidate's chart, and tokens for it."""

    def __init__(self, server: SandboxFhirServer, patient_id: str) -> None:
        self.base_url = server.base_url
        self.patient_id = patient_id
        self._database = server.folder / "data" / "sekmet.db"

    def token(self, *types: str) -> str:
        """Return a token for reading ``types``, as the server's own token endpoint gives it."""
        form = {"grant_type": "client_credentials", "scope": " ".join(f"system/{name}.read" for name in types)}
        with local_session() as session:
            answer = session.post(
                self.base_url.removesuffix("/fhir") + "/auth/token",
                data=form,
                auth=(CLIENT["client_id"], CLIENT["client_secret"]),
                timeout=20,
            )
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["access_token"]
        return token

    def expired(self, token: str) -> str:
        """Return the token as it will be in an hour and a bit: signed by the server's key, and too old."""
        with closing(sqlite3.connect(self._database)) as database:
            ((secret,),) = database.execute("SELECT v FROM kv WHERE k = 'jwt_secret'").fetchall()
        claims = jwt.decode(token, options={"verify_signature": False})
        return jwt.encode({**claims, "exp": int(time.time()) - 60}, secret, algorithm="HS256")


@pytest.fixture(scope="module")
def guarded() -> Iterator[Guarded]:
    person = next(person for person in ALL if person.id == "golden-ada")
    with SandboxFhirServer({"server_auth": AUTH}) as server, BorrowedServer(server.base_url, STAFF) as staff:
        places = staff.put(sandbox_chart(person, TODAY))
        yield Guarded(server, places["Patient/golden-ada"].partition("/")[2])


def new_client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    folder = tmp_path_factory.mktemp("access")
    limits = Limits(deadline_seconds=20, server_failures=10_000)
    server = Server(graceful_seconds=60)
    return make_app(folder, sandbox=Sandbox(enabled=True), limits=limits, server=server).test_client()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    return new_client(tmp_path_factory)


def open_chart(client: FlaskClient, guarded: Guarded, token: str | None) -> TestResponse:
    access = {"access_token": token, "token_type": "Bearer", "expires_in": 300, "scope": "", "subject": "trial-cds"}
    more = {} if token is None else {"fhirAuthorization": access}
    return post(client, call(of=guarded.patient_id, fhirServer=guarded.base_url, **more))


def explained(response: TestResponse) -> dict[str, Any]:
    assert response.status_code == 200, response.data
    explanation: dict[str, Any] = response.get_json()["extension"]["org.trial-cds.assessment"]
    return explanation


def statuses(explanation: dict[str, Any]) -> dict[str, str]:
    return {criterion["id"]: criterion["status"] for criterion in explanation["criteria"]}


def detail(response: TestResponse) -> str:
    (card,) = response.get_json()["cards"]
    text: str = card["detail"].replace("\\", "")
    return text


@pytest.fixture(scope="module")
def decided(client: FlaskClient, guarded: Guarded) -> dict[str, str]:
    """The statuses when nothing is refused."""
    return statuses(explained(open_chart(client, guarded, guarded.token(*TYPES))))


def test_a_valid_token_gives_all_data(client: FlaskClient, guarded: Guarded) -> None:
    response = open_chart(client, guarded, guarded.token(*TYPES))
    explanation = explained(response)
    assert explanation["verdict"] == "potentially-eligible"
    assert {search["state"] for search in explanation["searches"]} <= {"complete", "unsupported"}
    assert REFUSED not in detail(response)


@pytest.mark.parametrize("kind", ["none", "expired", "forged", "of another server"])
def test_without_a_token_that_the_server_accepts_there_is_no_answer(
    client: FlaskClient, guarded: Guarded, kind: str
) -> None:
    token = guarded.token(*TYPES)
    given = {
        "none": None,
        "expired": guarded.expired(token),
        "forged": token[:-6] + "AAAAAA",
        "of another server": jwt.encode({"aud": "https://elsewhere.example/fhir"}, "k" * 32, algorithm="HS256"),
    }[kind]
    response = open_chart(client, guarded, given)
    assert response.status_code == 412
    assert "patient, problems" in said(response)
    assert "did not accept the access token (401)" in said(response)
    assert given is None or given not in response.get_data(as_text=True)


@pytest.mark.parametrize("denied", ["Patient", "Condition"])
def test_without_the_person_or_the_problems_there_is_no_answer(
    client: FlaskClient, guarded: Guarded, denied: str
) -> None:
    response = open_chart(client, guarded, guarded.token(*(name for name in TYPES if name != denied)))
    assert response.status_code == 412
    assert {"Patient": "patient", "Condition": "problems"}[denied] in said(response)
    assert REFUSED in said(response)


SEARCHES = {
    "MedicationRequest": ("medications",),
    "Observation": ("labs", "vitals", "social", "exams"),
    "Encounter": ("encounters",),
    "Procedure": ("procedures",),
    "Immunization": ("immunizations",),
    "Consent": ("consents",),
    "Flag": ("flags",),
}
CHANGED = {
    "MedicationRequest": {"E2", "E13", "E17"},
    "Observation": {"I7", "I8", "E3", "E11", "E23"},
    "Encounter": {"E20"},
}
"""Criteria that cannot be decided without a type; more may be touched."""


@pytest.mark.parametrize("denied", SEARCHES)
def test_a_type_that_is_refused_leaves_the_rest(
    client: FlaskClient, guarded: Guarded, decided: dict[str, str], denied: str
) -> None:
    response = open_chart(client, guarded, guarded.token(*(name for name in TYPES if name != denied)))
    explanation = explained(response)
    states = {search["name"]: search["state"] for search in explanation["searches"]}
    assert {states[name] for name in SEARCHES[denied]} == {"forbidden"}
    assert {state for name, state in states.items() if name not in SEARCHES[denied]} <= {"complete", "unsupported"}
    now = statuses(explanation)
    changed = {name for name, status in now.items() if status != decided[name]}
    assert changed >= CHANGED.get(denied, set())
    assert {now[name] for name in changed} <= {"unknown", "needs-judgement"}
    if explanation["verdict"] != "insufficient-data":  # which shows no card
        assert REFUSED in detail(response)
    assert any(f"{name}: {REFUSED}" in gap for name in SEARCHES[denied] for gap in explanation["dataGaps"])


def test_several_refused_types_are_each_named(client: FlaskClient, guarded: Guarded) -> None:
    denied = {"MedicationRequest", "Encounter", "Procedure"}
    response = open_chart(client, guarded, guarded.token(*(name for name in TYPES if name not in denied)))
    text = detail(response)
    assert REFUSED in text
    gaps = " ".join(explained(response)["dataGaps"])
    assert all(search in gaps for name in denied for search in SEARCHES[name])


def test_strict_handling_changes_nothing_that_is_decided(
    guarded: Guarded,
    decided: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Asked to be strict, the server refuses (400) what it else ignores: the search for studies by person."""

    def strict(*arguments: Any) -> Any:
        session = new_session(*arguments)
        session.headers["Prefer"] = "handling=strict"
        return session

    monkeypatch.setattr(fhir_client, "new_session", strict)
    explanation = explained(open_chart(new_client(tmp_path_factory), guarded, guarded.token(*TYPES)))
    states = {search["name"]: search["state"] for search in explanation["searches"]}
    assert states.pop("research-subjects") == "unsupported"
    assert set(states.values()) == {"complete"}
    assert statuses(explanation) == decided
