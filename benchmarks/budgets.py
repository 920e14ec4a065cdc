"""All rows of the table of budgets, in the design's order."""

from __future__ import annotations

from benchmarks import durable_part, prefetch_request, pulled_request, stages, without_diabetes
from benchmarks.row import Row


def measure(*, quick: bool = False) -> tuple[list[Row], dict[str, float]]:
    """Return the rows, and the milliseconds of row 1 by stage; ``quick`` proves only that it all works."""
    rounds = {"rounds": 2} if quick else {}
    by_stage = stages.measure(**rounds)
    rows = [
        prefetch_request.measure(**rounds),
        durable_part.row(by_stage),
        pulled_request.measure(**rounds),
        without_diabetes.measure(),
    ]
    return rows, by_stage
