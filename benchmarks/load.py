"""Clients that call a running service over HTTP, side by side, each over one connection that it keeps."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from statistics import quantiles
from typing import NamedTuple
from urllib.parse import urlsplit

from benchmarks.service import PATH
from benchmarks.wsgi import UnexpectedAnswer

SECONDS_TO_ANSWER = 60
_JSON = {"Content-Type": "application/json"}


class Load(NamedTuple):
    """What came of some calls."""

    a_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


class Client:
    """One client and its connection."""

    def __init__(self, url: str) -> None:
        self._connection = HTTPConnection(urlsplit(url).netloc, timeout=SECONDS_TO_ANSWER)

    def post(self, body: bytes, allowed: Collection[int] = (200,)) -> bytes:
        """Return the answer's body; raises `UnexpectedAnswer` for a status that is not ``allowed``."""
        self._connection.request("POST", PATH, body, _JSON)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status not in allowed:
            raise UnexpectedAnswer(f"{PATH} answered {answer.status}: {content.decode(errors='replace')}")
        return content

    def close(self) -> None:
        self._connection.close()


def call_all(
    url: str, body_of: Callable[[int], bytes], calls: range, clients: int, allowed: Collection[int] = (200,)
) -> Load:
    """Make ``calls``, the next one by whichever of ``clients`` is free."""
    numbers = iter(calls)
    milliseconds: list[float] = []

    def work(_client: int) -> None:
        client = Client(url)
        # A range's iterator is advanced in one step of the interpreter, so threads can share it.
        for number in numbers:
            body = body_of(number)
            started = time.perf_counter()
            client.post(body, allowed)
            milliseconds.append((time.perf_counter() - started) * 1000)
        client.close()

    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(work, range(clients)))
    seconds = time.perf_counter() - began
    cuts = quantiles(milliseconds, n=100)
    return Load(len(milliseconds) / seconds, cuts[49], cuts[94], cuts[98])
