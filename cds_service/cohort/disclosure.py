"""What may be told about how many people there are: small counts are hidden, and so is what would give them away.

A count below the smallest cell is shown as "<11". All others are rounded, to fives or more coarsely, so that a hidden
one cannot be worked out from others (complementary suppression): `safe` tries to, from all counts that are shown and
from how they add up, as an attentive reader could. Nought is shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

SMALLEST_CELL = 11
"""What US public bodies use: counts of 1 to 10 people are hidden."""
_STEPS = (5, 10, 20, 50, 100, 200, 500, 1_000)
_FEWEST_POSSIBLE = 3
"""So many counts a hidden one could still be, at least."""

Range = tuple[int, int]
"""The least and the most that a count can be."""


class CannotHideError(ValueError):
    """No rounding hides the small counts."""


@dataclass(frozen=True, slots=True)
class Sum:
    """How counts add up, by their names; unless it is ``exact`` the whole may be larger than its parts together."""

    whole: str
    parts: tuple[str, ...]
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Disclosure:
    """How counts of people are shown; ``smallest`` 1 shows everything exactly."""

    smallest: int = SMALLEST_CELL
    step: int = _STEPS[0]
    """What counts are rounded to."""

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
        rounded = (count + self.step // 2) // self.step * self.step
        # 11 is not shown as 10, which would look like a hidden count.
        return rounded if rounded >= self.smallest else self._lowest_shown

    @property
    def _lowest_shown(self) -> int:
        return -(-self.smallest // self.step) * self.step

    def range(self, count: int) -> Range:
        """Return what counts are shown in the same way."""
        shown = self.value(count)
        if shown is None:
            return 1, self.smallest - 1
        if self.exact or shown == 0:
            return shown, shown
        low = self.smallest if shown == self._lowest_shown else shown - self.step // 2
        return low, shown + (self.step - 1) // 2

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

    def safe(self, counts: Mapping[str, int], sums: Sequence[Sum]) -> Disclosure:
        """Return the finest rounding that gives no hidden count away; raises `CannotHideError` when none does."""
        if self.exact:
            return self
        for step in _STEPS:
            coarser = replace(self, step=step)
            if all(high - low + 1 >= _FEWEST_POSSIBLE for low, high in coarser._worked_out(counts, sums)):
                return coarser
        raise CannotHideError(f"counts below {self.smallest} can be worked out from the others")

    def _worked_out(self, counts: Mapping[str, int], sums: Sequence[Sum]) -> Iterable[Range]:
        """Return what a reader can find out about each hidden count."""
        known = ranges({name: self.range(count) for name, count in counts.items()}, sums)
        return [known[name] for name, count in counts.items() if self.hides(count)]


def ranges(shown: Mapping[str, Range], sums: Iterable[Sum]) -> dict[str, Range]:
    """Return what counts can be, given what each is shown as and how they add up: as narrow as that makes them.

    Raises ValueError when they do not add up.
    """
    known, sums = dict(shown), list(sums)
    narrower = True
    while narrower:
        before = dict(known)
        for one in sums:
            _narrow(known, one)
        narrower = known != before
    return known


def _narrow(known: dict[str, Range], one: Sum) -> None:
    least, most = (sum(known[part][end] for part in one.parts) for end in (0, 1))
    low, high = known[one.whole]
    known[one.whole] = low, high = max(low, least), min(high, most) if one.exact else high
    if low > high:
        raise ValueError(f"{one} does not hold")
    for part in one.parts:
        lowest, highest = known[part]
        others_least, others_most = least - lowest, most - highest
        known[part] = max(lowest, low - others_most) if one.exact else lowest, min(highest, high - others_least)
