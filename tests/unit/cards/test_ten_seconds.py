"""The cards of all synthetic patients as a clinician reads them in ten seconds: why, and what is open."""

from __future__ import annotations

import json
import re
from datetime import UTC, date
from itertools import count

import pytest

from cards import CardSettings, build_cards
from cards.profiles import PROFILES
from cds_service.sandbox.bundles import chart_bundle
from cds_service.sandbox.patients import ALL, SyntheticPatient
from rules.assess import assess, reference_executor
from rules.assessment import Verdict
from rules.criterion import TrialSettings
from rules.entries import Entry, read_record
from rules.searches import COMPLETE, SEARCHES
from rules.trial import Trial
from tests.support.markdown import Rendered

ON = date(2026, 3, 14)
SHOW = frozenset(Verdict) - {Verdict.NOT_APPLICABLE}
FOR_MACHINES = {
    "a unit as UCUM writes it": r"mm\[Hg\]|10\*\d|\{[A-Za-z]+\}|\bm2\b",
    "a unit twice": r"\b([A-Za-z]{2,}) [<>=]*[\d.]+ \1\b",
    "a time of the day": r"\dT\d\d:",
    "a value that is none": r"Known: no value|\b0 borderline|\bNone\b|\bnull\b",
    "an empty sentence": r"\.\.|: \.|;\s*;|\(\)",
    "shouting": r"!|\b[A-Z]{4,} [A-Z]{3,}\b",
}


@pytest.fixture(params=ALL, ids=lambda patient: patient.id)
def texts(request: pytest.FixtureRequest, trial: Trial) -> list[str]:
    """The details of one patient's card for each kind of EHR; none for somebody whom the study does not concern."""
    person: SyntheticPatient = request.param
    entries = json.loads(chart_bundle(person, ON).model_dump_json())["entry"]
    record = read_record(
        [Entry(json.dumps(entry["resource"]).encode(), entry["fullUrl"]) for entry in entries],
        dict.fromkeys(SEARCHES, COMPLETE),
    )
    assessment = assess(record, trial, reference_executor(trial), ON, UTC, TrialSettings(assess_test_patients=True))
    numbers = count()
    return [
        card["detail"]
        for profile in PROFILES
        for card in build_cards(
            assessment,
            trial,
            CardSettings("https://cds.example.org", show=SHOW, profile=profile),
            new_uuid=lambda: str(next(numbers)),
        )
    ]


def test_the_first_line_says_why_the_next_whether_it_recruits_and_then_what_is_open(texts: list[str]) -> None:
    for text in texts:
        why, recruitment, *rest = text.split("\n\n")
        assert why.startswith("**Why:** ")
        assert recruitment.startswith("**Recruitment:** ")
        titles = [part for part in rest if part.startswith("**")]
        against = [title for title in titles if title in ("**Inclusion not met**", "**Exclusion present**")]
        assert re.fullmatch(r"\*\*Open: \d+ items?.*\*\*", titles[len(against)]), titles


def test_nothing_is_written_for_machines_and_nothing_shouts(texts: list[str]) -> None:
    for text in texts:
        words = Rendered(text).text
        for what, form in FOR_MACHINES.items():
            found = re.search(form, words)
            assert not found, f"{what}: {words[max(0, found.start() - 60) : found.end() + 40]}"
