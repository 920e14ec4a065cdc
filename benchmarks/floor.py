"""What no service of this kind can do without: a request of that size, taken and answered."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median

import orjson
from flask import Flask, Response, request

from benchmarks.bodies import call, prefetch
from benchmarks.clock import cpu_ms
from benchmarks.service import PATH, echo
from benchmarks.wsgi import post
from cds_service.cds_hooks.wire import read_hook
from cds_service.patient_data.prefetch import read_prefetch


def measure(rounds: int = 100) -> Mapping[str, float]:
    """Return median CPU milliseconds for the body of row 1."""
    body = orjson.dumps(call(prefetch=prefetch()))
    silent, yardstick = _silent(), echo()
    ways = {
        "Flask answers without a look at the body": lambda: post(silent, PATH, body),
        "orjson reads the body, all of it": lambda: orjson.loads(body),
        "the service reads the body, the fields it needs": lambda: read_prefetch(read_hook(body).prefetch or {}),
        "the echo: Flask, orjson reads and writes": lambda: post(yardstick, PATH, body),
    }
    return {what: median(cpu_ms(run) for _ in range(rounds)) for what, run in ways.items()}


def _silent() -> Flask:
    app = Flask("silent")

    @app.post(PATH)
    def answer() -> Response:
        request.get_data()
        return Response(b'{"cards":[]}', content_type="application/json")

    return app
