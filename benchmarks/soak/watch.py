"""The workers as the system sees them while they are under load."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import NamedTuple

from benchmarks.processes import children, resident_mb, sockets, threads
from tests.support.waiting import soon

_EVERY_SECONDS = 1.0
_SECONDS_TO_FORK = 60.0


class Held(NamedTuple):
    """What the workers hold together."""

    seconds: float
    """Since the watch began."""
    megabytes: float
    threads: int
    sockets: int


class Watch:
    """Looks at the workers of one gunicorn once a second. Use as a context manager."""

    def __init__(self, master: int, workers: int) -> None:
        """Wait until all ``workers`` have been forked; raises `TimeoutError` when they are not in time."""
        self._master = master
        self._began = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.workers = _all_workers(master, workers)
        self.taken: list[Held] = []

    @property
    def same_workers(self) -> bool:
        """True when no worker has died or been replaced."""
        return children(self._master) == self.workers

    def now(self) -> Held:
        """Return what they hold at this moment."""
        return Held(
            time.monotonic() - self._began,
            sum(resident_mb(worker) for worker in self.workers),
            sum(threads(worker) for worker in self.workers),
            sum(sockets(worker) for worker in self.workers),
        )

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(_EVERY_SECONDS) and self.same_workers:
            self.taken.append(self.now())


def _all_workers(master: int, number: int) -> list[int]:
    """Return the workers once there are so many: gunicorn pauses between forks, and the first answers meanwhile."""
    if not soon(lambda: len(children(master)) >= number, _SECONDS_TO_FORK):
        raise TimeoutError(f"{len(children(master))} of {number} workers after {_SECONDS_TO_FORK:.0f} s")
    return children(master)
