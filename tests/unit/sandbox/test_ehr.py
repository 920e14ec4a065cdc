"""The EHR that the sandbox plays, seen from the other side: what it reads, calls and tells, as the protocol has it."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from cds_service.sandbox.ehr import Ehr, EhrError, Prefetch

SERVICES = {
    "services": [
        {"hook": "order-sign", "id": "other"},
        {
            "hook": "patient-view",
            "id": "screen",
            "prefetch": {
                "patient": "Patient/{{context.patientId}}",
                "problems": "Condition?patient={{context.patientId}}",
                "labs": "Observation?patient={{context.patientId}}",
            },
        },
    ]
}


@dataclass
class Stub:
    """A service and a FHIR server in one; notes what it was asked."""

    url: str = ""
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str], Any]] = field(default_factory=list)

    def of(self, method: str) -> list[str]:
        return [path for how, path, _, _ in self.asked if how == method]


@pytest.fixture
def stub() -> Iterator[Stub]:
    made = Stub()
    made.answers = {
        "/cds-services": (200, SERVICES),
        "/cds-services/screen": (200, {"cards": [{"summary": "A card"}]}),
        "/cds-services/screen/feedback": (200, {}),
        "/fhir/Patient/p1": (200, {"resourceType": "Patient", "id": "p1"}),
        "/fhir/Condition?patient=p1": (200, {"resourceType": "Bundle"}),
        "/fhir/Observation?patient=p1": (500, {"resourceType": "OperationOutcome"}),
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, body: Any) -> None:
            made.asked.append((self.command, self.path, dict(self.headers), body))
            status, content = made.answers.get(self.path, (404, {}))
            text = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    yield made
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)


def test_it_reads_the_discovery_first_and_calls_the_service_of_the_hook(stub: Stub) -> None:
    with Ehr(stub.url, f"{stub.url}/fhir") as ehr:
        answer = ehr.open_chart("p1", Prefetch.NONE)
    assert stub.of("GET") == ["/cds-services"]
    assert stub.of("POST") == ["/cds-services/screen"]
    body = stub.asked[-1][3]
    assert re.fullmatch(r"[0-9a-f-]{36}", body.pop("hookInstance"))
    assert body == {
        "hook": "patient-view",
        "fhirServer": f"{stub.url}/fhir",
        "context": {"userId": "Practitioner/example", "patientId": "p1"},
    }
    assert (answer.status, answer.summary, answer.verdict) == (200, "A card", None)


def test_a_key_whose_read_fails_is_left_out_and_seen_in_the_reads(stub: Stub) -> None:
    with Ehr(stub.url, f"{stub.url}/fhir") as ehr:
        answer = ehr.open_chart("p1", Prefetch.FULL)
    assert stub.asked[-1][3]["prefetch"] == {
        "patient": {"resourceType": "Patient", "id": "p1"},
        "problems": {"resourceType": "Bundle"},
    }
    assert [(read.key, read.address, read.status) for read in answer.reads] == [
        ("patient", "Patient/p1", 200),
        ("problems", "Condition?patient=p1", 200),
        ("labs", "Observation?patient=p1", 500),
    ]


def test_of_a_part_only_patient_and_problems_are_read(stub: Stub) -> None:
    with Ehr(stub.url, f"{stub.url}/fhir") as ehr:
        ehr.open_chart("p1", Prefetch.PART)
    assert stub.of("GET") == ["/cds-services", "/fhir/Patient/p1", "/fhir/Condition?patient=p1"]


def test_a_server_that_is_not_there_leaves_every_key_out(stub: Stub, unused_port: int) -> None:
    with Ehr(stub.url, f"http://127.0.0.1:{unused_port}/fhir") as ehr:
        answer = ehr.open_chart("p1", Prefetch.FULL)
        assert ehr.patient("p1") == {}
    assert {read.status for read in answer.reads} == {0}
    assert stub.asked[-1][3]["prefetch"] == {}


def test_feedback_has_the_form_of_the_specification(stub: Stub) -> None:
    reason = {"system": "s", "code": "limited-time"}
    with Ehr(stub.url, f"{stub.url}/fhir") as ehr:
        ehr.feedback("card-1", "overridden", reason=reason)
        ehr.feedback("card-2", "accepted", suggestion="suggestion-1")
    (overridden,), (accepted,) = (asked[3]["feedback"] for asked in stub.asked if asked[0] == "POST")
    for entry in (overridden, accepted):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", entry.pop("outcomeTimestamp"))
    assert overridden == {"card": "card-1", "outcome": "overridden", "overrideReason": {"reason": reason}}
    assert accepted == {"card": "card-2", "outcome": "accepted", "acceptedSuggestions": [{"id": "suggestion-1"}]}


DRAFT = {"resourceType": "ServiceRequest", "status": "draft"}


def test_an_accepted_draft_is_put_into_the_chart(stub: Stub) -> None:
    stub.answers["/fhir/ServiceRequest"] = (201, {**DRAFT, "id": "o1"})
    with Ehr(stub.url, f"{stub.url}/fhir", sign=lambda address: "token") as ehr:
        assert ehr.put_into_chart(DRAFT) == "ServiceRequest/o1"
    _, path, headers, body = stub.asked[-1]
    assert (path, body) == ("/fhir/ServiceRequest", DRAFT)
    assert "Authorization" not in headers


@pytest.mark.parametrize("answer", [(403, {}), (200, {**DRAFT, "id": "o1"}), (201, {})])
def test_a_draft_that_the_server_does_not_keep_is_an_error(stub: Stub, answer: tuple[int, Any]) -> None:
    stub.answers["/fhir/ServiceRequest"] = answer
    with Ehr(stub.url, f"{stub.url}/fhir") as ehr, pytest.raises(EhrError, match="did not keep it"):
        ehr.put_into_chart(DRAFT)


def test_every_call_of_the_service_is_signed_for_its_own_address_and_no_other_is(stub: Stub) -> None:
    with Ehr(stub.url, f"{stub.url}/fhir", sign=lambda address: f"token-for-{address}") as ehr:
        answer = ehr.open_chart("p1", Prefetch.PART)
        ehr.feedback("c", "overridden", reason={"code": "x"})
    for _, path, headers, _ in stub.asked:
        expected = None if path.startswith("/fhir") else f"Bearer token-for-{stub.url}{path}"
        assert headers.get("Authorization") == expected
    assert "token-for" not in json.dumps(answer.request)


def test_what_the_service_says_is_wrong_is_told(stub: Stub) -> None:
    outcome = {"resourceType": "OperationOutcome", "issue": [{"code": "incomplete", "diagnostics": "Send more."}]}
    stub.answers["/cds-services/screen"] = (412, outcome)
    with Ehr(stub.url, f"{stub.url}/fhir") as ehr:
        answer = ehr.open_chart("p1", Prefetch.NONE)
    assert (answer.status, answer.cards, answer.summary) == (412, (), "Send more.")


@pytest.mark.parametrize(
    ("answer", "says"),
    [((401, {}), "answer 401"), ((200, {"services": []}), "offers nothing"), ((200, []), "offers nothing")],
)
def test_a_discovery_that_cannot_be_used_is_an_error(stub: Stub, answer: tuple[int, Any], says: str) -> None:
    stub.answers["/cds-services"] = answer
    with pytest.raises(EhrError, match=says):
        Ehr(stub.url, f"{stub.url}/fhir")
