"""A trial as declared by its folder: its criteria, codes, limits and rules (`rules.trial_folder` loads it)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rules.assessment import Confidence, Status
from rules.criterion import Chart, Declaration, Finding
from rules.decision import Rule, Table
from rules.expansions import LISTS_ONLY, Expansions
from rules.quantities import Analyte, Units
from rules.standard_of_care import StandardOfCare
from rules.timeline import Timeline
from rules.value_sets import ValueSet


@dataclass(frozen=True, slots=True)
class Registry:
    """What the registry says about the study, and when it last said so."""

    status: str
    last_known_status: str
    verified: str
    last_update: str
    actual_enrolment: int
    url: str


@dataclass(frozen=True, slots=True)
class Revision:
    """One version of the trial's rules: when it came, and what it changed."""

    version: str
    date: str
    changes: str


@dataclass(frozen=True, slots=True)
class Evaluable:
    """How a criterion is found and decided."""

    find: Callable[[Chart], Finding]
    rules: Table
    timeline: Timeline | None = None
    """What of it can be drawn over time, for people."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Everything declared about a trial, loaded once at start."""

    id: str
    service_id: str
    title: str
    short_title: str
    intervention: str
    rules_version: str
    registry: Registry
    sources: Mapping[str, str]
    gates: frozenset[str]
    """Criteria that tell from the first few searches whether the trial can apply."""
    declarations: tuple[Declaration, ...]
    evaluables: Mapping[str, Evaluable]
    tally: Callable[..., Finding]
    """Sums up the results in one fact for ``verdict_rules`` (``verdict.py`` of the folder)."""
    verdict_rules: Table
    gate_rules: frozenset[str]
    """Deciding rules after which no further data can make the trial applicable."""
    value_sets: Mapping[str, ValueSet]
    analytes: Mapping[str, Analyte]
    units: Units
    standard_of_care: StandardOfCare | None = None
    """Tests of routine care that may be suggested when overdue; None when the folder declares none."""
    history: tuple[Revision, ...] = ()
    """The versions of the rules, newest first."""
    expansions: Expansions = LISTS_ONLY
    """What a terminology server added to the value sets."""

    @property
    def tables(self) -> Mapping[str, Table]:
        return {name: evaluable.rules for name, evaluable in self.evaluables.items()}

    def declaration(self, criterion_id: str) -> Declaration:
        """Return the declared data of a criterion; raises KeyError."""
        for declaration in self.declarations:
            if declaration.id == criterion_id:
                return declaration
        raise KeyError(criterion_id)


NOT_ASSESSED = Evaluable(
    find=lambda chart: Finding(fact={"state": "not-assessed"}, missing=("a later version of this service",)),
    rules=(Rule("not-assessed", (), Status.UNKNOWN, "Not assessed by this version.", Confidence.LOW),),
)
"""Stands in for a criterion without a module: it stays unknown, so that no verdict claims it was checked."""
