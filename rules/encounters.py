"""Encounters: what kind of visit or stay it was, and when.

The class is a Coding of v3-ActCode in R4. Real servers also send a CodeableConcept, a bare code, or a local
code with a name; a name counts only where no code is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from rules.assessment import Evidence
from rules.codes import ACT_CODE, Trace, code_traces, word_traces
from rules.criterion import Chart, once
from rules.datatypes import CodeableConcept, Coding
from rules.dates import Moment
from rules.index import Index
from rules.resources import Encounter
from rules.value_sets import ValueSet

_NOT_HAPPENED = frozenset({"planned", "cancelled", "entered-in-error"})
_ONGOING = frozenset({"in-progress", "onleave", "arrived", "triaged"})


class Stay(Struct, frozen=True):
    """An Encounter that took place or is going on."""

    encounter: Encounter
    start: Moment | None
    end: Moment | None
    ongoing: bool

    @property
    def name(self) -> str:
        kinds = [*(self.encounter.type or ()), class_concept(self.encounter)]
        named = next((kind.display for kind in kinds if kind and kind.display != "(no code)"), None)
        return named or "encounter of unstated kind"

    @property
    def concepts(self) -> list[CodeableConcept]:
        """Everything that says what kind of encounter it was, and where the person went when it was over."""
        encounter, left = self.encounter, not self.ongoing
        after = encounter.hospitalization.discharge_disposition if encounter.hospitalization and left else None
        given = (*(encounter.type or ()), encounter.service_type, class_concept(encounter), after)
        return [concept for concept in given if concept is not None]

    @property
    def period(self) -> str:
        start, end = (moment.text[:10] if moment else "?" for moment in (self.start, self.end))
        return f"{start} to {'now' if self.ongoing else end}"

    def evidence(self) -> Evidence:
        return Evidence(self.encounter.reference, self.name, self.encounter.status, None, self.period)


def stays(chart: Chart) -> list[Stay]:
    """Return the person's encounters without those planned, cancelled, entered in error or yet to come."""
    return [*_stays(chart)]


@once
def _stays(chart: Chart) -> tuple[Stay, ...]:
    return tuple(stay for encounter in chart.record.encounters if (stay := _stay(chart, encounter)))


def stays_of(chart: Chart, kind: ValueSet) -> list[Stay]:
    """Return the stays that may be of ``kind``: one of their concepts has a code or a word of it."""
    return _index(chart).candidates(kind)


@once
def _index(chart: Chart) -> Index[Stay]:
    return Index((stay, _traces(stay)) for stay in _stays(chart))


def _traces(stay: Stay) -> Iterator[Trace]:
    for concept in stay.concepts:
        yield from code_traces(concept)
        for name in _names(concept):
            yield from word_traces(name)


def _stay(chart: Chart, encounter: Encounter) -> Stay | None:
    status = (encounter.status or "").strip().lower()
    period = encounter.period
    start = chart.moment(period.start) if period else None
    end = chart.moment(period.end) if period else None
    if status in _NOT_HAPPENED or (start and start.days.first > chart.on):
        return None
    future_end = end is not None and end.days.first > chart.on
    return Stay(encounter, start, end, (status in _ONGOING and end is None) or future_end)


def class_concept(encounter: Encounter) -> CodeableConcept | None:
    """Return the class as a concept, however it was sent."""
    given: Any = encounter.class_[0] if isinstance(encounter.class_, list) and encounter.class_ else encounter.class_
    if isinstance(given, str):
        return CodeableConcept([_coding({"code": given})], given)
    if not isinstance(given, dict):
        return None
    codings = given["coding"] if isinstance(given.get("coding"), list) else [given]
    text = given.get("text")
    return CodeableConcept(
        [_coding(coding) for coding in codings if isinstance(coding, dict)],
        text if isinstance(text, str) else None,
    )


def _coding(given: Mapping[str, Any]) -> Coding:
    system, code, display = (value if isinstance(value, str) else None for value in map(given.get, _PARTS))
    if not system and code:
        return Coding(ACT_CODE, code.strip().upper(), display)
    return Coding(system, code.strip() if code else None, display)


_PARTS = ("system", "code", "display")


def class_among(encounter: Encounter, kinds: Mapping[str, ValueSet]) -> str | None:
    """Return the name of the first of ``kinds`` that the class belongs to: by code, else by its words."""
    concept = class_concept(encounter)
    if concept is None:
        return None
    coded = next((name for name, value_set in kinds.items() if value_set.find(concept)), None)
    return coded or words_among([concept], kinds)


def words_among(concepts: Iterable[CodeableConcept], kinds: Mapping[str, ValueSet]) -> str | None:
    """Return the name of the first of ``kinds`` whose words one of ``concepts`` has."""
    named = list(concepts)
    return next((name for name, kind in kinds.items() if any(has_words(c, kind) for c in named)), None)


def has_words(concept: CodeableConcept | None, value_set: ValueSet) -> bool:
    """True when the text, a display or a local code of ``concept`` has one of the words of ``value_set``."""
    if concept is None:
        return False
    return any(value_set.find_words(name) for name in _names(concept))


def _names(concept: CodeableConcept) -> tuple[str | None, ...]:
    return (concept.text, *(part for coding in concept.codings for part in (coding.display, coding.code)))
