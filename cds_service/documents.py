"""What the service says of its interface to programs: ``/openapi.json``."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from flask import Blueprint, Response

from cds_service.openapi import openapi
from cds_service.settings import Settings
from cds_service.web import json_response
from rules.trial import Trial


def blueprint(trials: Sequence[Trial], settings: Settings) -> Blueprint:
    """Return the document, made once: it changes only with the version and the settings."""
    routes = Blueprint("documents", __name__)

    interface = orjson.dumps(openapi(trials, settings))

    @routes.get("/openapi.json")
    def openapi_document() -> Response:
        return json_response(interface)

    return routes
