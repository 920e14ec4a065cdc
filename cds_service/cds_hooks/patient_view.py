"""The way of one patient-view call, from its bytes to its cards. Each step is one function."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from cards import CardSettings, build_cards
from cds_service import filters
from cds_service.assessment_json import described
from cds_service.card_settings import card_settings
from cds_service.cds_hooks import errors
from cds_service.cds_hooks.account import Account
from cds_service.cds_hooks.earlier_cards import EarlierCards
from cds_service.cds_hooks.wire import Context, HookRequest, read_context, read_hook, trigger_actions
from cds_service.evaluation import Evaluation, trial_settings
from cds_service.logs import log_failure
from cds_service.observability.course import Course
from cds_service.patient_data.deadline import Deadline
from cds_service.patient_data.fhir_client import FhirClient, FhirServer
from cds_service.patient_data.gather import Gathered, IdentityMismatch, RequiredDataMissing, gather
from cds_service.patient_data.outbound import OutboundError, parse_base_url
from cds_service.patient_data.query_plan import QueryPlan
from cds_service.pauses import pauses
from cds_service.security.tenants import Tenant
from cds_service.settings import Settings
from cds_service.storage.database import DatabaseBusy
from cds_service.storage.journal import NO_ATTESTATION, Journal, Outcome, Parties
from cds_service.storage.pseudonyms import Pseudonyms
from cds_service.storage.switches import KillSwitch
from cds_service.suppression import History, Pauses, Present, suppressed_by
from rules.assessment import Assessment
from rules.criterion import TrialSettings
from rules.record import PatientRecord
from rules.timeline import timelines

HOOK = "patient-view"
EXTENSION = "org.trial-cds.assessment"
"""Name of what is added to the answer in the sandbox only."""

_NOTE_SECONDS = 0.5
"""Longest wait for the database before a card goes out without its note."""
_LEAST_NOTE_SECONDS = 0.1
"""Time for the note although the deadline of the data has passed."""
_STRIPPED = (
    " This call came with neither. Epic leaves both out when the address called is not exactly the one registered "
    "with the client id: compare the two."
)
_TOKEN = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of the answer, and what the log may say about it."""

    body: dict[str, Any]
    notes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Agreed:
    """What was agreed with one tenant, in the form in which cards, rules and pauses know it."""

    cards: CardSettings
    trial: TrialSettings
    pauses: Pauses | None
    """None when nothing that was answered or shown before keeps a card away."""


class _Filtered(Exception):
    """What the EHR sent along is enough to know that there is to be no card."""

    def __init__(self, cause: str) -> None:
        self.cause = cause
        super().__init__(cause)


class PatientView:
    """Answers patient-view for one trial."""

    def __init__(
        self,
        evaluation: Evaluation,
        settings: Settings,
        tenants: Iterable[Tenant],
        client: FhirClient,
        journal: Journal,
        pseudonyms: Pseudonyms,
        kill_switch: KillSwitch,
    ) -> None:
        self._evaluation = evaluation
        self._plans = {orders: QueryPlan(evaluation.trial, orders=orders) for orders in (False, True)}
        self._settings = settings
        self._agreed = {
            tenant.name: _Agreed(
                card_settings(settings, tenant),
                trial_settings(settings, test_system=tenant.test),
                pauses(tenant.fatigue) if tenant.fatigue.enabled else None,
            )
            for tenant in tenants
        }
        self._client = client
        self._journal = journal
        self._pseudonyms = pseudonyms
        self._kill_switch = kill_switch

    def answer(self, body: bytes, tenant: Tenant, request_id: str, course: Course | None = None) -> Answer:
        """Return the cards for a call of ``tenant``; raises `errors.Refused` with 400 or 412, and EvaluationError.

        However the call ends, it is noted, and told to ``course``.
        """
        deadline = Deadline(self._settings.limits.deadline_seconds)
        trial = self._evaluation.trial
        parties = Parties(tenant.name, trial.service_id)
        account = Account(parties, request_id, self.today(tenant), trial.rules_version, course=course or Course())
        account.course.account = account
        try:
            return self._answer(body, tenant, deadline, account)
        except errors.Refused as refused:
            account.ends(Outcome.REFUSED, str(int(refused.status)))
            raise
        finally:
            with account.course.stage("note"):
                self.remember(account, deadline)

    def _answer(self, body: bytes, tenant: Tenant, deadline: Deadline, account: Account) -> Answer:
        request = read_hook(body)
        check_hook(request)
        context = read_context(request)
        account.parties = self.parties(context, tenant)
        check_token(request, context)
        if cause := self.why_silent(request, context, tenant):
            return _filtered(account, cause)
        server = server_of(request, tenant, account.request_id)
        agreed = self._agreed[tenant.name]
        earlier = EarlierCards(self._journal, account.parties)
        beside = earlier.look_up if agreed.pauses else None
        try:
            gathered = self.gather(request, context, server, account.day, deadline, tenant, beside, account.course)
        except _Filtered as filtered:
            return _filtered(account, filtered.cause)
        record = gathered.record
        started = time.perf_counter()
        with account.course.stage("rules"):
            assessment = self._evaluation.assess(record, account.day, tenant.zone, agreed.trial)
        rules_ms = round((time.perf_counter() - started) * 1000, 1)
        account.assessment = assessment
        resources = (record.patient, *record.encounters)
        if cause := filters.of_chart(resources, context.encounter, account.day, tenant.filters):
            account.ends(Outcome.FILTERED, cause)
            shown = []
        else:
            present = Present(assessment, self._plans[False].unread(record))
            shown = self.cards(present, record, context, account, earlier, tenant)
        return Answer(
            self.response(shown, assessment, gathered, tenant, account), _notes(request, gathered, account, rules_ms)
        )

    def why_silent(self, request: HookRequest, context: Context, tenant: Tenant) -> str | None:
        """Return why this call gives no card whatever the chart holds; None if it may."""
        if not tenant.enabled:
            return filters.TENANT_OFF
        if self._kill_switch.is_off(tenant.name):
            return filters.SWITCHED_OFF
        if cause := filters.of_user(context.user_type, tenant.filters):
            return cause
        actions = trigger_actions(request)
        if tenant.trigger_actions and actions and tenant.trigger_actions.isdisjoint(actions):
            return filters.TRIGGER_ACTION
        return None

    def today(self, tenant: Tenant) -> date:
        """Return what day it is at the tenant's site."""
        return self._evaluation.today(tenant.zone)

    def parties(self, context: Context, tenant: Tenant) -> Parties:
        """Return whom the call is about and who makes it, unrecognisable."""
        patient = self._pseudonyms.patient(tenant.name, context.patient_id)
        user = self._pseudonyms.user(tenant.name, context.user)
        return Parties(tenant.name, self._evaluation.trial.service_id, patient, user)

    def gather(
        self,
        request: HookRequest,
        context: Context,
        server: FhirServer | None,
        on: date,
        deadline: Deadline,
        tenant: Tenant,
        beside: Callable[[], None] | None = None,
        course: Course | None = None,
    ) -> Gathered:
        """Return the record; raises `errors.Refused` for too little data, and for another person's.

        ``beside`` begins what can be done while more is pulled for a person to whom the trial may apply. Raises
        `_Filtered` before anything is fetched, when that is known to be in vain.
        """

        def look(sent: Iterable[Any]) -> None:
            if cause := filters.of_chart(sent, context.encounter, on, tenant.filters):
                raise _Filtered(cause)

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
                plan=self._plans[self._agreed[tenant.name].cards.allows_suggestions(on)],
                beside=beside,
                # The sandbox shows the assessment whether there is a card or not.
                look=None if self._settings.sandbox.enabled else look,
                course=course,
            )
        except RequiredDataMissing as missing:
            stripped = "" if request.prefetch or request.fhir_server else _STRIPPED
            raise errors.data_missing(
                f"Required data are missing: {', '.join(missing.keys)} ({missing.reason}). "
                f"Send them in the prefetch, or a fhirServer that gives them.{stripped}"
            ) from None
        except IdentityMismatch:
            raise errors.malformed(
                "The Patient that arrived is not the one context.patientId names. Send data of one person.",
                "business-rule",
            ) from None

    def cards(
        self,
        present: Present,
        record: PatientRecord,
        context: Context,
        account: Account,
        earlier: EarlierCards,
        tenant: Tenant,
    ) -> list[dict[str, Any]]:
        """Return the cards, none while an earlier answer or showing keeps them away; put it into the account.

        None either when the tenant has been switched off since the call began.
        """
        agreed, assessment = self._agreed[tenant.name], present.assessment
        if not agreed.cards.allows_card(assessment.verdict, assessment.evaluated_on):
            shown = assessment.verdict in agreed.cards.show
            account.ends(Outcome.NO_CARD, NO_ATTESTATION if shown else assessment.verdict.value)
            return []
        with account.course.stage("history"):
            history = earlier.known() if agreed.pauses else History()
        if history and agreed.pauses and (cause := suppressed_by(history, present, account.day, agreed.pauses)):
            account.ends(Outcome.SUPPRESSED, cause)
            return []
        if self._kill_switch.is_off(tenant.name):  # meanwhile: the data may have taken seconds to come
            account.ends(Outcome.FILTERED, filters.SWITCHED_OFF)
            return []
        suggesting = agreed.cards.allows_suggestions(assessment.evaluated_on)
        with account.course.stage("cards"):
            overdue = (
                self._evaluation.overdue_tests(record, assessment, tenant.zone, agreed.trial) if suggesting else ()
            )
            cards = build_cards(
                assessment,
                self._evaluation.trial,
                agreed.cards,
                new_uuid=lambda: str(uuid.uuid4()),
                overdue=overdue,
                encounter=context.encounter,
            )
        account.ends(Outcome.CARD, None if history else "history-not-available")
        account.card = cards[0]["uuid"]
        return cards

    def remember(self, account: Account, deadline: Deadline) -> None:
        """Note how the call ended. A database that fails or is busy costs the note, not the answer."""
        seconds = min(max(deadline.remaining, _LEAST_NOTE_SECONDS), _NOTE_SECONDS)
        try:
            self._journal.note(account.call(), seconds)
        except (DatabaseBusy, SQLAlchemyError) as error:
            log_failure("call not noted", error)

    def response(
        self,
        cards: list[dict[str, Any]],
        assessment: Assessment,
        gathered: Gathered,
        tenant: Tenant,
        account: Account,
    ) -> dict[str, Any]:
        """Return the body of the answer; with the assessment beside the cards in the sandbox."""
        if not self._settings.sandbox.enabled:
            return {"cards": cards}
        return {
            "cards": cards,
            "extension": {EXTENSION: self._explanation(assessment, gathered, tenant) | _ending(account)},
        }

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


def server_of(request: HookRequest, tenant: Tenant, request_id: str | None = None) -> FhirServer | None:
    """Return the server to ask for what the prefetch lacks; raises `errors.Refused` if it may not be.

    ``request_id`` is told to that server.
    """
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
    return FhirServer(base_url, token, tenant.name, request_id)


def _filtered(account: Account, cause: str) -> Answer:
    account.ends(Outcome.FILTERED, cause)
    return Answer({"cards": []}, _ending(account))


def _ending(account: Account) -> dict[str, Any]:
    return {"outcome": account.outcome.value} | ({"cause": account.cause} if account.cause else {})


def _notes(request: HookRequest, gathered: Gathered, account: Account, rules_ms: float) -> dict[str, Any]:
    notes: dict[str, Any] = {
        **_ending(account),
        "prefetch": dict(gathered.prefetch_states),
        "searches": {pulled.name: f"{pulled.state} {pulled.ms:.0f} ms" for pulled in gathered.searches},
        "rules_ms": rules_ms,
    }
    if gathered.record.dropped:
        notes["dropped"] = gathered.record.dropped
    if request.fhir_authorization and not request.fhir_server:
        notes["advice"] = "fhirAuthorization came without fhirServer and was not used"
    return notes
