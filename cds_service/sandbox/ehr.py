"""Plays the EHR: opens a chart and calls the service as any CDS Hooks client would, over HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4

import orjson
import requests

from cds_service.sandbox.builders import PRACTITIONER
from cds_service.sandbox.processes import local_session

HOOK = "patient-view"
ASSESSMENT_EXTENSION = "org.trial-cds.assessment"
PARTIAL_KEYS = frozenset({"patient", "problems"})
PATIENT_TOKEN = "{{context.patientId}}"  # noqa: S105 - a prefetch token, no secret
FHIR_SECONDS = 20
SERVICE_SECONDS = 30
LARGEST_ANSWER = 20_000_000

Sign = Callable[[str], str]
"""Makes the JWT for one call of the address given, where the service asks for one."""


class EhrError(RuntimeError):
    """The service or a FHIR server cannot be used as the protocol says; the message says what to do."""


class Prefetch(StrEnum):
    """How much of what the service asks for in advance the client sends."""

    FULL = "full"
    PART = "part"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Read:
    """One read of the EHR's own FHIR server for the prefetch. A failed one is left out of the call."""

    key: str
    address: str
    """The template with its token filled in, without the server."""
    status: int
    """0 when no answer came."""
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Answer:
    """One call and what came of it."""

    request: Mapping[str, Any]
    status: int
    body: Mapping[str, Any]
    """Empty when the answer was no JSON object."""
    milliseconds: int
    """The service's own time, as the client sees it."""
    reads: Sequence[Read] = ()

    @property
    def cards(self) -> Sequence[Mapping[str, Any]]:
        return self.body.get("cards", ()) if self.status == 200 else ()

    @property
    def assessment(self) -> Mapping[str, Any]:
        """What the service adds in the sandbox; empty elsewhere."""
        found: Mapping[str, Any] = self.body.get("extension", {}).get(ASSESSMENT_EXTENSION, {})
        return found

    @property
    def verdict(self) -> str | None:
        return self.assessment.get("verdict")

    @property
    def summary(self) -> str:
        """The cards' first lines, or what the service says is wrong."""
        if self.status != 200:
            return outcome_text(self.body)
        return " | ".join(card["summary"] for card in self.cards)


class Ehr:
    """A client of one service and one FHIR server. Use it in a `with` block."""

    def __init__(self, service_url: str, fhir_url: str, sign: Sign | None = None) -> None:
        """Read the discovery; raises `EhrError` when it offers nothing for the hook."""
        self.fhir_url = fhir_url
        self._session = local_session()
        self._sign = sign
        self._discovery_url = f"{service_url}/cds-services"
        self._service = self._discover()
        self.hook_url = f"{self._discovery_url}/{self._service['id']}"

    def __enter__(self) -> Ehr:
        return self

    def __exit__(self, *exception: object) -> None:
        self._session.close()

    def open_chart(self, patient_id: str, prefetch: Prefetch) -> Answer:
        """Call patient-view for one patient."""
        body: dict[str, Any] = {
            "hook": HOOK,
            "hookInstance": str(uuid4()),
            "fhirServer": self.fhir_url,
            "context": {"userId": PRACTITIONER, "patientId": patient_id},
        }
        reads: list[Read] = []
        if prefetch is not Prefetch.NONE:
            body["prefetch"] = self._prefetched(patient_id, prefetch, reads)
        return self._call(self.hook_url, body, reads)

    def patient(self, patient_id: str) -> Mapping[str, Any]:
        """Return the Patient, as the banner of a chart shows it; empty when it cannot be read."""
        return self._fhir(f"Patient/{patient_id}")[1] or {}

    def put_into_chart(self, draft: Mapping[str, Any]) -> str:
        """Create what an accepted suggestion holds, and return its reference; raises `EhrError` when that fails."""
        kind = draft["resourceType"]
        answer = self._session.post(
            f"{self.fhir_url}/{kind}",
            data=orjson.dumps(draft),
            headers={"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"},
            timeout=FHIR_SECONDS,
            allow_redirects=False,
        )
        made = _object(answer.content)
        if answer.status_code != 201 or "id" not in made:
            raise EhrError(f"the FHIR server answered {answer.status_code} to the draft and did not keep it")
        return f"{kind}/{made['id']}"

    def feedback(
        self, card: str, outcome: str, *, reason: Mapping[str, str] | None = None, suggestion: str | None = None
    ) -> Answer:
        """Tell the service what became of a card: ``accepted`` with a suggestion, or ``overridden``."""
        entry: dict[str, Any] = {
            "card": card,
            "outcome": outcome,
            "outcomeTimestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        if suggestion:
            entry["acceptedSuggestions"] = [{"id": suggestion}]
        if reason:
            entry["overrideReason"] = {"reason": dict(reason)}
        return self._call(f"{self.hook_url}/feedback", {"feedback": [entry]}, ())

    # -- the service ---------------------------------------------------------------------------------------

    def _discover(self) -> Mapping[str, Any]:
        answer = self._session.get(
            self._discovery_url, headers=self._authorization(self._discovery_url), timeout=SERVICE_SECONDS
        )
        if not answer.ok:
            raise EhrError(f"answer {answer.status_code} to {self._discovery_url}")
        listed = _object(answer.content).get("services", [])
        service: Mapping[str, Any] | None = next((s for s in listed if s.get("hook") == HOOK), None)
        if service is None:
            raise EhrError(f"the service offers nothing for the hook {HOOK}")
        return service

    def _call(self, url: str, body: Mapping[str, Any], reads: Sequence[Read]) -> Answer:
        headers = {"Content-Type": "application/json", **self._authorization(url)}
        content = orjson.dumps(body)
        start = time.perf_counter()
        response = self._session.post(url, data=content, headers=headers, timeout=SERVICE_SECONDS)
        milliseconds = round((time.perf_counter() - start) * 1000)
        return Answer(body, response.status_code, _object(response.content), milliseconds, tuple(reads))

    def _authorization(self, url: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._sign(url)}"} if self._sign else {}

    # -- the FHIR server -----------------------------------------------------------------------------------

    def _prefetched(self, patient_id: str, prefetch: Prefetch, reads: list[Read]) -> dict[str, Any]:
        """Return what the templates bring; a key whose read fails is left out, as clients do."""
        templates: Mapping[str, str] = self._service.get("prefetch", {})
        found = {}
        for key, template in templates.items():
            if prefetch is Prefetch.FULL or key in PARTIAL_KEYS:
                address = template.replace(PATIENT_TOKEN, patient_id)
                start = time.perf_counter()
                status, content = self._fhir(address)
                reads.append(Read(key, address, status, round((time.perf_counter() - start) * 1000)))
                if content is not None:
                    found[key] = content
        return found

    def _fhir(self, address: str) -> tuple[int, Mapping[str, Any] | None]:
        """Return the status and the content, which is None unless the server answered 200 with a JSON object."""
        try:
            answer = self._session.get(
                f"{self.fhir_url}/{address}",
                headers={"Accept": "application/fhir+json, application/json"},
                timeout=FHIR_SECONDS,
                allow_redirects=False,
                stream=True,
            )
            with answer:
                content = answer.raw.read(LARGEST_ANSWER + 1, decode_content=True)
        except requests.RequestException:
            return 0, None
        if answer.status_code != 200 or len(content) > LARGEST_ANSWER:
            return answer.status_code, None
        return 200, _object(content) or None


def outcome_text(body: Mapping[str, Any]) -> str:
    """What an OperationOutcome says, or that there was none."""
    try:
        return " ".join(issue.get("diagnostics", issue["code"]) for issue in body["issue"])
    except (KeyError, TypeError, AttributeError):
        return "no OperationOutcome"


def _object(content: bytes) -> dict[str, Any]:
    """Return a JSON object; an empty one for anything else."""
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}
