"""What the service says of itself to programs: ``/protocol.json`` and ``/openapi.json``."""

from __future__ import annotations

import orjson
from flask import Blueprint, Response

from cds_service.protocol_json import protocol_json
from cds_service.settings import Settings
from cds_service.web import json_response
from rules.trial import Trial


def blueprint(trial: Trial, settings: Settings) -> Blueprint:
    """Return the documents, made once: they change only with the version and the settings."""
    routes = Blueprint("documents", __name__)
    protocol_sheet = orjson.dumps(protocol_json(trial))

    @routes.get("/protocol.json")
    def protocol() -> Response:
        return json_response(protocol_sheet)

    return routes
