"""The service in a test: an application on a fixed day, and calls as a CDS client makes them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from cds_service.app import create_app
from cds_service.setting_parts import Database
from cds_service.settings import Settings
from tests.support.fhir import C_PEPTIDE, HBA1C, PATIENT, T1DM, T2DM, bundle, condition, observation, patient

TODAY = date(2026, 11, 22)
SERVICE = "/cds-services/t1dm-trial-screening"
FEEDBACK = f"{SERVICE}/feedback"
SCHEMAS = Path(__file__).parents[2] / "cds_service" / "cds_hooks" / "schema"


def make_app(folder: Path, **settings: Any) -> Flask:
    """Return an application whose database lies in ``folder``."""
    database = Database(url=f"sqlite:///{folder / 'service.sqlite'}")
    return create_app(Settings(database=database, **settings), today=lambda: TODAY)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let another program hold the write lock of the database in ``folder``."""
    with closing(sqlite3.connect(folder / "service.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def candidate() -> dict[str, Any]:
    """Prefetch of a person for whom there is a card."""
    return {
        "patient": patient(),
        "problems": bundle(condition(T1DM, "2015-03-01")),
        "diagnoses": bundle(),
        "medications": bundle(),
        "labs": bundle(observation(HBA1C, 8.4, "%", "2026-10-20"), observation(C_PEPTIDE, 0.1, "ng/mL", "2026-10-20")),
        "vitals": bundle(),
        "social": bundle(),
        "encounters": bundle(),
    }


def without_type_1() -> dict[str, Any]:
    """The same person with type 2 diabetes alone: the trial does not apply."""
    return {**candidate(), "problems": bundle(condition(T2DM, "2015-03-01"))}


def call(prefetch: Any = ..., user: str = "Practitioner/1", of: str = PATIENT, **more: Any) -> dict[str, Any]:
    """Return the body of a patient-view call; ``...`` leaves the prefetch out."""
    body = {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": user, "patientId": of},
        **more,
    }
    return body if prefetch is ... else {**body, "prefetch": prefetch}


def post(client: FlaskClient, body: Any, url: str = SERVICE, **more: Any) -> TestResponse:
    """Post ``body`` as JSON, and check what every answer must keep."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = client.post(url, data=content, **{"content_type": "application/json", **more})
    check(response)
    return response


def check(response: TestResponse) -> None:
    """Check an answer to a POST: by schema if it succeeded, as an OperationOutcome if it did not."""
    assert response.headers["X-Request-Id"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    if response.status_code == 200:
        if not response.request.path.endswith("/feedback"):
            valid("response", response.get_json())
        return
    assert response.content_type == "application/fhir+json"
    (issue,) = orjson.loads(response.data)["issue"]
    assert issue["severity"] == "error"
    assert issue["diagnostics"].endswith(".")


def said(response: TestResponse) -> str:
    """Return the sentence of an OperationOutcome."""
    text: str = orjson.loads(response.data)["issue"][0]["diagnostics"]
    return text


def valid(schema: str, content: Any) -> None:
    """Raise jsonschema's ValidationError unless ``content`` keeps the schema of that name."""
    _validator(schema).validate(content)


@cache
def _validator(name: str) -> Draft202012Validator:
    schema = orjson.loads((SCHEMAS / f"{name}.json").read_bytes())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)
