"""Runs every line of every criterion's table, on durable_rules and on the reference."""

from __future__ import annotations

from datetime import UTC

import pytest

from rules.assess import Executor, decide
from rules.assessment import CriterionResult
from rules.criterion import TrialSettings
from rules.trial import Trial
from tests.criteria.given import Case
from tests.criteria.tables import all_cases, missed, record_of

CASES = [pytest.param(criterion, case, id=f"{criterion}: {case.name}") for criterion, case in all_cases()]


def result_of(case: Case, criterion: str, trial: Trial, executor: Executor) -> CriterionResult:
    settings = TrialSettings(**case.settings)
    declaration = trial.declaration(criterion)
    return decide(record_of(case), trial, executor, [declaration], case.on, UTC, settings)[0]


@pytest.mark.parametrize(("criterion", "case"), CASES)
def test_case(criterion: str, case: Case, trial: Trial, durable: Executor, reference: Executor) -> None:
    result = result_of(case, criterion, trial, durable)
    assert result == result_of(case, criterion, trial, reference), "durable_rules and the reference disagree"
    assert result.status.value == case.expect, result.summary
    seen = {
        "rule": result.rule.partition(".")[2],
        "near": result.near_threshold,
        "recheck": result.recheck_on.isoformat() if result.recheck_on else None,
        "confidence": result.confidence.value,
        "basis": result.basis.value,
    }
    wanted = {name: getattr(case, name) for name in seen if getattr(case, name) is not None}
    assert {name: seen[name] for name in wanted} == wanted, result.summary
    lacking = missed(case, result)
    assert not lacking, f"{lacking}: {result.summary} {result.evidence}"
