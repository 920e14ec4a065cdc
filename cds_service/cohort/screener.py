"""Screens one person after another by the reference evaluator: what both engines have in common.

A `Screener` is made in the process that uses it. What it gives back are plain bytes and counts, which can be
written down, sent between processes and added up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import orjson

from cds_service.cohort.candidates import Candidate, candidate_of
from cds_service.cohort.quality import Quality, QualityReader
from cds_service.cohort.tally import Tally
from rules.assess import Evaluator, Executor, assess, reference_executor
from rules.assessment import Assessment
from rules.criterion import TrialSettings
from rules.decision import Fact
from rules.engine import EvaluationError
from rules.entries import Entry, RecordError, read_record
from rules.searches import COMPLETE, SEARCHES, SEARCHES_OF_TYPE, Search, SearchState
from rules.trial import Trial
from rules.trial_folder import load_trial

EXPECTED_TYPES = ("Condition", "Observation", "MedicationRequest", "Encounter")
"""Types that a population cannot be without: where the whole source has none, they were not exported."""


class Terms(msgspec.Struct, frozen=True):
    """On what terms everybody is screened: the same for a whole run, and for a run that goes on with it."""

    trial: str
    """Package of the trial."""
    rules_version: str
    on: date
    zone: str
    age_policy: str
    assess_test_patients: bool
    name_sensitive: bool
    """Whether the list of candidates names confidential criteria."""
    not_exported: tuple[str, ...] = ()
    """Expected types of which the whole source has no resource."""

    def with_types(self, types: Mapping[str, int]) -> Terms:
        """Return the terms for a source that holds so many resources of each type."""
        return msgspec.structs.replace(self, not_exported=not_exported(types))


def not_exported(types: Mapping[str, int]) -> tuple[str, ...]:
    """Return the expected types of which a source has no resource at all."""
    return tuple(kind for kind in EXPECTED_TYPES if not types.get(kind))


@dataclass(frozen=True, slots=True)
class Person:
    """The resources of one person, and the file they came from if that is one file."""

    id: str | None
    entries: Sequence[Entry]
    source: str | None = None


@dataclass(slots=True)
class Outcome:
    """What came of some people. Outcomes add up, in any order, to that of all."""

    tally: Tally = field(default_factory=Tally)
    quality: Quality = field(default_factory=Quality)
    candidates: list[Candidate] = field(default_factory=list)
    not_assessed: list[tuple[str, str]] = field(default_factory=list)
    """Patient id or file, and why."""

    def add(self, other: Outcome) -> None:
        self.tally.add(other.tally)
        self.quality.add(other.quality)
        self.candidates += other.candidates
        self.not_assessed += other.not_assessed

    def to_json(self) -> dict[str, Any]:
        return {
            "tally": self.tally.to_json(),
            "quality": self.quality.to_json(),
            "candidates": msgspec.to_builtins(self.candidates),
            "notAssessed": self.not_assessed,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Outcome:
        return cls(
            Tally.from_json(document["tally"]),
            Quality.from_json(document["quality"]),
            msgspec.convert(document["candidates"], list[Candidate]),
            [(name, why) for name, why in document["notAssessed"]],
        )


class Screener:
    """Assesses people on the given terms and notes what came of it."""

    def __init__(self, terms: Terms) -> None:
        self._trial: Trial = load_trial(terms.trial)
        self._terms = terms
        self._zone = ZoneInfo(terms.zone)
        self._settings = TrialSettings(age_policy=terms.age_policy, assess_test_patients=terms.assess_test_patients)
        self._searches = searches(terms.not_exported)
        self._quality = QualityReader(self._trial)
        reference = reference_executor(self._trial)
        self._criteria = _Remembering(reference.criteria)
        self._verdict = _Remembering(reference.verdict)
        self._executor = Executor(self._criteria, self._verdict)

    def screen(self, person: Person, outcome: Outcome) -> tuple[str, bytes] | None:
        """Return the patient's id and the assessment as JSON; None, noted in ``outcome``, when there is none."""
        try:
            record = read_record(person.entries, self._searches)
            assessment = assess(record, self._trial, self._executor, self._terms.on, self._zone, self._settings)
        except (RecordError, EvaluationError) as error:
            outcome.not_assessed.append((person.source or person.id or "", str(error)))
            return None
        self._quality.read(record, outcome.quality)
        outcome.tally.count(assessment, self._criteria.facts, self._verdict.first, self._trial)
        candidate = candidate_of(assessment, self._trial, name_sensitive=self._terms.name_sensitive)
        if candidate:
            outcome.candidates.append(candidate)
        return assessment.patient or "", _line(assessment, person.source)


def searches(not_exported: Iterable[str]) -> dict[str, Search]:
    """Return how complete a record from an export is: whole, but for types that were not exported at all."""
    known = dict.fromkeys(SEARCHES, COMPLETE)
    for kind in not_exported:
        lacking = Search(SearchState.NOT_ASKED, f"the source holds no {kind} at all")
        known.update(dict.fromkeys(SEARCHES_OF_TYPE[kind], lacking))
    return known


class _Remembering:
    """Passes facts on to an evaluator, and keeps them: they tell why something is unknown."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self.facts: Mapping[str, Fact] = {}
        self._deciding: Mapping[str, str] = {}

    def deciding(self, facts: Mapping[str, Fact]) -> dict[str, str]:
        self.facts = facts
        self._deciding = deciding = self._evaluator.deciding(facts)
        return deciding

    @property
    def first(self) -> str:
        """The deciding rule of a single table."""
        return next(iter(self._deciding.values()))


def _line(assessment: Assessment, source: str | None) -> bytes:
    return orjson.dumps(assessment.to_json(source)) + b"\n"
