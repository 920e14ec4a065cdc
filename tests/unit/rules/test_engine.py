"""The measured hazards of durable_rules, each with a proof that the adapter keeps out of its way.

durable_rules loses facts, swallows exceptions, shares facts between sessions and reads types loosely, all
without a word. The reference, which walks the same tables in Python, says what the answer has to be.
"""

from __future__ import annotations

import gc
import resource
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import durable_rules_engine
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.assessment import Status
from rules.decision import LARGEST_EXACT, Condition, Fact, Operator, Rule, Table, TableError, field
from rules.engine import DurableEvaluator, EvaluationError
from rules.reference import ReferenceEvaluator
from tests.support.forks import in_child


def rule(name: str, *when: Condition) -> Rule[Status]:
    return Rule(name, when, Status.MET, "")


OTHERWISE = rule("otherwise")
TABLE: Table = (
    rule("high", field.low >= field.limit),
    rule("low", field.high < field.limit),
    rule("value", field.state.equals("value")),
    rule("known", field.known.holds),
    OTHERWISE,
)
PARTIAL: Table = (rule("only-five", field.a.equals(5)),)
"""A table without an otherwise row: for a fact that nothing matches."""
FACT: Fact = {"state": "value", "low": 10, "high": 10, "limit": 10, "known": True}


@pytest.fixture(scope="module")
def engine() -> DurableEvaluator:
    return DurableEvaluator({"X": TABLE, "Y": TABLE, "P": PARTIAL})


@pytest.fixture(scope="module")
def walker() -> ReferenceEvaluator:
    return ReferenceEvaluator({"X": TABLE, "Y": TABLE})


def test_the_rules_that_hold_come_back_in_the_order_of_the_table(engine: DurableEvaluator) -> None:
    assert engine.fired({"X": FACT}) == {"X": ("high", "value", "known", "otherwise")}
    low: Fact = {**FACT, "low": None, "high": 9, "known": False}
    assert engine.fired({"X": low}) == {"X": ("low", "value", "otherwise")}


def test_each_table_sees_its_own_fact(engine: DurableEvaluator) -> None:
    other: Fact = {"state": "unknown", "low": None, "high": None, "limit": 10, "known": False}
    assert engine.fired({"X": FACT, "Y": other}) == {
        "X": ("high", "value", "known", "otherwise"),
        "Y": ("otherwise",),
    }


def test_equal_facts_of_two_tables_are_both_decided(engine: DurableEvaluator) -> None:
    """Facts are told apart by a hash of their content."""
    fired = engine.fired({"X": FACT, "Y": FACT})
    assert fired["X"] == fired["Y"] == ("high", "value", "known", "otherwise")


def test_no_facts_no_answer(engine: DurableEvaluator) -> None:
    assert engine.fired({}) == {}


# -- what the engine must never be given -----------------------------------------------------------------


@pytest.mark.parametrize("number", [1e-05, 1e16, float("nan"), float("inf"), 0.1, LARGEST_EXACT, -LARGEST_EXACT, 2**63])
def test_numbers_that_end_its_parsing_or_lose_digits(
    engine: DurableEvaluator, walker: ReferenceEvaluator, number: Any
) -> None:
    """1e-05 in one fact makes it drop that fact and all that follow, and report success."""
    for executor in (engine, walker):
        with pytest.raises(TableError):
            executor.fired({"X": {**FACT, "low": number}, "Y": FACT})
    assert engine.fired({"Y": FACT})["Y"], "the refused evaluation left something behind"


@pytest.mark.parametrize("name", ["id", "sid", "table"])
def test_names_that_the_engine_uses_itself(engine: DurableEvaluator, walker: ReferenceEvaluator, name: str) -> None:
    for executor in (engine, walker):
        with pytest.raises(TableError, match="reserved"):
            executor.fired({"X": {**FACT, name: "other"}})


@pytest.mark.parametrize("fact", [{"low": "10"}, {"state": 1}, {"known": "true"}, {"state": True}])
def test_text_for_numbers(engine: DurableEvaluator, walker: ReferenceEvaluator, fact: dict[str, Any]) -> None:
    """It holds "5" for 5 and "true" for True, and orders text with numbers."""
    for executor in (engine, walker):
        with pytest.raises(TableError, match="the table expects"):
            executor.fired({"X": {**FACT, **fact}})


def test_a_table_that_is_not_declared(engine: DurableEvaluator) -> None:
    with pytest.raises(EvaluationError, match="No decision table is declared for Z"):
        engine.fired({"Z": FACT})


@pytest.mark.parametrize("largest", [LARGEST_EXACT - 1, 1 - LARGEST_EXACT])
def test_the_largest_integers_are_exact(engine: DurableEvaluator, largest: int) -> None:
    for low, holds in ((largest - 1, False), (largest, True), (largest + 1, True)):
        if abs(low) < LARGEST_EXACT:
            fired = engine.fired({"X": {**FACT, "low": low, "high": None, "limit": largest}})
            assert ("high" in fired["X"]) is holds


@pytest.mark.parametrize(
    "text", ['"', "\\", "\n", "é", "日本", "😀", "{}", "}{", "[", ",", "a:b", "\x00", "\x7f", "", "x" * 5000]
)
def test_any_text_survives(text: str) -> None:
    table: Table = (rule("same", field.state.equals(text)), OTHERWISE)
    executor = DurableEvaluator({"X": table, "Y": TABLE})
    fired = executor.fired({"X": {"state": text}, "Y": FACT})
    assert fired["X"] == ("same", "otherwise")
    assert fired["Y"] == ("high", "value", "known", "otherwise")
    assert executor.fired({"X": {"state": text + "!"}})["X"] == ("otherwise",)


# -- the same answer as the reference --------------------------------------------------------------------

NUMBERS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.integers(1 - LARGEST_EXACT, LARGEST_EXACT - 1),
    st.sampled_from([LARGEST_EXACT - 1, 1 - LARGEST_EXACT, 2**31, 2**32]),
)  # fmt: skip
FACTS = st.fixed_dictionaries({}, optional={
    "a": NUMBERS, "b": NUMBERS, "c": NUMBERS, "state": st.sampled_from([None, "value", "unknown", ""]),
    "unused": st.one_of(NUMBERS, st.text(max_size=5)),
})  # fmt: skip
ORDERS = (Operator.GREATER, Operator.AT_LEAST, Operator.LESS, Operator.AT_MOST)
CONSTANTS = (0, 1, -1, 2, 5, True, False)
EVERYTHING: Table = (
    *(rule(f"a{o.value}{right}", Condition("a", o, right)) for o in ORDERS for right in CONSTANTS),
    *(rule(f"a{o.value}b", Condition("a", o, field.b)) for o in ORDERS),
    *(rule(f"a={right!r}", field.a.equals(right)) for right in CONSTANTS),
    *(rule(f"a{o.value}b-and-c", Condition("a", o, field.b), field.c >= field.b, field.state.equals("value"))
      for o in ORDERS),
    rule("empty", field.state.equals("")),
    OTHERWISE,
)  # fmt: skip
DURABLE, REFERENCE = DurableEvaluator({"T": EVERYTHING}), ReferenceEvaluator({"T": EVERYTHING})


@settings(max_examples=250, deadline=None)
@given(fact=FACTS)
def test_null_absent_and_boolean_mean_the_same_to_both(fact: dict[str, Any]) -> None:
    """Null and absent satisfy nothing; True is 1 and False is 0."""
    fired = DURABLE.fired({"T": fact})
    assert fired == REFERENCE.fired({"T": fact})
    assert {"T": fired["T"][0]} == DURABLE.deciding({"T": fact}) == REFERENCE.deciding({"T": fact})


@pytest.mark.parametrize(
    "fact", [{}, {"a": None}, {"a": None, "b": None}, {"a": 0}, {"a": False}, {"b": 0}, {"a": 5, "b": None}]
)
def test_nothing_holds_beside_null(fact: Fact) -> None:
    """The engine finds 0 equal to a field that is not there, and null equal to null."""
    for executor in (DURABLE, REFERENCE):
        assert not [name for name in executor.fired({"T": fact})["T"] if name.endswith(("b", "b-and-c"))]


# -- what it must report ---------------------------------------------------------------------------------


def test_a_fact_that_no_rule_matches(engine: DurableEvaluator) -> None:
    with pytest.raises(EvaluationError) as raised:
        engine.fired({"P": {"a": 4711}, "X": FACT})
    assert "4711" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__
    assert engine.fired({"P": {"a": 5}}) == {"P": ("only-five",)}


def test_a_first_fact_that_no_rule_matches_harms_nothing() -> None:
    """The library frees memory that it never wrote then, and sooner or later that ends the process."""

    def refused_first() -> bool:
        engines = [DurableEvaluator({"X": TABLE, "Y": TABLE, "P": PARTIAL}) for _ in range(40)]
        for one in engines:
            with pytest.raises(EvaluationError):
                one.fired({"P": {"a": 4711}})
        return True

    assert in_child(refused_first) == 0


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt(), SystemExit()])
def test_an_exception_while_rules_fire_surfaces(error: BaseException) -> None:
    """The library's own way of running actions swallows them all."""

    class Failing(DurableEvaluator):
        healthy = True

        def _note(self, rule: str) -> None:
            if not self.healthy:
                raise error
            super()._note(rule)

    executor = Failing({"X": TABLE})
    executor.healthy = False
    with pytest.raises(type(error)) as raised:
        executor.fired({"X": FACT})
    assert raised.value is error
    assert not session_left(executor)
    executor.healthy = True
    assert executor.fired({"X": FACT})["X"] == ("high", "value", "known", "otherwise")


def test_a_lost_fact_surfaces(engine: DurableEvaluator, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = engine._host.assert_facts
    with monkeypatch.context() as patch:
        patch.setattr(engine._host, "assert_facts", lambda rules, messages: whole(rules, messages[:-1]))
        with pytest.raises(EvaluationError, match="kept 1 of 2 facts"):
            engine.fired({"X": FACT, "Y": FACT})
    assert set(engine.fired({"X": FACT, "Y": FACT})) == {"X", "Y"}


# -- one patient after another ---------------------------------------------------------------------------


def session_left(executor: DurableEvaluator) -> bool:
    try:
        executor._host.get_facts("criteria", "1")
    except durable_rules_engine.error as error:
        if "309" not in str(error):  # another error than that of a session that does not exist
            raise
        return False
    return True


def test_a_session_that_is_left_would_be_seen(engine: DurableEvaluator) -> None:
    engine._host.assert_facts("criteria", [{"sid": "1", "table": "P", "a": 5}])
    assert session_left(engine)
    engine._host.delete_state("criteria", "1")
    assert not session_left(engine)


def test_nothing_is_left_after_success_and_after_failure(engine: DurableEvaluator) -> None:
    engine.fired({"X": FACT})
    assert not session_left(engine)
    for _ in range(3):
        with pytest.raises(EvaluationError):
            engine.fired({"X": FACT, "P": {"a": 6}})
        assert not session_left(engine)
        other: Fact = {"state": "unknown", "low": None, "high": None, "limit": 1, "known": False}
        assert engine.fired({"Y": other, "P": {"a": 5}}) == {"Y": ("otherwise",), "P": ("only-five",)}


def test_a_failing_evaluation_is_deleted_also_when_asserting_itself_fails(
    engine: DurableEvaluator, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = engine._host.assert_facts

    def asserts_and_fails(rules: str, messages: list[Any]) -> None:
        whole(rules, messages)
        raise RuntimeError("the library broke")

    with monkeypatch.context() as patch:
        patch.setattr(engine._host, "assert_facts", asserts_and_fails)
        with pytest.raises(RuntimeError, match="the library broke"):
            engine.fired({"X": FACT})
    assert not session_left(engine)


def test_what_fails_before_a_session_exists_surfaces_too(
    engine: DurableEvaluator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_rules: str, _messages: list[Any]) -> None:
        raise RuntimeError("the library broke")

    with monkeypatch.context() as patch:
        patch.setattr(engine._host, "assert_facts", fails)
        with pytest.raises(durable_rules_engine.error, match="Could not delete state") as raised:
            engine.fired({"X": FACT})
    assert isinstance(raised.value.__context__, RuntimeError)
    assert engine.fired({"X": FACT})["X"] == ("high", "value", "known", "otherwise")


def test_two_evaluators_share_nothing() -> None:
    one, other = (
        DurableEvaluator({"X": TABLE}),
        DurableEvaluator({"X": (rule("never", field.a.equals(1)), OTHERWISE)}),
    )
    assert one.fired({"X": FACT})["X"] == ("high", "value", "known", "otherwise")
    assert other.fired({"X": {"a": 0}})["X"] == ("otherwise",)
    assert one.fired({"X": FACT})["X"] == ("high", "value", "known", "otherwise")


def test_more_patients_than_the_engine_has_sessions(engine: DurableEvaluator) -> None:
    """It has room for 1024; one session, deleted each time, never fills it."""
    for number in range(1500):
        fired = engine.fired({"X": {**FACT, "low": number, "limit": 1000}})
        assert ("high" in fired["X"]) is (number >= 1000)


def test_memory_stays_flat() -> None:
    executor = DurableEvaluator({"X": TABLE, "Y": TABLE})

    def run(times: int) -> None:
        for number in range(times):
            executor.fired({"X": {**FACT, "low": number}, "Y": FACT})

    run(500)
    gc.collect()
    before = _rss()
    run(2500)
    gc.collect()
    assert _rss() - before < 2_500_000, "more than 1 kB an evaluation"


def _rss() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


# -- threads and processes -------------------------------------------------------------------------------


def test_no_thread_is_started() -> None:
    before = set(threading.enumerate())
    executor = DurableEvaluator({"X": TABLE})
    executor.fired({"X": FACT})
    assert set(threading.enumerate()) == before


def test_eight_threads_get_their_own_answers(engine: DurableEvaluator) -> None:
    wrong: list[str] = []

    def work(thread: int) -> None:
        for number in range(60):
            low = thread * 1000 + number
            facts: Mapping[str, Fact] = {
                "X": {**FACT, "low": low, "limit": low + number % 2},
                "Y": {
                    "state": "unknown",
                    "low": None,
                    "high": low,
                    "limit": low + 1 - number % 2,
                    "known": False,
                },
            }
            fired = engine.fired(facts)
            if ("high" in fired["X"]) is (number % 2 == 1) or ("low" in fired["Y"]) is (number % 2 == 1):
                wrong.append(f"{thread}/{number}: {fired}")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert wrong == []


def test_a_child_of_a_fork_works(engine: DurableEvaluator) -> None:
    right = ("high", "value", "known", "otherwise")
    engine.fired({"X": FACT})
    assert in_child(lambda: all(DurableEvaluator({"X": TABLE}).fired({"X": FACT})["X"] == right for _ in range(3))) == 0
    assert in_child(lambda: all(engine.fired({"X": FACT})["X"] == right for _ in range(50))) == 0
    assert in_child(lambda: "low" in engine.fired({"X": FACT})["X"]) == 1, "the child's answer is not seen"
    assert engine.fired({"X": FACT})["X"] == right
