"""A trial ready to be evaluated: loaded once before the workers are forked, its engine made in each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, tzinfo

from cds_service.process import PerProcess
from cds_service.self_test import GoldenPatient, SelfTest, SelfTestFailed, self_test
from cds_service.settings import Settings
from rules.assess import Executor, assess, durable_executor
from rules.assessment import Assessment
from rules.criterion import TrialSettings
from rules.record import PatientRecord
from rules.standard_of_care import OverdueTest, overdue_tests
from rules.trial import Trial


class Evaluation:
    """Assesses records for one trial."""

    def __init__(
        self, trial: Trial, golden: Sequence[GoldenPatient] = (), today: Callable[[], date] | None = None
    ) -> None:
        """``golden`` are the patients by whom the rules are tested; ``today`` replaces the clock in tests."""
        self.trial = trial
        self._today = today
        self._golden = golden
        self._started = PerProcess(self._start)

    def today(self, zone: tzinfo) -> date:
        """Return what day it is in ``zone``."""
        return self._today() if self._today else datetime.now(zone).date()

    @property
    def executor(self) -> Executor:
        """This process's durable_rules; raises `SelfTestFailed` when it did not pass its test."""
        executor, tested = self._started.get()
        if not tested.passed:
            raise SelfTestFailed(tested.problem)
        return executor

    @property
    def self_test(self) -> SelfTest:
        """How the test of this process's durable_rules went, which is made when it is first asked for."""
        return self._started.get()[1]

    def assess(self, record: PatientRecord, on: date, zone: tzinfo, settings: TrialSettings) -> Assessment:
        """Raises `rules.engine.EvaluationError` when the engine gives no complete answer."""
        return assess(record, self.trial, self.executor, on, zone, settings)

    def overdue_tests(
        self, record: PatientRecord, assessment: Assessment, zone: tzinfo, settings: TrialSettings
    ) -> tuple[OverdueTest, ...]:
        """Return the tests of routine care that are overdue on the day of the assessment."""
        decided = {result.id: result for result in assessment.criteria}
        return overdue_tests(record, self.trial, decided, assessment.evaluated_on, zone, settings)

    def _start(self) -> tuple[Executor, SelfTest]:
        executor = durable_executor(self.trial)
        return executor, self_test(self.trial, executor, self._golden)


def trial_settings(settings: Settings, *, test_system: bool = False) -> TrialSettings:
    """Return what of the settings the rules need to know; ``test_system``: its patients are marked as test data."""
    sandbox = settings.sandbox
    test_patients = test_system or sandbox.enabled or sandbox.allow_test_patients
    return TrialSettings(age_policy=settings.age_policy, assess_test_patients=test_patients)
