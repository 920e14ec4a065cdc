"""The registry of criteria is whole: each is explained, cited, and shown from every side in its table."""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC
from fractions import Fraction
from typing import Any

import pytest

from rules.assessment import Status
from rules.criterion import Chart, Declaration, Finding, TrialSettings
from rules.reference import ReferenceEvaluator
from rules.trial import NOT_ASSESSED, Trial
from tests.criteria.given import Case
from tests.criteria.tables import all_cases, record_of

RECORD_ORDER = ("H1", "H2", "H3", *(f"I{n}" for n in range(1, 9)), *(f"E{n}" for n in range(1, 32)))
EVERY = {Status.MET, Status.NOT_MET, Status.UNKNOWN}
SHOWN: Mapping[str, set[Status]] = {
    "H2": {Status.MET},
    **{name: {Status.NEEDS_JUDGEMENT} for name in ("I2", "I3", "E27", "E31")},
    "E8": EVERY | {Status.NEEDS_JUDGEMENT},
    "E19": {Status.MET, Status.NEEDS_JUDGEMENT},
}
"""The statuses that a table must show, where they are others than met, not met and unknown.

H2 holds for everybody; four are always for a person; E19 is never cleared by silence, nor unknown for it.
"""

FROM_PATIENT_ALONE = {"H1", "H2", "I1"}
"""They read only the Patient, without which nothing is assessed: no search of theirs can fail."""

NEXT_TO = Fraction(1, 10)
"""How far a limit is moved, as a part of itself: a line between the old and the new place must notice."""

COUNTED = 12
"""Whole limits up to here are mostly counted (days, hours, points, mm), so that a tenth would be no next value."""

WORDS = ("infancy_maximum", "childhood_maximum", "teens_minimum", "teens_maximum")
NOT_COMPARED: Mapping[str, tuple[str, ...]] = {
    "I5": WORDS,
    "I6": (*WORDS, "neonatal", "diabetic_hba1c"),
}
"""Limits with which no result is compared, so that no line can lie on either side of them.

The four ages say what words such as "childhood" mean (tests/unit/rules/test_onset.py): for I5 all lie far below 35.
The other two bound an onset: the date of it is then what is compared.
"""

TEXTS = ("text", "label", "interpretation", "reason", "settled_by")

Lines = Mapping[str, list[Case]]


@pytest.fixture(scope="module")
def lines() -> Lines:
    found: dict[str, list[Case]] = defaultdict(list)
    for criterion, case in all_cases():
        found[criterion].append(case)
    return found


def test_every_criterion_of_the_record_is_declared_in_its_order(trial: Trial) -> None:
    assert tuple(declaration.id for declaration in trial.declarations) == RECORD_ORDER
    not_assessed = [name for name, evaluable in trial.evaluables.items() if evaluable is NOT_ASSESSED]
    assert not not_assessed, f"these criteria have no module: {not_assessed}"


@pytest.mark.parametrize("criterion", RECORD_ORDER)
def test_each_criterion_is_explained_and_cited(criterion: str, trial: Trial) -> None:
    this = trial.declaration(criterion)
    lacking = [name for name in TEXTS if not getattr(this, name).strip()]
    lacking += [name for name in ("sources", "data") if not getattr(this, name)]
    assert not lacking, f"{criterion} lacks in trial.yaml: {', '.join(lacking)}"
    unknown = sorted(set(this.sources) - set(trial.sources))
    assert not unknown, f"{criterion} cites what trial.yaml does not list: {unknown}"
    sources = {name: limit.source for name, limit in this.limits.items()}
    sources |= {name: window.source for name, window in this.windows.items()}
    uncited = [name for name, source in sources.items() if not source.strip()]
    assert not uncited, f"{criterion} has numbers without a source: {uncited}"


@pytest.mark.parametrize("criterion", RECORD_ORDER)
def test_who_reads_laboratory_ranges_or_the_sex_can_tell_the_sexes(criterion: str, trial: Trial) -> None:
    """A range may be that of one sex; without the words for it the assessment would end in an error."""
    names = vars(inspect.getmodule(trial.evaluables[criterion].find))
    if names.keys() & {"normal_range", "sex_of", "may_be_pregnant"}:
        assert {"sex_male", "sex_female"} <= trial.declaration(criterion).value_sets.keys()


@pytest.mark.parametrize("criterion", RECORD_ORDER)
def test_each_table_shows_every_status(criterion: str, lines: Lines) -> None:
    shown = {Status(case.expect) for case in lines[criterion]}
    lacking = sorted(status.value for status in SHOWN.get(criterion, EVERY) - shown)
    assert not lacking, f"the table of {criterion} has no line that expects: {', '.join(lacking)}"
    if criterion in SHOWN:
        beyond = sorted(status.value for status in shown - SHOWN[criterion])
        assert not beyond, f"{criterion} can never be {', '.join(beyond)}"


@pytest.mark.parametrize("criterion", [name for name in RECORD_ORDER if name not in FROM_PATIENT_ALONE])
def test_each_table_has_a_failed_search(criterion: str, lines: Lines) -> None:
    failed = [case.name for case in lines[criterion] if {"failed", "forbidden"} & set(case.searches.values())]
    assert failed, f"the table of {criterion} has no line with a search that failed or was forbidden"


def test_what_reads_the_patient_alone_needs_no_failed_search(trial: Trial) -> None:
    assert {d.id for d in trial.declarations if d.data == ("patient",)} == FROM_PATIENT_ALONE


@pytest.mark.parametrize("criterion", RECORD_ORDER)
def test_each_limit_has_a_line_on_both_sides(criterion: str, trial: Trial, lines: Lines) -> None:
    this = trial.declaration(criterion)
    right = [answer(finding_of(case, this, trial), this, trial) for case in lines[criterion]]
    lacking = [
        f"{name} ({limit.value} {limit.unit}) moved {way}"
        for name, limit in this.limits.items()
        if name not in NOT_COMPARED.get(criterion, ())
        for way, value in moved(limit.value)
        if not any(
            answer(finding_of(case, changed(this, name, value), trial), this, trial) != expected
            for case, expected in zip(lines[criterion], right, strict=True)
        )
    ]
    assert not lacking, f"no line of {criterion} notices these limits: {'; '.join(lacking)}"


def moved(value: Fraction) -> Iterator[tuple[str, Fraction]]:
    """A limit moved down and up by a tenth; a small whole number by one."""
    step = Fraction(1) if value.denominator == 1 and value <= COUNTED else value * NEXT_TO
    yield "down", value - step
    yield "up", value + step


def changed(this: Declaration, name: str, value: Fraction) -> Declaration:
    return replace(this, limits={**this.limits, name: replace(this.limits[name], value=value)})


def finding_of(case: Case, this: Declaration, trial: Trial) -> Finding:
    """Return what a line leads to under the limits of ``this``."""
    settings = TrialSettings(**case.settings)
    chart = Chart(record_of(case), case.on, UTC, this, settings, trial.analytes, trial.units)
    return trial.evaluables[this.id].find(chart)


def answer(finding: Finding, this: Declaration, trial: Trial) -> Any:
    """Return what a reader is told: the deciding rule, how sure it is, and the remarks beside it."""
    fired = ReferenceEvaluator({this.id: trial.evaluables[this.id].rules}).fired({this.id: finding.fact})[this.id]
    return fired[0], finding.near_threshold, finding.confidence, tuple(finding.notes), tuple(finding.evidence)
