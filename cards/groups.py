"""Sorts the criteria of an assessment by what a clinician does with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from rules.assessment import Assessment, CriterionResult, Effect, Kind, Status
from rules.criterion import Declaration
from rules.trial import Trial


class Group(StrEnum):
    """The part of the card in which a criterion appears."""

    UNCONFIRMED = "a block that is borderline or rests on weak evidence"
    JUDGEMENT = "the record needs a reader"
    MISSING = "data are missing"
    HUMAN = "only a person can tell"
    BLOCKS = "speaks against the study"
    FITS = "an inclusion that is met"
    CLEAR = "an exclusion that was not found"
    CONFIDENTIAL = "not named on the card"
    NOT_ASSESSED = "not assessed by this version"


MOST_DECISIVE = ("I7", "I8", "I5", "I6", "E5", "E6", "E9", "E11", "E23", "E16", "E21")
"""Gaps that say most about the whole, first; a criterion not listed follows in the record's order."""


@dataclass(frozen=True, slots=True)
class Groups:
    """The inclusions and exclusions, each in one group: gaps the most decisive first, what is settled as the
    study's record orders it."""

    members: dict[Group, tuple[CriterionResult, ...]]

    def __getitem__(self, group: Group) -> tuple[CriterionResult, ...]:
        return self.members.get(group, ())

    def split(self, group: Group, kind: Kind) -> tuple[CriterionResult, ...]:
        """Return the members of ``group`` that are of ``kind``."""
        return tuple(result for result in self[group] if result.kind is kind)


def group(assessment: Assessment, trial: Trial, name_sensitive: bool) -> Groups:
    """Return the criteria of ``assessment`` in their groups, without the headers, which decide nothing."""
    sorted_results: dict[Group, list[CriterionResult]] = {}
    for result in assessment.criteria:
        if result.kind is not Kind.HEADER:
            where = _group_of(result, trial.declaration(result.id), name_sensitive)
            sorted_results.setdefault(where, []).append(result)
    return Groups({name: _ordered(name, results) for name, results in sorted_results.items()})


def open_items(assessment: Assessment) -> int:
    """Return how many criteria are not settled, those with a softened block among them."""
    return sum(is_open(r) for r in assessment.criteria if r.kind is not Kind.HEADER)


def is_open(result: CriterionResult) -> bool:
    """True when somebody has to look: the criterion is open, or its block is not decisive."""
    return result.effect is Effect.OPEN or result.softened


def _ordered(group: Group, results: Sequence[CriterionResult]) -> tuple[CriterionResult, ...]:
    if group in (Group.FITS, Group.CLEAR):
        return tuple(results)
    rank = {name: place for place, name in enumerate(MOST_DECISIVE)}
    return tuple(sorted(results, key=lambda result: rank.get(result.id, len(rank))))


def _group_of(result: CriterionResult, declaration: Declaration, name_sensitive: bool) -> Group:
    if declaration.module is None:
        return Group.NOT_ASSESSED
    if declaration.computability == "human-only":
        return Group.HUMAN
    if result.sensitive and not name_sensitive:
        return Group.CONFIDENTIAL
    if result.effect is Effect.BLOCKS:
        return Group.UNCONFIRMED if result.softened else Group.BLOCKS
    if result.effect is Effect.OPEN:
        return Group.JUDGEMENT if result.status is Status.NEEDS_JUDGEMENT else Group.MISSING
    return Group.CLEAR if result.kind is Kind.EXCLUSION else Group.FITS
