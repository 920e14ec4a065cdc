"""Answers for load balancers and people on call: is the process alive, and can it serve."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from flask import Blueprint, Response
from sqlalchemy.exc import SQLAlchemyError

from cds_service.evaluation import Evaluation, SelfTestFailed
from cds_service.logs import log_failure
from cds_service.security.key_store import KeysMissing, KeyStores
from cds_service.stopping import Stopping
from cds_service.storage.database import Database, DatabaseBusy
from cds_service.web import json_response
from rules.engine import EvaluationError


def blueprint(database: Database, evaluations: Iterable[Evaluation], keys: KeyStores, stopping: Stopping) -> Blueprint:
    """Return ``/health/live`` and ``/health/ready`` (503 until every check passes, and when the service stops)."""
    routes = Blueprint("health", __name__, url_prefix="/health")
    checks: Mapping[str, Callable[[], object]] = {
        "database": database.check,
        **({"keys": keys.check} if len(keys) else {}),
        **{f"rules {one.trial.id}": (lambda one=one: one.executor) for one in evaluations},  # type: ignore[misc]
    }

    @routes.get("/live")
    def live() -> Response:
        return json_response({"status": "live"}, 200)

    @routes.get("/ready")
    def ready() -> Response:
        if stopping.begun:
            return json_response({"status": "stopping", "checks": {}}, 503)
        results = {name: _passes(name, check) for name, check in checks.items()}
        good = all(results.values())
        words = {name: "ok" if passed else "failed" for name, passed in results.items()}
        return json_response({"status": "ready" if good else "not ready", "checks": words}, 200 if good else 503)

    return routes


def _passes(name: str, check: Callable[[], object]) -> bool:
    try:
        check()
    except (SQLAlchemyError, DatabaseBusy, SelfTestFailed, EvaluationError, KeysMissing, OSError) as error:
        log_failure("health check failed", error, check=name)
        return False
    return True
