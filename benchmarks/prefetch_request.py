"""Row 1: patient-view with all data in prefetch, against an echo of the same body."""

from __future__ import annotations

from statistics import median

import orjson

from benchmarks.bodies import call, prefetch
from benchmarks.clock import cpu_ms
from benchmarks.row import Row
from benchmarks.service import PATH, check_card, echo, service
from benchmarks.wsgi import post

ALLOWED = 4.0
"""Times the CPU of the echo."""


def measure(rounds: int = 150) -> Row:
    """Measure in pairs, one call of each in turn, so that the machine's moods meet both."""
    body = orjson.dumps(call(prefetch=prefetch()))
    yardstick = echo()
    pairs = []
    with service() as app:
        check_card(app, body)
        for _ in range(rounds):
            pairs.append((cpu_ms(lambda: post(app, PATH, body)), cpu_ms(lambda: post(yardstick, PATH, body))))
    ours, theirs = (median(side) for side in zip(*pairs, strict=True))
    return Row(
        f"patient-view, all in prefetch ({len(body) / 1000:.0f} kB): CPU",
        f"<= {ALLOWED:.1f} x echo",
        f"{ours / theirs:.2f} x ({ours:.2f} / {theirs:.2f} ms)",
        ours / theirs / ALLOWED,
    )
