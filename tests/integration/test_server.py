"""The service under gunicorn with two workers: bodies as they come over a wire, stopping, crashing."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
import requests

from benchmarks.processes import children
from tests.support import numbers
from tests.support.fault_server import FaultServer, Handler, status
from tests.support.ports import free_port
from tests.support.server import PATIENT, RunningService, running_service
from tests.support.service import FEEDBACK, SERVICE, call, candidate, locked, without_type_1
from tests.support.waiting import soon

SECRET_TOKEN = "token-that-must-not-be-written"
SECRET_PATIENT = "patient-that-must-not-be-written"
LONGEST = 60
"""Seconds that something may take on a busy machine."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    with running_service(tmp_path_factory.mktemp("service"), "--workers", "2", program=PATIENT) as started:
        yield started


def _post(service: RunningService, body: Any, path: str = SERVICE, **more: Any) -> requests.Response:
    return service.session.post(f"{service.url}{path}", json=body, timeout=30, **more)


def _cards(service: RunningService, body: Any) -> int:
    response = _post(service, body)
    assert response.status_code == 200, response.text
    return len(response.json()["cards"])


# -- bodies --------------------------------------------------------------------------------------------------


def _chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // 10_000):
        yield b" " * 10_000


@pytest.mark.parametrize("size", [6_000_000, 30_000_000])
def test_a_chunked_body_over_the_limit_is_413(service: RunningService, size: int) -> None:
    session = service.session
    headers = {"Content-Type": "application/json"}
    response = session.post(f"{service.url}{SERVICE}", data=_chunks(size), headers=headers, timeout=30)
    assert response.status_code == 413
    assert "larger than" in response.json()["issue"][0]["diagnostics"]
    assert session.post(f"{service.url}{SERVICE}", json=call(candidate()), timeout=30).status_code == 200


def test_a_body_of_30_megabytes_is_413(service: RunningService) -> None:
    session = service.session
    headers = {"Content-Type": "application/json"}
    response = session.post(f"{service.url}{SERVICE}", data=b" " * 30_000_000, headers=headers, timeout=30)
    assert response.status_code == 413
    assert session.post(f"{service.url}{SERVICE}", json=call(candidate()), timeout=30).status_code == 200


def test_a_chunked_body_within_the_limit_is_read(service: RunningService) -> None:
    body = json.dumps(call(candidate())).encode()
    parts = (body[start : start + 500] for start in range(0, len(body), 500))
    headers = {"Content-Type": "application/json"}
    response = service.session.post(f"{service.url}{SERVICE}", data=parts, headers=headers, timeout=30)
    assert response.status_code == 200
    assert len(response.json()["cards"]) == 1


@pytest.mark.parametrize(
    "rest",
    [
        "Content-Length: 100\r\n\r\n{",
        "Content-Length: abc\r\n\r\n{}",
        "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_a_broken_off_or_garbled_body_harms_nothing(service: RunningService, rest: str) -> None:
    answer = _exchange(service, f"{HEAD}{rest}")
    assert not answer or " 400 " in answer.splitlines()[0]
    assert _cards(service, call(candidate())) == 1


HEAD = f"POST {SERVICE} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
SECRET = "marker-of-a-token-or-a-body"


def _connect(service: RunningService) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(service.url.rsplit(":", 1)[1])), timeout=LONGEST)


def _exchange(service: RunningService, sent: str) -> str:
    """Send bytes and the end of file; return all that comes back."""
    with _connect(service) as connection:
        connection.sendall(sent.encode())
        connection.shutdown(socket.SHUT_WR)
        return _rest(connection)


def _rest(connection: socket.socket) -> str:
    """Return all that comes until the end of file."""
    return b"".join(iter(lambda: connection.recv(10_000), b"")).decode()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (f"{HEAD}Authorization Bearer {SECRET}\r\n\r\n", 400),
        (f"GET {SECRET} {SECRET} HTTP/1.1\r\n\r\n", 400),
        (f"{SECRET}\r\n\r\n", 400),
        (f"GET /{SECRET * 400} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 414),
        (f"{HEAD}X-Long: {SECRET * 2_000}\r\n\r\n", 431),
        (f"{HEAD}Transfer-Encoding: {SECRET}\r\n\r\n", 501),
        (f"{HEAD}\r\n{{}}\r\n{SECRET} {SECRET} HTTP/1.1\r\n\r\n", 400),
        (f"{HEAD}Content-Length: 2\r\n\r\n{{}}\r\n{SECRET} {SECRET} HTTP/1.1\r\n\r\n", 400),
        (f"{HEAD}Transfer-Encoding: chunked\r\n\r\n{SECRET}\r\n", 400),
    ],
)
def test_what_cannot_be_parsed_is_neither_written_nor_sent_back(
    service: RunningService, sent: str, status: int
) -> None:
    answer = _exchange(service, sent)
    head, _, body = answer.partition("\r\n\r\n")
    assert f" {status} " in head.splitlines()[0]
    assert "Connection: close" in head
    assert "X-Content-Type-Options: nosniff" in head
    assert json.loads(body)["resourceType"] == "OperationOutcome"
    assert SECRET not in answer
    assert SECRET not in service.log.read_text(encoding="utf-8")


def test_what_strangers_send_is_no_failure_of_the_service(service: RunningService) -> None:
    """Whoever is on call looks at errors: nobody else can cause one with a request that cannot be read."""
    before = len(service.lines())
    _exchange(service, f"{HEAD}Transfer-Encoding: xchunked\r\n\r\n")
    (line,) = (line for line in service.lines()[before:] if line.get("status") == 501)
    assert (line["level"], line["event"]) == ("warning", "unreadable request")


@pytest.mark.parametrize(
    ("path", "header"), [("/x/health/live", "SCRIPT_NAME: /x"), ("/x/health/live", "PATH_INFO: /health/live")]
)
def test_a_header_cannot_lead_to_another_address(service: RunningService, path: str, header: str) -> None:
    """A proxy that keeps some addresses to itself, such as /metrics, looks at the path alone."""
    answer = _exchange(service, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{header}\r\n\r\n")
    assert " 404 " in answer.splitlines()[0]


# -- slow clients --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service of 8 threads that waits for its clients for a second."""
    folder = tmp_path_factory.mktemp("hasty")
    with running_service(folder, "--workers", "1", TRIAL_CDS_LIMITS__RECEIVE_SECONDS="1") as started:
        yield started


def test_slow_clients_are_cut_off(hasty: RunningService) -> None:
    slow = [_connect(hasty) for _ in range(12)]
    for number, connection in enumerate(slow):
        connection.sendall(HEAD.encode() if number % 2 else f"{HEAD}Content-Length: 100\r\n\r\n{{".encode())
    started = time.monotonic()
    dripping = threading.Thread(target=_drip, args=(slow, started + LONGEST))
    dripping.start()
    assert _time_of_an_answer(hasty) < LONGEST / 2
    answers = [connection.recv(1000) for connection in slow]
    dripping.join()
    for connection in slow:
        connection.close()
    assert all(b" 408 " in answer.splitlines()[0] for answer in answers[::2])
    assert all(b"Connection: close" in answer for answer in answers[::2])


def _time_of_an_answer(service: RunningService) -> float:
    started = time.monotonic()
    assert service.session.get(f"{service.url}/health/live", timeout=LONGEST).ok
    return time.monotonic() - started


def test_connections_on_which_nothing_comes_hold_no_thread(service: RunningService) -> None:
    with ExitStack() as held:
        for _ in range(40):
            held.enter_context(_connect(service))
        assert _time_of_an_answer(service) < 10


@pytest.mark.parametrize("sent", ["GET /health/live HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n", "nonsense\r\n\r\n"])
def test_who_does_not_close_after_the_last_answer_holds_nobody_up(service: RunningService, sent: str) -> None:
    with ExitStack() as held:
        connections = [held.enter_context(_connect(service)) for _ in range(20)]
        started = time.monotonic()
        for connection in connections:
            connection.sendall(sent.encode())
        for connection in connections:
            assert connection.recv(5) == b"HTTP/"
        _time_of_an_answer(service)
        assert time.monotonic() - started < 10


def test_the_last_answer_arrives_though_the_client_is_still_sending(service: RunningService) -> None:
    """A connection closed with something unread takes an answer away that is on its way (RFC 9112, 9.6)."""
    with _connect(service) as connection:
        connection.sendall(b"nonsense\r\n\r\n")
        time.sleep(0.2)
        connection.sendall(b"and more" * 10_000)
        time.sleep(0.2)
        assert _rest(connection).startswith("HTTP/1.1 400 ")


def test_who_does_not_take_its_answers_is_cut_off(hasty: RunningService) -> None:
    """More of them than the system keeps for a client: the first alone would not do."""
    many = b"GET /protocol.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 20
    before = len(hasty.lines())
    with ExitStack() as held:
        for _ in range(10):
            connection = held.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            connection.connect(("127.0.0.1", int(hasty.url.rsplit(":", 1)[1])))
            connection.sendall(many)
        time.sleep(1)
        assert _time_of_an_answer(hasty) < LONGEST / 2
        assert {line["level"] for line in hasty.lines()[before:]} == {"info"}


def _drip(connections: list[socket.socket], until: float) -> None:
    """Send a byte every now and then, as long as somebody listens."""
    listening = set(connections)
    while listening and time.monotonic() < until:
        time.sleep(0.3)
        for connection in tuple(listening):
            try:
                connection.sendall(b" ")
            except OSError:
                listening.discard(connection)


# -- many at once --------------------------------------------------------------------------------------------


def test_both_workers_give_each_caller_their_own_answer(service: RunningService) -> None:
    expected = {True: 1, False: 0}
    bodies = {True: call(candidate()), False: call(without_type_1())}

    def both_have_answered() -> bool:
        results = list(pool.map(lambda fits: (fits, _cards(service, bodies[fits])), [True, False] * 60))
        assert all(cards == expected[fits] for fits, cards in results)
        return len({line["process"] for line in service.lines() if line["event"] == "request"}) >= 2

    with ThreadPoolExecutor(8) as pool:
        assert soon(both_have_answered, LONGEST)  # at once, unless the second is forked late


def test_a_worker_that_is_killed_is_replaced(service: RunningService) -> None:
    _cards(service, call(candidate()))
    worker = next(line["process"] for line in reversed(service.lines()) if line["event"] == "request")
    assert worker != service.process.pid
    os.kill(worker, signal.SIGKILL)
    assert soon(lambda: _replaced(service, worker), LONGEST), "no new worker came"


def _replaced(service: RunningService, worker: int) -> bool:
    try:
        assert _cards(service, call(candidate())) == 1
    except requests.ConnectionError:  # of the worker that was killed
        return False
    started = [line["process"] for line in service.lines() if line["event"].startswith("Booting worker")]
    return len(started) >= 3 and started[-1] != worker


# -- the log -------------------------------------------------------------------------------------------------


def test_the_log_holds_neither_tokens_nor_patients(service: RunningService) -> None:
    access = {"access_token": SECRET_TOKEN, "patient": SECRET_PATIENT}
    with FaultServer(status(404)) as fhir:
        body = call(fhirServer=fhir.base_url, of=SECRET_PATIENT, fhirAuthorization=access)
        assert _post(service, body, headers={"Authorization": f"Bearer {SECRET_TOKEN}"}).status_code == 412
    assert _post(service, {**body, "hook": SECRET_PATIENT}).status_code == 400
    lines = service.lines()
    requests_logged = [line for line in lines if line["event"] == "request"]
    assert {"request_id", "status", "ms", "route"} <= set(requests_logged[-1])
    written = service.log.read_text(encoding="utf-8")
    assert SECRET_TOKEN not in written
    assert SECRET_PATIENT not in written


# -- stopping and crashing -----------------------------------------------------------------------------------


def test_a_service_that_stops_answers_what_is_under_way_and_loses_no_feedback(tmp_path: Path) -> None:
    # Both longer than this takes: it goes on when what is under way may end, not when a time is over.
    times = {"TRIAL_CDS_LIMITS__DEADLINE_SECONDS": str(LONGEST), "TRIAL_CDS_SERVER__GRACEFUL_SECONDS": str(2 * LONGEST)}
    may_end = threading.Event()

    def slow_refusal(handler: Handler) -> None:
        assert may_end.wait(LONGEST)
        status(404)(handler)

    with (
        FaultServer(slow_refusal) as fhir,
        running_service(tmp_path, "--workers", "2", program=PATIENT, **times) as service,
        ThreadPoolExecutor(12) as pool,
    ):
        (card,) = _post(service, call(candidate())).json()["cards"]
        taken = {"card": card["uuid"], "outcome": "accepted", "acceptedSuggestions": []}
        with locked(tmp_path):
            slow = [pool.submit(_post, service, call(fhirServer=fhir.base_url)) for _ in range(6)]
            told = pool.submit(_post, service, {"feedback": [taken]}, FEEDBACK)
            assert soon(lambda: _in_flight(service) == len(slow) + 1)
            service.process.terminate()
            assert soon(lambda: any(line["event"] == "stopping" for line in service.lines()))
            assert not any(answer.done() for answer in (*slow, told))
        may_end.set()
        began = time.monotonic()
        assert service.process.wait(timeout=LONGEST) == 0
        assert time.monotonic() - began < LONGEST / 2
        assert [answer.result(timeout=LONGEST).status_code for answer in slow] == [412] * 6
        assert told.result(timeout=LONGEST).json() == {"stored": 1, "alreadyKnown": 0}
        workers = {line["process"] for line in service.lines() if line["event"].startswith("Booting worker")}
        assert not any(Path(f"/proc/{worker}").exists() for worker in workers), "a worker was left behind"
    with closing(sqlite3.connect(service.database)) as database:
        assert database.execute("SELECT count(*) FROM feedback").fetchone() == (1,)


def _in_flight(service: RunningService) -> float:
    """Return how many requests its workers are answering, without this one."""
    text = service.session.get(f"{service.url}/metrics", timeout=LONGEST).text
    return numbers.total(numbers.read(text), "requests_in_flight") - 1


def test_a_worker_that_is_told_to_end_while_it_begins_does_so(tmp_path: Path) -> None:
    """gunicorn would lose the signal, and wait for the worker until its time was over."""
    with running_service(tmp_path, "--workers", "1") as service:
        (first,) = children(service.process.pid)
        os.kill(first, signal.SIGKILL)
        assert soon(lambda: children(service.process.pid) not in ([first], []))
        (second,) = children(service.process.pid)
        os.kill(second, signal.SIGTERM)
        assert soon(lambda: children(service.process.pid) not in ([second], [])), "it goes on"
        assert service.session.get(f"{service.url}/health/live", timeout=LONGEST).ok
        assert service.stop() == 0


def test_a_service_that_is_about_to_stop_answers_on_but_is_not_ready(tmp_path: Path) -> None:
    drain = {"TRIAL_CDS_SERVER__DRAIN_SECONDS": "60"}
    with running_service(tmp_path, "--workers", "2", **drain) as service:
        kept = service.session
        ready = f"{service.url}/health/ready"
        assert kept.get(ready, timeout=LONGEST).status_code == 200
        service.process.terminate()
        give_up = time.monotonic() + LONGEST / 2
        while (answer := kept.get(ready, timeout=LONGEST)).status_code == 200 and time.monotonic() < give_up:
            time.sleep(0.02)
        assert (answer.status_code, answer.json()["status"]) == (503, "stopping")
        assert answer.headers["Connection"] == "close", "the next call of this connection goes elsewhere"
        assert _cards(service, call(candidate())) == 1
        assert service.session.get(f"{service.url}/health/live", timeout=10).status_code == 200
        assert service.stop() == 0, "a second signal ends the waiting"


def test_an_open_address_is_refused_unless_said_aloud(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cds_service", "serve", "--host", "0.0.0.0"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, check=False)
    assert ended.returncode == 1
    assert "--allow-open" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_port_in_use_is_told_at_once(service: RunningService) -> None:
    command = [sys.executable, "-m", "cds_service", "serve", "--port", service.url.rsplit(":", 1)[1]]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, check=False)
    assert ended.returncode == 1
    assert "--port" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_database_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    variables = {**os.environ, "TRIAL_CDS_DATABASE__URL": f"sqlite:///{tmp_path / 'file' / 'x.sqlite'}"}
    command = [sys.executable, "-m", "cds_service", "serve", "--port", str(free_port())]
    ended = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=LONGEST, check=False)
    assert ended.returncode == 1
    assert "database.url" in ended.stderr
    assert "Traceback" not in ended.stderr
