"""Each fault of the table: an answer in time, what is known still used, what is not named; and nothing left behind."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import requests
from flask.testing import FlaskClient

from cds_service.patient_data import fhir_client
from cds_service.patient_data.transport import new_session
from cds_service.setting_parts import Limits, Server
from tests.support.client_threads import busy_threads
from tests.support.faults import DEADLINE, FAULTS, Fault, faulty, open_chart
from tests.support.service import call, candidate, make_app, post
from tests.support.waiting import soon

TOLERANCE = 2.0
"""Seconds beyond the deadline, on a machine that is busy otherwise. The document of reliability has exact ones."""
WHILE_OTHERS_HANG = 3 * DEADLINE
"""Seconds in which the rest of the chart arrives."""
AMPLE = 20.0
"""Seconds for faults that end by themselves: on a busy machine too, before they are over."""
PLACES = 32
"""Threads of the client's pool, which stay."""
FEW_FILES = 8
"""What else may be open at one time and not at another, such as the database's connections."""


Clients = Callable[[float], FlaskClient]


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Clients:
    """Services by the deadline that they have."""
    return cache(lambda seconds: _service(tmp_path_factory.mktemp("faults"), seconds))


def _service(folder: Path, deadline: float) -> FlaskClient:
    limits = Limits(deadline_seconds=deadline, server_failures=10_000)
    server = Server(graceful_seconds=60)  # more than any deadline here
    return make_app(folder, limits=limits, server=server).test_client()


@pytest.mark.parametrize("everywhere", [True, False], ids=["everywhere", "in orders"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault(clients: Clients, fault: Fault, everywhere: bool) -> None:
    deadline = (DEADLINE if everywhere else WHILE_OTHERS_HANG) if fault.hangs else AMPLE
    client = clients(deadline)
    with faulty(fault, everywhere=everywhere) as server:
        seen = open_chart(client, server)
    assert seen.outcome == (fault.everywhere if everywhere else fault.in_orders)
    assert seen.seconds < (deadline + TOLERANCE if fault.hangs else deadline)
    if not everywhere:
        assert fault.reason in seen.text
    assert soon(lambda: not busy_threads()), "a thread still reads from the server"
    # The next request works as if nothing had happened.
    assert len(post(client, call(candidate())).get_json()["cards"]) == 1


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> list[requests.Session]:
    """The sessions that FHIR clients make from now on."""
    made: list[requests.Session] = []

    def remembered(connections: int, ca_bundle: str | None = None) -> requests.Session:
        made.append(new_session(connections, ca_bundle))
        return made[-1]

    monkeypatch.setattr(fhir_client, "new_session", remembered)
    return made


def test_nothing_is_left_behind(tmp_path: Path, sessions: list[requests.Session]) -> None:
    """Threads, sockets and memory are no more when all faults have come a second time."""
    client, strangers = _service(tmp_path, DEADLINE), _client_threads()
    _show_all(client, sessions, strangers)
    files, megabytes = _open_files(), _megabytes()
    _show_all(client, sessions, strangers)
    assert soon(lambda: _open_files() <= files + FEW_FILES)
    assert _megabytes() < megabytes + 60  # less than one of the pages that were too large


def _show_all(client: FlaskClient, sessions: list[requests.Session], strangers: set[threading.Thread]) -> None:
    """Show the client each fault, then let it give up the connections that it keeps for later calls."""
    others = _server_threads()  # of servers that tests before this one keep connections to
    for fault in FAULTS:
        _show(client, fault)
        assert soon(lambda: not busy_threads()), fault.name
        assert len(_client_threads() - strangers) <= PLACES, fault.name
    for session in sessions:
        session.close()
    assert soon(lambda: _server_threads() <= others)


def _show(client: FlaskClient, fault: Fault) -> None:
    with faulty(fault, everywhere=False) as server:
        open_chart(client, server)


def _client_threads() -> set[threading.Thread]:
    """The servers that misbehave have threads in this process too, which end when they like."""
    return {thread for thread in threading.enumerate() if thread.name.startswith("fhir")}


def _server_threads() -> set[threading.Thread]:
    """Threads in which the servers that misbehave still answer somebody: each has a socket."""
    return {thread for thread in threading.enumerate() if "process_request_thread" in thread.name}


def _megabytes() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (kilobytes,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(kilobytes) / 1024


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
