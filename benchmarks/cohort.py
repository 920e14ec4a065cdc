"""Row 7: what one person costs `trial-cds screen`, from bytes to a line of the results."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

import orjson

from benchmarks.bodies import TODAY, Json, prefetch
from benchmarks.clock import cpu_ms
from benchmarks.row import Row
from cds_service.cohort.screener import Outcome, Person, Screener, Terms
from rules.entries import Entry

ALLOWED_MS = 2.5
RESOURCES = 200
PEOPLE = 40
"""Different people, so that nothing is measured that was worked out for the one before."""
_NOT_RESULTS = 8
"""Resources of a chart that are no results."""
_TERMS = Terms(
    trial="rules.nct01374854", rules_version="", on=TODAY, zone="UTC", age_policy="flag",
    assess_test_patients=False, name_sensitive=False,
)  # fmt: skip


def measure(rounds: int = 10) -> Row:
    """Measure the CPU of the process that screens; grouping by patient comes before, once for all."""
    people = [_person(seed) for seed in range(PEOPLE)]
    screener, outcome = Screener(_TERMS), Outcome()
    times = [cpu_ms(lambda: screener.screen(person, outcome)) for _ in range(rounds) for person in people]  # noqa: B023
    if outcome.not_assessed or len(outcome.candidates) != len(times):
        raise RuntimeError("somebody was not assessed, or is no candidate: a shorter way would flatter the engine")
    ms = median(times)
    return Row(
        f"cohort, local engine, a patient of {RESOURCES} resources: CPU",
        f"<= {ALLOWED_MS} ms",
        f"{ms:.2f} ms",
        ms / ALLOWED_MS,
    )


def _person(seed: int) -> Person:
    resources = list(_resources(prefetch(results=RESOURCES - _NOT_RESULTS, seed=seed)))
    assert len(resources) == RESOURCES
    return Person(str(seed), [Entry(orjson.dumps(resource)) for resource in resources])


def _resources(sent: Json) -> Iterator[Json]:
    for value in sent.values():
        if value["resourceType"] == "Bundle":
            yield from (entry["resource"] for entry in value["entry"])
        else:
            yield value
