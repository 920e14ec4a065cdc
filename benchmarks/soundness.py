"""Runs the rules for long: do threads disturb each other, and does memory grow?

``python -m benchmarks.soundness [--quick]``: exit status 1 when an answer differs or memory grows.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

from benchmarks import endurance, threads
from benchmarks.people import People
from benchmarks.tables import table


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is run."""

    people: int
    threads: int
    assessments_a_thread: int
    evaluations: int
    evaluations_a_sample: int


FULL = Extent(people=500, threads=8, assessments_a_thread=1_000, evaluations=100_000, evaluations_a_sample=10_000)
QUICK = Extent(people=30, threads=4, assessments_a_thread=20, evaluations=400, evaluations_a_sample=100)


def run(extent: Extent) -> bool:
    """Run both, print what was found, and return whether all is well."""
    people = People(extent.people)
    wrong = threads.wrong_answers(people, extent.threads, extent.assessments_a_thread)
    asked = extent.threads * extent.assessments_a_thread
    print(f"{extent.threads} threads, {asked:,} assessments, {extent.people} people: {wrong} wrong answers\n")
    samples = endurance.samples(people, extent.evaluations, extent.evaluations_a_sample)
    print(
        table(
            ("evaluations", "resident MB", "wrong answers"),
            [(f"{s.evaluations:11,}", f"{s.resident_mb:11.1f}", f"{s.wrong:13}") for s in samples],
        )
    )
    growth = endurance.growth(samples)
    print(f"\ngrowth after the first row: {growth:.1f} MB, allowed: {endurance.ALLOWED_MB} MB")
    return wrong == 0 and samples[-1].wrong == 0 and growth <= endurance.ALLOWED_MB


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soundness", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few seconds, to see that it works")
    sound = run(QUICK if parser.parse_args(arguments).quick else FULL)
    print("sound" if sound else "NOT SOUND")
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
