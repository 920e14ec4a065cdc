"""Writes down what the rules make of some of the sandbox's patients: the service tests itself by them at start.

That each has the verdict that was worked out for it by hand is tested; the statuses are those of the criteria's
tables, so a change of them is seen in the file.
"""

from __future__ import annotations

from datetime import UTC, date
from pathlib import Path
from typing import Any

import orjson

from cds_service.sandbox.patients import ALL, SyntheticPatient
from cds_service.self_test import FILE
from rules.assess import assess, reference_executor
from rules.criterion import TrialSettings
from rules.entries import Entry, read_record
from rules.searches import COMPLETE, SEARCHES
from rules.trial_folder import load_trial

TRIAL = "rules.nct01374854"
PATH = Path(__file__).parents[1].joinpath(*TRIAL.split("."), FILE)
ON = date(2026, 6, 15)


def chosen() -> list[SyntheticPatient]:
    """Return the first patient of each verdict, in the order of the demo."""
    first: dict[str, SyntheticPatient] = {}
    for patient in ALL:
        first.setdefault(patient.expected_verdict, patient)
    return list(first.values())


def document() -> str:
    """Return the golden patients as JSON, one a line."""
    trial = load_trial(TRIAL)
    executor = reference_executor(trial)
    lines = []
    for patient in chosen():
        resources: list[Any] = [orjson.loads(one.model_dump_json()) for one in patient.build(ON)]
        entries = [Entry(orjson.dumps(resource)) for resource in resources]
        record = read_record(entries, dict.fromkeys(SEARCHES, COMPLETE))
        found = assess(record, trial, executor, ON, UTC, TrialSettings(assess_test_patients=True))
        golden = {
            "name": patient.id,
            "on": ON.isoformat(),
            "verdict": found.verdict.value,
            "statuses": {result.id: result.status.value for result in found.criteria},
            "resources": resources,
        }
        lines.append(orjson.dumps(golden).decode())
    return "[\n" + ",\n".join(lines) + "\n]\n"
