"""Screening whole populations: the same as one by one, interrupted or not, and never stopped by bad data."""

from __future__ import annotations

import gzip
import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cds_service.cli import main
from rules.assessment import Verdict
from tests.support.population import (
    ON,
    RESULTS,
    assessments,
    bundle_of,
    charts,
    scatter,
    screen,
    write_lines,
)
from tests.support.waiting import soon

PEOPLE = 60


@pytest.fixture(scope="module")
def people() -> list[list[dict[str, Any]]]:
    return charts(PEOPLE, 11)


@pytest.fixture(scope="module")
def source(people: list[list[dict[str, Any]]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return scatter(tmp_path_factory.mktemp("source"), people)


@pytest.fixture(scope="module")
def undisturbed(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out")
    screen(source, out)
    return out


@pytest.fixture(scope="module")
def bundles(people: list[list[dict[str, Any]]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles")
    for number, person in enumerate(people):
        content = json.dumps(bundle_of(person)).encode()
        path = folder / f"{number % 3}" / f"{person[0]['id']}.json"
        path.parent.mkdir(exist_ok=True)
        if number % 2:
            path.with_suffix(".json.gz").write_bytes(gzip.compress(content))
        else:
            path.write_bytes(content)
    return folder


def test_the_same_as_one_by_one(
    undisturbed: Path, people: list[list[dict[str, Any]]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = []
    for person in people:
        files.append(str(tmp_path / f"{person[0]['id']}.json"))
        Path(files[-1]).write_text(json.dumps(bundle_of(person)))
    assert main(["assess", *files, "--date", ON.isoformat()]) == 0
    one_by_one = [{**json.loads(line), "source": None} for line in capsys.readouterr().out.splitlines()]
    screened = assessments(undisturbed)
    assert sorted(screened, key=_patient) == sorted(one_by_one, key=_patient)
    assert len({document["verdict"] for document in screened}) >= 3


def _patient(document: dict[str, Any]) -> str:
    return str(document["patient"])


def test_bundles_give_the_same_as_lines(undisturbed: Path, bundles: Path, tmp_path: Path) -> None:
    screen(bundles, tmp_path / "out")
    found = sorted(assessments(tmp_path / "out"), key=_patient)
    assert {document["source"].rpartition("/")[2].partition(".")[0] for document in found} == set(map(_patient, found))
    expected = sorted(assessments(undisturbed), key=_patient)
    assert [{**document, "source": None} for document in found] == expected
    for name in ("candidates.csv", "research-subjects.json", "report.html"):
        assert (tmp_path / "out" / name).read_bytes() == (undisturbed / name).read_bytes()


def test_results_hold_every_person_and_are_for_their_owner_only(undisturbed: Path) -> None:
    assert len(assessments(undisturbed)) == PEOPLE
    assert undisturbed.stat().st_mode & 0o777 == 0o700
    for path in undisturbed.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
    assert sorted(p.name for p in undisturbed.iterdir() if p.is_file()) == sorted(RESULTS)


def test_the_report_names_nobody(undisturbed: Path, people: list[list[dict[str, Any]]]) -> None:
    report = (undisturbed / "report.html").read_text()
    assert not [person[0]["id"] for person in people if person[0]["id"] in report]


def test_a_finished_run_is_not_done_again_but_its_report_is(source: Path, undisturbed: Path) -> None:
    before = (undisturbed / "assessments.ndjson").stat().st_mtime_ns
    exact = screen(source, undisturbed, min_cell=1)
    assert b"Counts are exact" in (undisturbed / "report.html").read_bytes()
    assert screen(source, undisturbed) == exact
    assert b"Counts are exact" not in (undisturbed / "report.html").read_bytes()
    assert (undisturbed / "assessments.ndjson").stat().st_mtime_ns == before


def test_what_cannot_be_read_never_stops_the_run(
    undisturbed: Path, source: Path, people: list[list[dict[str, Any]]], tmp_path: Path
) -> None:
    resources = [r for path in sorted(source.rglob("*.ndjson*")) for r in _lines(path)]
    bad = [b"{", b"\xff\xff", b"[]", b'{"resourceType":"Observation","id":"x","subject":{"reference":"Patient/ghost"}}']
    write_lines(tmp_path / "source" / "a.ndjson", [*resources[:100], *bad, *resources[100:]])
    quality = screen(tmp_path / "source", tmp_path / "out")
    assert quality["linesNotRead"] == {"not JSON": 1, "not UTF-8": 1, "not a FHIR resource": 1}
    assert quality["patientsNotAssessed"] == {"0 Patients found": 1}
    quarantine = [json.loads(line) for line in (tmp_path / "out" / "quarantine.ndjson").read_bytes().splitlines()]
    assert [(one["file"], one["line"]) for one in quarantine] == [("a.ndjson", n) for n in (101, 102, 103)]
    assert (
        tmp_path / "out" / "not-assessed.ndjson"
    ).read_bytes() == b'{"patient":"ghost","cause":"0 Patients found"}\n'
    assert sorted(assessments(tmp_path / "out"), key=_patient) == sorted(assessments(undisturbed), key=_patient)


def _lines(path: Path) -> list[bytes]:
    content = gzip.decompress(path.read_bytes()) if path.name.endswith(".gz") else path.read_bytes()
    return content.splitlines()


def test_a_bundle_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "good.json").write_text(json.dumps(bundle_of(charts(1, 1)[0])))
    (folder / "broken.json").write_text("{")
    (folder / "cut.json.gz").write_bytes(gzip.compress(b"{}" * 1000)[:-20])
    quality = screen(folder, tmp_path / "out")
    assert quality["patientsAssessed"] == 1
    told = [json.loads(line) for line in (tmp_path / "out" / "not-assessed.ndjson").read_bytes().splitlines()]
    assert told == [
        {"patient": "broken.json", "cause": "not JSON in UTF-8"},
        {"patient": "cut.json.gz", "cause": "cannot be read"},
    ]


def test_a_population_without_orders_is_not_free_of_drugs(people: list[list[dict[str, Any]]], tmp_path: Path) -> None:
    kept = [r for person in people[:10] for r in person if r["resourceType"] != "MedicationRequest"]
    write_lines(tmp_path / "source" / "a.ndjson", kept)
    quality = screen(tmp_path / "source", tmp_path / "out")
    assert quality["typesNotExported"] == ["MedicationRequest"]
    for document in assessments(tmp_path / "out"):
        assert next(c for c in document["criteria"] if c["id"] == "E13")["status"] != "not-met"


def test_verdicts_are_counted_as_they_were_given(undisturbed: Path) -> None:
    quality = json.loads((undisturbed / "quality.json").read_bytes())
    given = [document["verdict"] for document in assessments(undisturbed)]
    assert quality["verdicts"] == {verdict.value: given.count(verdict.value) for verdict in Verdict}


# -- interrupted runs ------------------------------------------------------------------------------------

_PATIENCE = 120.0


def test_a_killed_run_goes_on_and_gives_the_same(source: Path, undisturbed: Path, tmp_path: Path) -> None:
    out, command = tmp_path / "0", [""]
    done: int | None = None
    for attempt in range(5):  # a fast machine may finish before the signal comes
        out = tmp_path / str(attempt)
        command = [
            sys.executable, "-m", "cds_service", "screen", str(source), "--out", str(out), "--date", ON.isoformat(),
            "--workers", "2", "--memory", "1GB",
        ]  # fmt: skip
        done, children = _killed(command, out, after=random.randint(0, 5))
        if done is not None and not (out / "work" / "outcome.json").exists():
            break
    else:
        pytest.fail("every run had finished before it was killed")
    # The processes of a killed run leave by themselves.
    assert soon(lambda: not any(_is_at_work(process) for process in children), 60)
    again = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    assert again.returncode == 0, again.stderr
    if done:
        assert "shards were done before" in again.stderr
    for name in RESULTS:
        if name != "quality.json":
            assert (out / name).read_bytes() == (undisturbed / name).read_bytes(), f"{name}, killed after {done} shards"


def _killed(command: list[str], out: Path, after: int) -> tuple[int | None, list[int]]:
    """Start a run and kill it after so many shards; return how many were done, and its processes.

    None when it had ended before it was seen to have got so far.
    """
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        done = _wait_for(out, after, run)
        children = _children(run.pid)
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait(60)
    return done, children


def _wait_for(out: Path, finished: int, run: subprocess.Popen[bytes]) -> int | None:
    """Wait until so many shards are done; return how many are, None when the run ends first."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if run.poll() is not None:
            return None
        done = len(list((out / "work" / "shards").glob("*.json")))
        if done >= finished and (finished or (out / "work" / "plan.json").exists()):
            return done
        time.sleep(0.002)
    pytest.fail("the run did not get so far")


def _children(parent: int) -> list[int]:
    return [int(child) for child in _told(f"/proc/{parent}/task/{parent}/children").split()]


def _is_at_work(process: int) -> bool:
    """False also for one that has ended and that nobody has asked for yet."""
    status = _told(f"/proc/{process}/status")
    return bool(status) and "\nState:\tZ" not in status


def _told(path: str) -> str:
    """Return what Linux tells; nothing of a process that has gone, be it while it was read."""
    try:
        return Path(path).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
