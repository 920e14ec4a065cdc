"""Counts what became of people, criterion by criterion: how many each removes, and of how many it is unknown why.

People go through the criteria one after another, the gates first: the first criterion that blocks removes them.
A block that is not decisive (near its threshold, or of low confidence) removes nobody: it is counted as open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rules.assessment import Assessment, CriterionResult, Effect, Kind, Status
from rules.decision import Fact
from rules.trial import Trial

Counts = Counter[str]


@dataclass(slots=True)
class Tally:
    """Counts of people; tallies of different people add up."""

    people: int = 0
    verdicts: Counts = field(default_factory=Counter)
    apart: Counts = field(default_factory=Counter)
    """Verdict rules that set people apart for no criterion: opted out of research, died, test patient."""
    removed: Counts = field(default_factory=Counter)
    """Criterion -> whom it is the first to block."""
    unknown: Counts = field(default_factory=Counter)
    """Criterion -> of whom it is unknown, among those who come that far and are not removed."""
    open: Counts = field(default_factory=Counter)
    """Criterion -> for whom it needs judgement or is borderline, among the same."""
    applicable: int = 0
    """People whom neither a gate nor anything else sets apart: the trial's patients as far as can be told."""
    blocked: Counts = field(default_factory=Counter)
    """Criterion -> applicable people whom it blocks, also beside others."""
    alone: Counts = field(default_factory=Counter)
    """Criterion -> applicable people whom it alone blocks."""
    causes: Counts = field(default_factory=Counter)
    """"criterion/cause" -> applicable people of whom it is unknown for that cause."""

    def add(self, other: Tally) -> None:
        """Add the counts of other people."""
        self.people += other.people
        self.applicable += other.applicable
        for name in _COUNTERS:
            getattr(self, name).update(getattr(other, name))

    def count(self, assessment: Assessment, facts: Mapping[str, Fact], verdict_rule: str, trial: Trial) -> None:
        """Count one person; ``facts`` are those the criteria were decided from."""
        self.people += 1
        self.verdicts[assessment.verdict.value] += 1
        if verdict_rule in sets_apart(trial):
            self.apart[verdict_rule] += 1
            return
        results = in_order(assessment, trial)
        self._follow(results)
        if any(_blocks(r) for r in results if r.id in trial.gates):
            return
        self.applicable += 1
        blocking = [r.id for r in results if _blocks(r)]
        self.blocked.update(blocking)
        if len(blocking) == 1:
            self.alone[blocking[0]] += 1
        for result in results:
            if result.status is Status.UNKNOWN:
                self.causes[f"{result.id}/{cause_of(result, facts[result.id])}"] += 1

    def _follow(self, results: list[CriterionResult]) -> None:
        """Take the person through the criteria up to the first that blocks."""
        for result in results:
            if _blocks(result):
                self.removed[result.id] += 1
                return
            if result.status is Status.UNKNOWN:
                self.unknown[result.id] += 1
            elif result.effect is not Effect.SUPPORTS:
                self.open[result.id] += 1

    def to_json(self) -> dict[str, Any]:
        counted = {name: dict(sorted(getattr(self, name).items())) for name in _COUNTERS}
        return {"people": self.people, "applicable": self.applicable, **counted}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Tally:
        counters = {name: Counter(document[name]) for name in _COUNTERS}
        return cls(people=document["people"], applicable=document["applicable"], **counters)


_COUNTERS = ("verdicts", "apart", "removed", "unknown", "open", "blocked", "alone", "causes")


def sets_apart(trial: Trial) -> frozenset[str]:
    """Return the verdict rules that stand before all others and speak of no criterion: their sentence is fixed."""
    names = []
    for rule in trial.verdict_rules:
        if "{" in rule.says:
            break
        names.append(rule.name)
    return frozenset(names)


def order(trial: Trial) -> list[str]:
    """Return the deciding criteria in the order of the funnel: gates, then the record's order."""
    deciding = [this.id for this in trial.declarations if this.kind is not Kind.HEADER]
    return sorted(deciding, key=lambda name: name not in trial.gates)


def in_order(assessment: Assessment, trial: Trial) -> list[CriterionResult]:
    """Return the results of the deciding criteria in the order of the funnel."""
    by_id = {result.id: result for result in assessment.criteria}
    return [by_id[name] for name in order(trial)]


def _blocks(result: CriterionResult) -> bool:
    return result.effect is Effect.BLOCKS and not result.softened


def cause_of(result: CriterionResult, fact: Fact) -> str:
    """Return why a criterion is unknown: the cause its fact names, its rule, or what of a panel is unknown."""
    cause = fact.get("cause")
    if cause:
        return str(cause)
    rule = result.rule.partition(".")[2]
    lacking = [name.removesuffix("_state") for name, value in fact.items() if _is_unknown_part(name, value)]
    return f"without {', '.join(sorted(lacking))}" if lacking and rule in _UNTELLING else rule


_UNTELLING = ("unknown", "undecided")
"""Names of rules that catch what no other rule has decided."""


def _is_unknown_part(name: str, value: object) -> bool:
    return name.endswith("_state") and value == "unknown"
