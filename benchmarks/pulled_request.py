"""Row 3: patient-view that pulls everything from a FHIR server, against what the server alone takes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import median

import orjson
from flask import Flask

from benchmarks.bodies import call, prefetch
from benchmarks.row import Row
from benchmarks.service import PATH, check_card, service
from benchmarks.stub_server import Answered, StubServer
from benchmarks.wsgi import post
from cds_service.patient_data.query_plan import GATE, TYPES

LATENCIES = {0.02: 20, 0.1: 20, 0.5: 8}
"""Seconds that the server takes for each search, and how often each is measured."""
FACTOR, ALLOWANCE_MS = 1.3, 50.0

_BEFORE_THE_GATE = frozenset[str]().union(*(TYPES[name] for name in GATE))


def measure(rounds: int | None = None) -> list[Row]:
    """Return a row for each latency. This is wall clock: here the service mostly waits."""
    with service() as app, StubServer(prefetch()) as server:
        body = orjson.dumps(call(fhirServer=server.base_url))
        check_card(app, body)
        return [_row(app, server, body, latency, rounds or usual) for latency, usual in LATENCIES.items()]


def _row(app: Flask, server: StubServer, body: bytes, latency: float, rounds: int) -> Row:
    server.latency = latency
    times = [_once(app, server, body) for _ in range(rounds)]
    wall, least = (median(side) for side in zip(*times, strict=True))
    allowed = FACTOR * least + ALLOWANCE_MS
    return Row(
        f"patient-view, all pulled, {latency * 1000:.0f} ms a search: wall clock",
        f"<= {FACTOR} x + {ALLOWANCE_MS:.0f} = {allowed:.0f} ms",
        f"{wall / least:.2f} x ({wall:.0f} / {least:.0f} ms)",
        wall / allowed,
    )


def _once(app: Flask, server: StubServer, body: bytes) -> tuple[float, float]:
    """Return the milliseconds of one call, and those that its slowest searches make inevitable."""
    server.answered.clear()
    started = time.perf_counter()
    post(app, PATH, body)
    return (time.perf_counter() - started) * 1000, _inevitable(server.answered)


def _inevitable(answered: Sequence[Answered]) -> float:
    """Return the slowest search before the gate plus the slowest after it, in milliseconds."""
    before = max(search.seconds for search in answered if search.type in _BEFORE_THE_GATE)
    after = max(search.seconds for search in answered if search.type not in _BEFORE_THE_GATE)
    return (before + after) * 1000
