"""Several workers count together: any of them gives the sum, and a worker that goes takes nothing along."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import pytest
import requests

from cds_service.observability.metrics import Metrics
from cds_service.observability.workers import VARIABLE, WorkerMetrics
from cds_service.server import worker_metrics
from cds_service.settings import SettingsError
from tests.support import numbers
from tests.support.numbers import Sample, total
from tests.support.server import RunningService, running_service
from tests.support.service import SERVICE, call, without_type_1
from tests.support.waiting import soon


def _scrape(service: RunningService) -> dict[Sample, float]:
    return numbers.read(service.session.get(f"{service.url}/metrics", timeout=20).text)


def _workers(service: RunningService) -> list[int]:
    """Return the processes that the log says have been started."""
    events = [str(line["event"]) for line in service.lines()]
    return [int(event.rpartition(" ")[2]) for event in events if event.startswith("Booting worker")]


def _until(service: RunningService, reached: int) -> None:
    """Wait until that many workers have been started and answer."""
    assert soon(lambda: len(_workers(service)) >= reached and _threads(service) == 4, 60), _workers(service)


def _threads(service: RunningService) -> float:
    try:
        return total(_scrape(service), "threads")
    except requests.ConnectionError:  # of the worker that was killed
        return 0


def test_workers_count_together_and_nothing_is_lost_when_one_goes(tmp_path: Path) -> None:
    numbers_folder = tmp_path / "tmp"
    numbers_folder.mkdir()
    few = {"TRIAL_CDS_SERVER__THREADS": "2", "TMPDIR": str(numbers_folder)}
    with running_service(tmp_path, "--workers", "2", **few) as service:
        for _ in range(12):  # a connection each, so that both workers get some
            answer = service.session.post(f"{service.url}{SERVICE}", json=call(without_type_1()), timeout=20)
            assert answer.status_code == 200
        with socket.create_connection(("127.0.0.1", int(service.url.rpartition(":")[2])), timeout=10) as raw:
            raw.sendall(b"GET / HTTP/9.9\r\n\r\n")
            assert b" 400 " in raw.recv(100)
        _until(service, 2)
        before = _scrape(service)
        assert total(before, "calls_total") == 12
        assert total(before, "unreadable_requests_total", status="400") == 1
        assert total(before, "threads") == 4

        # One is killed as for want of memory: another takes its place, and goes on counting where it was.
        os.kill(_workers(service)[0], signal.SIGKILL)
        _until(service, 3)
        service.session.post(f"{service.url}{SERVICE}", json=call(without_type_1()), timeout=20)
        after = _scrape(service)
        assert total(after, "calls_total") == 13
        assert total(after, "threads") == 4
        assert total(after, "requests_in_flight") == 1
        (folder,) = numbers_folder.glob("trial-cds-metrics-*")
        assert {file.stem.rpartition("_")[2] for file in folder.iterdir()} == {"0", "1", "main"}
        assert service.stop() == 0
    assert list(numbers_folder.iterdir()) == []


def test_a_folder_that_is_given_is_emptied_of_numbers_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prometheus_client.values.ValueClass", None)  # and put back afterwards
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    for name in ("counter_17.db", "gauge_livesum_main.db", "histogram_0.db", "counter_17.txt", "patients.db"):
        (tmp_path / name).touch()
    shared = WorkerMetrics()
    shared.end()
    assert {file.name for file in tmp_path.iterdir()} == {"counter_17.txt", "patients.db"}


def test_a_worker_that_has_begun_right_now_costs_no_scrape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prometheus_client.values.ValueClass", None)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    WorkerMetrics()
    metrics = Metrics([], threads=8)
    new = tmp_path / "counter_1.db"
    new.touch()
    monkeypatch.setattr("time.sleep", lambda _: new.write_bytes(bytes(1_024)))
    assert b"trial_cds_threads" in metrics.text()
    assert new.stat().st_size > 0, "it was read while it was empty"


def test_a_worker_takes_the_lowest_place_that_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prometheus_client.values.ValueClass", None)
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    shared = WorkerMetrics()
    for worker in ("a", "b", "c"):
        shared.place(worker)
    shared.leave("b")
    shared.place("d")
    assert shared._taken == {"a": 0, "c": 2, "d": 1}


def test_without_a_folder_for_them_the_service_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a-file").touch()
    monkeypatch.setenv(VARIABLE, str(tmp_path / "a-file"))
    with pytest.raises(SettingsError, match="TMPDIR"):
        worker_metrics()
