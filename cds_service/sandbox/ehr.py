"""Plays the EHR: opens a chart and calls the service as any CDS Hooks client would, over HTTP."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import uuid4

import requests

from cds_service.sandbox.builders import PRACTITIONER
from cds_service.sandbox.processes import local_session

HOOK = "patient-view"
ASSESSMENT_EXTENSION = "org.trial-cds.assessment"
PARTIAL_KEYS = frozenset({"patient", "problems"})
FHIR_SECONDS = 20
SERVICE_SECONDS = 30


class EhrError(RuntimeError):
    """The FHIR server or the service did not answer as the protocol says."""


class Prefetch(StrEnum):
    """How much of what the service asks for in advance the client sends."""

    FULL = "full"
    PART = "part"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one call gave. `verdict` is None when the answer was not 200 or held no assessment."""

    status: int
    verdict: str | None
    summary: str
    milliseconds: int


class Ehr:
    """A client of one service and one FHIR server. Use it in a `with` block."""

    def __init__(self, service_url: str, fhir_url: str) -> None:
        self.fhir_url = fhir_url
        self._session = local_session()
        self._discovery_url = f"{service_url}/cds-services"
        self._service = self._discover()
        self.hook_url = f"{self._discovery_url}/{self._service['id']}"

    def __enter__(self) -> Ehr:
        return self

    def __exit__(self, *exception: object) -> None:
        self._session.close()

    def open_chart(self, patient_id: str, prefetch: Prefetch) -> Answer:
        """Calls patient-view for one patient; only the service's own time is measured."""
        body: dict[str, Any] = {
            "hook": HOOK,
            "hookInstance": str(uuid4()),
            "fhirServer": self.fhir_url,
            "context": {"userId": PRACTITIONER, "patientId": patient_id},
        }
        if prefetch is not Prefetch.NONE:
            body["prefetch"] = self._prefetched(patient_id, prefetch)
        start = time.perf_counter()
        response = self._session.post(self.hook_url, json=body, timeout=SERVICE_SECONDS)
        return _read(response, round((time.perf_counter() - start) * 1000))

    def _discover(self) -> Mapping[str, Any]:
        listed = self._get(self._discovery_url).get("services", [])
        service: Mapping[str, Any] | None = next((s for s in listed if s.get("hook") == HOOK), None)
        if service is None:
            raise EhrError(f"the service offers nothing for the hook {HOOK}")
        return service

    def _prefetched(self, patient_id: str, prefetch: Prefetch) -> dict[str, Any]:
        templates: Mapping[str, str] = self._service.get("prefetch", {})
        return {
            key: self._get(f"{self.fhir_url}/{template.replace('{{context.patientId}}', patient_id)}")
            for key, template in templates.items()
            if prefetch is Prefetch.FULL or key in PARTIAL_KEYS
        }

    def _get(self, url: str) -> dict[str, Any]:
        response = self._session.get(
            url, headers={"Accept": "application/fhir+json, application/json"}, timeout=FHIR_SECONDS
        )
        if not response.ok:
            raise EhrError(f"answer {response.status_code} to {url.partition('?')[0]}")
        body: dict[str, Any] = response.json()
        return body


def _read(response: requests.Response, milliseconds: int) -> Answer:
    if response.status_code != 200:
        return Answer(response.status_code, None, _outcome(response), milliseconds)
    body = response.json()
    if "cards" not in body:
        raise EhrError("the service answered 200 without cards")
    summaries = [card["summary"] for card in body["cards"]]
    verdict = body.get("extension", {}).get(ASSESSMENT_EXTENSION, {}).get("verdict")
    return Answer(200, verdict, " | ".join(summaries), milliseconds)


def _outcome(response: requests.Response) -> str:
    """What an OperationOutcome says, or that there was none."""
    try:
        issues = response.json()["issue"]
        return " ".join(issue.get("diagnostics", issue["code"]) for issue in issues)
    except (ValueError, KeyError, TypeError, AttributeError):
        return "no OperationOutcome"
