"""The pages as a Flask blueprint. They need no script and load nothing from elsewhere."""

from __future__ import annotations

from typing import Protocol

from flask import Blueprint, render_template

from cds_service.pages import words
from cds_service.protocol_text import number
from rules.trial import Trial


class PageSettings(Protocol):
    """What of the settings the pages show."""

    @property
    def public_url(self) -> str: ...


def blueprint(trial: Trial, settings: PageSettings) -> Blueprint:
    """Return the pages of ``trial``: ``/`` and ``/protocol``."""
    pages = Blueprint("pages", __name__, template_folder="templates", static_folder="static", static_url_path="/assets")
    pages.add_app_template_filter(number, "number")
    pages.add_app_template_filter(words.system, "system")
    pages.add_app_template_filter(words.match, "match")
    pages.add_app_template_filter(words.blanks, "blanks")
    pages.add_app_template_filter(words.month, "month")

    @pages.context_processor
    def common() -> dict[str, object]:
        return {"trial": trial, "public_url": settings.public_url.rstrip("/")}

    @pages.get("/")
    def home() -> str:
        return render_template("home.html", assessed=words.assessed(trial), not_assessed=words.not_assessed(trial))

    @pages.get("/protocol")
    def protocol() -> str:
        return render_template("protocol.html", parts=words.parts(trial), not_assessed=words.not_assessed(trial))

    return pages
