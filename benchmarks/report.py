"""All that one run measures, and its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from benchmarks.growth import Cost
from benchmarks.load import Load
from benchmarks.row import Row
from benchmarks.stages import STAGES


class Table(NamedTuple):
    """Rows of text under a head."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Measured:
    """The figures of one run."""

    rows: Sequence[Row]
    by_stage: Mapping[str, float]
    floor: Mapping[str, float]
    clients: Mapping[int, Load]
    by_results: Mapping[int, Cost]
    by_criteria: Mapping[int, float]

    def tables(self) -> dict[str, Table]:
        """Return each table by the name of its place in the document."""
        return {
            "budgets": Table(
                "The budgets",
                ("what", "budget", "measured (median)", "of budget", ""),
                [(row.what, row.budget, row.measured, f"{row.ratio:.0%}", row.verdict) for row in self.rows],
            ),
            "stages": Table(
                "Where the milliseconds of the first row go",
                ("stage", "CPU ms", "what it covers"),
                [(stage, f"{self.by_stage[stage]:.2f}", covers) for stage, covers in STAGES.items()],
            ),
            "floor": Table(
                "The floor",
                ("what", "CPU ms"),
                [(what, f"{ms:.2f}") for what, ms in self.floor.items()],
            ),
            "clients": Table(
                "Clients at once",
                ("clients", "calls a second", "median ms", "p95 ms", "p99 ms"),
                [
                    (str(n), f"{one.a_second:.0f}", f"{one.p50_ms:.0f}", f"{one.p95_ms:.0f}", f"{one.p99_ms:.0f}")
                    for n, one in self.clients.items()
                ],
            ),
            "results": Table(
                "Growth with the chart",
                ("Observations", "body kB", "service CPU ms", "echo CPU ms", "ratio"),
                [
                    (f"{n:,}", f"{c.kilobytes:,.0f}", f"{c.ours:.1f}", f"{c.echo:.1f}", f"{c.ours / c.echo:.1f} x")
                    for n, c in self.by_results.items()
                ],
            ),
            "criteria": Table(
                "Growth with the criteria",
                ("criteria", "assessment CPU ms"),
                [(str(n), f"{ms:.2f}") for n, ms in self.by_criteria.items()],
            ),
        }
