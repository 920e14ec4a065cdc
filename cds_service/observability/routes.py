"""The address of the metrics. For those who may not see them there is nothing."""

from __future__ import annotations

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from cds_service.observability.access import may_look_inside
from cds_service.observability.metrics import CONTENT_TYPE, Metrics
from cds_service.settings import Settings


def blueprint(metrics: Metrics, settings: Settings) -> Blueprint:
    """Return ``GET /metrics``."""
    routes = Blueprint("metrics", __name__)

    @routes.get("/metrics")
    def numbers() -> Response:
        if not may_look_inside(request, settings.monitoring.token):
            raise NotFound
        return Response(metrics.text(), content_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})

    return routes
