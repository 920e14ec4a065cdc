"""`trial-cds demo --once`, for real: FHIR server, service and EHR as separate programs over HTTP."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest
import requests

from cds_service.sandbox.demo import MARK
from cds_service.sandbox.patients import ALL
from cds_service.sandbox.processes import local_session
from tests.support.ports import free_port
from tests.support.signals import obey_signals

pytestmark = pytest.mark.skipif(
    not (Path(sysconfig.get_path("scripts")) / "sekmet").is_file(),
    reason="needs sekmet-fhir, which the `sandbox` extra installs in this environment",
)
SHOWN = {"potentially-eligible", "possibly-eligible"}


def command(port: int, *more: str) -> list[str]:
    return [sys.executable, "-m", "cds_service", "demo", "--port", str(port), *more]


@pytest.mark.slow
def test_demo_once_shows_every_patient_with_the_expected_verdict(tmp_path: Path) -> None:
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    run = subprocess.run(
        command(free_port(), "--once"),
        capture_output=True,
        text=True,
        timeout=150,
        env=environment,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert MARK not in run.stdout
    rows = {line.split()[0]: line for line in run.stdout.splitlines() if line.strip()}
    for patient in ALL:
        assert patient.story in rows[patient.id]
        assert patient.expected_verdict in rows[patient.id]
        has_card = not rows[patient.id].endswith("  -")
        assert has_card is (patient.expected_verdict in SHOWN)
        assert ("NCT01374854" in rows[patient.id]) is has_card
    assert not list(tmp_path.iterdir()), "the demo left files behind"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_demo_serves_until_it_is_stopped_and_takes_its_children_along(tmp_path: Path, number: signal.Signals) -> None:
    port = free_port()
    log = tmp_path / "demo.log"
    with log.open("w") as output:
        child = subprocess.Popen(command(port), stdout=output, stderr=subprocess.STDOUT, preexec_fn=obey_signals)
        try:
            wait_for(log, "Ctrl-C stops")
            fhir = next(line.split()[-1] for line in log.read_text().splitlines() if "The FHIR server:" in line)
            with local_session() as session:
                assert session.get(f"http://127.0.0.1:{port}/cds-services", timeout=60).status_code == 200
                child.send_signal(number)
                child.wait(timeout=60)
                for url in (f"http://127.0.0.1:{port}/health/live", f"{fhir}/metadata"):
                    with pytest.raises(requests.ConnectionError):
                        session.get(url, timeout=5)
        finally:
            child.kill()
            child.wait(timeout=60)
    assert child.returncode == (0 if number is signal.SIGINT else 128 + number)


def wait_for(log: Path, text: str, seconds: float = 150) -> None:
    deadline = time.monotonic() + seconds
    while text not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.2)
