"""Fills the tables of docs/observability.md: metrics, labels, stages, log fields and alerts, as the code has them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from cds_service.logs import FIELDS
from cds_service.observability.catalogue import LABELS, METRICS, Metric
from cds_service.observability.course import STAGES

PATH = Path(__file__).with_name("observability.md")
ALERTS = Path(__file__).parents[1] / "deploy" / "prometheus" / "alerts.yaml"
_BLOCK = re.compile(r"<!-- (\w+) -->\n.*?<!-- /\1 -->", re.DOTALL)


def document() -> str:
    """Return the page with its tables made anew; the text around them is written by hand."""
    return _BLOCK.sub(_filled, PATH.read_text(encoding="utf-8"))


def alerts() -> list[dict[str, Any]]:
    """Return the alert rules."""
    groups = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _filled(block: re.Match[str]) -> str:
    name = block[1]
    rows = "\n".join(_TABLES[name]())
    return f"<!-- {name} -->\n{rows}\n<!-- /{name} -->"


def _metrics() -> Iterator[str]:
    yield "| metric | kind | labels | what it tells |"
    yield "|---|---|---|---|"
    for metric in METRICS.values():
        labels = ", ".join(f"`{label}`" for label in metric.labels) or "none"
        yield f"| `{metric.name}` | {_kind(metric)} | {labels} | {metric.help} |"


def _kind(metric: Metric) -> str:
    return (
        f"{metric.kind.value}, {metric.buckets[0]:g} to {metric.buckets[-1]:g} s"
        if metric.buckets
        else metric.kind.value
    )


def _alerts() -> Iterator[str]:
    yield "| alert | severity | fires when |"
    yield "|---|---|---|"
    for rule in alerts():
        link = f"[{rule['alert']}](operations.md#{rule['alert'].lower()})"
        condition = " ".join(rule["expr"].split()).replace("|", "\\|")
        yield f"| {link} | {rule['labels']['severity']} | `{condition}` for {rule['for']} |"


def _pairs(head: str, pairs: Mapping[str, str]) -> Callable[[], Iterator[str]]:
    def rows() -> Iterator[str]:
        yield f"| {head} | |"
        yield "|---|---|"
        yield from (f"| `{name}` | {about} |" for name, about in pairs.items())

    return rows


_TABLES: Mapping[str, Callable[[], Iterator[str]]] = {
    "metrics": _metrics,
    "labels": _pairs("label", LABELS),
    "stages": _pairs("stage", STAGES),
    "fields": _pairs("field", FIELDS),
    "alerts": _alerts,
}
