"""Every declared rule is held by the tables: change any one of them, and a line gives another answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from rules.assessment import Status
from rules.decision import Condition, Fact, Operator, Rule, Table
from rules.reference import ReferenceEvaluator
from rules.trial import NOT_ASSESSED, Trial
from tests.criteria.given import Case
from tests.criteria.tables import all_cases, finding_of

_OTHER_OPERATORS = {
    Operator.GREATER: (Operator.AT_LEAST, Operator.AT_MOST),
    Operator.AT_LEAST: (Operator.GREATER, Operator.LESS),
    Operator.LESS: (Operator.AT_MOST, Operator.AT_LEAST),
    Operator.AT_MOST: (Operator.LESS, Operator.GREATER),
}

Line = tuple[Case, Fact]


@pytest.fixture(scope="module")
def lines(trial: Trial) -> dict[str, list[Line]]:
    """Return for each criterion the lines of its table with the fact that each leads to."""
    found: dict[str, list[Line]] = defaultdict(list)
    for criterion, case in all_cases():
        found[criterion].append((case, finding_of(case, criterion, trial).fact))
    return found


def deciding(table: Table, fact: Fact) -> Rule[Any] | None:
    """Return the first rule that holds, or None when the table does not decide."""
    fired = ReferenceEvaluator({"t": table}).fired({"t": fact})["t"]
    return next((rule for rule in table if rule.name in fired), None)


def mutants(table: Table) -> Iterator[tuple[str, Table]]:
    """Change one thing at a time: leave out a rule, give it another status, change one condition."""
    for position, rule in enumerate(table):

        def put(changed: Rule[Any], position: int = position) -> Table:
            return (*table[:position], changed, *table[position + 1 :])

        if len(table) > 1:
            yield f"{rule.name} left out", (*table[:position], *table[position + 1 :])
        for status in Status:
            if status is not rule.status:
                yield f"{rule.name} -> {status.value}", put(replace(rule, status=status))
        for index, condition in enumerate(rule.when):
            without = (*rule.when[:index], *rule.when[index + 1 :])
            yield f"{rule.name} without '{condition}'", put(replace(rule, when=without))
            for changed in _changed(condition):
                when = (*rule.when[:index], changed, *rule.when[index + 1 :])
                yield f"{rule.name} with '{changed}' for '{condition}'", put(replace(rule, when=when))


def _changed(condition: Condition) -> Iterator[Condition]:
    for operator in _OTHER_OPERATORS.get(condition.operator, ()):
        yield replace(condition, operator=operator)
    if isinstance(condition.right, bool):
        yield replace(condition, right=not condition.right)


def answers(table: Table, lines: list[Line]) -> list[tuple[str, Status] | None]:
    found = (deciding(table, fact) for _case, fact in lines)
    return [(rule.name, rule.status) if rule else None for rule in found]


def assessed(trial: Trial) -> list[str]:
    return [name for name, evaluable in trial.evaluables.items() if evaluable is not NOT_ASSESSED]


def test_each_rule_decides_a_line(trial: Trial, lines: dict[str, list[Line]]) -> None:
    silent = {
        criterion: sorted(missing)
        for criterion in assessed(trial)
        if (missing := _silent(trial.evaluables[criterion].rules, lines[criterion]))
    }
    assert not silent, f"these rules decide no line of their table: {silent}"


def _silent(table: Table, lines: list[Line]) -> set[str]:
    decided = {rule.name for _case, fact in lines if (rule := deciding(table, fact))}
    return {rule.name for rule in table} - decided


def test_changing_any_rule_changes_an_answer(trial: Trial, lines: dict[str, list[Line]]) -> None:
    survivors = []
    for criterion in assessed(trial):
        table = trial.evaluables[criterion].rules
        right = answers(table, lines[criterion])
        survivors += [
            f"{criterion}: {name}" for name, mutant in mutants(table) if answers(mutant, lines[criterion]) == right
        ]
    assert not survivors, "no line of the tables notices these changes:\n" + "\n".join(survivors)


def test_each_criterion_has_lines_for_every_status_it_can_have(trial: Trial, lines: dict[str, list[Line]]) -> None:
    lacking = {
        criterion: sorted(missing)
        for criterion in assessed(trial)
        if (missing := {rule.status.value for rule in trial.evaluables[criterion].rules}
            - {case.expect for case, _fact in lines[criterion]})
    }  # fmt: skip
    assert not lacking, f"no line expects these statuses: {lacking}"
