"""Threads that work with the database, so that whoever waits for them can stop waiting.

A database that hangs (a frozen server, a stalled disk, a network that swallows packets) holds its own threads,
and costs a caller no more than the time it gave.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class DatabaseBusy(RuntimeError):
    """The database did not do the work in the time there was."""


class Lane:
    """A few threads, and a bound to how many callers wait for them."""

    def __init__(self, threads: int, waiting: int) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="database")
        self._places = threading.BoundedSemaphore(threads + waiting)

    def run(self, seconds: float, work: Callable[[float], T], *, queue: bool) -> T:
        """Return what ``work`` returns; it is given the point of the monotonic clock at which to be done.

        Raises `DatabaseBusy` after ``seconds``, or at once when all places are taken and ``queue`` is False. Work
        that has begun by then goes on to its end; work that has not is dropped.
        """
        give_up = time.monotonic() + seconds
        if not self._places.acquire(timeout=seconds if queue else 0):
            raise DatabaseBusy
        future: Future[T] = self._pool.submit(work, give_up)
        future.add_done_callback(lambda _: self._places.release())
        try:
            return future.result(max(0.0, give_up - time.monotonic()))
        except TimeoutError:
            future.cancel()
            raise DatabaseBusy from None
