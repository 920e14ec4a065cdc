"""Generated people, each with the answers that durable_rules gives when nothing disturbs it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import NamedTuple

from rules.assess import Executor, assess
from rules.assessment import Assessment
from rules.decision import Fact
from rules.engine import DurableEvaluator
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
        self._criteria = DurableEvaluator(self._trial.tables)
        self._verdict = DurableEvaluator({"verdict": self._trial.verdict_rules})
        self._durable = Executor(self._criteria, self._verdict)
        self._everyone = [person(seed) for seed in range(count)]
        self._alone: list[Assessment] = []
        self._decisions: list[tuple[Decision, Decision]] = []
        for someone in self._everyone:
            criteria, verdict = _Remembering(self._criteria), _Remembering(self._verdict)
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
            self._criteria.fired(criteria.facts) == criteria.fired
            and self._verdict.fired(verdict.facts) == verdict.fired
        )

    def _assess(self, someone: Person, executor: Executor) -> Assessment:
        return assess(someone.record(), self._trial, executor, someone.on, UTC)


class _Remembering:
    """Passes facts on to an evaluator, and keeps the last of them with the answer."""

    def __init__(self, evaluator: DurableEvaluator) -> None:
        self._evaluator = evaluator
        self.last = Decision({}, {})

    def deciding(self, facts: Mapping[str, Fact]) -> dict[str, str]:
        self.last = Decision(facts, self._evaluator.fired(facts))
        return {name: rules[0] for name, rules in self.last.fired.items()}
