"""The tables of all criteria, and how a line of one becomes a record."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from datetime import UTC
from types import ModuleType

import msgspec

import tests.criteria as package
from rules.assessment import CriterionResult
from rules.criterion import Chart, Finding, TrialSettings
from rules.entries import Entry, read_record
from rules.record import PatientRecord
from rules.searches import COMPLETE, SEARCHES, Search, SearchState
from rules.trial import Trial
from tests.criteria.given import Case, Given, patient


def modules() -> list[ModuleType]:
    """Return the table modules: those named like a criterion, ``i08_hba1c``."""
    names = [m.name for m in pkgutil.iter_modules(package.__path__) if m.name[0] in "hie" and m.name[1:3].isdigit()]
    return [importlib.import_module(f"tests.criteria.{name}") for name in names]


def all_cases() -> list[tuple[str, Case]]:
    """Return every line with the id of the criterion it tests."""
    return [(case.criterion or module.CRITERION, case) for module in modules() for case in module.CASES]


def record(given: Iterable[Given], searches: Mapping[str, str]) -> PatientRecord:
    """Return the record that ``given`` describes, with an ordinary patient unless one is given."""
    items = list(given)
    if not any(item.resource["resourceType"] == "Patient" for item in items):
        items.insert(0, patient())
    states = dict.fromkeys(SEARCHES, COMPLETE)
    for name, state in searches.items():
        states[name] = Search(SearchState(state), f"the {name} search was {state}")
    return read_record([Entry(msgspec.json.encode(item.resource)) for item in items], states)


def record_of(case: Case) -> PatientRecord:
    return record(case.given, case.searches)


def missed(case: Case, result: CriterionResult) -> str:
    """Return what the words or the evidence of ``result`` lack, or say too much, for a line; empty if nothing."""
    if case.says and case.says not in result.summary:
        return f"does not say {case.says!r}"
    if case.omits and case.omits in result.summary:
        return f"says {case.omits!r}"
    shown = (f"{item.display} {item.value or ''}" for item in result.evidence)
    return f"does not show {case.shows!r}" if case.shows and not any(case.shows in item for item in shown) else ""


def finding_of(case: Case, criterion: str, trial: Trial) -> Finding:
    """Return what the criterion finds in the record of a line."""
    chart = Chart(
        record_of(case), case.on, UTC, trial.declaration(criterion), TrialSettings(**case.settings),
        trial.analytes, trial.units,
    )  # fmt: skip
    return trial.evaluables[criterion].find(chart)
