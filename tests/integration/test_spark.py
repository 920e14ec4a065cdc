"""The Spark engine gives what the local one gives. Needs Java and the extra `spark`, which `make test-spark` brings.

How many people are compared stands in `TRIAL_CDS_SPARK_PEOPLE` (`make test-spark PATIENTS=10000`): few by default, for
Spark starts slowly.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
from pathlib import Path

import pytest

from cds_service.cohort.progress import Narrator
from cds_service.cohort.spark import SparkEngine
from cds_service.cohort.synthetic.write import Population, write_population
from tests.support.population import ON, RESULTS, bundle_of, charts, screen, write_lines

PEOPLE = int(os.environ.get("TRIAL_CDS_SPARK_PEOPLE", "60"))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(7_200 if PEOPLE > 1_000 else 600),
    pytest.mark.skipif(importlib.util.find_spec("pyspark") is None, reason="pyspark is not installed: make test-spark"),
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java 17"),
]


def _agree(source: Path, tmp_path: Path) -> None:
    """Screen a source with both engines and compare all results, the assessments after sorting."""
    local = screen(source, tmp_path / "local")
    spark = screen(source, tmp_path / "spark", engine=SparkEngine(2, Narrator()))
    assert spark == local
    for name in RESULTS:
        one, other = ((tmp_path / engine / name).read_bytes() for engine in ("local", "spark"))
        if name == "assessments.ndjson":
            one, other = (b"".join(sorted(content.splitlines(keepends=True))) for content in (one, other))
        assert one == other, name


def test_both_engines_agree_on_scattered_lines_with_faults(tmp_path: Path) -> None:
    source = tmp_path / "source"
    assert list(write_population(Population(PEOPLE, 21, ON), source, 2))[-1] == PEOPLE
    write_lines(
        source / "odd.ndjson",
        [
            b'{"resourceType":"Condition","id":"cut","subject":{"reference":"Patient/p0000003"},"co',
            b'{"resourceType":"Claim","id":"c","patient":{"reference":"Patient/p0000003"}}',
            b'{"resourceType":"Observation","id":"o","subject":{"reference":"Group/1"}}',
            b'{"resourceType":"Observation","id":"o","subject":{"reference":"Patient/ghost"}}',
            b'{"resourceType":"Specimen","id":"s","subject":{"reference":"Patient/p0000001"}}',
            b'{"resourceType":"Observation","id":"d","status":"final","subject":{"reference":"Patient/p0000002"},'
            b'"specimen":{"reference":"Specimen/s"}}',
            b"\xff\xfe",
            b"[]",
        ],
    )
    _agree(source, tmp_path)


def test_both_engines_agree_on_bundles(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for person in charts(12, 22):
        (source / f"{person[0]['id']}.json").write_text(json.dumps(bundle_of(person)))
    (source / "broken.json").write_text("{")
    _agree(source, tmp_path)
