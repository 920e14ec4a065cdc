"""Measures answer times for the registration sheets and writes them down: ``python -m benchmarks.latency``.

Wall clock of whole calls, without the network between EHR and service.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from statistics import quantiles
from typing import Any

import orjson

from benchmarks.bodies import call, prefetch
from benchmarks.service import PATH, check_card, collect_as_served, service
from benchmarks.stub_server import StubServer
from benchmarks.wsgi import post
from cds_service.registration.latency import PATH as FILE

ROUNDS = 200
SEARCH_MS = 100


def measure(rounds: int = ROUNDS) -> list[dict[str, Any]]:
    """Return a row for each way of a call."""
    return [{"what": what, "calls": rounds, **_spread(run, rounds)} for what, run in _ways()]


def _ways() -> Iterator[tuple[str, Callable[[], object]]]:
    everything, other = (orjson.dumps(call(prefetch=prefetch(diabetic=fits))) for fits in (True, False))
    with service() as app:
        check_card(app, everything)
        yield "all in the prefetch, one card", lambda: post(app, PATH, everything)
        yield "all in the prefetch, no type 1 diabetes, no card", lambda: post(app, PATH, other)
        with StubServer(prefetch(), SEARCH_MS / 1000) as server:
            body = orjson.dumps(call(fhirServer=server.base_url))
            check_card(app, body)
            yield f"nothing in the prefetch, {SEARCH_MS} ms a search, one card", lambda: post(app, PATH, body)


def _spread(run: Callable[[], object], rounds: int) -> dict[str, float]:
    run()
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        run()
        times.append((time.perf_counter() - started) * 1000)
    cuts = quantiles(times, n=100)
    return {"medianMs": round(cuts[49], 1), "p95Ms": round(cuts[94], 1)}


def main() -> None:
    collect_as_served()
    rows = measure()
    measured = {"on": datetime.now(UTC).date().isoformat(), "cores": os.cpu_count(), "rows": rows}
    FILE.write_bytes(orjson.dumps(measured, option=orjson.OPT_INDENT_2) + b"\n")
    for row in rows:
        print(f"{row['medianMs']:8.1f} ms median {row['p95Ms']:8.1f} ms p95  {row['what']}")


if __name__ == "__main__":
    main()
