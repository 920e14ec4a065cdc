"""Decides facts with durable_rules, used only in the way that was measured to be safe.

durable_rules 2.0.28 crashes with its default host (background threads), shares facts between sessions
whose ids collide, and loses facts and exceptions silently. Hence: a host of our own without threads, one
lock round one evaluation, one constant session id that is deleted each time, rules that look at a single
fact and do no more than be noted when they fire, and a check after each run that nothing was lost.
Build the evaluator in the process that uses it (after a fork): its state lives in C.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import durable_rules_engine
import orjson
from durable.engine import Host, MessageNotHandledException, MessageObservedException, Ruleset

from rules.decision import Condition, Fact, Field, Operator, Rule, check_fact, check_table

_SESSION = "1"
_RULESET = "criteria"
_SIGN = {Operator.GREATER: "$gt", Operator.AT_LEAST: "$gte", Operator.LESS: "$lt", Operator.AT_MOST: "$lte"}


class EvaluationError(RuntimeError):
    """The engine did not give a complete answer; the request must fail rather than show part of one."""


class _NotedRules(Ruleset):  # type: ignore[misc]
    """Rules that do nothing but be noted. The engine fires them; only what it does for each that fires is replaced.

    The library's way of running an action makes a closure, reads the clock and writes the state each time, which
    takes as long as all the rest; and what an action raises it swallows.
    """

    def __init__(self, host: Host, definition: Mapping[str, Any], note: Callable[[str], None]) -> None:
        super().__init__(_RULESET, host, {name: {**rule, "run": _nothing} for name, rule in definition.items()})
        self._note = note

    def assert_facts(self, facts: Sequence[Mapping[str, Any]]) -> Any:
        text = orjson.dumps(facts).decode()
        return self._handle_result(durable_rules_engine.assert_facts(self._handle, text), facts)

    def get_facts(self, sid: str) -> Any:
        return orjson.loads(durable_rules_engine.get_facts(self._handle, sid))

    def _flush_actions(self, state: Any, result_container: Any, state_offset: Any, complete: Any) -> None:
        """Note the rule of each action in turn, and give the state back as it was."""
        action, unchanged = result_container["message"], orjson.dumps(state).decode()
        while action:
            self._note(*action)
            durable_rules_engine.update_state(self._handle, unchanged)
            following = durable_rules_engine.complete_and_start_action(self._handle, state_offset)
            action = orjson.loads(following) if following else None
        complete(None, state)


def _nothing(_closure: Any) -> None:
    """The action that the library asks each rule to have."""


class _QuietHost(Host):  # type: ignore[misc]
    """A host of one set of rules, without the dispatcher and timer threads that crash and steal actions."""

    def __init__(self, definition: Mapping[str, Any], note: Callable[[str], None]) -> None:
        """``note`` is called with the name of each rule that fires."""
        super().__init__()
        self._ruleset_directory[_RULESET] = _NotedRules(self, definition, note)

    def _run(self) -> None:
        """Start nothing: rules run on the thread that asserts the facts."""


class DurableEvaluator:
    """Decides facts by durable_rules. One instance a process; calls from several threads take turns."""

    def __init__(self, tables: Mapping[str, Sequence[Rule[Any]]]) -> None:
        self._is_text = {name: check_table(name, table) for name, table in tables.items()}
        self._tables = {name: [(rule.name, _full(name, rule)) for rule in table] for name, table in tables.items()}
        self._fired: set[str] = set()
        self._lock = threading.Lock()
        self._host = _QuietHost({**_definition(tables), _READY: _READY_RULE}, self._note)
        # A first fact that no rule matches has the engine free memory that it never wrote: so there is another before.
        self._host.assert_fact(_RULESET, {"sid": _SESSION, "table": _READY})
        self._host.delete_state(_RULESET, _SESSION)

    def deciding(self, facts: Mapping[str, Fact]) -> dict[str, str]:
        """Return for each table the name of the first rule that holds; raises as `fired` does."""
        return {name: rules[0] for name, rules in self.fired(facts).items()}

    def fired(self, facts: Mapping[str, Fact]) -> dict[str, tuple[str, ...]]:
        """Return for each table the names of all rules that hold, in the table's order.

        Raises `EvaluationError` when the engine lost a fact or left one undecided.
        """
        if not facts:
            return {}  # an empty batch crashes the engine
        messages = [self._message(name, fact) for name, fact in facts.items()]
        with self._lock:
            self._fired = set()
            try:
                self._host.assert_facts(_RULESET, messages)
                self._check_complete(len(messages))
            except (MessageNotHandledException, MessageObservedException) as error:
                # Their message holds the facts, which are patient data: do not chain it.
                raise EvaluationError(f"durable_rules refused a fact: {type(error).__name__}.") from None
            finally:
                self._host.delete_state(_RULESET, _SESSION)
            fired = self._fired
        held = {name: tuple([rule for rule, full in self._tables[name] if full in fired]) for name in facts}
        undecided = sorted(name for name, rules in held.items() if not rules)
        if undecided:
            raise EvaluationError(f"No declared rule holds for {', '.join(undecided)}.")
        return held

    def _note(self, rule: str) -> None:
        self._fired.add(rule)

    def _message(self, name: str, fact: Fact) -> dict[str, Any]:
        if name not in self._tables:
            raise EvaluationError(f"No decision table is declared for {name}.")
        check_fact(name, fact, self._is_text[name])
        # Only what the rules look at is sent; and a field that is absent, not null, would compare as whatever
        # the engine finds in its place.
        return {"sid": _SESSION, "table": name, **{field: fact.get(field) for field in self._is_text[name]}}

    def _check_complete(self, sent: int) -> None:
        kept = len(self._host.get_facts(_RULESET, _SESSION))
        if kept != sent:
            raise EvaluationError(f"durable_rules kept {kept} of {sent} facts.")


_READY = "-ready-"
"""The table of the fact that an engine begins with."""
_READY_RULE = {"all": [{"m": {"table": _READY}}]}


def _definition(tables: Mapping[str, Sequence[Rule[Any]]]) -> dict[str, Any]:
    return {
        _full(name, rule): {
            "all": [{"m": _all_of([{"table": name}, *map(_expression, rule.when)])}],
            "pri": position,
        }
        for name, table in tables.items()
        for position, rule in enumerate(table, start=1)
    }


def _full(table: str, rule: Rule[Any]) -> str:
    """Return the name of a rule among those of all tables."""
    return f"{table}.{rule.name}"


def _all_of(expressions: list[dict[str, Any]]) -> dict[str, Any]:
    return {"$and": expressions} if len(expressions) > 1 else expressions[0]


def _expression(condition: Condition) -> dict[str, Any]:
    right: Any = {"$m": condition.right.name} if isinstance(condition.right, Field) else condition.right
    if condition.operator is Operator.EQUAL:
        return {condition.left: right}
    return {_SIGN[condition.operator]: {condition.left: right}}
