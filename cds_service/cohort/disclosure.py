"""What may be told about how many people there are: small counts are hidden, and so is what would give them away.

A count below the smallest cell is shown as "<11". All others are rounded to fives, so that a hidden one cannot be
worked out from the difference of two that are shown (complementary suppression). Nought is shown.
"""

from __future__ import annotations

from dataclasses import dataclass

SMALLEST_CELL = 11
"""What US public bodies use: counts of 1 to 10 people are hidden."""
_STEP = 5


@dataclass(frozen=True, slots=True)
class Disclosure:
    """How counts of people are shown; ``smallest`` 1 shows everything exactly."""

    smallest: int = SMALLEST_CELL

    @property
    def exact(self) -> bool:
        return self.smallest <= 1

    def hides(self, count: int) -> bool:
        return 0 < count < self.smallest

    def value(self, count: int) -> int | None:
        """Return the count as it may be known: rounded, or None when it is hidden."""
        if self.exact or count == 0:
            return count
        if self.hides(count):
            return None
        rounded = (count + _STEP // 2) // _STEP * _STEP
        # 11 is not shown as 10, which would look like a hidden count.
        return rounded if rounded >= self.smallest else rounded + _STEP

    def text(self, count: int) -> str:
        known = self.value(count)
        return f"<{self.smallest}" if known is None else f"{known:,}"

    def length(self, count: int) -> float:
        """Return what a bar may show: a hidden count is drawn as half the smallest cell."""
        known = self.value(count)
        return self.smallest / 2 if known is None else float(known)

    def percent(self, count: int, of: int) -> str:
        """Return a whole percentage of rounded counts; empty when one is hidden or there is nothing to divide by."""
        part, whole = self.value(count), self.value(of)
        return f"{100 * part / whole:.0f} %" if part is not None and whole else ""
