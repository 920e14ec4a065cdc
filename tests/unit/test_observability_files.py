"""Dashboard, alerts and their documents speak of metrics that there are, and are current."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cds_service.observability.catalogue import METRICS, PREFIX
from docs import dashboard, golden, observability
from docs.observability import alerts
from rules.assessment import Verdict

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")

_SAMPLES = {sample: metric for metric in METRICS.values() for sample in metric.samples}
_SELECTOR = re.compile(rf"({PREFIX}\w+)(?:\{{([^}}]*)\}})?")
_MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
_GROUPED = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")
_OF_THE_SCRAPE = {"instance", "job", "le"}
"""Labels that Prometheus and histograms add."""


def _expressions() -> Iterator[tuple[str, str]]:
    for rule in alerts():
        yield rule["alert"], rule["expr"]
    for panel in json.loads(dashboard.PATH.read_text(encoding="utf-8"))["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]
    for block in re.findall(r"```promql\n(.*?)```", observability.PATH.read_text(encoding="utf-8"), re.DOTALL):
        for line in block.splitlines():
            if not line.startswith("#"):
                yield "docs/observability.md", line


EXPRESSIONS = tuple(_expressions())


@pytest.mark.parametrize(("where", "expression"), EXPRESSIONS, ids=[f"{n}-{w}" for n, (w, _) in enumerate(EXPRESSIONS)])
def test_every_metric_and_label_that_is_asked_for_exists(where: str, expression: str) -> None:
    labels = set(_OF_THE_SCRAPE)
    for name, matchers in _SELECTOR.findall(expression):
        assert name in _SAMPLES, f"{where}: there is no {name}"
        own = set(_SAMPLES[name].labels) | _OF_THE_SCRAPE
        labels |= own
        assert set(_MATCHER.findall(matchers)) <= own, f"{where}: {name} has no such label"
    for grouped in _GROUPED.findall(expression):
        assert {label.strip() for label in grouped.split(",")} <= labels, where


def test_every_metric_is_of_use() -> None:
    """In the dashboard or an alert; but for what the documentation alone speaks of."""
    used = {name for _, expression in EXPRESSIONS for name, _ in _SELECTOR.findall(expression)}
    unused = {metric.name for metric in METRICS.values() if used.isdisjoint(metric.samples)}
    assert unused <= {"trial_cds_rules_self_test_timestamp_seconds"}


def test_each_alert_says_what_it_is_and_where_stands_what_to_do() -> None:
    names = [rule["alert"] for rule in alerts()]
    assert len(names) == len(set(names)) > 10
    for rule in alerts():
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        assert rule["annotations"]["summary"].endswith(".")
        assert rule["annotations"]["runbook_url"] == f"docs/operations.md#{rule['alert'].lower()}"
        assert re.fullmatch(r"\d+[mh]", rule["for"])
    written = re.findall(r"^#### (\w+)\n\n(.+)$", OPERATIONS, re.MULTILINE)
    assert [name for name, _ in written] == _in_order_of(written, names)
    assert {name for name, _ in written} == set(names)


def _in_order_of(written: list[tuple[str, str]], names: list[str]) -> list[str]:
    return sorted((name for name, _ in written), key=names.index)


def test_the_tested_alerts_exist_and_the_grave_ones_are_tested() -> None:
    files = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in PROMETHEUS.glob("*.test.yaml")]
    cases = [case for file in files for test in file["tests"] for case in test["alert_rule_test"]]
    fired = {case["alertname"] for case in cases if case.get("exp_alerts")}
    assert {case["alertname"] for case in cases} <= {rule["alert"] for rule in alerts()}
    assert {rule["alert"] for rule in alerts() if rule["labels"]["severity"] == "critical"} <= fired


def test_the_example_configuration_names_the_rules_and_holds_no_secret() -> None:
    example: dict[str, Any] = yaml.safe_load((PROMETHEUS / "prometheus.yaml").read_text(encoding="utf-8"))
    assert [PROMETHEUS / name for name in example["rule_files"]] == [PROMETHEUS / "alerts.yaml"]
    (job,) = example["scrape_configs"]
    assert (job["job_name"], job["metrics_path"]) == ("trial-cds", "/metrics")
    assert "authorization" not in job


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "rules", "alerts.yaml"),
        ("check", "config", "prometheus.yaml"),
        ("test", "rules", *sorted(file.name for file in PROMETHEUS.glob("*.test.yaml"))),
    ],
    ids=" ".join,
)
def test_promtool_agrees(arguments: tuple[str, ...]) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian: apt install prometheus)")
    done = subprocess.run([promtool, *arguments], cwd=PROMETHEUS, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_panels_have_places_of_their_own() -> None:
    panels = json.loads(dashboard.PATH.read_text(encoding="utf-8"))["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    squares = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(squares)) == len(squares)


@pytest.mark.parametrize("one", [dashboard, observability, golden], ids=lambda one: one.PATH.name)
def test_the_generated_files_are_current(one: Any) -> None:
    """For golden.json a change means: some patient is decided otherwise than before."""
    assert one.PATH.read_text(encoding="utf-8") == one.document(), f"{one.PATH.name} is stale: run `make docs`"


def test_golden_patients_have_the_verdicts_worked_out_by_hand_and_each_verdict_its_patient() -> None:
    written = json.loads(golden.PATH.read_text(encoding="utf-8"))
    expected = {patient.id: patient.expected_verdict for patient in golden.chosen()}
    assert {patient["name"]: patient["verdict"] for patient in written} == expected
    assert set(expected.values()) == set(Verdict)
