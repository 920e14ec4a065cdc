"""The one deadline of a call: every wait and every read ends by it."""

from __future__ import annotations

import time
from collections.abc import Callable


class Deadline:
    """A point in time on the monotonic clock, ``seconds`` from now."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    @property
    def remaining(self) -> float:
        """Seconds left; never negative."""
        return max(0.0, self._end - self._clock())

    @property
    def passed(self) -> bool:
        return self.remaining == 0.0
