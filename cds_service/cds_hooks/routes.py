"""The addresses of CDS Hooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson
from flask import Blueprint, Response, request

from cds_service.cds_hooks import errors
from cds_service.cds_hooks.body import read_body
from cds_service.cds_hooks.discovery import describe_service
from cds_service.cds_hooks.feedback import take_feedback
from cds_service.cds_hooks.patient_view import PatientView
from cds_service.settings import Settings
from cds_service.storage.journal import Journal
from cds_service.web import json_response, note
from rules.trial import Trial


@dataclass(frozen=True, slots=True)
class Service:
    """One CDS service: a trial and what answers for it."""

    trial: Trial
    view: PatientView


def blueprint(services: Mapping[str, Service], journal: Journal, settings: Settings) -> Blueprint:
    """Return discovery, and the hook and feedback of each service by its id."""
    routes = Blueprint("cds_hooks", __name__, url_prefix="/cds-services")
    discovery = orjson.dumps({"services": [describe_service(service.trial) for service in services.values()]})

    def find(service_id: str) -> Service:
        if service_id not in services:
            raise errors.unknown_service(", ".join(services))
        return services[service_id]

    @routes.get("")
    def discover() -> Response:
        return json_response(discovery)

    @routes.post("/<service_id>")
    def call(service_id: str) -> Response:
        service = find(service_id)
        answer = service.view.answer(read_body(request, settings.limits.body_bytes))
        note(service=service_id, **answer.notes)
        return json_response(answer.body)

    @routes.post("/<service_id>/feedback")
    def feedback(service_id: str) -> Response:
        find(service_id)
        body = read_body(request, settings.limits.body_bytes)
        answer = take_feedback(body, service_id, journal, settings.feedback.store_free_text)
        note(service=service_id, stored=answer["stored"], refused_entries=len(answer.get("refused", ())))
        return json_response(answer)

    return routes
