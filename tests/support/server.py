"""The service as it is run: gunicorn in a process of its own, on loopback, with a log to look into."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.support.ports import free_port

_SECONDS_TO_START = 90
AS_SHIPPED = "cds_service"
PATIENT = "tests.support.patience"
"""The same program, but that calls wait longer for the database: for tests in which it must not come too late."""
HASH_KEYS = '["a key for tests, of no worth to anybody"]'
"""Without one a service with tenants does not start."""


@dataclass
class RunningService:
    """A started service."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path
    database: Path

    @property
    def session(self) -> requests.Session:
        """A new session, and so a new connection."""
        session = requests.Session()
        session.trust_env = False
        return session

    def lines(self) -> list[dict[str, Any]]:
        """Return the log's lines; each must be JSON. One that is being written is not seen yet."""
        whole, _, _ = self.log.read_text(encoding="utf-8").rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

    def stop(self) -> int:
        """Ask it to end, and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def kill(self) -> None:
        """End it and its workers at once, as a crash of the computer would."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=60)


@contextmanager
def running_service(
    folder: Path, *arguments: str, program: str = AS_SHIPPED, **variables: str
) -> Iterator[RunningService]:
    """Start ``trial-cds serve`` on a free loopback port, wait until it answers, and end it at the end."""
    port, log, database = free_port(), folder / "service.log", folder / "service.sqlite"
    command = [sys.executable, "-m", program, "serve", "--port", str(port), *arguments]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRIAL_CDS_")}
    environment |= {"TRIAL_CDS_DATABASE__URL": f"sqlite:///{database}", "TRIAL_CDS_PRIVACY__HASH_KEYS": HASH_KEYS}
    environment |= variables
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment, start_new_session=True)
    service = RunningService(f"http://127.0.0.1:{port}", process, log, database)
    try:
        _wait(service)
        yield service
    finally:
        service.kill()


def _wait(service: RunningService) -> None:
    give_up = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < give_up and service.process.poll() is None:
        try:
            if service.session.get(f"{service.url}/health/live", timeout=2).ok:
                return
        except (requests.ConnectionError, requests.Timeout):  # not there yet, or busy with its beginning
            time.sleep(0.05)
    raise AssertionError(f"the service did not start: {service.log.read_text(encoding='utf-8')}")
