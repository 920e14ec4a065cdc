"""One, eight and thirty-two clients at once, against gunicorn as it is set by default."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from benchmarks.bodies import about, call, prefetch
from benchmarks.load import Load, call_all
from tests.support.server import running_service

CLIENTS = (1, 8, 32)
CALLS = 800
_WARM_UP = 60


def measure(calls: int = CALLS, warm_up: int = _WARM_UP) -> Mapping[int, Load]:
    """Return what came of ``calls`` by so many clients; every call is about another patient, all in the prefetch."""
    body = orjson.dumps(call(prefetch=prefetch(on=datetime.now(UTC).date())))
    with TemporaryDirectory() as folder, running_service(Path(folder)) as service:

        def load(clients: int, first: int, count: int) -> Load:
            return call_all(service.url, lambda number: about(body, number), range(first, first + count), clients)

        load(max(CLIENTS), 0, warm_up)
        return {clients: load(clients, clients * 1_000_000, calls) for clients in CLIENTS}
