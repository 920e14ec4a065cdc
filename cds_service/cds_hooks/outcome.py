"""Errors in the form that FHIR gives them: an OperationOutcome."""

from __future__ import annotations

from functools import cache
from typing import Any

CONTENT_TYPE = "application/fhir+json"


@cache
def _models() -> tuple[Any, Any]:
    """Import the models once; it takes a fifth of a second, which no request should pay (`warm_up`)."""
    from fhir.resources.R4B.operationoutcome import OperationOutcome, OperationOutcomeIssue

    return OperationOutcome, OperationOutcomeIssue


def warm_up() -> None:
    """Import the models now, before the workers are forked."""
    _models()


def operation_outcome(code: str, sentence: str, severity: str = "error") -> bytes:
    """Return an OperationOutcome as JSON; the R4B model refuses anything that is not one."""
    outcome_model, issue_model = _models()
    issue = issue_model(severity=severity, code=code, diagnostics=sentence)
    return outcome_model(issue=[issue]).model_dump_json().encode()  # type: ignore[no-any-return]
