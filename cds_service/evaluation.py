"""A trial ready to be evaluated: loaded once before the workers are forked, its engine made in each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo

import orjson

from cds_service.process import PerProcess
from cds_service.settings import Settings
from rules.assess import Executor, assess, durable_executor, reference_executor
from rules.assessment import Assessment
from rules.criterion import TrialSettings
from rules.record import COMPLETE, SEARCHES, Entry, PatientRecord, read_record
from rules.standard_of_care import OverdueTest, overdue_tests
from rules.trial import Trial


class SelfTestFailed(RuntimeError):
    """The rules do not decide as declared: this worker must not serve."""


class Evaluation:
    """Assesses records for one trial."""

    def __init__(self, trial: Trial, settings: Settings, today: Callable[[], date] | None = None) -> None:
        """``today`` replaces the clock in tests."""
        self.trial = trial
        self._site = trial_settings(settings)
        self._today = today
        self._executor = PerProcess(self._start)

    def today(self, zone: tzinfo) -> date:
        """Return what day it is in ``zone``."""
        return self._today() if self._today else datetime.now(zone).date()

    @property
    def executor(self) -> Executor:
        """This process's durable_rules; raises `SelfTestFailed` when it first is made and does not work."""
        return self._executor.get()

    def assess(self, record: PatientRecord, on: date, zone: tzinfo, settings: TrialSettings) -> Assessment:
        """Raises `rules.engine.EvaluationError` when the engine gives no complete answer."""
        return assess(record, self.trial, self.executor, on, zone, settings)

    def overdue_tests(
        self, record: PatientRecord, assessment: Assessment, zone: tzinfo, settings: TrialSettings
    ) -> tuple[OverdueTest, ...]:
        """Return the tests of routine care that are overdue on the day of the assessment."""
        decided = {result.id: result for result in assessment.criteria}
        return overdue_tests(record, self.trial, decided, assessment.evaluated_on, zone, settings)

    def _start(self) -> Executor:
        executor = durable_executor(self.trial)
        reference = reference_executor(self.trial)
        on = self.today(UTC)
        for record in (_sparse_record(), _diabetic_record(on)):
            by_durable, by_reference = (
                assess(record, self.trial, one, on, UTC, self._site) for one in (executor, reference)
            )
            if by_durable != by_reference or len(by_durable.criteria) != len(self.trial.declarations):
                raise SelfTestFailed("durable_rules decides a built-in record otherwise than declared.")
        return executor


def trial_settings(settings: Settings, *, test_system: bool = False) -> TrialSettings:
    """Return what of the settings the rules need to know; ``test_system``: its patients are marked as test data."""
    sandbox = settings.sandbox
    test_patients = test_system or sandbox.enabled or sandbox.allow_test_patients
    return TrialSettings(age_policy=settings.age_policy, assess_test_patients=test_patients)


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
