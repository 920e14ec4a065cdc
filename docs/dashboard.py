"""Writes the dashboard for Grafana. A panel is one line of a table: what it shows, by which query, how."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATH = Path(__file__).parents[1] / "deploy" / "grafana" / "trial-cds.json"
_SOURCE = {"type": "prometheus", "uid": "${source}"}
_WIDTH, _HEIGHT, _COLUMNS = 8, 8, 3
_RATE = "[$__rate_interval]"


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture; ``queries`` are pairs of an expression and what its lines are called."""

    title: str
    about: str
    queries: tuple[tuple[str, str], ...]
    unit: str = "short"
    kind: str = "timeseries"
    stacked: bool = False


def _quantiles(metric: str, where: str = "", by: str = "") -> tuple[tuple[str, str], ...]:
    labels = f"le, {by}" if by else "le"
    name = f" {{{{{by}}}}}" if by else ""
    return tuple(
        (f"histogram_quantile({q / 100}, sum by ({labels}) (rate({metric}_bucket{where}{_RATE})))", f"p{q}{name}")
        for q in ((95,) if by else (50, 95, 99))
    )


def _rate(metric: str, by: str, where: str = "") -> tuple[tuple[str, str], ...]:
    name = " ".join(f"{{{{{label}}}}}" for label in by.split(", "))
    return ((f"sum by ({by}) (rate({metric}{where}{_RATE}))", name),)


_HOOK = '{endpoint="patient-view",tenant=~"$tenant"}'

ROWS: tuple[tuple[str, tuple[Panel, ...]], ...] = (
    (
        "Is it well",
        (
            Panel("Up", "Instances that answer", (('sum(up{job="trial-cds"})', "up"),), kind="stat"),
            Panel(
                "Rules' self-test",
                "1: the golden patients are decided as they should be",
                (("min by (trial) (trial_cds_rules_self_test_passed)", "{{trial}}"),),
                kind="stat",
            ),
            Panel(
                "Versions",
                "What runs",
                (("sum by (version, rules) (trial_cds_build_info)", "{{version}}, rules {{rules}}"),),
                kind="stat",
            ),
        ),
    ),
    (
        "Traffic, errors, time",
        (
            Panel(
                "Calls by outcome",
                "patient-view a second; numbers are HTTP statuses",
                _rate("trial_cds_requests_total", "outcome", _HOOK),
                "reqps",
                stacked=True,
            ),
            Panel(
                "Errors",
                "Share of calls that fail on our side, and that are refused",
                (
                    (
                        f'sum(rate(trial_cds_requests_total{{outcome=~"500|503|5xx"}}{_RATE}))'
                        f" / sum(rate(trial_cds_requests_total{_RATE}))",
                        "failed",
                    ),
                    (
                        f'sum(rate(trial_cds_requests_total{{outcome=~"4..|4xx"}}{_RATE}))'
                        f" / sum(rate(trial_cds_requests_total{_RATE}))",
                        "refused",
                    ),
                ),
                "percentunit",
            ),
            Panel("Time until the answer", "patient-view", _quantiles("trial_cds_request_seconds", _HOOK), "s"),
            Panel("Time by tenant", "patient-view", _quantiles("trial_cds_request_seconds", _HOOK, "tenant"), "s"),
            Panel("Time of each step", "Of a call", _quantiles("trial_cds_stage_seconds", by="stage"), "s"),
            Panel(
                "Unreadable requests, refused tokens",
                "A second",
                (
                    *_rate("trial_cds_unreadable_requests_total", "status"),
                    *_rate("trial_cds_tokens_refused_total", "tenant, check"),
                ),
                "reqps",
            ),
        ),
    ),
    (
        "FHIR servers",
        (
            Panel("Searches", "By type", _rate("trial_cds_fhir_search_seconds_count", "type"), "ops", stacked=True),
            Panel(
                "Time of searches",
                "By type",
                _quantiles("trial_cds_fhir_search_seconds", '{outcome!="not-sent"}', "type"),
                "s",
            ),
            Panel(
                "Searches that brought less than all",
                "By type and outcome",
                _rate("trial_cds_fhir_search_seconds_count", "type, outcome", '{outcome!="complete"}'),
                "ops",
            ),
            Panel(
                "Breaker",
                "0 called, 1 one call tries, 2 left alone",
                (("max by (tenant) (trial_cds_breaker_state)", "{{tenant}}"),),
            ),
            Panel(
                "Trips, deadline hits, no place",
                "In an hour",
                (
                    ("sum by (tenant) (increase(trial_cds_breaker_trips_total[1h]))", "trips {{tenant}}"),
                    ("sum(increase(trial_cds_deadline_hits_total[1h]))", "deadline hits"),
                    ("sum(increase(trial_cds_fhir_requests_refused_total[1h]))", "no place"),
                ),
            ),
            Panel(
                "Age of keys",
                "Since a tenant's keys were last read",
                (("time() - min by (tenant) (trial_cds_keys_read_timestamp_seconds > 0)", "{{tenant}}"),),
                "s",
            ),
            Panel(
                "Looks at keys that failed",
                "In an hour",
                (('sum by (tenant) (increase(trial_cds_key_reads_total{outcome="failed"}[1h]))', "{{tenant}}"),),
            ),
            Panel(
                "Prefetch", "How much the EHR sends", _rate("trial_cds_prefetch_total", "extent"), "reqps", stacked=True
            ),
            Panel(
                "Prefetch keys that brought nothing usable",
                "By key and state",
                _rate("trial_cds_prefetch_keys_total", "key, state", '{state!~"data|empty"}'),
                "reqps",
            ),
        ),
    ),
    (
        "What it says",
        (
            Panel("Verdicts", "A second", _rate("trial_cds_verdicts_total", "verdict"), "ops", stacked=True),
            Panel(
                "Why there was no card",
                "In the time shown",
                (
                    (
                        "topk(12, sum by (outcome, cause) "
                        '(increase(trial_cds_calls_total{outcome!="card"}[$__range])))',
                        "{{outcome}}: {{cause}}",
                    ),
                ),
                kind="bargauge",
            ),
            Panel(
                "Why criteria are unknown",
                "In the time shown",
                (("topk(15, sum by (cause) (increase(trial_cds_unknowns_total[$__range])))", "{{cause}}"),),
                kind="bargauge",
            ),
            Panel(
                "Criteria that are unknown",
                "Share of assessments, in the time shown",
                (
                    (
                        "topk(20, sum by (criterion) (increase(trial_cds_unknowns_total[$__range]))"
                        " / scalar(sum(increase(trial_cds_verdicts_total[$__range]))))",
                        "{{criterion}}",
                    ),
                ),
                "percentunit",
                kind="bargauge",
            ),
            Panel(
                "What clinicians do with cards",
                "In the time shown",
                (
                    (
                        "sum by (outcome, reason) (increase(trial_cds_feedback_total[$__range]))",
                        "{{outcome}} {{reason}}",
                    ),
                ),
                kind="bargauge",
            ),
            Panel(
                "Cards, and cards that stayed away",
                "A second",
                _rate("trial_cds_calls_total", "outcome, cause", '{outcome=~"card|suppressed"}'),
                "ops",
                stacked=True,
            ),
        ),
    ),
    (
        "Saturation",
        (
            Panel(
                "Places taken",
                "Requests under way, of those that can be",
                (
                    (
                        "sum by (instance) (trial_cds_requests_in_flight) / sum by (instance) (trial_cds_threads)",
                        "{{instance}}",
                    ),
                ),
                "percentunit",
            ),
            Panel(
                "Database",
                "Work not done, in ten minutes",
                (
                    (
                        "sum by (work, outcome) (increase(trial_cds_database_errors_total[10m]))",
                        "{{work}} {{outcome}}",
                    ),
                ),
            ),
            Panel(
                "Time with the database",
                "Look-up of earlier cards, and the note of the call",
                _quantiles("trial_cds_stage_seconds", '{stage=~"history|note"}', "stage"),
                "s",
            ),
        ),
    ),
)


def document() -> str:
    """Return the dashboard as Grafana imports it."""
    panels: list[dict[str, Any]] = []
    top = 0
    for title, row in ROWS:
        panels.append(_row(len(panels) + 1, title, top))
        for place, panel in enumerate(row):
            at = {
                "x": place % _COLUMNS * _WIDTH,
                "y": top + 1 + place // _COLUMNS * _HEIGHT,
                "w": _WIDTH,
                "h": _HEIGHT,
            }
            panels.append(_panel(len(panels) + 1, panel, at))
        top += 1 + -(-len(row) // _COLUMNS) * _HEIGHT
    dashboard = {
        "uid": "trial-cds",
        "title": "trial-cds",
        "description": "A CDS Hooks service for trial NCT01374854. Alerts and what to do: docs/operations.md.",
        "tags": ["trial-cds"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": [_source(), _tenant()]},
        "panels": panels,
    }
    return json.dumps(dashboard, indent=1, ensure_ascii=False) + "\n"


def _row(number: int, title: str, top: int) -> dict[str, Any]:
    return {
        "id": number,
        "type": "row",
        "title": title,
        "collapsed": False,
        "gridPos": {"x": 0, "y": top, "w": 24, "h": 1},
        "panels": [],
    }


def _panel(number: int, panel: Panel, at: dict[str, int]) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": panel.unit}
    if panel.kind == "timeseries":
        fill = (
            {"fillOpacity": 30, "stacking": {"mode": "normal", "group": "A"}} if panel.stacked else {"fillOpacity": 5}
        )
        defaults |= {"min": 0, "custom": {"lineWidth": 1, **fill}}
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": _SOURCE,
        "gridPos": at,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": _OPTIONS[panel.kind],
        "targets": [
            {
                "refId": chr(ord("A") + place),
                "datasource": _SOURCE,
                "expr": expression,
                "legendFormat": legend,
                "instant": panel.kind != "timeseries",
                "range": panel.kind == "timeseries",
            }
            for place, (expression, legend) in enumerate(panel.queries)
        ],
    }


_REDUCED = {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
_OPTIONS: dict[str, dict[str, Any]] = {
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {**_REDUCED, "textMode": "value_and_name", "colorMode": "none", "graphMode": "none"},
    "bargauge": {**_REDUCED, "orientation": "horizontal", "displayMode": "basic"},
}


def _source() -> dict[str, Any]:
    return {"name": "source", "type": "datasource", "query": "prometheus", "label": "Prometheus", "hide": 0}


def _tenant() -> dict[str, Any]:
    query = "label_values(trial_cds_requests_total, tenant)"
    return {
        "name": "tenant",
        "type": "query",
        "label": "Tenant",
        "datasource": _SOURCE,
        "definition": query,
        "query": {"query": query, "refId": "tenant"},
        "refresh": 2,
        "includeAll": True,
        "multi": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
        "sort": 1,
    }
