"""What belongs to a process is made again after a fork."""

from __future__ import annotations

import os
import threading

from cds_service.process import PerProcess
from tests.support.forks import in_child


def test_it_is_made_once_whoever_asks() -> None:
    made: list[int] = []
    held = PerProcess(lambda: made.append(1) or object())
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(held.get())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert len(set(map(id, found))) == 1


def test_a_child_makes_its_own() -> None:
    held = PerProcess(os.getpid)
    assert held.get() == os.getpid()
    assert in_child(lambda: held.get() == os.getpid()) == 0
    assert held.get() == os.getpid()
