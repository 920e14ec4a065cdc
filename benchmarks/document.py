"""Puts what was measured into ``docs/performance.md``, between markers, and draws it beside."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.memory import ALLOWED_MB, Sample, row
from benchmarks.report import Measured
from benchmarks.svg import Chart
from benchmarks.tables import markdown

DOCUMENT = Path(__file__).parents[1] / "docs" / "performance.md"
PICTURES = DOCUMENT.parent / "images" / "performance"
_WORDS = {1: "one core", 2: "two cores", 4: "four cores", 8: "eight cores"}


def machine() -> str:
    """Return what the figures were measured on, and nothing that tells which machine it was."""
    cores = os.cpu_count() or 1
    kind = platform.machine().replace("x86_64", "x86-64")
    return f"{_WORDS.get(cores, f'{cores} cores')}, {kind}, Python {'.'.join(platform.python_version_tuple()[:2])}"


def write(measured: Measured) -> None:
    """Write everything but the long run."""
    tables = measured.tables()
    blocks = {name: f"{markdown(table.head, table.rows)}\n" for name, table in tables.items()}
    blocks["machine"] = f"Measured on {machine()}.\n"
    _replace(blocks)
    _draw(pictures(measured))


def write_long(taken: Sequence[Sample]) -> None:
    """Write the long run alone; it stays when everything else is measured again."""
    rows = [(f"{sample.requests:,}", f"{sample.resident_mb:.1f}") for sample in taken[:: max(1, len(taken) // 10)]]
    head = ("requests", "resident MB")
    said = f"Measured on {machine()}: {row(taken).measured}."
    picture = f"![Memory of a worker by the number of requests]({PICTURES.parent.name}/{PICTURES.name}/memory.svg)"
    _replace({"memory": f"{said}\n\n{markdown(head, rows)}\n\n{picture}\n"})
    line = [(float(sample.requests), sample.resident_mb) for sample in taken]
    limit = ("budget", ALLOWED_MB)
    _draw({"memory": Chart("Memory of one worker", "requests", "resident MB", {"worker": line}, limit=limit)})


def pictures(measured: Measured) -> dict[str, Chart]:
    """Return the charts by the name of their file."""
    by_results = measured.by_results.items()
    clients = measured.clients.items()
    return {
        "results": Chart(
            "Cost by the size of the chart", "Observations in the prefetch (logarithmic)", "CPU ms",
            {
                "service": [(float(n), cost.ours) for n, cost in by_results],
                "echo of the same body": [(float(n), cost.echo) for n, cost in by_results],
            },
            logarithmic=True,
        ),
        "criteria": Chart(
            "Cost by the number of criteria", "criteria evaluated", "CPU ms",
            {"assessment": [(float(n), ms) for n, ms in measured.by_criteria.items()]},
        ),
        "clients": Chart(
            "Wall clock by clients at once", "clients (logarithmic)", "ms",
            {
                "median": [(float(n), load.p50_ms) for n, load in clients],
                "p95": [(float(n), load.p95_ms) for n, load in clients],
                "p99": [(float(n), load.p99_ms) for n, load in clients],
            },
            logarithmic=True,
        ),
    }  # fmt: skip


def _replace(blocks: Mapping[str, str]) -> None:
    """Put each text between the markers of its name; raises ValueError when the document has no such markers."""
    text = DOCUMENT.read_text(encoding="utf-8")
    for name, block in blocks.items():
        between = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        if not between.search(text):
            raise ValueError(f"{DOCUMENT} has no markers for {name}")
        text = between.sub(lambda found, block=block: f"{found[1]}{block}{found[2]}", text)  # type: ignore[misc]
    DOCUMENT.write_text(text, encoding="utf-8")


def _draw(charts: Mapping[str, Chart]) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name, chart in charts.items():
        (PICTURES / f"{name}.svg").write_text(chart.svg(), encoding="utf-8")
