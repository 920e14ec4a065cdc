"""The checklist behind a card: one assessment, printable, computed on the spot from what is sent, never stored.

The page is made from an `Assessment` and its timelines alone, so that it can become a SMART app where an EHR
launches one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Blueprint, render_template, request

from cds_service.assess_files import UnusableFile
from cds_service.assessment_json import described
from cds_service.cds_hooks import errors
from cds_service.pages.forms import read_form
from cds_service.pages.plot import plot
from cds_service.screening import Screened, Screening
from cds_service.web import note
from rules.entries import RecordError
from rules.timeline import Series


def blueprint(screening: Screening, limit: int) -> Blueprint:
    """Return ``POST /checklist``: a form with a patient-view ``request``, or with a ``bundle``."""
    pages = Blueprint("checklist", __name__)

    @pages.post("/checklist")
    def checklist() -> str:
        screened = _screened(screening, read_form(request, limit))
        return render_template("checklist.html", **content(described(screened.assessment), screened.timelines))

    @pages.errorhandler(errors.Refused)
    def refused(error: errors.Refused) -> tuple[str, int]:
        note(refused=error.sentence)
        return render_template("problem.html", sentence=error.sentence), int(error.status)

    return pages


def content(assessment: Mapping[str, Any], timelines: Iterable[Series]) -> dict[str, Any]:
    """Return all that the page is made from: an assessment in the form of `described`, and what is drawn over time."""
    return {"assessment": assessment, "plots": [plot(series) for series in timelines]}


def _screened(screening: Screening, form: Mapping[str, str]) -> Screened:
    """Raises `errors.Refused` with 400 or 412."""
    if form.get("bundle"):
        try:
            return screening.of_bundle(form["bundle"].encode())
        except (UnusableFile, RecordError) as error:
            raise errors.malformed(f"The Bundle cannot be assessed: {error}.") from None
    if form.get("request"):
        return screening.of_request(form["request"].encode())
    raise errors.malformed("Send a patient-view request in the field request, or a Bundle in the field bundle.")
