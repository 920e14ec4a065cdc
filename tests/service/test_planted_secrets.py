"""Secrets are planted wherever a request can hold one; then log, database, metrics and answers are searched."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import select

from cds_service.logs import LOGGER, JsonLines
from cds_service.storage.database import Database
from cds_service.storage.tables import hash_keys, metadata
from tests.support.fhir import T1DM, bundle, condition, patient
from tests.support.service import FEEDBACK, SERVICE, call, make_app

TOKEN, PATIENT, USER = "planted-token-1f6a", "planted-patient-2b7c", "planted-user-3c8d"
NAME, COMMENT, HEADER = "Planted-Name-4d9e", "planted-comment-5eaf", "planted-header-6fb0"
QUERY, SERVER_SAYS, EXTRA = "planted-query-70c1", "planted-outcome-81d2", "planted-extra-92e3"
ENCOUNTER, STREET = "planted-encounter-a3f4", "planted-street-b405"
SECRETS = (
    TOKEN, PATIENT, USER, NAME, COMMENT, HEADER, QUERY, SERVER_SAYS, EXTRA, ENCOUNTER, STREET,
)  # fmt: skip


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that is written while the test runs, in the form in which it is written."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    before = LOGGER.level
    root.addHandler(handler)
    LOGGER.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    LOGGER.setLevel(before)


@pytest.fixture
def talkative_server() -> Iterator[str]:
    """A FHIR server that refuses everything, and quotes the request in its refusal."""

    class Talkative(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            says = f"{SERVER_SAYS}: {self.path} {self.headers['Authorization']}"
            issue = {"severity": "error", "code": "exception", "diagnostics": says}
            body = json.dumps({"resourceType": "OperationOutcome", "issue": [issue]}).encode()
            self.send_response(500)
            self.send_header("Content-Type", "application/fhir+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Talkative)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/fhir"
    server.shutdown()
    server.server_close()


def _chart() -> dict[str, Any]:
    lives, numbers = [{"line": [STREET], "postalCode": "1"}], [{"value": EXTRA}]
    person = patient(id=PATIENT, name=[{"family": NAME}], address=lives, identifier=numbers)
    problem = {**condition(T1DM, "2015-03-01"), "subject": {"reference": f"Patient/{PATIENT}", "display": NAME}}
    return {"patient": person, "problems": bundle(problem), "diagnoses": bundle(), "-user": {"name": NAME}}


def _bodies(server: str) -> Iterator[Any]:
    authorization = {"access_token": TOKEN, "patient": PATIENT, "scope": EXTRA, "subject": EXTRA}
    whole = call(
        _chart(), user=f"Practitioner/{USER}", of=PATIENT, fhirServer=server, fhirAuthorization=authorization,
        extension={"x": EXTRA}, hookInstance=EXTRA,
    )  # fmt: skip
    whole["context"]["encounterId"] = ENCOUNTER
    yield whole
    yield {**whole, "prefetch": {}}
    yield {**whole, "fhirServer": f"https://{EXTRA}.example/{EXTRA}"}
    yield {**whole, "fhirServer": f"https://{EXTRA}:{TOKEN}@ehr.example/"}
    yield {**whole, "fhirAuthorization": {**authorization, "patient": EXTRA}}
    yield {**whole, "fhirAuthorization": {**authorization, "access_token": f"{TOKEN} \n{TOKEN}"}}
    yield {**whole, "hook": EXTRA}
    yield {**whole, "context": {"userId": f"{USER} ", "patientId": PATIENT}}
    yield {**whole, "context": {"userId": f"Practitioner/{USER}", "patientId": f"{PATIENT} {NAME}"}}
    yield {**whole, "context": NAME}
    yield {**whole, "prefetch": {**_chart(), "patient": patient(id=EXTRA)}}
    yield {**whole, "prefetch": {**_chart(), "labs": f"<html>{NAME}</html>"}}


def test_no_planted_secret_comes_up_again(tmp_path: Path, log: io.StringIO, talkative_server: str) -> None:
    client = make_app(tmp_path).test_client()
    headers = {"Authorization": f"Bearer {TOKEN}", "X-Request-Id": f"{HEADER} {HEADER}", "User-Agent": HEADER}
    answers = [
        client.post(f"{SERVICE}?{QUERY}={QUERY}", json=body, headers=headers) for body in _bodies(talkative_server)
    ]
    answers.append(client.post(f"/cds-services/{EXTRA}", json={}, headers=headers))
    answers.append(client.post(SERVICE, data=f'{{"{NAME}": '.encode(), content_type="application/json"))
    answers.append(client.get(f"/{QUERY}?{QUERY}", headers=headers))
    reason = {"reason": {"system": f"{NAME} {NAME}", "code": NAME + " said no"}, "userComment": COMMENT}
    entries = [
        {"card": "a-card", "outcome": "overridden", "overrideReason": reason},
        {"card": f"{NAME} of {PATIENT}", "outcome": "overridden"},
        {"card": "a-card", "outcome": NAME},
        {"card": "other", "outcome": "accepted", "acceptedSuggestions": [{"id": f"{NAME} {NAME}"}], "x": EXTRA},
    ]
    answers.append(client.post(FEEDBACK, json={"feedback": entries}, headers=headers))

    statuses = {answer.status_code for answer in answers}
    assert {200, 400, 404, 412} <= statuses
    assert max(statuses) < 500
    lines = log.getvalue().splitlines()
    assert sum(json.loads(line)["event"] == "request" for line in lines) == len(answers)
    stored = _everything(tmp_path)
    assert "overridden" in stored
    numbers = client.get("/metrics").get_data(as_text=True)
    assert 'trial_cds_calls_total{cause="412"' in numbers
    for secret in SECRETS:
        assert secret not in log.getvalue()
        assert secret not in numbers
        assert secret not in stored
        for answer in answers:
            # The card alone may name what the clinician has open in front of her; this chart gives none.
            assert secret not in answer.get_data(as_text=True)


def _everything(folder: Path) -> str:
    """Return all rows of all tables as text."""
    tables = [table for table in metadata.sorted_tables if table is not hash_keys]
    with Database(f"sqlite:///{folder / 'service.sqlite'}").engine.connect() as connection:
        return "\n".join(str(row) for table in tables for row in connection.execute(select(table)))
