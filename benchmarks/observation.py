"""What counting costs a request: ``python -m benchmarks.observation``.

One call that pulled everything is counted again and again, as a worker of several does it (numbers in shared files).
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, date
from statistics import median

from cds_service.cds_hooks.account import Account
from cds_service.observability.course import STAGES, Course, SearchStep, Step
from cds_service.observability.metrics import Metrics, Seen
from cds_service.observability.workers import WorkerMetrics
from cds_service.patient_data.query_plan import PREFETCH, TYPES
from cds_service.self_test import golden_patients
from cds_service.storage.journal import Outcome, Parties
from rules.assess import assess, reference_executor
from rules.criterion import TrialSettings
from rules.entries import Entry, read_record
from rules.searches import COMPLETE, SEARCHES
from rules.trial import Trial
from rules.trial_folder import load_trial

TRIAL = "rules.nct01374854"
_ROUNDS, _CALLS = 7, 2_000


def main() -> int:
    trial = load_trial(TRIAL)
    shared = WorkerMetrics()
    try:
        metrics = Metrics([trial], threads=8)
        for name, course in (("from the prefetch", course_of(trial, "absent", ())), ("pulled", _pulled(trial))):
            print(f"a call {name}: {cost(metrics, course):.0f} µs")
    finally:
        shared.end()
    return 0


def cost(metrics: Metrics, course: Course) -> float:
    """Return microseconds of CPU for all that is counted of one request, the median of some rounds."""
    seen = Seen("patient-view", "t1dm-trial-screening", "open", 200)
    rounds = []
    for _ in range(_ROUNDS):
        began = time.process_time()
        for _ in range(_CALLS):
            metrics.arrives()
            metrics.request(seen, course, course.began + 0.05)
            metrics.leaves()
        rounds.append((time.process_time() - began) / _CALLS * 1e6)
    return median(rounds)


def course_of(trial: Trial, prefetch: str, searches: tuple[str, ...]) -> Course:
    """Return the course of a call about a person of whom much is not known, with a card."""
    course = Course()
    course.stages += [Step(name, course.began, course.began + 0.002) for name in STAGES]
    course.searches += [SearchStep(name, "complete", course.began, course.began + 0.02) for name in searches]
    course.prefetch = dict.fromkeys(PREFETCH, prefetch)
    course.account = Account(Parties("open", "t1dm-trial-screening"), "r", date(2026, 6, 15), trial.rules_version)
    course.account.ends(Outcome.CARD)
    patient = next(one for one in golden_patients(TRIAL) if one.verdict == "insufficient-data")
    record = read_record([Entry(raw) for raw in patient.resources], dict.fromkeys(SEARCHES, COMPLETE))
    settings = TrialSettings(assess_test_patients=True)
    course.account.assessment = assess(record, trial, reference_executor(trial), patient.on, UTC, settings)
    return course


def _pulled(trial: Trial) -> Course:
    return course_of(trial, "absent", tuple(TYPES))


if __name__ == "__main__":
    sys.exit(main())
