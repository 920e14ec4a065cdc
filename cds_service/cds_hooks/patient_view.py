"""The way of one patient-view call, from its bytes to its cards. Each step is one function."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from cards import CardSettings, build_cards
from cds_service.assessment_json import described
from cds_service.card_settings import card_settings
from cds_service.cds_hooks import errors
from cds_service.cds_hooks.wire import Context, HookRequest, read_context, read_hook, trigger_actions
from cds_service.evaluation import Evaluation, trial_settings
from cds_service.logs import log_failure
from cds_service.patient_data.deadline import Deadline
from cds_service.patient_data.fhir_client import FhirClient, FhirServer
from cds_service.patient_data.gather import Gathered, IdentityMismatch, RequiredDataMissing, gather
from cds_service.patient_data.outbound import OutboundError, parse_base_url
from cds_service.patient_data.query_plan import QueryPlan
from cds_service.security.tenants import Tenant
from cds_service.settings import Settings
from cds_service.storage.database import DatabaseBusy
from cds_service.storage.journal import Journal
from rules.assessment import Assessment
from rules.criterion import TrialSettings
from rules.timeline import timelines

HOOK = "patient-view"
EXTENSION = "org.trial-cds.assessment"
"""Name of what is added to the answer in the sandbox only."""

_NOTE_SECONDS = 0.5
"""Longest wait for the database before a card goes out without its note."""
_TOKEN = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of the answer, and what the log may say about it."""

    body: dict[str, Any]
    notes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Agreed:
    """What cards and rules need to know of one tenant."""

    cards: CardSettings
    trial: TrialSettings


class PatientView:
    """Answers patient-view for one trial."""

    def __init__(
        self,
        evaluation: Evaluation,
        settings: Settings,
        tenants: Iterable[Tenant],
        client: FhirClient,
        journal: Journal,
    ) -> None:
        self._evaluation = evaluation
        self._plan = QueryPlan(evaluation.trial)
        self._settings = settings
        self._agreed = {
            tenant.name: _Agreed(card_settings(settings, tenant), trial_settings(settings, test_system=tenant.test))
            for tenant in tenants
        }
        self._client = client
        self._journal = journal

    def answer(self, body: bytes, tenant: Tenant) -> Answer:
        """Return the cards for a call of ``tenant``; raises `errors.Refused` with 400 or 412, and EvaluationError."""
        deadline = Deadline(self._settings.limits.deadline_seconds)
        request = read_hook(body)
        check_hook(request)
        context = read_context(request)
        check_token(request, context)
        if why := why_silent(request, context, tenant):
            return Answer({"cards": []}, {"outcome": why})
        server = server_of(request, tenant)
        on = self._evaluation.today(tenant.zone)
        gathered = self.gather(request, context, server, on, deadline, tenant)
        started = time.perf_counter()
        agreed = self._agreed[tenant.name]
        assessment = self._evaluation.assess(gathered.record, on, tenant.zone, agreed.trial)
        rules_ms = round((time.perf_counter() - started) * 1000, 1)
        shown = self.cards(assessment, agreed.cards)
        self.remember(shown, assessment, deadline)
        return Answer(self.response(shown, assessment, gathered, tenant), _notes(request, gathered, shown, rules_ms))

    def gather(
        self,
        request: HookRequest,
        context: Context,
        server: FhirServer | None,
        on: date,
        deadline: Deadline,
        tenant: Tenant,
    ) -> Gathered:
        """Return the record; raises `errors.Refused` for too little data, and for another person's."""
        try:
            return gather(
                patient_id=context.patient_id,
                prefetch=request.prefetch or {},
                server=server,
                trial=self._evaluation.trial,
                executor=self._evaluation.executor,
                on=on,
                zone=tenant.zone,
                client=self._client,
                deadline=deadline,
                settings=self._agreed[tenant.name].trial,
                plan=self._plan,
            )
        except RequiredDataMissing as missing:
            raise errors.data_missing(
                f"Required data are missing: {', '.join(missing.keys)} ({missing.reason}). "
                "Send them in the prefetch, or a fhirServer that gives them."
            ) from None
        except IdentityMismatch:
            raise errors.malformed(
                "The Patient that arrived is not the one context.patientId names. Send data of one person.",
                "business-rule",
            ) from None

    def cards(self, assessment: Assessment, settings: CardSettings) -> list[dict[str, Any]]:
        return build_cards(assessment, self._evaluation.trial, settings, new_uuid=lambda: str(uuid.uuid4()))

    def remember(self, cards: list[dict[str, Any]], assessment: Assessment, deadline: Deadline) -> None:
        """Note which cards are shown. A database that fails or is busy costs the note, not the card."""
        try:
            for card in cards:
                seconds = min(deadline.remaining, _NOTE_SECONDS)
                self._journal.card_shown(card["uuid"], self._evaluation.trial.service_id, assessment, seconds)
        except (DatabaseBusy, SQLAlchemyError) as error:
            log_failure("card not noted", error)

    def response(
        self, cards: list[dict[str, Any]], assessment: Assessment, gathered: Gathered, tenant: Tenant
    ) -> dict[str, Any]:
        """Return the body of the answer; with the assessment beside the cards in the sandbox."""
        if not self._settings.sandbox.enabled:
            return {"cards": cards}
        return {"cards": cards, "extension": {EXTENSION: self._explanation(assessment, gathered, tenant)}}

    def _explanation(self, assessment: Assessment, gathered: Gathered, tenant: Tenant) -> dict[str, Any]:
        """Return all that led to the answer, for the sandbox."""
        drawn = timelines(gathered.record, self._evaluation.trial, assessment.evaluated_on, tenant.zone)
        return {
            **described(assessment),
            "prefetch": dict(gathered.prefetch_states),
            "searches": [
                {"name": pulled.name, "state": pulled.state, "ms": round(pulled.ms, 1)} for pulled in gathered.searches
            ],
            "timelines": msgspec.to_builtins(drawn),
        }


def check_hook(request: HookRequest) -> None:
    """Raise `errors.Refused` unless the call is of the hook that this service is registered for."""
    if request.hook != HOOK:
        raise errors.malformed(f"This service answers the hook {HOOK} and no other.", "not-supported")


def check_token(request: HookRequest, context: Context) -> None:
    """Raise `errors.Refused` when the token is not one, or was given for another patient."""
    access = request.fhir_authorization
    if access is None:
        return
    if not _TOKEN.fullmatch(access.access_token):
        raise errors.malformed("fhirAuthorization.access_token must be a bearer token.", "value")
    if access.patient and access.patient.removeprefix("Patient/") != context.patient_id:
        raise errors.malformed(
            "fhirAuthorization.patient is not the patient that context.patientId names.", "business-rule"
        )


def why_silent(request: HookRequest, context: Context, tenant: Tenant) -> str | None:
    """Return why this call gives no card whatever the chart holds; None if it may."""
    if not tenant.enabled:
        return "the tenant is switched off"
    if context.user_type in ("Patient", "RelatedPerson"):
        # A note about recruitment is for those who treat the patient.
        return "viewer is not a clinician"
    actions = trigger_actions(request)
    if tenant.trigger_actions and actions and tenant.trigger_actions.isdisjoint(actions):
        return "another action triggered the call"
    return None


def server_of(request: HookRequest, tenant: Tenant) -> FhirServer | None:
    """Return the server to ask for what the prefetch lacks; raises `errors.Refused` if it may not be."""
    if not request.fhir_server or not tenant.reads_servers:
        return None
    try:
        base_url = parse_base_url(request.fhir_server)
    except OutboundError as error:
        raise errors.malformed(f"fhirServer cannot be used: {error}.", "value") from None
    if not tenant.may_call(base_url):
        setting = "fhir_servers of this tenant" if tenant.token else "open.fhir_servers"
        raise errors.malformed(
            "fhirServer is not one that this service may call. Its operator can add the base address to "
            f"the setting {setting}; or leave fhirServer out and send all data in the prefetch.",
            "security",
        )
    token = request.fhir_authorization.access_token if request.fhir_authorization else None
    return FhirServer(base_url, token, tenant.name)


def _notes(request: HookRequest, gathered: Gathered, cards: list[dict[str, Any]], rules_ms: float) -> dict[str, Any]:
    notes: dict[str, Any] = {
        "outcome": "card" if cards else "no card",
        "prefetch": dict(gathered.prefetch_states),
        "searches": {pulled.name: f"{pulled.state} {pulled.ms:.0f} ms" for pulled in gathered.searches},
        "rules_ms": rules_ms,
    }
    if gathered.record.dropped:
        notes["dropped"] = gathered.record.dropped
    if request.fhir_authorization and not request.fhir_server:
        notes["advice"] = "fhirAuthorization came without fhirServer and was not used"
    return notes
