"""A trial ready to be evaluated: loaded once before the workers are forked, its engine made in each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import orjson

from cds_service.process import PerProcess
from cds_service.settings import Settings
from rules.assess import Executor, assess, durable_executor, reference_executor
from rules.assessment import Assessment
from rules.criterion import TrialSettings
from rules.record import COMPLETE, SEARCHES, Entry, PatientRecord, read_record
from rules.trial import Trial


class SelfTestFailed(RuntimeError):
    """The rules do not decide as declared: this worker must not serve."""


class Evaluation:
    """Assesses records for one trial, on the present day of the site."""

    def __init__(self, trial: Trial, settings: Settings, today: Callable[[], date] | None = None) -> None:
        """``today`` replaces the clock in tests."""
        self.trial = trial
        self.zone = settings.tzinfo
        self.trial_settings = trial_settings(settings)
        self._today = today or (lambda: datetime.now(self.zone).date())
        self._executor = PerProcess(self._start)

    def today(self) -> date:
        return self._today()

    @property
    def executor(self) -> Executor:
        """This process's durable_rules; raises `SelfTestFailed` when it first is made and does not work."""
        return self._executor.get()

    def assess(self, record: PatientRecord, on: date) -> Assessment:
        """Raises `rules.engine.EvaluationError` when the engine gives no complete answer."""
        return assess(record, self.trial, self.executor, on, self.zone, self.trial_settings)

    def _start(self) -> Executor:
        executor = durable_executor(self.trial)
        reference = reference_executor(self.trial)
        on = self.today()
        for record in (_sparse_record(), _diabetic_record(on)):
            by_durable, by_reference = (
                assess(record, self.trial, one, on, self.zone, self.trial_settings) for one in (executor, reference)
            )
            if by_durable != by_reference or len(by_durable.criteria) != len(self.trial.declarations):
                raise SelfTestFailed("durable_rules decides a built-in record otherwise than declared.")
        return executor


def trial_settings(settings: Settings) -> TrialSettings:
    """Return what of the settings the rules need to know."""
    sandbox = settings.sandbox
    return TrialSettings(
        age_policy=settings.age_policy, assess_test_patients=sandbox.enabled or sandbox.allow_test_patients
    )


def _sparse_record() -> PatientRecord:
    """A person of whom nothing but the birth date is known."""
    return _record({"resourceType": "Patient", "id": "self-test-1", "birthDate": "1950"})


def _diabetic_record(on: date) -> PatientRecord:
    """A young adult with one diagnosis and one laboratory result."""
    subject = {"reference": "Patient/self-test-2"}
    active = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]}
    return _record(
        {"resourceType": "Patient", "id": "self-test-2", "birthDate": f"{on.year - 30}-01-01"},
        {
            "resourceType": "Condition", "id": "1", "subject": subject, "clinicalStatus": active,
            "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "E10.9"}]},
            "onsetDateTime": f"{on.year - 10}-01-01",
        },
        {
            "resourceType": "Observation", "id": "2", "subject": subject, "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4"}]},
            "effectiveDateTime": on.isoformat(),
            "valueQuantity": {"value": 8.1, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"},
        },
    )  # fmt: skip


def _record(*resources: dict[str, object]) -> PatientRecord:
    return read_record([Entry(orjson.dumps(resource)) for resource in resources], dict.fromkeys(SEARCHES, COMPLETE))
