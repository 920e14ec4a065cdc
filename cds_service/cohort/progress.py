"""Says how far a run is: a bar on a terminal, a line now and then elsewhere. Always on stderr."""

from __future__ import annotations

import sys
import time
from abc import ABC, abstractmethod
from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

_SECONDS_BETWEEN_LINES = 10.0


class Narrator:
    """Tells what the run does; used by one thread."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr
        self.console = Console(file=self._out, highlight=False, soft_wrap=True)

    def say(self, text: str) -> None:
        self.console.print(text, markup=False)

    def counting(self, what: str, total: int, done: int = 0) -> Counting:
        """Return a progress of ``total`` things of which ``done`` were there before."""
        return Bar(self, what, total, done) if self.console.is_terminal else Lines(self, what, total, done)


class Counting(ABC):
    """A number that grows; use as a context manager."""

    def __enter__(self) -> Counting:
        return self

    @abstractmethod
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    @abstractmethod
    def advance(self, number: int) -> None:
        """Let the number grow."""


class Lines(Counting):
    """For logs and pipes: a line every ten seconds, and one at the end."""

    def __init__(self, narrator: Narrator, what: str, total: int, done: int) -> None:
        self._narrator, self._what, self._total, self._done = narrator, what, total, done
        self._before = done
        self._began = self._told = time.monotonic()

    def advance(self, number: int) -> None:
        self._done += number
        now = time.monotonic()
        if now - self._told >= _SECONDS_BETWEEN_LINES or self._done >= self._total:
            self._told = now
            rate = (self._done - self._before) / max(now - self._began, 1e-9)
            left = max(self._total - self._done, 0) / rate if rate else 0.0
            self._narrator.say(
                f"{self._what}: {self._done:,} of {self._total:,}, {rate:,.0f} a second, {duration(left)} left"
            )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to end."""


class Bar(Counting):
    """For a terminal."""

    def __init__(self, narrator: Narrator, what: str, total: int, done: int) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]} a second"),
            TimeRemainingColumn(),
            console=narrator.console,
        )
        self._began, self._before, self._done = time.monotonic(), done, done
        self._task: TaskID = self._progress.add_task(what, total=total, completed=done, rate="-")

    def __enter__(self) -> Counting:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def advance(self, number: int) -> None:
        self._done += number
        rate = (self._done - self._before) / max(time.monotonic() - self._began, 1e-9)
        self._progress.update(self._task, completed=self._done, rate=f"{rate:,.0f}")


def duration(seconds: float) -> str:
    """Return ``2 h 05 min``, ``3 min 20 s`` or ``12 s``."""
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 60} min {whole % 60:02d} s" if whole >= 60 else f"{whole} s"
