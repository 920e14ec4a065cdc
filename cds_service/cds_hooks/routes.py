"""The addresses of CDS Hooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson
from flask import Blueprint, Response, g, request
from sqlalchemy.exc import SQLAlchemyError

from cds_service.cds_hooks import errors
from cds_service.cds_hooks.body import read_body
from cds_service.cds_hooks.discovery import describe_service
from cds_service.cds_hooks.feedback import Recipient, counts, take_feedback
from cds_service.cds_hooks.patient_view import PatientView
from cds_service.logs import log_failure
from cds_service.security.authentication import TellsTenant
from cds_service.security.tenants import Tenant
from cds_service.settings import Settings
from cds_service.storage.database import DatabaseBusy
from cds_service.storage.journal import Journal
from cds_service.web import json_response, note
from rules.trial import Trial


@dataclass(frozen=True, slots=True)
class Service:
    """One CDS service: a trial and what answers for it."""

    trial: Trial
    view: PatientView


DISCOVERY = "/cds-services"


def blueprint(
    services: Mapping[str, Service], journal: Journal, settings: Settings, authenticator: TellsTenant
) -> Blueprint:
    """Return discovery, and the hook and feedback of each service by its id. Who calls is asked before all else."""
    routes = Blueprint("cds_hooks", __name__, url_prefix=DISCOVERY)
    described = [describe_service(service.trial, settings.public_url) for service in services.values()]
    discovery = orjson.dumps({"services": described})

    def find(service_id: str) -> Service:
        if service_id not in services:
            raise errors.unknown_service(", ".join(services))
        return services[service_id]

    def sign_in(path: str) -> Tenant:
        try:
            with g.course.stage("sign-in"):
                tenant = g.tenant = authenticator.tenant_of(request.headers.get("Authorization"), path)
        except (DatabaseBusy, SQLAlchemyError) as error:
            log_failure("token not remembered", error)
            raise errors.sign_in_busy() from None
        note(tenant=tenant.name)
        return tenant

    @routes.get("")
    def discover() -> Response:
        sign_in(DISCOVERY)
        return json_response(discovery)

    @routes.post("/<service_id>")
    def call(service_id: str) -> Response:
        tenant = sign_in(f"{DISCOVERY}/{service_id}")
        service = find(service_id)
        with g.course.stage("body"):
            body = read_body(request, settings.limits.body_bytes)
        answer = service.view.answer(body, tenant, g.request_id, g.course)
        note(service=service_id, **answer.notes)
        return json_response(answer.body)

    @routes.post("/<service_id>/feedback")
    def feedback(service_id: str) -> Response:
        tenant = sign_in(f"{DISCOVERY}/{service_id}/feedback")
        service = find(service_id)
        with g.course.stage("body"):
            body = read_body(request, settings.limits.body_bytes)
        answer = take_feedback(body, Recipient(tenant, service_id, service.view.today(tenant)), journal)
        note(service=service_id, **counts(answer))
        return json_response(answer)

    return routes
