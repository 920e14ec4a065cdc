"""Evaluates decision tables directly.

It holds durable_rules to its word in differential tests, and serves cohort runs, where three milliseconds
a person would be too slow. The service itself decides by `rules.engine`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rules.decision import Condition, Fact, Field, Operator, Rule, TableError, check_fact, check_table

_COMPARE: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQUAL: operator.eq,
    Operator.GREATER: operator.gt,
    Operator.AT_LEAST: operator.ge,
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
}


Holds = Callable[[Fact], bool]
"""Tells whether one row of a table holds for a fact."""


class ReferenceEvaluator:
    """Decides facts by walking the declared rules, each of which is made a function once."""

    def __init__(self, tables: Mapping[str, Sequence[Rule[Any]]]) -> None:
        self._is_text = {name: check_table(name, table) for name, table in tables.items()}
        self._tables = {name: [(rule.name, _all_hold(rule.when)) for rule in table] for name, table in tables.items()}

    def deciding(self, facts: Mapping[str, Fact]) -> dict[str, str]:
        """Return for each table the name of the first rule that holds, and look no further.

        Raises `TableError` when none does.
        """
        self._check(facts)
        return {name: self._first(name, fact) for name, fact in facts.items()}

    def fired(self, facts: Mapping[str, Fact]) -> dict[str, tuple[str, ...]]:
        """Return for each table the names of all rules that hold, in the table's order."""
        self._check(facts)
        return {
            name: tuple([rule for rule, holds in self._tables[name] if holds(fact)]) for name, fact in facts.items()
        }

    def _check(self, facts: Mapping[str, Fact]) -> None:
        for name, fact in facts.items():
            check_fact(name, fact, self._is_text[name])

    def _first(self, name: str, fact: Fact) -> str:
        for rule, holds in self._tables[name]:
            if holds(fact):
                return rule
        raise TableError(f"{name}: no declared rule holds.")


def _all_hold(conditions: Sequence[Condition]) -> Holds:
    tests = [_test(condition) for condition in conditions]
    if len(tests) == 1:
        return tests[0]

    def hold(fact: Fact) -> bool:
        for test in tests:  # noqa: SIM110 - a third faster than all()
            if not test(fact):
                return False
        return True

    return hold


def _test(condition: Condition) -> Holds:
    """Return the condition as a function. Null never satisfies a comparison."""
    name, compare, right = condition.left, _COMPARE[condition.operator], condition.right
    if isinstance(right, Field):
        other = right.name

        def compare_fields(fact: Fact) -> bool:
            left, value = fact.get(name), fact.get(other)
            return left is not None and value is not None and compare(left, value)

        return compare_fields
    if condition.operator is Operator.EQUAL:
        return lambda fact: fact.get(name) == right  # which is not null

    def compare_constant(fact: Fact) -> bool:
        left = fact.get(name)
        return left is not None and compare(left, right)

    return compare_constant
