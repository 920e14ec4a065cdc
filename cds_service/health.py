"""Answers for load balancers and people on call: is the process alive, and can it serve.

Everybody is told yes or no. What was found is told to this computer, and to whoever shows the token of
`monitoring.token`: it names tenants.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request
from pydantic import SecretStr
from sqlalchemy.exc import SQLAlchemyError

from cds_service.evaluation import Evaluation
from cds_service.logs import log_failure
from cds_service.observability.access import may_look_inside
from cds_service.patient_data.breaker import Breakers
from cds_service.security.key_store import KeysMissing, KeyStore, KeyStores
from cds_service.self_test import SelfTestFailed
from cds_service.stopping import Stopping
from cds_service.storage.database import Database, DatabaseBusy
from cds_service.storage.revisions import WrongRevision
from cds_service.web import json_response
from rules.engine import EvaluationError

_FAILURES = (
    SQLAlchemyError, DatabaseBusy, WrongRevision, SelfTestFailed, EvaluationError, KeysMissing, OSError,
)  # fmt: skip
"""What a check raises when it does not pass."""


@dataclass(frozen=True, slots=True)
class Inside:
    """What health is asked of."""

    database: Database
    evaluations: Sequence[Evaluation]
    keys: KeyStores
    breakers: Breakers
    stopping: Stopping

    def checks(self) -> Mapping[str, Callable[[], object]]:
        """Return what must be well for this process to serve; each raises one of `_FAILURES` when it is not."""
        return {
            "database": self.database.check,
            **({} if self.database.is_postgresql else {"disk": self.database.check_disk}),
            **({"keys": self.keys.check} if len(self.keys) else {}),
            **{f"rules {one.trial.id}": (lambda one=one: one.executor) for one in self.evaluations},  # type: ignore[misc]
        }

    def details(self) -> dict[str, Any]:
        """Return what does not stop this process from serving, and what the rules' test has found."""
        return {
            "rules": {one.trial.id: _self_test(one) for one in self.evaluations},
            "keys": {store.name: _keys(store) for store in self.keys},
            # A FHIR server that is left alone costs its own tenant cards, and the others nothing.
            "fhirServers": {tenant: state.value for tenant, state in sorted(self.breakers.states().items())},
        }


def blueprint(inside: Inside, token: SecretStr | None) -> Blueprint:
    """Return ``/health/live`` and ``/health/ready`` (503 until every check passes, and when the service stops)."""
    routes = Blueprint("health", __name__, url_prefix="/health")
    checks = inside.checks()

    @routes.get("/live")
    def live() -> Response:
        return json_response({"status": "live"}, 200)

    @routes.get("/ready")
    def ready() -> Response:
        if inside.stopping.begun:
            return json_response({"status": "stopping"}, 503)
        results = {name: _passes(name, check) for name, check in checks.items()}
        good = all(results.values())
        answer: dict[str, Any] = {"status": "ready" if good else "not ready"}
        if may_look_inside(request, token):
            answer["checks"] = {name: "ok" if passed else "failed" for name, passed in results.items()}
            answer["details"] = inside.details()
        return json_response(answer, 200 if good else 503)

    return routes


def _passes(name: str, check: Callable[[], object]) -> bool:
    try:
        check()
    except _FAILURES as error:
        log_failure("health check failed", error, check=name)
        return False
    return True


def _self_test(evaluation: Evaluation) -> dict[str, Any]:
    found = evaluation.self_test
    answer = {
        "selfTest": "passed" if found.passed else "failed",
        "testedAt": found.at.isoformat(timespec="seconds"),
        "patients": found.patients,
        "rulesVersion": evaluation.trial.rules_version,
    }
    return answer if found.passed else {**answer, "problem": found.problem}


def _keys(store: KeyStore) -> dict[str, str]:
    read = store.read_at
    return {"state": store.state().value} | ({"readAt": read.isoformat(timespec="seconds")} if read else {})
