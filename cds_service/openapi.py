"""The service's interface as OpenAPI 3.1: ``/openapi.json``. Tests hold it together with the routes.

What bodies look like stands in ``cds_hooks/schema``, the same files that every answer is tested against.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson

from cds_service.cds_hooks.outcome import CONTENT_TYPE as FHIR_JSON
from cds_service.registration.ehrs import EHRS
from cds_service.settings import Settings
from rules.trial import Trial

SCHEMAS = Path(__file__).parent / "cds_hooks" / "schema"
NAMES = {
    "discovery": "Discovery",
    "request": "PatientViewRequest",
    "response": "PatientViewResponse",
    "feedback": "FeedbackRequest",
    "feedback_answer": "FeedbackResponse",
    "outcome": "OperationOutcome",
    "health": "Health",
}
"""Component by the name of its file."""

JSON, HTML = "application/json", "text/html"
Operation = dict[str, Any]


def openapi(trials: Iterable[Trial], settings: Settings) -> dict[str, Any]:
    """Return the document for the services of ``trials``, at the address that the settings name."""
    ids = [trial.service_id for trial in trials]
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "trial-cds",
            "version": version("trial-cds"),
            "summary": "CDS Hooks service that pre-screens charts for a clinical trial",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": settings.public_url}],
        "paths": {**_cds_hooks(ids), **_health(), **_documents(), **_pages()},
        "components": {
            "schemas": {name: _schema(file, name) for file, name in NAMES.items()},
            "securitySchemes": {
                "clientToken": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "As CDS Hooks defines it; needed once a tenant is configured.",
                }
            },
        },
    }
    return document


def _cds_hooks(ids: list[str]) -> dict[str, Any]:
    service = {"name": "service_id", "in": "path", "required": True, "schema": {"enum": ids}}
    return {
        "/cds-services": {
            "get": _operation(
                "discover", "What the service offers", _answers(_json("discovery"), 400, 401, 503), secured=True
            )
        },
        "/cds-services/{service_id}": {
            "parameters": [service],
            "post": _operation(
                "patientView",
                "Cards for the patient whose chart is opened",
                _answers(_json("response"), 400, 401, 404, 408, 412, 413, 415, 503),
                body="request",
                secured=True,
            ),
        },
        "/cds-services/{service_id}/feedback": {
            "parameters": [service],
            "post": _operation(
                "feedback",
                "What clinicians did with cards",
                _answers(_json("feedback_answer"), 400, 401, 404, 408, 413, 415, 503),
                body="feedback",
                secured=True,
            ),
        },
    }


def _health() -> dict[str, Any]:
    ready = _answers(_json("health"), 400)
    ready["503"] = {"description": "Not ready.", "content": _json("health")}
    numbers = {"text/plain": {"schema": {"type": "string"}}}
    return {
        "/metrics": {"get": _operation("metrics", "Numbers for Prometheus", _answers(numbers, 400, 404))},
        "/health/live": {"get": _operation("live", "Whether the process answers", _answers(_json("health"), 400))},
        "/health/ready": {"get": _operation("ready", "Whether it can serve", ready)},
    }


def _documents() -> dict[str, Any]:
    document = {JSON: {"schema": {"type": "object"}}}
    as_json_or_page = {"name": "format", "in": "query", "schema": {"enum": ["json", "html"]}}
    return {
        "/openapi.json": {"get": _operation("openapi", "This document", _answers(document, 400))},
        "/protocol.json": {"get": _operation("protocolJson", "The trial as it is read", _answers(document, 400))},
        "/protocol": {
            "parameters": [as_json_or_page],
            "get": _operation("protocol", "The same, as a page or JSON", _answers({**_html(), **document}, 400)),
        },
        "/registration/{ehr}": {
            "parameters": [
                {"name": "ehr", "in": "path", "required": True, "schema": {"enum": list(EHRS)}},
                as_json_or_page,
            ],
            "get": _operation("registration", "What to enter in an EHR", _answers({**_html(), **document}, 400, 404)),
        },
    }


def _pages() -> dict[str, Any]:
    asset = {"name": "filename", "in": "path", "required": True, "schema": {"type": "string"}}
    any_file: dict[str, Any] = {"*/*": {"schema": {}}}
    return {
        "/": {"get": _operation("home", "What this is", _answers(_html(), 400))},
        "/assets/{filename}": {
            "parameters": [asset],
            "get": _operation("assets", "Style sheets and scripts of the pages", _answers(any_file, 400, 404)),
        },
    }


# --- parts ---------------------------------------------------------------------------------------------------

_DESCRIPTIONS: Mapping[int, str] = {
    400: "The request is wrong; the sentence says what to change.",
    401: "Not signed in. Nothing more is told; the operator's log says which check failed.",
    404: "There is nothing of that name.",
    408: "The body did not arrive in time.",
    412: "Required data are neither in the prefetch nor to be had from the FHIR server.",
    413: "The body is too large.",
    415: "The body is not JSON, or is compressed.",
    503: "The database is busy or fails: send it again. Or the rules did not pass their own test.",
}


def _operation(
    name: str, summary: str, responses: dict[str, Any], *, body: str | None = None, secured: bool = False
) -> Operation:
    operation: Operation = {"operationId": name, "summary": summary, "responses": responses}
    if body:
        operation["requestBody"] = {"required": True, "content": _json(body)}
    if secured:
        operation["security"] = [{"clientToken": []}, {}]
    return operation


def _answers(content: dict[str, Any], *statuses: int) -> dict[str, Any]:
    """Return the answers: 200 with ``content``, the others with an OperationOutcome, 401 with nothing."""
    outcome = {FHIR_JSON: {"schema": {"$ref": "#/components/schemas/OperationOutcome"}}}
    answers: dict[str, Any] = {"200": {"description": "OK", "content": content}}
    for status in statuses:
        answers[str(status)] = {"description": _DESCRIPTIONS[status], **({} if status == 401 else {"content": outcome})}
    return answers


def _json(file: str) -> dict[str, Any]:
    return {JSON: {"schema": {"$ref": f"#/components/schemas/{NAMES[file]}"}}}


def _html() -> dict[str, Any]:
    return {HTML: {"schema": {"type": "string"}}}


def _schema(file: str, name: str) -> Any:
    """Return a schema as a component: its own definitions are referred to by their place in the document."""
    content = orjson.loads((SCHEMAS / f"{file}.json").read_bytes())
    content.pop("$schema")
    return _moved(content, f"#/components/schemas/{name}")


def _moved(node: Any, base: str) -> Any:
    if isinstance(node, dict):
        return {
            key: base + value[1:] if key == "$ref" and value.startswith("#") else _moved(value, base)
            for key, value in node.items()
        }
    return [_moved(item, base) for item in node] if isinstance(node, list) else node
