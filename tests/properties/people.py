"""Generated people: made of random lines of the criteria's tables, some shifted in time and value.

The lines know both sides of every threshold and every trap, so that a few thousand people reach every
status of every criterion; shifting them reaches what no line says. The same seed gives the same person.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from rules.record import PatientRecord
from rules.searches import SEARCHES
from tests.criteria.given import TODAY, Case, Given
from tests.criteria.tables import all_cases, record

_DAY = re.compile(r"(\d{4}-\d\d-\d\d)(.*)")
_STATES = ("failed", "forbidden", "truncated", "suppressed", "not-asked")


@dataclass(frozen=True)
class Person:
    """The lines that make up a person, and how the searches for them ended."""

    given: tuple[Given, ...]
    searches: Mapping[str, str]
    on: date = TODAY

    def record(self) -> PatientRecord:
        return record(self.given, self.searches)


_LINES: dict[str, list[Case]] = {}
for _criterion, _case in all_cases():
    if not _case.settings and _case.on == TODAY:
        _LINES.setdefault(_criterion, []).append(_case)

_AIMS = sorted({(criterion, line.expect) for criterion, lines in _LINES.items() for line in lines})
"""Every criterion with every status it can have: people are made for each by turns."""


def aim(seed: int) -> str:
    """Return the criterion that the person of ``seed`` is made for."""
    return _AIMS[seed % len(_AIMS)][0]


def person(seed: int, *, failures: bool = True) -> Person:
    """Return the person of ``seed``; with ``failures``, now and then a search did not end well."""
    chance = random.Random(seed)
    about, status = _AIMS[seed % len(_AIMS)]
    aimed = chance.choice([line for line in _LINES[about] if line.expect == status])
    given = list(aimed.given)
    others = sorted(set(_LINES) - {about})
    for criterion in chance.sample(others, k=chance.randint(0, 12 if chance.random() < 0.25 else 3)):
        line = chance.choice(_LINES[criterion])
        given += [_shifted(item, chance) if chance.random() < 0.3 else item for item in line.given]
    patients = [item for item in given if item.resource["resourceType"] == "Patient"]
    patients = patients[:1] if len(aimed.given) > 1 else patients
    rest = [item for item in given if item.resource["resourceType"] != "Patient"]
    searches = dict(aimed.searches) if failures else {}
    if failures and chance.random() < 0.2:
        searches = {name: chance.choice(_STATES) for name in chance.sample(SEARCHES[1:], k=chance.randint(1, 3))}
    return Person((*rest, *([chance.choice(patients)] if patients else [])), searches)


def _shifted(item: Given, chance: random.Random) -> Given:
    """Move the dates of a resource together by some days, and its value by a few percent."""
    days, factor = chance.randint(-40, 40), Decimal(chance.randint(90, 110)) / 100
    return Given(_moved(item.resource, days, factor), f"{item.words}, shifted")


def _moved(part: Any, days: int, factor: Decimal) -> Any:
    if isinstance(part, Mapping):
        return {name: _factored(value, factor) if name == "valueQuantity" else _moved(value, days, factor)
                for name, value in part.items()}  # fmt: skip
    if isinstance(part, list):
        return [_moved(value, days, factor) for value in part]
    if isinstance(part, str) and (match := _DAY.fullmatch(part)):
        return f"{_later(match[1], days)}{match[2]}"
    return part


def _later(day: str, days: int) -> str:
    try:
        return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
    except ValueError:
        return day


def _factored(quantity: Mapping[str, Any], factor: Decimal) -> Mapping[str, Any]:
    value = quantity.get("value")
    return {**quantity, "value": value * factor} if isinstance(value, Decimal) else quantity
