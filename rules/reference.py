"""Evaluates decision tables directly.

It holds durable_rules to its word in differential tests, and serves cohort runs, where three milliseconds
a person would be too slow. The service itself decides by `rules.engine`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rules.decision import Condition, Fact, Field, Operator, Rule, check_fact, check_table

_COMPARE: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQUAL: operator.eq,
    Operator.GREATER: operator.gt,
    Operator.AT_LEAST: operator.ge,
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
}


class ReferenceEvaluator:
    """Decides facts by walking the declared rules."""

    def __init__(self, tables: Mapping[str, Sequence[Rule[Any]]]) -> None:
        self._is_text = {name: check_table(name, table) for name, table in tables.items()}
        self._tables = dict(tables)

    def fired(self, facts: Mapping[str, Fact]) -> dict[str, tuple[str, ...]]:
        """Return for each table the names of all rules that hold, in the table's order."""
        for name, fact in facts.items():
            check_fact(name, fact, self._is_text[name])
        return {
            name: tuple(rule.name for rule in self._tables[name] if all(_holds(c, fact) for c in rule.when))
            for name, fact in facts.items()
        }


def _holds(condition: Condition, fact: Fact) -> bool:
    left = fact.get(condition.left)
    right = fact.get(condition.right.name) if isinstance(condition.right, Field) else condition.right
    if left is None or right is None:
        return False
    return _COMPARE[condition.operator](left, right)
