"""The result of evaluating a trial for one person: the only thing that cards and pages are made from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from msgspec import Struct


class Status(StrEnum):
    """What the record says about one criterion. For an exclusion, ``met`` means the person is excluded."""

    MET = "met"
    NOT_MET = "not-met"
    UNKNOWN = "unknown"
    NEEDS_JUDGEMENT = "needs-judgement"


class Effect(StrEnum):
    """What a criterion does to the person's chance of entering the trial."""

    SUPPORTS = "supports"
    BLOCKS = "blocks"
    OPEN = "open"


class Kind(StrEnum):
    """Headers repeat the registry's structured fields: they inform, inclusions and exclusions decide."""

    HEADER = "header"
    INCLUSION = "inclusion"
    EXCLUSION = "exclusion"


class Confidence(StrEnum):
    """high: direct, in the window, coded; moderate: surrogate or derived; low: text match or absence of a record."""

    HIGH = "high"
    MODERATE = "moderate"
    LOW = "low"

    def at_most(self, other: Confidence) -> Confidence:
        """Return the weaker of the two."""
        if other is Confidence.HIGH or self is Confidence.LOW:
            return self
        if self is Confidence.HIGH or other is Confidence.LOW:
            return other
        return self  # both are moderate


class Basis(StrEnum):
    """What kind of evidence a status rests on."""

    DIRECT = "direct"
    SURROGATE = "surrogate"
    DERIVED = "derived"
    ABSENCE = "absence-of-record"
    HUMAN = "human-only"


class Verdict(StrEnum):
    """The answer for the whole trial. There is no "eligible": the investigator decides that."""

    POTENTIALLY_ELIGIBLE = "potentially-eligible"
    POSSIBLY_ELIGIBLE = "possibly-eligible"
    INSUFFICIENT_DATA = "insufficient-data"
    NOT_ELIGIBLE = "not-eligible"
    NOT_APPLICABLE = "not-applicable"


def effect_of(kind: Kind, status: Status) -> Effect:
    """Return what ``status`` means for entering the trial, given the polarity of the criterion."""
    if status in (Status.UNKNOWN, Status.NEEDS_JUDGEMENT):
        return Effect.OPEN
    favourable = Status.NOT_MET if kind is Kind.EXCLUSION else Status.MET
    return Effect.SUPPORTS if status is favourable else Effect.BLOCKS


class Evidence(Struct, frozen=True):
    """One entry of the record that was used or shown: what it said, and what it was compared as."""

    reference: str
    """Relative reference of the resource, such as ``Observation/123``."""
    display: str
    value: str | None = None
    """As received, with its unit."""
    compared_as: str | None = None
    """In the unit of the threshold, where that differs from ``value``."""
    date: str | None = None
    """Day or period the entry speaks of, at the precision of the record."""

    def to_json(self) -> dict[str, Any]:
        return {
            "reference": self.reference,
            "display": self.display,
            "value": self.value,
            "comparedAs": self.compared_as,
            "date": self.date,
        }


class CriterionResult(Struct, frozen=True):
    """The status of one criterion, with everything needed to check it."""

    id: str
    kind: Kind
    label: str
    text: str
    status: Status
    effect: Effect
    confidence: Confidence
    basis: Basis
    summary: str
    rule: str
    """Name of the declared rule that decided."""
    near_threshold: bool = False
    recheck_on: date | None = None
    """First day on which a transient block can have ended."""
    evidence: tuple[Evidence, ...] = ()
    missing: tuple[str, ...] = ()
    """What would settle an open criterion."""
    interpretation: str = ""
    text_defect: str | None = None
    sensitive: bool = False
    softened: bool = False
    """True for a blocking result that is not decisive: near its threshold, or of low confidence."""
    cause: str = ""
    """Of an unknown status, why: a `rules.causes.Cause`, or the name of the rule that decided. For counting."""

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind.value,
            "text": self.text,
            "status": self.status.value,
            "effect": self.effect.value,
            "confidence": self.confidence.value,
            "basis": self.basis.value,
            "summary": self.summary,
            "rule": self.rule,
            "nearThreshold": self.near_threshold,
            "recheckOn": self.recheck_on.isoformat() if self.recheck_on else None,
            "evidence": [item.to_json() for item in self.evidence],
            "missing": list(self.missing),
            "interpretation": self.interpretation,
        }


@dataclass(frozen=True, slots=True)
class Assessment:
    """Every criterion of one trial for one person on one day, and the verdict."""

    trial: str
    rules_version: str
    evaluated_on: date
    patient: str | None
    """FHIR id of the Patient; never a name."""
    verdict: Verdict
    reasons: tuple[str, ...]
    criteria: tuple[CriterionResult, ...]
    data_gaps: tuple[str, ...] = ()
    """Searches that failed or came back incomplete, in words."""

    def __getitem__(self, criterion_id: str) -> CriterionResult:
        """Return the result of ``criterion_id``; raises KeyError for an id the trial does not have."""
        for result in self.criteria:
            if result.id == criterion_id:
                return result
        raise KeyError(criterion_id)

    def with_effect(self, effect: Effect) -> tuple[CriterionResult, ...]:
        """Return the inclusions and exclusions with ``effect``, in the record's order."""
        return tuple(r for r in self.criteria if r.effect is effect and r.kind is not Kind.HEADER)

    def to_json(self, source: str | None = None) -> dict[str, Any]:
        """Return the assessment in the form that the command line prints (docs: the design's contract)."""
        return {
            "source": source,
            "trial": self.trial,
            "rulesVersion": self.rules_version,
            "evaluatedOn": self.evaluated_on.isoformat(),
            "patient": self.patient,
            "verdict": self.verdict.value,
            "reasons": list(self.reasons),
            "criteria": [result.to_json() for result in self.criteria],
        }
