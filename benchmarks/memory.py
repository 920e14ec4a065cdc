"""Memory of one gunicorn worker that is never replaced, over thousands of requests."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import linear_regression
from tempfile import TemporaryDirectory
from typing import NamedTuple

import orjson

from benchmarks.bodies import about, call, prefetch
from benchmarks.load import call_all
from benchmarks.processes import children, resident_mb
from benchmarks.row import Row
from benchmarks.stub_server import StubServer
from tests.support.server import running_service

REQUESTS = 100_000
"""Requests of the budget."""
SHORT = 10_000
"""Requests of a run that takes minutes; what the rest would add is worked out from its second half."""
ALLOWED_MB = 200.0
FLAT_MB = 10.0
"""Growth in the second half of the budget's requests that still counts as flat."""
SAMPLES = 20
CLIENTS = 8
"""As many as the worker has threads."""
_ALLOWED = (200, 412)
"""On a busy machine what is pulled may come too late, which costs memory too and need not end a run of an hour."""


class Sample(NamedTuple):
    """The worker after so many requests."""

    requests: int
    resident_mb: float


def samples(requests: int) -> list[Sample]:
    """Call one worker ``requests`` times about as many patients, and look at it ``SAMPLES`` times.

    Seven in ten send everything in the prefetch and get a card, two have no type 1 diabetes, one is pulled.
    """
    with (
        StubServer(prefetch(on=datetime.now(UTC).date())) as server,
        TemporaryDirectory() as folder,
        running_service(Path(folder), "--workers", "1", TRIAL_CDS_SERVER__MAX_REQUESTS="0") as service,
    ):
        body_of = _bodies(server.base_url)
        (worker,) = children(service.process.pid)
        taken = [Sample(0, resident_mb(worker))]
        step = requests // SAMPLES
        for done in range(0, requests, step):
            call_all(service.url, body_of, range(done, done + step), CLIENTS, _ALLOWED)
            taken.append(Sample(done + step, resident_mb(worker)))
        if children(service.process.pid) != [worker]:
            raise RuntimeError("the worker was replaced: what was measured is not one process")
    return taken


def row(taken: Sequence[Sample]) -> Row:
    """Return the row of the budget; after fewer requests, with what the rest would add at the pace seen last.

    Whether it stays flat, only the whole number of requests shows.
    """
    last = taken[-1]
    whole = last.requests >= REQUESTS
    second_half = taken[len(taken) // 2 :]
    a_request = linear_regression([s.requests for s in second_half], [s.resident_mb for s in second_half]).slope
    at_the_end = last.resident_mb + max(a_request, 0.0) * (REQUESTS - last.requests)
    growth = a_request * REQUESTS / 2
    seen = f"{last.resident_mb:.0f} MB after {last.requests:,}"
    ahead = "" if whole else f", {at_the_end:.0f} MB expected after {REQUESTS:,}"
    return Row(
        f"memory of a worker after {REQUESTS:,} requests",
        f"<= {ALLOWED_MB:.0f} MB, flat",
        f"{seen}{ahead}; {a_request * 10_000:+.1f} MB per 10,000",
        math.inf if whole and growth > FLAT_MB else at_the_end / ALLOWED_MB,
        not_shown="" if whole else "flat",
    )


def _bodies(fhir_server: str) -> Callable[[int], bytes]:
    on = datetime.now(UTC).date()
    complete, other = (orjson.dumps(call(prefetch=prefetch(diabetic=fits, on=on))) for fits in (True, False))
    pulled = orjson.dumps(call(fhirServer=fhir_server))
    kinds = (complete, complete, other, complete, complete, complete, other, complete, complete, pulled)
    # The server that is asked knows one patient only.
    return lambda number: kinds[number % 10] if kinds[number % 10] is pulled else about(kinds[number % 10], number)
