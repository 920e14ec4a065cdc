"""The quality of the data that were read: what was not understood, by cause, for those who can mend it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from rules.codes import ATC, CVX, ICD9CM, ICD10, ICD10CM, LOINC, RXNORM, SNOMED, canonical_system, plain_code
from rules.datatypes import CodeableConcept, Quantity
from rules.record import PatientRecord
from rules.resources import Value
from rules.trial import Trial

_TERMINOLOGIES = frozenset({ATC, CVX, ICD9CM, ICD10, ICD10CM, LOINC, RXNORM, SNOMED})
_MOST_KINDS = 5_000
"""Different codes or units that are told apart; a source with more has written free text into them."""
OTHERS = "(others)"
NO_UNIT = "(no unit)"


@dataclass(slots=True)
class Quality:
    """Counts of resources; those of different people add up."""

    units: Counter[str] = field(default_factory=Counter)
    """"system|code unit" -> results whose unit is not understood, of codes that a criterion reads."""
    codes: Counter[str] = field(default_factory=Counter)
    """"type system|code" -> resources that carry no code of a known terminology."""
    unreadable: Counter[str] = field(default_factory=Counter)
    """Type -> resources of which the elements have not the form that FHIR gives them."""
    foreign: int = 0
    """Resources of another subject than the patient they came with."""

    def add(self, other: Quality) -> None:
        """Add the counts of other people."""
        for mine, theirs in ((self.units, other.units), (self.codes, other.codes)):
            for name, number in theirs.items():
                mine[name if name in mine or len(mine) < _MOST_KINDS else OTHERS] += number
        self.unreadable.update(other.unreadable)
        self.foreign += other.foreign

    def to_json(self) -> dict[str, Any]:
        counters = {"units": self.units, "codes": self.codes, "unreadable": self.unreadable}
        return {**{name: dict(sorted(c.items())) for name, c in counters.items()}, "foreign": self.foreign}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Quality:
        return cls(
            units=Counter(document["units"]), codes=Counter(document["codes"]),
            unreadable=Counter(document["unreadable"]), foreign=document["foreign"],
        )  # fmt: skip


class QualityReader:
    """Looks through records for what the rules pass over in silence."""

    def __init__(self, trial: Trial) -> None:
        asked = {key for values in trial.value_sets.values() for key in values.exact_rows}
        self._is_asked: _Remembered[tuple[str | None, str | None]] = _Remembered(lambda coding: _key(*coding) in asked)
        """System and code -> whether one of the criteria reads that code."""
        self._is_unit: _Remembered[tuple[str | None, str | None]] = _Remembered(
            lambda spellings: any(map(trial.units.canonical, spellings))
        )
        """Code and name of a unit -> whether it is understood."""
        self._is_terminology: _Remembered[str | None] = _Remembered(
            lambda system: canonical_system(system) in _TERMINOLOGIES
        )

    def read(self, record: PatientRecord, quality: Quality) -> None:
        """Count what is wrong in one record."""
        quality.foreign += record.dropped
        quality.unreadable.update(one.type for one in record.unreadable)
        for observation in record.observations:
            self._read_value(observation, quality)
            for component in observation.component or ():
                self._read_value(component, quality)
        for kind, concepts in _concepts(record):
            for concept in concepts:
                if concept is not None and not self._is_known(concept):
                    quality.codes[f"{kind} {_named(concept)}"] += 1

    def _read_value(self, value: Value, quality: Quality) -> None:
        quantity = value.value_quantity
        if quantity is None or quantity.value is None or value.code is None:
            return
        if self._is_unit[quantity.code, quantity.unit]:
            return
        coding = next((c for c in value.code.codings if self._is_asked[c.system, c.code]), None)
        if coding is not None:
            quality.units[f"{coding.system}|{coding.code} {_unit(quantity)}"] += 1

    def _is_known(self, concept: CodeableConcept) -> bool:
        """True for a concept that has a code of a known terminology."""
        for coding in concept.coding or ():
            if coding is not None and coding.code and self._is_terminology[coding.system]:
                return True
        return False


Written = TypeVar("Written")


class _Remembered(dict[Written, bool]):
    """What is told of something written, told once of each: a population writes the same few again and again."""

    def __init__(self, tell: Callable[[Written], bool]) -> None:
        super().__init__()
        self._tell = tell

    def __missing__(self, written: Written) -> bool:
        told = self._tell(written)
        if len(self) < _MOST_KINDS:
            self[written] = told
        return told


def _key(system: str | None, code: str | None) -> tuple[str, str] | None:
    """Return system and code as value sets hold them."""
    canonical = canonical_system(system)
    return (canonical, plain_code(canonical, code)) if canonical and code else None


def _concepts(record: PatientRecord) -> Iterator[tuple[str, Iterable[CodeableConcept | None]]]:
    yield "Condition", (c.code for c in record.conditions)
    yield "Observation", (o.code for o in record.observations)
    yield "MedicationRequest", (record.medication(m)[0] for m in record.medication_requests)
    yield "MedicationStatement", (record.medication(m)[0] for m in record.medication_statements)
    yield "Procedure", (p.code for p in record.procedures)
    yield "Immunization", (i.vaccine_code for i in record.immunizations)


def _named(concept: CodeableConcept) -> str:
    """Return the first code; never the text, which can hold anything."""
    coding = next((c for c in concept.codings if c.code), None)
    return f"{coding.system or '(no system)'}|{coding.code}"[:200] if coding else "(text only)"


def _unit(quantity: Quantity) -> str:
    return (quantity.code or quantity.unit or NO_UNIT)[:40]
