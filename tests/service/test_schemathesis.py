"""Generated calls of every operation of `/openapi.json`: no 5xx, and no answer that the document does not name.

The usual run is short and always the same. A long one: ``make fuzz``, or FUZZ_EXAMPLES=2000. Half of the calls keep
the document, half break it.
"""

from __future__ import annotations

import os

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
from rules.trial import load_trial

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "10"))
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
OPERATIONS = [
    (path, method)
    for path, item in openapi([load_trial("rules.nct01374854")], Settings())["paths"].items()
    for method in item
    if method != "parameters"
]


@pytest.fixture(scope="module")
def schema(app: Flask) -> schemathesis.schemas.BaseSchema:
    return schemathesis.openapi.from_wsgi("/openapi.json", app)


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_generated_calls(schema: schemathesis.schemas.BaseSchema, path: str, method: str) -> None:
    operation = schema[path][method]
    kept, broken = (operation.as_strategy(generation_mode=mode) for mode in GenerationMode)
    cases = kept if method == "get" else st.one_of(kept, broken)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=EXAMPLES < 100,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def call(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=CHECKS)

    call()
