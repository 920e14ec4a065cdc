"""Prints the budgets and today's figures."""

from __future__ import annotations

from benchmarks.budgets import measure
from benchmarks.service import collect_as_served
from benchmarks.stages import STAGES
from benchmarks.tables import table


def main() -> None:
    collect_as_served()
    rows, by_stage = measure()
    print(
        table(
            ("what", "budget", "measured (median)", "of budget", ""),
            [(row.what, row.budget, row.measured, f"{row.ratio:.0%}", row.verdict) for row in rows],
        )
    )
    print("\nWhere the milliseconds of the first row go:\n")
    print(
        table(
            ("stage", "CPU ms", "what it covers"),
            [(stage, f"{by_stage[stage]:6.2f}", covers) for stage, covers in STAGES.items()],
        )
    )


if __name__ == "__main__":
    main()
