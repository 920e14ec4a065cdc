"""What a command and all the processes it starts take: CPU time, and memory at the highest."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

_SECONDS_BETWEEN_LOOKS = 0.25
_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)
_TICK = os.sysconf("SC_CLK_TCK")


class Taken(NamedTuple):
    """What a command has taken."""

    status: int
    cpu_seconds: float
    peak_bytes: int


def run(command: Sequence[str], told: Callable[[str, float], None]) -> Taken:
    """Run a command; ``told`` gets each line of its stderr, and the CPU seconds of its first process by then."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    ended = threading.Event()
    peak = _Peak(process.pid, ended)
    peak.start()
    assert process.stderr is not None
    for line in process.stderr:
        told(line.rstrip("\n"), cpu_seconds(process.pid))
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)  # it has been waited for
    ended.set()
    peak.join()
    return Taken(process.returncode, usage.ru_utime + usage.ru_stime, peak.bytes)


class _Peak(threading.Thread):
    """Looks again and again how much memory a process and its descendants hold."""

    def __init__(self, pid: int, ended: threading.Event) -> None:
        super().__init__(daemon=True)
        self._pid, self._ended = pid, ended
        self.bytes = 0

    def run(self) -> None:
        while not self._ended.wait(_SECONDS_BETWEEN_LOOKS):
            self.bytes = max(self.bytes, held(self._pid))


def held(pid: int) -> int:
    """Return the bytes that a process and its descendants hold; what they share is counted once."""
    found = (_PSS.search(_read(f"/proc/{one}/smaps_rollup")) for one in _tree(pid))
    return sum(int(match[1]) * 1024 for match in found if match)


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used so far, without its children; 0 when it has ended."""
    fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK if fields else 0.0


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for child in _read(f"/proc/{pid}/task/{pid}/children").split():
        yield from _tree(int(child))


def _read(path: str) -> str:
    """Return what Linux tells; nothing of a process that has ended."""
    try:
        return Path(path).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
