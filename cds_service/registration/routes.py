"""The addresses of the registration sheets."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, render_template

from cds_service.cds_hooks import errors
from cds_service.registration.ehrs import EHRS
from cds_service.registration.sheet import registration_sheet
from cds_service.settings import Settings
from cds_service.web import json_response, prefers_json
from rules.trial import Trial


def blueprint(trial: Trial, settings: Settings) -> Blueprint:
    """Return ``/registration/<ehr>``: a page, or JSON for ``?format=json`` or who prefers it."""
    routes = Blueprint("registration", __name__, url_prefix="/registration", template_folder="templates")
    sheets: Mapping[str, dict[str, object]] = {
        name: registration_sheet(ehr, trial, settings) for name, ehr in EHRS.items()
    }

    @routes.get("/<ehr>")
    def sheet(ehr: str) -> Response | str:
        if ehr not in sheets:
            raise errors.nothing_here(f"There is a sheet for each of {', '.join(sheets)}.")
        if prefers_json():
            return json_response(sheets[ehr])
        public_url = settings.public_url.rstrip("/")
        return render_template("registration.html", sheet=sheets[ehr], sheets=EHRS, trial=trial, public_url=public_url)

    return routes
