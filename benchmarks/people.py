"""Generated people, each with the answers that durable_rules gives when nothing disturbs it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import NamedTuple

from rules.assess import Evaluator, Executor, assess, durable_executor
from rules.assessment import Assessment
from rules.decision import Fact
from rules.trial_folder import load_trial
from tests.properties.people import Person, person


class Decision(NamedTuple):
    """Facts, and the rules that hold for them."""

    facts: Mapping[str, Fact]
    fired: dict[str, tuple[str, ...]]


class People:
    """People of many kinds, and one durable_rules that all of them go through."""

    def __init__(self, count: int) -> None:
        self._trial = load_trial("rules.nct01374854")
        self._durable = durable_executor(self._trial)
        self._everyone = [person(seed) for seed in range(count)]
        self._alone: list[Assessment] = []
        self._decisions: list[tuple[Decision, Decision]] = []
        for someone in self._everyone:
            criteria, verdict = _Remembering(self._durable.criteria), _Remembering(self._durable.verdict)
            self._alone.append(self._assess(someone, Executor(criteria, verdict)))
            self._decisions.append((criteria.last, verdict.last))

    def __len__(self) -> int:
        return len(self._everyone)

    def is_right(self, number: int) -> bool:
        """Read and assess one person again; True when the answer is the one given alone."""
        return self._assess(self._everyone[number], self._durable) == self._alone[number]

    def is_decided_right(self, number: int) -> bool:
        """Decide the facts of one person again, by both rulesets; True when the same rules hold."""
        criteria, verdict = self._decisions[number]
        return (
            self._durable.criteria.fired(criteria.facts) == criteria.fired
            and self._durable.verdict.fired(verdict.facts) == verdict.fired
        )

    def _assess(self, someone: Person, executor: Executor) -> Assessment:
        return assess(someone.record(), self._trial, executor, someone.on, UTC)


class _Remembering:
    """Passes facts on to an evaluator, and keeps the last of them with the answer."""

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self.last = Decision({}, {})

    def fired(self, facts: Mapping[str, Fact]) -> dict[str, tuple[str, ...]]:
        self.last = Decision(facts, self._evaluator.fired(facts))
        return self.last.fired
