"""What a criterion module is made of: the declared data it may use, and the finding it returns.

A module ``rules/<trial>/<name>.py`` has a function ``find(chart) -> Finding`` and a decision table ``RULES``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta, tzinfo
from enum import StrEnum
from fractions import Fraction
from functools import wraps
from typing import Any, TypeVar

import msgspec

from rules.assessment import Basis, Confidence, Evidence, Kind
from rules.dates import Days, Moment, add_months, parse_moment
from rules.decision import FactValue
from rules.quantities import Analyte, Units
from rules.record import PatientRecord
from rules.searches import Search
from rules.value_sets import ValueSet

T = TypeVar("T")

TRAPS = "traps_"
"""How the value sets of look-alike codes are named."""


class Coverage(StrEnum):
    """Where an imprecise date lies with regard to a window."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    STRADDLES = "straddles"


@dataclass(frozen=True, slots=True)
class Limit:
    """A threshold of the protocol, exact, with its unit and where it comes from."""

    value: Fraction
    unit: str
    source: str


@dataclass(frozen=True, slots=True)
class Window:
    """A look-back in days or calendar months; its first day still counts."""

    days: int | None
    months: int | None
    source: str

    def __hash__(self) -> int:
        """Windows are remembered by (`once`), and differ mostly in their length."""
        return hash((self.days, self.months))

    def start(self, on: date) -> date:
        """Return the first day of the window that ends on ``on``."""
        if self.days is not None:
            return on - timedelta(days=self.days)
        return add_months(on, -(self.months or 0))

    def covers(self, days: Days, on: date) -> Coverage:
        """Return whether an event on one of ``days`` lies in the window before ``on``."""
        start = self.start(on)
        if days.first >= start:
            return Coverage.INSIDE
        return Coverage.OUTSIDE if days.last < start else Coverage.STRADDLES

    def __str__(self) -> str:
        return f"{self.days} days" if self.days is not None else f"{self.months} months"


@dataclass(frozen=True, slots=True)
class Declaration:
    """A criterion as the trial's data files declare it."""

    id: str
    kind: Kind
    label: str
    text: str
    computability: str
    interpretation: str
    reason: str
    consequence: str
    """immutable, transient or human: what a block means (docs: verdict)."""
    data: tuple[str, ...]
    limits: Mapping[str, Limit]
    windows: Mapping[str, Window]
    value_sets: Mapping[str, ValueSet]
    settled_by: str
    sources: tuple[str, ...]
    laboratory: bool = False
    """True when it compares laboratory results with limits: a near miss is then not decisive."""
    sensitive: bool = False
    lasting: frozenset[str] = frozenset()
    """Value sets of results that count however old they are: asked for without a date."""
    text_defect: str | None = None
    module: str | None = None
    traps: tuple[ValueSet, ...] = field(init=False)
    """Value sets of look-alike codes: a result that carries one is not what it seems."""

    def __post_init__(self) -> None:
        traps = (value_set for name, value_set in self.value_sets.items() if name.startswith(TRAPS))
        object.__setattr__(self, "traps", tuple(traps))


@dataclass(frozen=True, slots=True)
class TrialSettings:
    """What a site decides about the reading of the protocol."""

    age_policy: str = "flag"
    """flag: 41-65 needs judgement; header: 18-40 decides; text: 18-65 decides."""
    assess_test_patients: bool = False
    """Whether a patient marked as a test patient (HTEST) gets a verdict; true in the sandbox."""


class Chart(msgspec.Struct, frozen=True, eq=False):
    """One record on one day, seen by one criterion."""

    record: PatientRecord
    on: date
    zone: tzinfo
    this: Declaration
    settings: TrialSettings
    analytes: Mapping[str, Analyte]
    units: Units
    memory: dict[Any, Any] = msgspec.field(default_factory=dict)
    """What was worked out for this record and day by `once`, and dates by their text; shared by the charts of one
    assessment."""

    def limit(self, name: str) -> Fraction:
        return self.this.limits[name].value

    def window(self, name: str) -> Window:
        return self.this.windows[name]

    def value_set(self, name: str) -> ValueSet:
        return self.this.value_sets[name]

    def analyte(self, name: str) -> Analyte:
        return self.analytes[name]

    def search(self, name: str) -> Search:
        return self.record.search(name)

    def moment(self, text: str | None) -> Moment | None:
        """Read a FHIR date; None for absent or invalid text. Results of a visit share theirs, so each is read once."""
        if not text:
            return None
        known: Moment | None = self.memory.get(text)
        if known is None:
            known = self.memory[text] = parse_moment(text, self.zone)
        return known


def once(read: Callable[..., T]) -> Callable[..., T]:
    """Let ``read(chart, *what)`` work only once for the same ``what``, however many criteria ask.

    For what is the same to every criterion: ``read`` must not look at `Chart.this`, and nobody may change
    what it returns.
    """

    @wraps(read)
    def remembered(chart: Chart, *what: Any) -> T:
        key = (read, *what)
        known: T | None = chart.memory.get(key)
        if known is None:  # or nothing was found, which costs little to find again
            known = chart.memory[key] = read(chart, *what)
        return known

    return remembered


class Finding(msgspec.Struct, frozen=True):
    """What a criterion found in the record, ready for its decision table."""

    fact: Mapping[str, FactValue]
    words: Mapping[str, str] = msgspec.field(default_factory=dict)
    """What ``{name}`` stands for in the sentences of the table."""
    evidence: Sequence[Evidence] = ()
    notes: Sequence[str] = ()
    """Sentences added to the summary whatever the status."""
    confidence: Confidence = Confidence.HIGH
    """At most this confidence, whatever the rule says."""
    basis: Basis | None = None
    """Replaces the rule's basis, for a surrogate or derived value."""
    near_threshold: bool = False
    recheck_on: date | None = None
    """First day on which a block can have ended, used only when the criterion blocks."""
    missing: Sequence[str] = ()
    """What would settle it when open; empty means the declared ``settled_by``."""
