"""Public bundles that nobody here wrote: no crash, no false claim, a reason for every unknown."""

from __future__ import annotations

import json
from datetime import UTC, date
from pathlib import Path
from typing import Any

import pytest

from rules.assess import Executor, assess
from rules.assessment import Assessment, Status
from rules.entries import Entry, read_record
from rules.record import PatientRecord
from rules.searches import COMPLETE, SEARCHES
from rules.trial import Trial
from tests.support.charts import NO_PUBLIC, PUBLIC

FILES = sorted(PUBLIC.glob("*.json"))

TYPE_1 = {
    "ecqm-cms122-t1d-denom.json", "ecqm-cms122-t1d-denomexcl.json", "ecqm-cms122-t1d-noip.json",
    "ecqm-cms122-t1d-numer.json", "ecqm-cms871-t1d-hyperglycemia.json", "ecqm-nhsn-hypoglycemia-t1d.json",
    "ecqm-qicore-cms871-b7534abb.json", "ecqm-qicore-cms871-c85ad9d3.json",
}  # fmt: skip
"""The bundles with a type 1 code (E10.10, E10.21 or 46635009); read by hand."""

pytestmark = pytest.mark.skipif(not FILES, reason=NO_PUBLIC)


def record_in(path: Path) -> PatientRecord:
    bundle: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    entries = [Entry(json.dumps(e["resource"]).encode(), e.get("fullUrl")) for e in bundle["entry"]]
    return read_record(entries, dict.fromkeys(SEARCHES, COMPLETE))


ON = date(2026, 6, 15)
"""After every entry of every bundle: what is dated later than the day of evaluation would not be used."""


def assessment_of(path: Path, trial: Trial, executor: Executor) -> Assessment:
    return assess(record_in(path), trial, executor, ON, UTC)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_resource_is_lost(path: Path) -> None:
    record = record_in(path)
    assert record.dropped == 0
    assert record.unreadable == ()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_type_1_is_claimed_only_with_evidence(path: Path, trial: Trial, durable: Executor) -> None:
    result = assessment_of(path, trial, durable)["I4"]
    if path.name in TYPE_1:
        assert result.status in (Status.MET, Status.NEEDS_JUDGEMENT)
        assert any(item.reference.startswith("Condition/") for item in result.evidence)
    else:
        assert result.status is Status.NOT_MET


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_unknown_says_why_and_what_would_settle_it(path: Path, trial: Trial, durable: Executor) -> None:
    for result in assessment_of(path, trial, durable).criteria:
        if result.status is Status.UNKNOWN:
            assert len(result.summary) > 10, result.id
            assert result.missing, result.id
