"""In what kind of care a patient is now: emergency, intensive or inpatient, by the codes in the files beside this."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from importlib.resources import files

from rules.encounters import class_among, words_among
from rules.resources import Encounter
from rules.value_sets import ValueSet, read_value_set

SETTINGS = ("emergency", "intensive", "inpatient")

_NOT_REAL = frozenset({"entered-in-error", "cancelled"})
_CURRENT = frozenset({"arrived", "triaged", "in-progress", "onleave"})


def care_settings(encounters: Iterable[Encounter], named: str | None, on: date, longest_days: int) -> frozenset[str]:
    """Return the kinds of care in which the patient is on the day ``on``; empty for all others, and unknown ones.

    The encounter that the EHR has ``named`` decides alone. If it is not among ``encounters``, or none was named, each
    that is going on counts; one begun more than ``longest_days`` ago and never closed does not.
    """
    real = [encounter for encounter in encounters if _status(encounter) not in _NOT_REAL]
    deciding = [encounter for encounter in real if named and encounter.id == named]
    deciding = deciding or [encounter for encounter in real if _is_current(encounter, on, longest_days)]
    return frozenset(kind for encounter in deciding for kind in _kinds(encounter))


def _kinds(encounter: Encounter) -> Iterable[str]:
    by_class = class_among(encounter, _value_sets())
    if by_class:
        yield by_class
    concepts = [concept for concept in (*(encounter.type or ()), encounter.service_type) if concept]
    by_words = words_among(concepts, {"intensive": _value_sets()["intensive"]})
    if by_words:
        yield by_words


def _is_current(encounter: Encounter, on: date, longest_days: int) -> bool:
    if _status(encounter) not in _CURRENT:
        return False
    period = encounter.period
    start, end = (_day(period.start), _day(period.end)) if period else (None, None)
    began_lately = start is None or (on - start).days <= longest_days
    return began_lately and (end is None or end >= on)


def _day(text: str | None) -> date | None:
    """Return the day of a FHIR dateTime, as written; None for one that is missing or not precise to the day."""
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None


def _status(encounter: Encounter) -> str:
    return (encounter.status or "").strip().lower()


@cache
def _value_sets() -> Mapping[str, ValueSet]:
    return {name: _read(name) for name in SETTINGS}


def _read(name: str) -> ValueSet:
    lines = files(__package__).joinpath(f"{name}.csv").read_text(encoding="utf-8").splitlines()
    return read_value_set(name, f"{name} care", lines)
