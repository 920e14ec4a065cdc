"""An assessment on the spot, of what the caller sends: a patient-view request or a Bundle. Nothing is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from cards import build_cards
from cds_service.assess_files import read_bundle
from cds_service.card_settings import card_settings
from cds_service.cds_hooks.patient_view import PatientView, check_hook, check_token, server_of
from cds_service.cds_hooks.wire import read_context, read_hook
from cds_service.evaluation import Evaluation, trial_settings
from cds_service.patient_data.deadline import Deadline
from cds_service.security.tenants import Tenant
from cds_service.settings import Settings
from rules.assessment import Assessment
from rules.entries import read_record
from rules.record import PatientRecord
from rules.searches import COMPLETE, SEARCHES
from rules.timeline import Series, timelines


@dataclass(frozen=True, slots=True)
class Screened:
    """What a page about one person is made from."""

    assessment: Assessment
    timelines: tuple[Series, ...]


class Screening:
    """Screens for one trial as a tenant's patient-view call does, by the same steps; no card is noted."""

    def __init__(self, evaluation: Evaluation, view: PatientView, settings: Settings, tenant: Tenant) -> None:
        self._evaluation = evaluation
        self._view = view
        self._tenant = tenant
        self._seconds = settings.limits.deadline_seconds
        self._settings = settings
        self._trial = trial_settings(settings, test_system=tenant.test)

    def of_request(self, body: bytes) -> Screened:
        """Screen whom a patient-view request is about; raises `errors.Refused` and EvaluationError."""
        deadline = Deadline(self._seconds)
        request = read_hook(body)
        check_hook(request)
        context = read_context(request)
        check_token(request, context)
        on = self._evaluation.today(self._tenant.zone)
        server = server_of(request, self._tenant)
        return self._screened(self._view.gather(request, context, server, on, deadline, self._tenant).record)

    def of_bundle(self, content: bytes) -> Screened:
        """Screen the one Patient of a Bundle, all of whose resources count as complete searches.

        Raises `cds_service.assess_files.UnusableFile`, `rules.entries.RecordError` and EvaluationError.
        """
        return self._screened(read_record(read_bundle(content), dict.fromkeys(SEARCHES, COMPLETE)))

    def cards(self, assessment: Assessment, tenant: Tenant) -> list[dict[str, Any]]:
        """Return the cards that the assessment gives at ``tenant``, as a call would."""
        settings = card_settings(self._settings, tenant)
        return build_cards(assessment, self._evaluation.trial, settings, new_uuid=lambda: str(uuid4()))

    def _screened(self, record: PatientRecord) -> Screened:
        evaluation, zone = self._evaluation, self._tenant.zone
        on = evaluation.today(zone)
        assessment = evaluation.assess(record, on, zone, self._trial)
        return Screened(assessment, timelines(record, evaluation.trial, on, zone))
