"""Threads that assess different people at the same time, through the same durable_rules."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from benchmarks.people import People

SWITCH_SECONDS = 0.0001
"""Python changes threads fifty times as often as it usually does, so that they meet everywhere."""


def wrong_answers(people: People, threads: int, assessments_a_thread: int) -> int:
    """Return how many answers differ from those given alone; an exception of a thread is raised here."""

    def work(thread: int) -> int:
        chance = random.Random(thread)
        return sum(not people.is_right(chance.randrange(len(people))) for _ in range(assessments_a_thread))

    with _switching_often(), ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(work, range(threads)))


@contextmanager
def _switching_often() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
