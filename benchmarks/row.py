"""What a measurement comes to: one line of the table of budgets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """A budget of the design, and today's figure."""

    what: str
    budget: str
    measured: str
    ratio: float
    """Measured divided by what is allowed: at most 1 is within the budget."""
    not_shown: str = ""
    """The part of the budget that this run was too short to look at."""

    @property
    def verdict(self) -> str:
        if self.ratio > 1:
            return "over"
        return f"{self.not_shown}: not shown" if self.not_shown else "ok"
