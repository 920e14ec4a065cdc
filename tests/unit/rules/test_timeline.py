"""Timelines: every drawable result of a criterion, with its limit and windows; the rest is named, not dropped."""

from __future__ import annotations

import json
from datetime import UTC, date
from typing import Any

import msgspec

from rules.entries import Entry, read_record
from rules.searches import COMPLETE, SEARCHES
from rules.timeline import Series, timelines
from rules.trial import Trial
from tests.support.fhir import C_PEPTIDE, HBA1C, observation, patient

TODAY = date(2026, 11, 22)


def series(trial: Trial, *resources: dict[str, Any]) -> dict[str, Series]:
    entries = [Entry(json.dumps(resource).encode()) for resource in (patient(), *resources)]
    record = read_record(entries, dict.fromkeys(SEARCHES, COMPLETE))
    return {one.criterion: one for one in timelines(record, trial, TODAY, UTC)}


def test_hba1c_and_c_peptide_have_a_timeline_even_when_there_is_no_result(trial: Trial) -> None:
    drawn = series(trial)
    assert list(drawn) == ["I7", "I8"]
    assert [(one.limit, one.limit_text, one.points) for one in drawn.values()] == [
        (0.3, "at most 0.3 ng/mL", ()),
        (7.5, "at least 7.5 %", ()),
    ]


def test_results_stand_oldest_first_and_in_the_unit_of_the_limit(trial: Trial) -> None:
    newer = observation(HBA1C, 8.4, "%", "2026-10-20")
    older = observation(HBA1C, 68, "mmol/mol", "2025-02-03")
    points = series(trial, newer, older)["I8"].points
    assert [(p.first, p.last, p.reported) for p in points] == [
        (date(2025, 2, 3), date(2025, 2, 3), "68 mmol/mol"),
        (date(2026, 10, 20), date(2026, 10, 20), "8.4 %"),
    ]
    assert points[0].low == points[0].high == 0.09148 * 68 + 2.152
    assert points[0].compared_as == "8.3726 %"
    assert points[1].reference == f"Observation/{newer['id']}"


def test_a_comparator_opens_the_point_and_an_imprecise_date_widens_it(trial: Trial) -> None:
    below = observation(C_PEPTIDE, 0.1, "ng/mL", "2026-01-01", effectiveDateTime="2026-02")
    below["valueQuantity"]["comparator"] = "<"
    (point,) = series(trial, below)["I7"].points
    assert (point.low, point.high) == (None, 0.1)
    assert (point.first, point.last) == (date(2026, 2, 1), date(2026, 2, 28))


def test_windows_are_those_in_which_a_result_decides(trial: Trial) -> None:
    drawn = series(trial)
    assert [(span.start, span.length) for span in drawn["I8"].windows] == [(date(2026, 8, 24), "90 days")]
    assert [span.length for span in drawn["I7"].windows] == ["730 days", "180 days"]


def test_what_cannot_be_drawn_is_said(trial: Trial) -> None:
    strange = observation(HBA1C, 8.4, "furlongs", "2026-10-20")
    tomorrow = observation(HBA1C, 8.4, "%", "2026-11-23")
    erroneous = observation(HBA1C, 9.9, "%", "2026-10-20", status="entered-in-error")
    one = series(trial, strange, tomorrow, erroneous)["I8"]
    assert one.points == ()
    assert len(one.left_out) == 2
    assert any("furlongs" in why for why in one.left_out)
    assert any("in the future" in why for why in one.left_out)


def test_a_series_travels_as_json(trial: Trial) -> None:
    one = series(trial, observation(HBA1C, 8.4, "%", "2026-10-20"))["I8"]
    assert msgspec.json.decode(msgspec.json.encode(one), type=Series) == one
