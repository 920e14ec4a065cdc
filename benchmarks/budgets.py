"""Everything that `make bench` measures; the rows of the table of budgets in the design's order."""

from __future__ import annotations

from benchmarks import (
    cohort,
    cold_start,
    concurrency,
    durable_part,
    floor,
    growth,
    memory,
    prefetch_request,
    pulled_request,
    stages,
    without_diabetes,
)
from benchmarks.report import Measured


def measure(*, quick: bool = False, memory_samples: list[memory.Sample] | None = None) -> Measured:
    """Measure all; ``quick`` proves only that it all works. ``memory_samples`` are those of a run made before."""
    rounds = {"rounds": 2} if quick else {}
    by_stage = stages.measure(**rounds)
    rows = [
        prefetch_request.measure(**rounds),
        durable_part.row(by_stage),
        *pulled_request.measure(**rounds),
        without_diabetes.measure(),
        memory.row(memory_samples or memory.samples(2 * memory.SAMPLES if quick else memory.SHORT)),
        cold_start.measure(1 if quick else 5),
        cohort.measure(**rounds),
    ]
    return Measured(
        rows,
        by_stage,
        floor.measure(**rounds),
        concurrency.measure(*(4, 2) if quick else ()),
        growth.by_results(*(1, growth.RESULTS[:2]) if quick else ()),
        growth.by_criteria(*(1, growth.CRITERIA[:2]) if quick else ()),
    )
