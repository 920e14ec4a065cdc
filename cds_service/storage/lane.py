"""Threads that work with the database, so that whoever waits for them can stop waiting.

A database that hangs (a frozen server, a stalled disk, a network that swallows packets) holds its own threads,
and costs a caller no more than the time it gave.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

T = TypeVar("T")
OnError = Callable[[Exception], None]


class DatabaseBusy(RuntimeError):
    """The database did not do the work in the time there was."""


class Pending(Generic[T]):
    """Work that a lane does while its caller does something else."""

    def __init__(self, future: Future[T], give_up: float, on_error: OnError | None = None) -> None:
        self._future = future
        self._give_up = give_up
        self._on_error = on_error

    def result(self) -> T:
        """Return what the work returned, or raise what it raised; `DatabaseBusy` when it is not done in its time.

        Work that has begun by then goes on to its end; work that has not is dropped.
        """
        try:
            return self._result()
        except Exception as error:
            if self._on_error:
                self._on_error(error)
            raise

    def _result(self) -> T:
        try:
            return self._future.result(max(0.0, self._give_up - time.monotonic()))
        except TimeoutError:
            self._future.cancel()
            raise DatabaseBusy from None


class Lane:
    """A few threads, and a bound to how many callers wait for them."""

    def __init__(self, threads: int, waiting: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="database")
        self._places = threading.BoundedSemaphore(threads + waiting)

    def run(self, seconds: float, work: Callable[[float], T], *, queue: bool, on_error: OnError | None = None) -> T:
        """Return what ``work`` returns, within ``seconds``; raises as `begin` and `Pending.result` do."""
        return self.begin(seconds, work, queue=queue, on_error=on_error).result()

    def begin(
        self, seconds: float, work: Callable[[float], T], *, queue: bool, on_error: OnError | None = None
    ) -> Pending[T]:
        """Begin ``work``, which is given the point of the monotonic clock at which to be done: ``seconds`` from now.

        Raises `DatabaseBusy` when all places are taken: after ``seconds``, or at once when ``queue`` is False.
        ``on_error`` is told of that, and of whatever `Pending.result` raises.
        """
        give_up = time.monotonic() + seconds
        if not self._places.acquire(timeout=seconds if queue else 0):
            busy = DatabaseBusy()
            if on_error:
                on_error(busy)
            raise busy
        future: Future[T] = self._pool.submit(work, give_up)
        future.add_done_callback(lambda _: self._places.release())
        return Pending(future, give_up, on_error)
