"""The pages as a Flask blueprint. They can be read without a script and load nothing from elsewhere."""

from __future__ import annotations

from functools import cache
from typing import Protocol

import orjson
from flask import Blueprint, Response, current_app, render_template
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

from cds_service.pages import words
from cds_service.protocol_json import protocol_json
from cds_service.protocol_text import number
from cds_service.web import json_response, prefers_json
from rules.trial import Trial


class PageSettings(Protocol):
    """What of the settings the pages show."""

    @property
    def public_url(self) -> str: ...


def blueprint(trial: Trial, settings: PageSettings) -> Blueprint:
    """Return the pages of ``trial``: ``/`` and ``/protocol``, which is JSON for who prefers it."""
    pages = Blueprint("pages", __name__, template_folder="templates", static_folder="static", static_url_path="/assets")
    pages.add_app_template_filter(number, "number")
    for name in words.FILTERS:
        pages.add_app_template_filter(getattr(words, name), name)

    @cache
    def protocol_as_json() -> bytes:
        """A megabyte that takes a while to make, so not before somebody asks."""
        return orjson.dumps(protocol_json(trial))

    @pages.app_context_processor
    def common() -> dict[str, object]:
        return {"trial": trial, "public_url": settings.public_url.rstrip("/"), "page_exists": page_exists}

    @pages.get("/")
    def home() -> str:
        return render_template("home.html", assessed=words.assessed(trial), not_assessed=words.not_assessed(trial))

    @pages.get("/protocol")
    def protocol() -> Response:
        if prefers_json():
            answer = json_response(protocol_as_json())
        else:
            sheet = render_template("protocol.html", parts=words.parts(trial), not_assessed=words.not_assessed(trial))
            answer = Response(sheet, mimetype="text/html")
        answer.vary.add("Accept")
        return answer

    @pages.get("/protocol.json")
    def protocol_json_alone() -> Response:
        return json_response(protocol_as_json())

    return pages


def page_exists(path: str) -> bool:
    """True when this application answers GET at ``path``: pages link only to what is switched on."""
    try:
        current_app.url_map.bind("").match(path)
    except (NotFound, MethodNotAllowed, RequestRedirect):
        return False
    return True
