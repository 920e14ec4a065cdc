"""Decides facts with durable_rules, used only in the way that was measured to be safe.

durable_rules 2.0.28 crashes with its default host (background threads), shares facts between sessions
whose ids collide, and loses facts and exceptions silently. Hence: a host of our own without threads, one
lock round one evaluation, one constant session id that is deleted each time, rules that look at a single
fact, actions that only note which rule fired, and a check after each run that nothing was lost.
Build the evaluator in the process that uses it (after a fork): its state lives in C.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from durable.engine import Host, MessageNotHandledException, MessageObservedException

from rules.decision import Condition, Fact, Field, Operator, Rule, check_fact, check_table

_SESSION = "1"
_RULESET = "criteria"
_SIGN = {Operator.GREATER: "$gt", Operator.AT_LEAST: "$gte", Operator.LESS: "$lt", Operator.AT_MOST: "$lte"}


class EvaluationError(RuntimeError):
    """The engine did not give a complete answer; the request must fail rather than show part of one."""


class _QuietHost(Host):  # type: ignore[misc]
    """A host without the dispatcher and timer threads that crash and steal actions."""

    def _run(self) -> None:
        """Start nothing: rules run on the thread that asserts the facts."""


class DurableEvaluator:
    """Decides facts by durable_rules. One instance a process; calls from several threads take turns."""

    def __init__(self, tables: Mapping[str, Sequence[Rule[Any]]]) -> None:
        self._is_text = {name: check_table(name, table) for name, table in tables.items()}
        self._tables = {name: tuple(rule.name for rule in table) for name, table in tables.items()}
        self._fired: dict[str, set[str]] = {}
        self._lock = threading.Lock()
        self._host = _QuietHost({_RULESET: self._compile(tables)})

    def fired(self, facts: Mapping[str, Fact]) -> dict[str, tuple[str, ...]]:
        """Return for each table the names of all rules that hold, in the table's order.

        Raises `EvaluationError` when the engine lost a fact, swallowed an exception or left a fact undecided.
        """
        if not facts:
            return {}  # an empty batch crashes the engine
        messages = [self._message(name, fact) for name, fact in facts.items()]
        with self._lock:
            self._fired = {name: set() for name in facts}
            try:
                self._host.assert_facts(_RULESET, messages)
                self._check_complete(len(messages))
            except (MessageNotHandledException, MessageObservedException) as error:
                # Their message holds the facts, which are patient data: do not chain it.
                raise EvaluationError(f"durable_rules refused a fact: {type(error).__name__}.") from None
            finally:
                self._host.delete_state(_RULESET, _SESSION)
            fired = self._fired
        return {name: tuple(rule for rule in self._tables[name] if rule in fired[name]) for name in facts}

    def _message(self, name: str, fact: Fact) -> dict[str, Any]:
        if name not in self._tables:
            raise EvaluationError(f"No decision table is declared for {name}.")
        check_fact(name, fact, self._is_text[name])
        # Only what the rules look at is sent; and a field that is absent, not null, would compare as whatever
        # the engine finds in its place.
        return {"sid": _SESSION, "table": name, **{field: fact.get(field) for field in self._is_text[name]}}

    def _check_complete(self, sent: int) -> None:
        state = self._host.get_state(_RULESET, _SESSION)
        if "exception" in state:
            raise EvaluationError("durable_rules swallowed an exception in an action.")
        kept = len(self._host.get_facts(_RULESET, _SESSION))
        if kept != sent:
            raise EvaluationError(f"durable_rules kept {kept} of {sent} facts.")
        undecided = sorted(name for name, rules in self._fired.items() if not rules)
        if undecided:
            raise EvaluationError(f"No declared rule holds for {', '.join(undecided)}.")

    def _compile(self, tables: Mapping[str, Sequence[Rule[Any]]]) -> dict[str, Any]:
        return {
            f"{name}.{rule.name}": {
                "all": [{"m": _all_of([{"table": name}, *map(_expression, rule.when)])}],
                "pri": position,
                "run": self._noting(name, rule.name),
            }
            for name, table in tables.items()
            for position, rule in enumerate(table, start=1)
        }

    def _noting(self, table: str, rule: str) -> Callable[[Any], None]:
        def note(_closure: Any) -> None:
            self._fired[table].add(rule)

        return note


def _all_of(expressions: list[dict[str, Any]]) -> dict[str, Any]:
    return {"$and": expressions} if len(expressions) > 1 else expressions[0]


def _expression(condition: Condition) -> dict[str, Any]:
    right: Any = {"$m": condition.right.name} if isinstance(condition.right, Field) else condition.right
    if condition.operator is Operator.EQUAL:
        return {condition.left: right}
    return {_SIGN[condition.operator]: {condition.left: right}}
