"""The quality of the data that were read: what was not understood, by cause, for those who can mend it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rules.codes import ATC, CVX, ICD9CM, ICD10, ICD10CM, LOINC, RXNORM, SNOMED, canonical_system, plain_code
from rules.record import PatientRecord
from rules.resources import CodeableConcept, Quantity, Value
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
        self._units = trial.units
        self._asked = {key for values in trial.value_sets.values() for key in values.exact_rows}
        self._seen: dict[tuple[str | None, str | None], bool] = {}

    def read(self, record: PatientRecord, quality: Quality) -> None:
        """Count what is wrong in one record."""
        quality.foreign += record.dropped
        quality.unreadable.update(one.type for one in record.unreadable)
        for observation in record.observations:
            for value in (observation, *(observation.component or ())):
                self._read_value(value, quality)
        for kind, concept in _concepts(record):
            if concept is not None and not _is_known(concept):
                quality.codes[f"{kind} {_named(concept)}"] += 1

    def _read_value(self, value: Value, quality: Quality) -> None:
        quantity = value.value_quantity
        if quantity is None or quantity.value is None or value.code is None:
            return
        if any(self._units.canonical(spelling) for spelling in (quantity.code, quantity.unit)):
            return
        coding = next((c for c in value.code.codings if self._is_asked(c.system, c.code)), None)
        if coding is not None:
            quality.units[f"{coding.system}|{coding.code} {_unit(quantity)}"] += 1

    def _is_asked(self, system: str | None, code: str | None) -> bool:
        """True for a code that one of the criteria reads."""
        known = self._seen.get((system, code))
        if known is None:
            canonical = canonical_system(system)
            known = bool(canonical and code and (canonical, plain_code(canonical, code)) in self._asked)
            if len(self._seen) < _MOST_KINDS:
                self._seen[system, code] = known
        return known


def _concepts(record: PatientRecord) -> Iterator[tuple[str, CodeableConcept | None]]:
    yield from _of("Condition", (c.code for c in record.conditions))
    yield from _of("Observation", (o.code for o in record.observations))
    yield from _of("MedicationRequest", (record.medication(m)[0] for m in record.medication_requests))
    yield from _of("MedicationStatement", (record.medication(m)[0] for m in record.medication_statements))
    yield from _of("Procedure", (p.code for p in record.procedures))
    yield from _of("Immunization", (i.vaccine_code for i in record.immunizations))


def _of(kind: str, concepts: Iterable[CodeableConcept | None]) -> Iterator[tuple[str, CodeableConcept | None]]:
    return ((kind, concept) for concept in concepts)


def _is_known(concept: CodeableConcept) -> bool:
    return any(c.code and canonical_system(c.system) in _TERMINOLOGIES for c in concept.codings)


def _named(concept: CodeableConcept) -> str:
    """Return the first code; never the text, which can hold anything."""
    coding = next((c for c in concept.codings if c.code), None)
    return f"{coding.system or '(no system)'}|{coding.code}"[:200] if coding else "(text only)"


def _unit(quantity: Quantity) -> str:
    return (quantity.code or quantity.unit or NO_UNIT)[:40]
