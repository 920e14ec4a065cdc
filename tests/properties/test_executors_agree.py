"""durable_rules and the reference give the same assessment, over people that reach every status."""

from __future__ import annotations

from collections import Counter
from datetime import UTC

import pytest

from rules.assess import Executor, assess, decide
from rules.criterion import TrialSettings
from rules.trial import NOT_ASSESSED, Trial
from tests.properties.people import aim, person

PEOPLE = 4000
AT_LEAST = 20
PARTS = 8


@pytest.mark.parametrize("part", range(PARTS))
def test_same_answer(part: int, trial: Trial, durable: Executor, reference: Executor) -> None:
    for seed in range(part, PEOPLE, PARTS):
        someone = person(seed)
        record = someone.record()
        expected = assess(record, trial, reference, someone.on, UTC)
        assert assess(record, trial, durable, someone.on, UTC) == expected, f"person {seed}"


def test_every_status_is_reached(trial: Trial, reference: Executor) -> None:
    reached: Counter[tuple[str, str]] = Counter()
    for seed in range(PEOPLE):
        someone = person(seed)
        # The criterion the person is made for and some others by turns: a lower bound of what is reached.
        aimed_at = [trial.declaration(name) for name in sorted({aim(seed + step) for step in range(0, 120, 8)})]
        for result in decide(someone.record(), trial, reference, aimed_at, someone.on, UTC, TrialSettings()):
            reached[result.id, result.status.value] += 1
    possible = {
        (name, rule.status.value)
        for name, evaluable in trial.evaluables.items()
        if evaluable is not NOT_ASSESSED
        for rule in evaluable.rules
    }
    rare = {pair: reached[pair] for pair in possible if reached[pair] < AT_LEAST}
    assert not rare, f"too few people reach these statuses: {rare}"
