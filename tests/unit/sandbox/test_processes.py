"""Child processes of the sandbox end with all they started; ports and signals are handled with care."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from pathlib import Path

import pytest

from cds_service.ports import PortUnusable, require_free_port
from cds_service.sandbox.processes import (
    LOOPBACK,
    ChildProcess,
    StartError,
    kept_port,
    signals_end_the_block,
)
from tests.support.waiting import soon

SHRUGS_OFF_SIGTERM = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""


def running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc to see whether a process runs")
def test_program_that_ignores_sigterm_is_killed_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cds_service.sandbox.processes.SECONDS_TO_STOP", 1.0)
    log = tmp_path / "log"
    with ChildProcess("It", [sys.executable, "-c", SHRUGS_OFF_SIGTERM], log) as process:
        assert soon(lambda: log.read_text(encoding="utf-8").endswith("\n"))
        grandchild = int(log.read_text(encoding="utf-8"))
        assert running(grandchild)
        assert process.exit_code is None
    assert process.exit_code == -signal.SIGKILL
    assert soon(lambda: not running(grandchild))


def test_stopping_twice_is_harmless(tmp_path: Path) -> None:
    process = ChildProcess("It", [sys.executable, "-c", "pass"], tmp_path / "log")
    process.stop()
    process.stop()
    assert process.exit_code is not None


def test_last_words_are_the_end_of_the_output(tmp_path: Path, unused_port: int) -> None:
    program = "import sys\nfor n in range(40): print('line', n)\nsys.exit(7)"
    process = ChildProcess("It", [sys.executable, "-c", program], tmp_path / "log")
    with pytest.raises(StartError, match=r"(?s)It ended with exit code 7.*line 39") as raised:
        process.wait_until_it_answers(f"http://{LOOPBACK}:{unused_port}/", 20)
    assert "line 20" not in str(raised.value)


def test_port_in_use_is_refused_by_number() -> None:
    with kept_port() as port:
        with socket.create_server((LOOPBACK, port)), pytest.raises(PortUnusable, match=f"Port {port} .*--port"):
            require_free_port(LOOPBACK, port)
        require_free_port(LOOPBACK, port)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not keep it")
def test_a_kept_port_is_handed_to_nobody_else_and_open_to_the_server_that_is_told_it() -> None:
    with kept_port() as port:
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind((LOOPBACK, port))
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((LOOPBACK, port), timeout=5)
        with socket.create_server((LOOPBACK, port)), socket.create_connection((LOOPBACK, port), timeout=5):
            pass


def end_this_process_politely() -> None:
    with signals_end_the_block():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)


def test_sigterm_ends_the_block_and_is_then_as_before() -> None:
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    with pytest.raises(SystemExit) as raised:
        end_this_process_politely()
    assert raised.value.code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_handler_that_the_program_set_is_left_alone() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals_end_the_block():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
