"""Generated calls of every operation of `/openapi.json`: no 5xx, and no answer that the document does not name.

Each operation is called in the open mode; those that need a token once there is a tenant, also with a fresh good
token for each call, so that it is the operation that answers and not the sign-in.

The usual run is short and always the same. A long one: ``make fuzz``, or FUZZ_EXAMPLES=2000. Half of the calls keep
the document, half break it.
"""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cds_service.openapi import openapi
from cds_service.settings import Settings
from rules.trial_folder import load_trial
from tests.support.fhir import PATIENT
from tests.support.service import SERVICE, candidate, make_app
from tests.support.tokens import PUBLIC_URL, st_luke, st_mary

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "10"))
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
PATHS: dict[str, dict[str, Any]] = openapi([load_trial("rules.nct01374854")], Settings())["paths"]
OPERATIONS = [(path, method) for path, item in PATHS.items() for method in item if method != "parameters"]
SIGNED_IN = [(path, method) for path, method in OPERATIONS if "security" in PATHS[path][method]]
_FUZZ = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES < 100,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def _schema(app: Flask) -> schemathesis.schemas.BaseSchema:
    return schemathesis.openapi.from_wsgi("/openapi.json", app)


@pytest.fixture(scope="module")
def schema(app: Flask) -> schemathesis.schemas.BaseSchema:
    return _schema(app)


@pytest.fixture(scope="module")
def schema_with_tenants(tmp_path_factory: pytest.TempPathFactory) -> Iterator[schemathesis.schemas.BaseSchema]:
    folder = tmp_path_factory.mktemp("tenants")
    app = make_app(folder, public_url=PUBLIC_URL, tenants=(st_mary().tenant(folder), st_luke().tenant(folder)))
    app.extensions["trial_cds_keys"].read_all()
    yield _schema(app)
    app.extensions["trial_cds_keys"].stop()


def _cases(operation: Any) -> st.SearchStrategy[schemathesis.Case]:
    kept, broken = (operation.as_strategy(generation_mode=mode) for mode in GenerationMode)
    return kept if operation.method == "get" else st.one_of(kept, broken)


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_generated_calls(schema: schemathesis.schemas.BaseSchema, path: str, method: str) -> None:
    @_FUZZ
    @given(_cases(schema[path][method]))
    def call(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=CHECKS)

    call()


@pytest.mark.parametrize(("path", "method"), SIGNED_IN)
def test_generated_calls_of_signed_in_clients(
    schema_with_tenants: schemathesis.schemas.BaseSchema, path: str, method: str
) -> None:
    signers = itertools.cycle((st_mary(), st_luke()))
    statuses: Counter[int] = Counter()

    @_FUZZ
    @given(_cases(schema_with_tenants[path][method]), st.booleans())
    def call(case: schemathesis.Case, of_candidate: bool) -> None:
        if of_candidate and path == "/cds-services/{service_id}":
            _be_of_candidate(case)
        # Made-up tokens are test_authentication's business.
        case.headers = {name: value for name, value in case.headers.items() if name.lower() != "authorization"}
        token = next(signers).signing_in(unquote(case.formatted_path))
        response = case.call_and_validate(checks=CHECKS, headers=token)
        statuses[response.status_code] += 1

    call()
    number = sum(statuses.values())
    print(f"{method} {path}: {number} calls, {dict(sorted(statuses.items()))}")
    assert statuses[401] == 0
    assert statuses[200] >= max(1, number // 5)


def _be_of_candidate(case: schemathesis.Case) -> None:
    """Let a call be about a person whose data are there: one that is made up never is."""
    case.path_parameters = {"service_id": SERVICE.rpartition("/")[2]}
    body = case.body
    if isinstance(body, dict) and isinstance(body.get("context"), dict):
        body["context"]["patientId"] = PATIENT
        body["prefetch"] = {**(body["prefetch"] if isinstance(body.get("prefetch"), dict) else {}), **candidate()}
        body.pop("fhirServer", None)
        body.pop("fhirAuthorization", None)
