"""The sandbox's FHIR server, for real: started, filled, searched, stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests
from fhir.resources.R4B.bundle import Bundle

from cds_service.sandbox import fhir_server
from cds_service.sandbox.bundles import chart_bundle
from cds_service.sandbox.fhir_server import LoadError, SandboxFhirServer
from cds_service.sandbox.patients import ALL
from cds_service.sandbox.processes import StartError, local_session
from tests.support.signals import obey_signals

SEKMET = Path(sysconfig.get_path("scripts")) / "sekmet"
pytestmark = pytest.mark.skipif(
    not SEKMET.is_file(), reason="needs sekmet-fhir, which the `sandbox` extra installs in this environment"
)
ON = date(2026, 3, 14)
CHARTS = {patient.id: patient for patient in ALL}


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxFhirServer]:
    with SandboxFhirServer() as running:
        running.load(chart_bundle(patient, ON) for patient in ALL)
        yield running


def get(server: SandboxFhirServer, address: str) -> dict[str, Any]:
    with local_session() as session:
        answer = session.get(f"{server.base_url}/{address}", timeout=20)
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


def found(server: SandboxFhirServer, search: str) -> list[dict[str, Any]]:
    """The matches on all pages."""
    matches: list[dict[str, Any]] = []
    page: dict[str, Any] | None = get(server, search)
    while page is not None:
        matches += [e["resource"] for e in page.get("entry", []) if e["search"]["mode"] == "match"]
        following = [link["url"] for link in page["link"] if link["relation"] == "next"]
        page = get(server, following[0].removeprefix(f"{server.base_url}/")) if following else None
    return matches


@pytest.mark.parametrize("patient_id", CHARTS)
@pytest.mark.parametrize("kind", ["Condition", "Observation", "MedicationRequest", "Encounter", "Consent"])
def test_search_by_patient_returns_the_chart_as_built(server: SandboxFhirServer, patient_id: str, kind: str) -> None:
    built = {r.id for r in CHARTS[patient_id].build(ON) if r.get_resource_type() == kind}  # type: ignore[attr-defined]
    assert {r["id"] for r in found(server, f"{kind}?patient={patient_id}&_count=200")} == built


def test_long_chart_comes_in_pages(server: SandboxFhirServer) -> None:
    first = get(server, "Observation?patient=long-chart&category=laboratory&_count=200")
    assert len(first["entry"]) == 200
    assert [link for link in first["link"] if link["relation"] == "next"]


def test_values_and_marks_survive_the_server(server: SandboxFhirServer) -> None:
    a1c = found(server, "Observation?patient=near-threshold&code=http://loinc.org|4548-4")[0]
    assert a1c["valueQuantity"]["value"] == 58
    assert a1c["valueQuantity"]["code"] == "mmol/mol"
    assert a1c["meta"]["security"][0]["code"] == "HTEST"
    c_peptide = found(server, "Observation?patient=near-threshold&code=http://loinc.org|1986-9")[0]
    assert c_peptide["valueQuantity"]["comparator"] == "<"


def test_refused_entry_is_an_error(server: SandboxFhirServer) -> None:
    body = {
        "type": "batch",
        "entry": [{"request": {"method": "GET", "url": "Patient/nobody-has-this-id"}}],
    }
    with pytest.raises(LoadError, match=r"404 .*entry 1"):
        server.load([Bundle.model_validate(body)])


def test_leaving_the_block_ends_the_server_and_deletes_its_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    running = SandboxFhirServer()
    with pytest.raises(ZeroDivisionError), running:
        fail_while_there_are_files(tmp_path)
    assert not list(tmp_path.iterdir())
    assert is_down(f"{running.base_url}/metadata")


def fail_while_there_are_files(folder: Path) -> None:
    assert list(folder.iterdir())
    raise ZeroDivisionError


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signal_ends_the_server_and_deletes_its_data(tmp_path: Path, number: signal.Signals) -> None:
    program = (
        "import time\n"
        "from cds_service.sandbox.fhir_server import SandboxFhirServer\n"
        "with SandboxFhirServer() as server:\n"
        "    print(server.base_url, flush=True)\n"
        "    time.sleep(60)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        text=True,
        preexec_fn=obey_signals,
    )
    try:
        assert child.stdout is not None
        base_url = child.stdout.readline().strip()
        assert base_url.startswith("http://127.0.0.1:")
        child.send_signal(number)
        assert child.wait(timeout=60) != 0
    finally:
        child.kill()
        child.communicate()
    assert not list(tmp_path.iterdir())
    assert is_down(f"{base_url}/metadata")


def is_down(url: str, seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            with local_session() as session:
                session.get(url, timeout=1)
        except requests.ConnectionError:
            return True
        time.sleep(0.1)
    return False


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(fhir_server.sysconfig, "get_path", lambda name: str(tmp_path))
    with pytest.raises(StartError, match="`sandbox` extra"), SandboxFhirServer():
        pass


def test_server_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "sekmet"
    broken.write_text("#!/bin/sh\necho no room on the disk\nexit 3\n", encoding="utf-8")
    broken.chmod(0o755)
    monkeypatch.setattr(fhir_server.sysconfig, "get_path", lambda name: str(tmp_path))
    with pytest.raises(StartError, match=r"exit code 3[\s\S]*no room on the disk"), SandboxFhirServer():
        pass


def test_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    silent = tmp_path / "sekmet"
    silent.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    silent.chmod(0o755)
    monkeypatch.setattr(fhir_server.sysconfig, "get_path", lambda name: str(tmp_path))
    monkeypatch.setattr(fhir_server, "SECONDS_TO_START", 0.3)
    start = time.monotonic()
    with pytest.raises(StartError, match="did not answer"), SandboxFhirServer():
        pass
    assert time.monotonic() - start < 20


def test_charts_are_the_same_over_json(server: SandboxFhirServer) -> None:
    """What the server gives back is what was sent, but for the version it adds."""
    sent = json.loads(chart_bundle(CHARTS["golden-ada"], ON).model_dump_json())["entry"]
    for resource in (entry["resource"] for entry in sent):
        held = get(server, f"{resource['resourceType']}/{resource['id']}")
        del held["meta"]["versionId"], held["meta"]["lastUpdated"]
        assert held == resource
