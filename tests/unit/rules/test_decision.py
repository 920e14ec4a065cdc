"""What a decision table and a fact must be, so that both executors read them alike."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from rules.assessment import Status
from rules.decision import (
    LARGEST_EXACT,
    Condition,
    Operator,
    Rule,
    TableError,
    check_fact,
    check_table,
    field,
)  # fmt: skip
from rules.trial import Trial


def rule(name: str, *when: Condition) -> Rule[Status]:
    return Rule(name, when, Status.MET, "It is {value}.")


OTHERWISE = rule("otherwise")


def test_conditions_read_like_sentences() -> None:
    assert str(field.value_low >= field.minimum) == "value_low >= minimum"
    assert str(field.value_high < 3) == "value_high < 3"
    assert str(field.known.holds) == "known = true"
    assert str(field.known.fails) == "known = false"
    assert str(field.state.equals("value")) == "state = value"
    assert str(field.a > 1) == "a > 1"
    assert str(field.a <= 1) == "a <= 1"
    assert str(rule("r", field.a > 1, field.b.holds)) == "r: a > 1 and b = true -> met"
    assert str(OTHERWISE) == "otherwise: otherwise -> met"


def test_a_sound_table_tells_which_fields_hold_text() -> None:
    table = (rule("a", field.state.equals("value"), field.low >= field.limit, field.known.holds), OTHERWISE)
    assert check_table("X", table) == {"state": True, "low": False, "limit": False, "known": False}


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ((), "X: the decision table has no rule"),
        ((rule("a"), rule("a")), "X: two rules share a name"),
        ((rule("a", field.id.equals(1)),), "X.a .*the field name 'id' is reserved"),
        ((rule("a", field.sid.holds),), "'sid' is reserved"),
        ((rule("a", field.table.equals("X")),), "'table' is reserved"),
        ((rule("a", field.low > field.sid),), "'sid' is reserved"),
        ((rule("a", Condition("x", Operator.EQUAL, None)),), "comparison with null never holds"),
        ((rule("a", Condition("x", Operator.GREATER, None)),), "comparison with null never holds"),
        ((rule("a", Condition("x", Operator.EQUAL, field.y)),), "two fields cannot be tested for equality"),
        ((rule("a", Condition("x", Operator.GREATER, "5")),), "text has no order"),
        (
            (rule("a", field.x.equals("5")), rule("b", field.x.equals(5))),
            "X.b .*x is compared with text and with numbers",
        ),
        ((rule("a", field.x.equals("5"), field.x > field.y),), "compared with text and with numbers"),
    ],
)
def test_an_unsound_table_is_refused(table: tuple[Rule[Any], ...], fault: str) -> None:
    with pytest.raises(TableError, match=fault):
        check_table("X", table)


@pytest.mark.parametrize("value", [1, 0, -1, True, False, None, "", "text", LARGEST_EXACT - 1, 1 - LARGEST_EXACT])
def test_a_sound_fact(value: Any) -> None:
    check_fact("X", {"a": value}, {})


@pytest.mark.parametrize(
    ("fact", "fault"),
    [
        ({"a": 1e-05}, "X.a: float is not allowed"),
        ({"a": 1.0}, "float is not allowed"),
        ({"a": float("nan")}, "float is not allowed"),
        ({"a": float("inf")}, "float is not allowed"),
        ({"a": Decimal("7.5")}, "Decimal is not allowed"),
        ({"a": [1]}, "list is not allowed"),
        ({"a": {"b": 1}}, "dict is not allowed"),
        ({"a": LARGEST_EXACT}, "X.a: the integer does not fit below 2\\^53"),
        ({"a": -LARGEST_EXACT}, "does not fit"),
        ({"id": 1}, "'id' is reserved"),
        ({"sid": "x"}, "'sid' is reserved"),
        ({"table": "x"}, "'table' is reserved"),
        ({"number": "5"}, "X.number: the table expects a number"),
        ({"word": 5}, "X.word: the table expects text"),
        ({"word": True}, "X.word: the table expects text"),
    ],
)
def test_an_unsound_fact_is_refused(fact: dict[str, Any], fault: str) -> None:
    with pytest.raises(TableError, match=fault):
        check_fact("X", fact, {"number": False, "word": True})


def test_the_error_does_not_repeat_the_value() -> None:
    """A fact is patient data."""
    with pytest.raises(TableError) as raised:
        check_fact("X", {"a": 123.456}, {})
    assert "123" not in str(raised.value)


def test_the_tables_of_the_trial_are_sound_and_end_with_otherwise(trial: Trial) -> None:
    for name, table in (*trial.tables.items(), ("verdict", trial.verdict_rules)):
        check_table(name, table)
        assert table[-1].when == (), name
        assert all(r.when for r in table[:-1]), f"{name}: rules after an unconditional one never decide"
