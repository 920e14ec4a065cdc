"""What is confidential is pointed to and never named: neither in the summary nor in the evidence."""

from __future__ import annotations

from datetime import UTC

import pytest

from rules.assess import Executor, decide
from rules.assessment import CriterionResult
from rules.criterion import TrialSettings
from rules.trial import Trial
from tests.criteria.given import TODAY, Given, diagnosis, encounter
from tests.criteria.tables import record

SECRETS = [
    ("I2", diagnosis("icd10cm:F03.90", text="Dementia"), ("dementia", "f03")),
    ("I2", diagnosis("icd10cm:F71", text="Moderate intellectual disability"), ("intellectual", "f71")),
    ("I3", diagnosis("icd10cm:F20.9", text="Schizophrenia"), ("schizophrenia", "f20")),
    ("I3", diagnosis("icd10cm:R45.851", text="Suicidal ideation", onset="2025-05-01"), ("suicid", "r45")),
    (
        "I3",
        encounter("IMP", "2025-05-01", "2025-05-09", type=[{"text": "Psychiatric admission"}]),
        ("psychiatric", "admission"),
    ),
    ("E27", diagnosis("icd10cm:B20", text="HIV disease"), ("hiv", "b20")),
    ("E27", diagnosis("icd10cm:A15.0", text="Tuberculosis of lung"), ("tuberculosis", "a15")),
    ("E27", diagnosis(text="Chronic hepatitis C"), ("hepatitis",)),
]


def shown(result: CriterionResult) -> str:
    """Return everything a person reads about a result, in lower case, but for the record's own text."""
    parts = [result.summary, *result.missing]
    parts += [part for item in result.evidence for part in (item.display, item.value, item.compared_as) if part]
    return " ".join(parts).lower()


@pytest.mark.parametrize(("criterion", "given", "secret"), SECRETS)
def test_confidential_entries_are_not_named(
    criterion: str, given: Given, secret: tuple[str, ...], trial: Trial, reference: Executor
) -> None:
    person = record([given], {})
    declarations = [trial.declaration(criterion)]
    result = decide(person, trial, reference, declarations, TODAY, UTC, TrialSettings())[0]
    assert [item.reference for item in result.evidence] == [
        f"{given.resource['resourceType']}/{given.resource['id']}"
    ], "the entry must be pointed to"
    assert "see chart" in result.summary
    assert not [word for word in secret if word in shown(result)], shown(result)
