"""Things that must be made in the process that uses them.

Connections, threads and the state of durable_rules do not survive a fork: a copy would be shared or dead.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerProcess(Generic[T]):
    """Holds one thing a process, made when it is first asked for and again after a fork."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._held: tuple[int, T] | None = None

    @property
    def made(self) -> bool:
        """True once this process has its own."""
        return self._held is not None and self._held[0] == os.getpid()

    def get(self) -> T:
        """Return this process's own."""
        held = self._held
        if held is not None and held[0] == os.getpid():
            return held[1]
        with self._lock:
            held = self._held
            if held is None or held[0] != os.getpid():
                held = self._held = (os.getpid(), self._make())
            return held[1]
