"""Child processes of the sandbox: started, waited for within a limit, and always ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType, TracebackType

import requests

LOOPBACK = "127.0.0.1"
SECONDS_TO_STOP = 5.0
_SECONDS_TO_DIE = 30.0
"""A killed process goes at once, but on a busy machine."""
LOG_LINES_SHOWN = 15


class StartError(RuntimeError):
    """A process of the sandbox could not be started; the message says why and what to do."""


class ChildProcess:
    """A program running in a process group of its own; leaving the `with` block ends the whole group."""

    def __init__(
        self, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if environment is None else dict(environment),
                start_new_session=True,
            )

    def __enter__(self) -> ChildProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def exit_code(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._process.poll()

    def stop(self) -> None:
        """Ends the program and its children: asked first, killed after five seconds. Safe to repeat."""
        try:
            self._signal_group(signal.SIGTERM)
            self._process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            pass  # the group is killed next
        finally:
            self._signal_group(signal.SIGKILL)
            self._process.wait(_SECONDS_TO_DIE)

    def wait_until_it_answers(self, url: str, seconds: float) -> None:
        """Polls `url` until it answers 200.

        Raises StartError when the program ends, or does not answer within `seconds`.
        """
        deadline = time.monotonic() + seconds
        with local_session() as session:
            while time.monotonic() < deadline:
                if self.exit_code is not None:
                    raise StartError(f"{self.name} ended with exit code {self.exit_code}. {self.last_words()}")
                with suppress(requests.RequestException):
                    if session.get(url, timeout=1).status_code == 200:
                        return
                time.sleep(0.1)
        raise StartError(f"{self.name} did not answer within {seconds:.0f} s. {self.last_words()}")

    def last_words(self) -> str:
        """The end of what the program printed, for an error message."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES_SHOWN:]
        return "Its last output:\n" + "\n".join(lines) if lines else "It printed nothing."

    def _signal_group(self, number: signal.Signals) -> None:
        # The group may be gone; it may also outlive its leader, so its absence is the only thing to forgive.
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


def local_session() -> requests.Session:
    """A session for loopback: proxies and credentials of the environment are left out."""
    session = requests.Session()
    session.trust_env = False
    return session


@contextmanager
def kept_port() -> Iterator[int]:
    """Gives a TCP port of the loopback interface that nothing listens on.

    Linux hands it to nobody else inside the block who asks for any port; elsewhere it is free at this moment only.
    """
    with socket.socket() as kept:
        # As servers do. On Linux a port that is bound so and not listened on is open to the server that is told it.
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind((LOOPBACK, 0))
        port: int = kept.getsockname()[1]
        if sys.platform != "linux":
            kept.close()
        yield port


@contextmanager
def signals_end_the_block() -> Iterator[None]:
    """Turns SIGTERM and SIGHUP into SystemExit, so that `with` blocks clean up before the program ends.

    Only where the program left them alone, and only in the main thread, where Python allows it.
    """
    numbers = [
        number
        for number in (signal.SIGTERM, signal.SIGHUP)
        if threading.current_thread() is threading.main_thread() and signal.getsignal(number) is signal.SIG_DFL
    ]

    def end(number: int, frame: FrameType | None) -> None:
        for again in numbers:
            signal.signal(again, signal.SIG_IGN)  # the clean-up must not be cut short
        raise SystemExit(128 + number)

    for number in numbers:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)
