"""Each fault of the table: an answer in time, what is known still used, what is not named; and nothing left behind."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from cds_service.settings import Limits
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
    # The next request works as if nothing had happened.
    assert len(post(client, call(candidate())).get_json()["cards"]) == 1


def test_nothing_is_left_behind(client: FlaskClient) -> None:
    """Threads and sockets after each fault are no more than after all of them once."""
    for fault in FAULTS:
        _show(client, fault)
    threads, files = threading.active_count(), _open_files()
    for fault in FAULTS:
        _show(client, fault)
    assert threading.active_count() <= threads + PLACES
    assert _open_files() <= files + PLACES


def _show(client: FlaskClient, fault: Fault) -> None:
    with faulty(fault, everywhere=False) as server:
        open_chart(client, server)


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))
