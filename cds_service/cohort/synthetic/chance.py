"""Chance that is the same in every process and every version of Python.

Only ``random()`` is promised to keep its sequence, so everything else is made of it here, and of arithmetic
that every machine does alike.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """A stream of decisions that its name determines."""

    def __init__(self, name: str) -> None:
        self._random = random.Random(name).random  # noqa: S311 - invented people, no secrets

    def happens(self, probability: float) -> bool:
        return self._random() < probability

    def pick(self, options: Sequence[T]) -> T:
        return options[int(self._random() * len(options))]

    def between(self, low: int, high: int) -> int:
        """Return a whole number from ``low`` to ``high``, both included."""
        return low + int(self._random() * (high - low + 1))

    def around(self, mean: float, deviation: float) -> float:
        """Return a number that is nearly normally distributed: never beyond three deviations."""
        draw = self._random
        return mean + (draw() + draw() + draw() - 1.5) * 2 * deviation

    def shuffle(self, items: list[T]) -> None:
        """Shuffle in place."""
        for last in range(len(items) - 1, 0, -1):
            other = int(self._random() * (last + 1))
            items[last], items[other] = items[other], items[last]
