"""The checklist: verdict first, then supports, blocks and open items, each with its evidence and what settles it."""

from __future__ import annotations

from datetime import UTC, date

import pytest

from cds_service.checklist import checklist
from rules.assess import assess, reference_executor
from rules.criterion import TrialSettings
from rules.trial import Trial
from tests.criteria.given import Given, diagnosis, encounter, lab, patient
from tests.criteria.tables import record


def printed(trial: Trial, *given: Given) -> str:
    executor = reference_executor(trial)
    assessment = assess(record(given, {}), trial, executor, date(2025, 6, 15), UTC, TrialSettings())
    return checklist("chart.json", assessment, trial)


@pytest.fixture(scope="module")
def text(trial: Trial) -> str:
    return printed(
        trial,
        patient(birth="1993-04-02", gender="female"),
        diagnosis("icd10cm:E10.9", onset="2012-09-01"),
        lab("4548-4", "68 mmol/mol", "2025-05-20T08:30:00Z"),
        encounter("IMP", "2025-06-05T10:00:00Z", "2025-06-07T09:00:00Z"),
        lab("13037-7", "0.31 ng/mL", "2025-05-20"),
    )


def part(text: str, title: str) -> str:
    """Return the lines from one heading to the next blank line, folded lines joined."""
    lines = text.split(f"\n{title}", 1)[1].split("\n\n", 1)[0]
    return " ".join(lines.split())


def test_the_verdict_stands_before_what_it_rests_on(text: str) -> None:
    order = ["PRE-SCREENING CHECKLIST", "Verdict", "SUPPORTS", "BLOCKS", "OPEN", "FOR INFORMATION", "Checked by"]
    assert [text.index(f"\n{title}") for title in order[1:]] == sorted(text.index(f"\n{title}") for title in order[1:])
    assert text.startswith(order[0])
    assert "confirm that it is recruiting" in text


def test_each_criterion_stands_once(text: str, trial: Trial) -> None:
    marked = [line.split()[-1] for line in (line[:8] for line in text.splitlines()) if line[:1] == "[" and line[4:5]]
    assert sorted(marked) == sorted(declaration.id for declaration in trial.declarations)


def test_evidence_has_value_unit_date_and_source(text: str) -> None:
    supports = part(text, "SUPPORTS")
    assert "I8 HbA1c - met." in supports
    assert "68 mmol/mol = 8.37" in supports
    assert ", 2025-05-20 [Observation/" in supports
    assert "T08:30" not in text


def test_silence_of_the_record_is_marked(text: str) -> None:
    assert "[~] E25 History of stroke - exclusion not found. No stroke is recorded." in part(text, "SUPPORTS")
    assert "[x] I8" in part(text, "SUPPORTS")


def test_a_block_says_until_when_and_a_near_miss_is_not_decisive(text: str) -> None:
    blocks = part(text, "BLOCKS")
    assert "E20 Hospital admission in 14 days - exclusion present." in blocks
    assert "May end on 2025-06-20" in blocks
    assert "I7 Basal C-peptide - not met" in blocks


def test_an_open_item_says_what_settles_it(text: str) -> None:
    opened = part(text, "OPEN")
    assert "[ ] E3 hs-CRP - unknown." in opened
    assert "To settle: an hs-CRP from the last 30 days" in opened
    assert "To settle: a negative HIV screen; a negative hepatitis C antibody; a negative tuberculosis test" in opened


def test_lines_fit_a_page(text: str) -> None:
    assert max(map(len, text.splitlines())) <= 100
