"""The record of one person: readable resources, indexed, beside how complete each search was.

A retrieve names a type and a value set, as in CQL; every further filter is written out by the criterion.
What comes back never depends on the order in which resources arrived.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any, TypeAlias, TypeVar

import msgspec

from rules.codes import Trace, code_key, traces, words_of
from rules.datatypes import CodeableConcept, Coding, Reference
from rules.decoding import Unreadable, read_resource
from rules.index import Index
from rules.resources import (
    TYPES,
    AllergyIntolerance,
    Condition,
    Consent,
    Encounter,
    Flag,
    Immunization,
    Medication,
    MedicationDispense,
    MedicationRequest,
    MedicationStatement,
    Observation,
    Patient,
    Procedure,
    ResearchSubject,
    ServiceRequest,
    Specimen,
    Value,
)  # fmt: skip
from rules.searches import NOT_ASKED, Search
from rules.value_sets import Match, ValueSet, find_match

T = TypeVar("T")

_BUNDLE_LOCAL = "urn:uuid:"


class Retrieved(msgspec.Struct, frozen=True):
    """A part of an Observation whose code belongs to the value set asked for."""

    observation: Observation
    value: Value
    """The observation itself, or the component that carries the code."""
    match: Match

    @property
    def code(self) -> str:
        """The code by which it belongs to the value set; empty when its text did."""
        coding = self.match.coding
        return (coding.code or "").strip() if coding else ""

    @property
    def display(self) -> str:
        return self.value.code.display if self.value.code else self.match.row.display


class PatientRecord:
    """Everything known of one person for one evaluation."""

    def __init__(
        self,
        patient: Patient,
        resources: Iterable[Any],
        searches: Mapping[str, Search],
        unreadable: Iterable[Unreadable] = (),
        by_url: Mapping[str, Any] | None = None,
    ) -> None:
        """Index ``resources``; those of another subject are dropped and counted in `dropped`."""
        self.patient = patient
        self.unreadable = _each_once(unreadable)
        self._searches = dict(searches)
        self._by_url = dict(by_url or {})
        self._by_type: dict[type[Any], list[Any]] = defaultdict(list)
        self._by_name: dict[type[Any], Mapping[str, Any]] = {}
        self.dropped = 0
        self._foreign_specimens: list[Specimen] = []
        self._belonging: dict[str, bool] = {}
        for resource in distinct(resources):
            if self._belongs(resource):
                self._by_type[type(resource)].append(resource)
                continue
            self.dropped += 1
            if isinstance(resource, Specimen):
                self._foreign_specimens.append(resource)

    # -- completeness ------------------------------------------------------------------------------------

    def search(self, name: str) -> Search:
        """Return how the search ``name`` ended."""
        return self._searches.get(name, NOT_ASKED)

    @property
    def searches(self) -> Mapping[str, Search]:
        return self._searches

    def unreadable_of(self, type_name: str, *value_sets: ValueSet) -> list[Unreadable]:
        """Return unreadable resources of a type that may belong to one of ``value_sets``."""
        if not self.unreadable:
            return []
        return [
            u for u in self.unreadable
            if u.type in (type_name, "(unknown)")
            and (not u.code or not u.code.codings or any(v.find(u.code) for v in value_sets))
        ]  # fmt: skip

    # -- retrieves ---------------------------------------------------------------------------------------

    @property
    def conditions(self) -> Sequence[Condition]:
        return self._by_type[Condition]

    @property
    def observations(self) -> Sequence[Observation]:
        return self._by_type[Observation]

    @property
    def medication_requests(self) -> Sequence[MedicationRequest]:
        return self._by_type[MedicationRequest]

    @property
    def medication_statements(self) -> Sequence[MedicationStatement]:
        return self._by_type[MedicationStatement]

    @property
    def medication_dispenses(self) -> Sequence[MedicationDispense]:
        return self._by_type[MedicationDispense]

    @property
    def encounters(self) -> Sequence[Encounter]:
        return self._by_type[Encounter]

    @property
    def procedures(self) -> Sequence[Procedure]:
        return self._by_type[Procedure]

    @property
    def immunizations(self) -> Sequence[Immunization]:
        return self._by_type[Immunization]

    @property
    def research_subjects(self) -> Sequence[ResearchSubject]:
        return self._by_type[ResearchSubject]

    @property
    def consents(self) -> Sequence[Consent]:
        return self._by_type[Consent]

    @property
    def flags(self) -> Sequence[Flag]:
        return self._by_type[Flag]

    @property
    def service_requests(self) -> Sequence[ServiceRequest]:
        return self._by_type[ServiceRequest]

    @property
    def allergies(self) -> Sequence[AllergyIntolerance]:
        return self._by_type[AllergyIntolerance]

    def retrieve_conditions(self, *value_sets: ValueSet) -> list[tuple[Condition, Match]]:
        """Return conditions of one of ``value_sets``: by code, else by text where no code is known."""
        return _matching(self._condition_index.candidates(*value_sets), value_sets)

    def retrieve_procedures(self, *value_sets: ValueSet) -> list[tuple[Procedure, Match]]:
        """Return procedures of one of ``value_sets``: by code, else by text where no code is known."""
        return _matching(self._procedure_index.candidates(*value_sets), value_sets)

    def retrieve_observations(self, value_set: ValueSet) -> list[Retrieved]:
        """Return observations, and components of observations, whose code is in ``value_set``."""
        if value_set.triggers.isdisjoint(self._observed):
            return []
        index, rows = self._observation_index, value_set.exact_rows
        found: dict[int, tuple[int, int, Retrieved]] = {}
        for key in value_set.in_order(value_set.triggers & self._observed):
            for rank, place, observation, value, coding in index[key]:
                known = found.get(id(value))
                if known is None or place < known[1]:  # the first of its codings that belongs to the set
                    found[id(value)] = rank, place, Retrieved(observation, value, Match(rows[key], coding))
        return [retrieved for _rank, _place, retrieved in sorted(found.values(), key=_RANK)]

    def retrieve_named_observations(self, value_set: ValueSet) -> list[Retrieved]:
        """Return observations whose code, or else text, is in ``value_set``, without components."""
        coded = (r for r in self.retrieve_observations(value_set) if r.value is r.observation)
        found = {id(r.observation): r for r in coded}
        for name, observations in self._observations_by_name.items():
            if value_set.mentions(name):
                for one in observations:
                    match = value_set.find_text(one.code)
                    if match:
                        found.setdefault(id(one), Retrieved(one, one, match))
        return [found[id(one)] for one in self.observations if id(one) in found] if found else []

    @cached_property
    def _observations_by_name(self) -> Mapping[str, list[Observation]]:
        """Names of tests are few, however long the chart is."""
        names: dict[str, list[Observation]] = defaultdict(list)
        for observation in self.observations:
            if observation.code:
                names[words_of(observation.code)].append(observation)
        return names

    @cached_property
    def _condition_index(self) -> Index[Condition]:
        return Index((condition, traces(condition.code)) for condition in self.conditions)

    @cached_property
    def _procedure_index(self) -> Index[Procedure]:
        return Index((procedure, traces(procedure.code)) for procedure in self.procedures)

    @cached_property
    def _observation_index(self) -> Mapping[Trace, list[_Coded]]:
        index: dict[Trace, list[_Coded]] = {}
        buckets: dict[tuple[str | None, str | None], list[_Coded]] = {}
        for rank, observation in enumerate(self.observations):
            rank = rank if observation.id else -1  # they are sorted by name, but that the nameless stand behind
            for value in (observation, *observation.component) if observation.component else (observation,):
                for place, coding in enumerate((value.code.coding or ()) if value.code else ()):
                    if coding is None:
                        continue
                    written = coding.system, coding.code
                    bucket = buckets.get(written)  # the results of a long chart share few codes
                    if bucket is None:
                        key = code_key(coding)
                        bucket = buckets[written] = index.setdefault(key, []) if key else []
                    bucket.append((rank, place, observation, value, coding))
        return index

    @cached_property
    def _observed(self) -> frozenset[Trace]:
        return frozenset(self._observation_index)

    # -- references --------------------------------------------------------------------------------------

    def resolve(self, reference: Reference | None, kind: type[T], holder: Any) -> T | None:
        """Return the resource that ``holder`` refers to: contained in it, or delivered beside it."""
        target = reference.reference if reference else None
        if not target:
            return None
        if target.startswith("#"):
            return _contained(holder, target[1:], kind)
        found = self._by_url.get(target) or self._named(kind).get(_name(target))
        return found if isinstance(found, kind) else None

    def medication(
        self, order: MedicationRequest | MedicationStatement | MedicationDispense
    ) -> tuple[CodeableConcept | None, bool]:
        """Return the drug's concept and whether it could be found out.

        A reference to a Medication that did not arrive gives the reference's display, or None, and False.
        """
        if order.medication_codeable_concept is not None:
            return order.medication_codeable_concept, True
        reference = order.medication_reference
        drug = self.resolve(reference, Medication, order)
        if drug is not None and drug.code is not None:
            return drug.code, True
        display = reference.display if reference else None
        return (CodeableConcept(text=display), True) if display else (None, False)

    def specimen(self, observation: Observation) -> Specimen | None:
        """Return the specimen, also a donor's: it tells that the result is not this person's."""
        return self.resolve(observation.specimen, Specimen, observation)

    def encounter_of(self, condition: Condition) -> Encounter | None:
        return self.resolve(condition.encounter, Encounter, condition)

    def _named(self, kind: type[Any]) -> Mapping[str, Any]:
        """Return the resources of a type by their names, made when one of that type is first referred to."""
        named = self._by_name.get(kind)
        if named is None:
            known = (*self._by_type[kind], *(self._foreign_specimens if kind is Specimen else ()))
            named = self._by_name[kind] = {one.reference: one for one in known if one.id}
        return named

    # -- identity ----------------------------------------------------------------------------------------

    def _belongs(self, resource: Any) -> bool:
        subject = _subject(resource)
        if subject is None or not subject.reference:
            return True
        known = self._belonging.get(subject.reference)  # most resources write it in the same way
        if known is None:
            known = self._belonging[subject.reference] = self.is_person(subject.reference)
        return known

    def is_person(self, reference: str) -> bool:
        """Return whether ``reference``, in any of the forms that servers write, names this record's Patient."""
        target = self._by_url.get(reference)
        if target is not None:
            return bool(target == self.patient)
        if self.patient.id is None:
            return True  # nothing can name this Patient, so a reference that leads nowhere means no other
        names = (self.patient.reference, f"{_BUNDLE_LOCAL}{self.patient.id}")
        return _name(reference) in names


_Coded: TypeAlias = tuple[int, int, Observation, Value, Coding]
"""A coding with the observation, or component of one, that carries it: the observation's place among all, in the order
of their names, and the coding's place among those of its concept."""
_RANK = itemgetter(0)


Named = TypeVar("Named", Condition, Procedure)


def _matching(candidates: Iterable[Named], value_sets: Sequence[ValueSet]) -> list[tuple[Named, Match]]:
    return [(one, match) for one in candidates if (match := find_match(one.code, *value_sets))]


def _contained(holder: Any, local_id: str, kind: type[T]) -> T | None:
    for raw in holder.contained or ():
        resource = read_resource(raw)
        if isinstance(resource, kind) and getattr(resource, "id", None) == local_id:
            return resource
    return None


def _name(reference: str) -> str:
    """Return ``Type/id`` for a relative or absolute, versioned or plain reference; a bundle-local one as it is."""
    if reference.startswith(_BUNDLE_LOCAL):
        return reference
    return "/".join(reference.split("/_history/")[0].rstrip("/").split("/")[-2:])


_SUBJECTS = {
    kind: next((name for name in ("subject", "patient", "individual") if name in kind.__struct_fields__), None)
    for kind in TYPES.values()
}


def _subject(resource: Any) -> Reference | None:
    name = _SUBJECTS[type(resource)]
    reference: Reference | None = getattr(resource, name) if name else None
    return reference


def _each_once(unreadable: Iterable[Unreadable]) -> tuple[Unreadable, ...]:
    """Return unreadable resources sorted, and one that arrived from several searches once."""
    named: dict[str, Unreadable] = {}
    nameless = []
    for one in sorted(unreadable, key=repr):
        if "/" in one.reference:
            named.setdefault(one.reference, one)
        else:
            nameless.append(one)
    return (*named.values(), *nameless)


def distinct(resources: Iterable[Any]) -> list[Any]:
    """Return resources once each, sorted by id.

    The same resource can arrive from several searches; where two copies differ, the choice is arbitrary but
    always the same.
    """
    named: dict[tuple[str, type[Any]], Any] = {}
    anonymous = []
    for resource in resources:
        if not resource.id:
            anonymous.append(resource)
            continue
        name = resource.id, type(resource)
        other = named.setdefault(name, resource)
        if other is not resource and other != resource and repr(resource) > repr(other):
            named[name] = resource
    anonymous.sort(key=repr)
    return [named[name] for name in sorted(named, key=_ID)] + anonymous


_ID = itemgetter(0)
