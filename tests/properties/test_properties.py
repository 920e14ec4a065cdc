"""What must hold for every person, whatever the criteria say (design: tests)."""

from __future__ import annotations

import random
from datetime import UTC
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.assess import Executor, assess
from rules.assessment import Assessment, Effect
from rules.searches import SEARCHES_OF_TYPE
from rules.trial import Trial
from tests.criteria.given import Given, diagnosis, lab, medication
from tests.properties.people import Person, person

SEEDS = st.integers(min_value=0, max_value=10**6)
MANY = settings(max_examples=150, deadline=None)

DESPITE_A_FAILURE = {
    # Clinical reference, I4: type 1 on the problem list with the medications refused is met, moderately.
    ("medications", "I4"), ("medication-statements", "I4"),
}  # fmt: skip


def assessed(someone: Person, trial: Trial, executor: Executor) -> Assessment:
    return assess(someone.record(), trial, executor, someone.on, UTC)


@MANY
@given(seed=SEEDS, order=SEEDS)
def test_order_never_matters(seed: int, order: int, trial: Trial, reference: Executor) -> None:
    someone = person(seed)
    shuffled = list(someone.given)
    random.Random(order).shuffle(shuffled)
    again = Person((*shuffled, *shuffled[:3]), someone.searches)
    assert assessed(again, trial, reference) == assessed(someone, trial, reference)


NOTHING = [
    diagnosis("icd10cm:N18.6", verification="entered-in-error", clinical=None),
    diagnosis("icd10cm:E11.9", verification="refuted", onset="2001-01-01"),
    diagnosis("icd10cm:E10.9", verification="refuted", onset="1995-01-01"),
    lab("4548-4", "5.1 %", "2025-06-14", status="entered-in-error"),
    lab("13037-7", "3.3 ng/mL", "2025-06-14", status="entered-in-error"),
    lab("30522-7", "9 mg/L", "2025-06-14", status="entered-in-error"),
    medication("glipizide 5 mg", status="entered-in-error"),
]


@MANY
@given(seed=SEEDS)
def test_refuted_and_erroneous_entries_change_nothing(seed: int, trial: Trial, reference: Executor) -> None:
    someone = person(seed)
    with_noise = Person((*someone.given, *NOTHING), someone.searches)
    assert assessed(with_noise, trial, reference) == assessed(someone, trial, reference)


FROM_LATER = [
    diagnosis("icd10cm:N18.6", recorded="2025-06-16", clinical=None),
    diagnosis("icd10cm:E11.9", recorded="2025-07-01", onset="2001-01-01"),
    medication("glipizide 5 mg", authored="2025-06-16"),
]


@MANY
@given(seed=SEEDS)
def test_what_is_recorded_later_changes_nothing(seed: int, trial: Trial, reference: Executor) -> None:
    someone = person(seed)
    with_noise = Person((*someone.given, *FROM_LATER), someone.searches)
    assert assessed(with_noise, trial, reference) == assessed(someone, trial, reference)


UNUSED = [
    lab("13037-7", "3.3 ng/mL", "2025-06-14", status="cancelled"),
    lab("30522-7", "9 mg/L", "2025-06-14", status="registered"),
    lab("4548-4", "5.1 %", "2025-06-14", status="unknown"),
]


@MANY
@given(seed=SEEDS)
def test_results_of_unused_statuses_decide_nothing(seed: int, trial: Trial, reference: Executor) -> None:
    someone = person(seed)
    without, beside = (
        assessed(Person((*someone.given, *more), someone.searches), trial, reference) for more in ((), UNUSED)
    )
    assert [(r.status, r.rule) for r in beside.criteria] == [(r.status, r.rule) for r in without.criteria]


@MANY
@given(
    seed=SEEDS,
    search=st.sampled_from(sorted({s for names in SEARCHES_OF_TYPE.values() for s in names} - {"patient"})),
)
def test_a_failed_search_never_turns_open_or_blocking_into_support(
    seed: int, search: str, trial: Trial, reference: Executor
) -> None:
    someone = person(seed, failures=False)
    before = assessed(someone, trial, reference)
    left = tuple(item for item in someone.given if search not in _searches_of(item.resource))
    after = assessed(Person(left, {search: "failed"}), trial, reference)
    turned = [
        (result.id, result.summary, before[result.id].summary)
        for result in after.criteria
        if result.effect is Effect.SUPPORTS
        and before[result.id].effect is not Effect.SUPPORTS
        and (search, result.id) not in DESPITE_A_FAILURE
    ]
    assert not turned, f"without {search}: {turned}"


def _searches_of(resource: Any) -> tuple[str, ...]:
    """Return the search that brings a resource; its category tells for Observations and Conditions."""
    names = SEARCHES_OF_TYPE.get(resource["resourceType"], ())
    categories = {c.get("code") for category in resource.get("category", ()) if isinstance(category, dict)
                  for c in category.get("coding", ())}  # fmt: skip
    by_category = {
        "laboratory": "labs", "exam": "exams", "vital-signs": "vitals", "social-history": "social",
        "problem-list-item": "problems", "encounter-diagnosis": "diagnoses",
    }  # fmt: skip
    chosen = tuple(by_category[c] for c in categories if by_category.get(c) in names)
    return chosen or names[:1]


def test_people_are_reproducible() -> None:
    assert [str(item) for item in person(7).given] == [str(item) for item in person(7).given]


def test_noise_is_made_of_given() -> None:
    assert all(isinstance(item, Given) for item in NOTHING)
