"""What the service says of itself to programs: ``/protocol.json`` and ``/openapi.json``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import orjson
from flask import Blueprint, Response

from cds_service.openapi import openapi
from cds_service.protocol_json import protocol_json
from cds_service.settings import Settings
from cds_service.web import json_response
from rules.trial import Trial


def blueprint(trials: Sequence[Trial], settings: Settings) -> Blueprint:
    """Return the documents, made once each: they change only with the version and the settings.

    The protocol is that of the first trial, as on the pages.
    """
    routes = Blueprint("documents", __name__)

    @cache
    def protocol_sheet() -> bytes:
        """A megabyte that takes a while to make, so not before somebody asks."""
        return orjson.dumps(protocol_json(trials[0]))

    interface = orjson.dumps(openapi(trials, settings))

    @routes.get("/openapi.json")
    def openapi_document() -> Response:
        return json_response(interface)

    @routes.get("/protocol.json")
    def protocol() -> Response:
        return json_response(protocol_sheet())

    return routes
