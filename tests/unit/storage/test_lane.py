"""Whoever waits for the database can stop waiting, and work that has not begun by then is dropped."""

from __future__ import annotations

import threading
import time

import pytest

from cds_service.storage.lane import DatabaseBusy, Lane, Pending


def test_it_returns_what_the_work_returns_and_raises_what_it_raises() -> None:
    lane = Lane(1, waiting=0)
    assert lane.run(5, lambda give_up: give_up > time.monotonic(), queue=False)
    with pytest.raises(ZeroDivisionError):
        lane.run(5, lambda _: 1 // 0, queue=False)
    assert lane.run(5, lambda _: "again", queue=False) == "again"


def test_who_waits_stops_waiting_and_places_come_back() -> None:
    lane, release = Lane(1, waiting=1), threading.Event()
    ran: list[str] = []
    with pytest.raises(DatabaseBusy):
        _held_up(lane, release).result()
    with pytest.raises(DatabaseBusy):
        lane.run(0.05, lambda _: ran.append("dropped"), queue=False)
    release.set()
    lane.run(5, lambda _: ran.append("done"), queue=True)
    assert ran == ["done"]


def _held_up(lane: Lane, release: threading.Event) -> Pending[bool]:
    """Return work that has begun, that ends by ``release``, and whose time is over."""
    begun = threading.Event()

    def work(_: float) -> bool:
        begun.set()
        return release.wait(20)

    held_up = lane.begin(0, work, queue=False)
    assert begun.wait(20)
    return held_up


def test_without_a_place_only_who_queues_waits() -> None:
    lane, release = Lane(1, waiting=0), threading.Event()
    _held_up(lane, release)
    started = time.monotonic()
    with pytest.raises(DatabaseBusy):
        lane.run(10, lambda _: None, queue=False)
    assert time.monotonic() - started < 5
    threading.Timer(0.1, release.set).start()
    assert lane.run(10, lambda _: "had its turn", queue=True) == "had its turn"
