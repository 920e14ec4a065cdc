"""CPU time of this process, which other programs on the machine hardly change."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def cpu_ms(run: Callable[[], object]) -> float:
    """Return the CPU milliseconds that ``run`` takes, on all threads together."""
    started = time.process_time_ns()
    run()
    return (time.process_time_ns() - started) / 1e6


class Stopwatch:
    """Adds up CPU milliseconds by the name of a stage."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = defaultdict(float)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        started = time.process_time_ns()
        try:
            yield
        finally:
            self.ms[name] += (time.process_time_ns() - started) / 1e6
