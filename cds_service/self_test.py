"""Whether the rules decide as they should in this process: golden patients are assessed before anybody else is.

A trial folder brings them in ``golden.json`` (made by ``make docs``): charts, a day, and what the verdict and the
status of each criterion must be. What is found is kept; where it is wrong, no card is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.resources import files

import msgspec

from rules.assess import Executor, assess
from rules.criterion import TrialSettings
from rules.engine import EvaluationError
from rules.entries import Entry, read_record
from rules.searches import COMPLETE, SEARCHES
from rules.trial import Trial

FILE = "golden.json"
_AS_DECLARED = TrialSettings(assess_test_patients=True)
"""As the expected statuses were written down: whatever a site has set."""


class SelfTestFailed(RuntimeError):
    """The rules do not decide as declared: nobody may be shown what they say."""


class GoldenPatient(msgspec.Struct, frozen=True):
    """A chart whose every search is complete, and what the rules must make of it."""

    name: str
    on: date
    verdict: str
    statuses: dict[str, str]
    """Criterion -> status."""
    resources: tuple[msgspec.Raw, ...]


@dataclass(frozen=True, slots=True)
class SelfTest:
    """How the test went, and when."""

    at: datetime
    patients: int
    problem: str = ""
    """Which golden patient was decided otherwise, and where; empty when all is well."""

    @property
    def passed(self) -> bool:
        return not self.problem


def golden_patients(package: str) -> tuple[GoldenPatient, ...]:
    """Return the golden patients of a trial folder, such as ``rules.nct01374854``; none if it has no file of them."""
    file = files(package) / FILE
    return msgspec.json.decode(file.read_bytes(), type=tuple[GoldenPatient, ...]) if file.is_file() else ()


def self_test(trial: Trial, executor: Executor, golden: Sequence[GoldenPatient]) -> SelfTest:
    """Assess every golden patient by ``executor``."""
    now = datetime.now(UTC)
    for patient in golden:
        if problem := _problem(patient, trial, executor):
            return SelfTest(now, len(golden), f"{patient.name}: {problem}")
    return SelfTest(now, len(golden))


def _problem(patient: GoldenPatient, trial: Trial, executor: Executor) -> str:
    record = read_record([Entry(raw) for raw in patient.resources], dict.fromkeys(SEARCHES, COMPLETE))
    try:
        found = assess(record, trial, executor, patient.on, UTC, _AS_DECLARED)
    except EvaluationError:
        return "durable_rules gives no complete answer"
    statuses = {result.id: result.status.value for result in found.criteria}
    if wrong := sorted(
        name for name in patient.statuses | statuses if patient.statuses.get(name) != statuses.get(name)
    ):
        return f"{', '.join(wrong)} decided otherwise than expected"
    return "" if found.verdict == patient.verdict else "the verdict is another than expected"
