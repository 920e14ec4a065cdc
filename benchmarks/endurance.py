"""durable_rules evaluated a hundred thousand times in one process: memory stays flat, the answers right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from benchmarks.people import People
from benchmarks.processes import resident_mb

ALLOWED_MB = 10.0
"""Growth after warm-up. Keeping as little as 120 bytes of each of 90,000 evaluations would exceed it."""


class Sample(NamedTuple):
    """The state of the process after so many evaluations."""

    evaluations: int
    resident_mb: float
    wrong: int
    """Answers so far that differ from those given alone."""


def samples(people: People, evaluations: int, evaluations_a_sample: int) -> list[Sample]:
    """Decide one person's facts after the other's, and sample after each stretch; the first is warm-up."""
    taken, wrong = [], 0
    for done in range(1, evaluations + 1):
        wrong += not people.is_decided_right(done % len(people))
        if done % evaluations_a_sample == 0:
            taken.append(Sample(done, resident_mb(), wrong))
    return taken


def growth(taken: Sequence[Sample]) -> float:
    """Return by how many megabytes the process has ever been larger than after warm-up."""
    return max(sample.resident_mb for sample in taken) - taken[0].resident_mb
