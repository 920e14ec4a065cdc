"""Each fault of the table: an answer in time, what is known still used, what is not named; and nothing left behind."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from cds_service.settings import Limits
from tests.support.client_threads import busy_threads, soon
from tests.support.faults import DEADLINE, FAULTS, Fault, faulty, open_chart
from tests.support.service import call, candidate, make_app, post

TOLERANCE = 0.6
PLACES = 32
"""Threads of the client's pool, which stay."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    limits = Limits(deadline_seconds=DEADLINE, server_failures=10_000)
    return make_app(tmp_path_factory.mktemp("faults"), limits=limits).test_client()


@pytest.mark.parametrize("everywhere", [True, False], ids=["everywhere", "in orders"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault(client: FlaskClient, fault: Fault, everywhere: bool) -> None:
    with faulty(fault, everywhere=everywhere) as server:
        seen = open_chart(client, server)
    assert seen.outcome == (fault.everywhere if everywhere else fault.in_orders)
    assert seen.seconds < DEADLINE + TOLERANCE
    if not everywhere:
        assert fault.reason in seen.text
    assert soon(lambda: not busy_threads()), "a thread still reads from the server"
    # The next request works as if nothing had happened.
    assert len(post(client, call(candidate())).get_json()["cards"]) == 1


def test_nothing_is_left_behind(client: FlaskClient) -> None:
    """Threads, sockets and memory after each fault are no more than after all of them once."""
    for fault in FAULTS:
        _show(client, fault)
    files, megabytes = _open_files(), _megabytes()
    for fault in FAULTS:
        _show(client, fault)
        assert soon(lambda: not busy_threads()), fault.name
        assert _client_threads() <= PLACES, fault.name
        assert _open_files() <= files + PLACES, fault.name
    assert _megabytes() < megabytes + 60  # less than one of the pages that were too large


def _show(client: FlaskClient, fault: Fault) -> None:
    with faulty(fault, everywhere=False) as server:
        open_chart(client, server)


def _client_threads() -> int:
    """The servers that misbehave have threads in this process too, which end when they like."""
    return sum(thread.name.startswith("fhir") for thread in threading.enumerate())


def _megabytes() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (kilobytes,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(kilobytes) / 1024


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
