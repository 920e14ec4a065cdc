"""The generated documents are current: what is written is what is declared and tested."""

from __future__ import annotations

import re

import pytest

from cards.profiles import PROFILES
from cds_service.tenant_settings import TenantSettings
from docs import cards, configuration, value_sets
from docs.criteria import PATH, document
from rules.trial import Trial
from tests.support.service import valid


def test_the_criteria_document_is_current() -> None:
    assert PATH.read_text(encoding="utf-8") == document(), "docs/criteria.md is stale: run `make docs`"


def test_every_criterion_stands_in_it() -> None:
    text = document()
    expected = [f"H{n}" for n in range(1, 4)] + [f"I{n}" for n in range(1, 9)] + [f"E{n}" for n in range(1, 32)]
    assert [
        line.split()[1] for line in text.splitlines() if line.startswith("## ") and line != "## Sources"
    ] == expected


def test_the_document_of_code_lists_is_current() -> None:
    """So any change of a list is seen: what a clinician reads is no longer what is matched."""
    text = value_sets.document()
    assert value_sets.PATH.read_text(encoding="utf-8") == text, "docs/value_sets.md is stale: run `make docs`"


def test_every_code_stands_in_the_code_lists(trial: Trial) -> None:
    text = value_sets.document()
    assert text.count("\n## ") == len(trial.value_sets)
    lines = sum(line.startswith("| ") for line in text.splitlines())
    assert lines == sum(len(value_set.rows) + 1 for value_set in trial.value_sets.values())


def test_the_document_of_cards_is_current() -> None:
    assert cards.PATH.read_text(encoding="utf-8") == cards.document(), "docs/cards.md is stale: run `make docs`"


def test_every_verdict_that_gives_a_card_is_pictured_in_every_profile() -> None:
    pictured = {(example.verdict, example.profile) for example in cards.EXAMPLES if example.look == "light"}
    assert pictured == {(verdict, profile) for verdict in cards.PATIENTS for profile in PROFILES}
    named = re.findall(r"\]\((images/cards/[^)]+)\)", cards.document())
    assert sorted(named) == sorted(f"images/cards/{example.image.name}" for example in cards.EXAMPLES)
    assert [name for name in named if not (cards.PATH.parent / name).is_file()] == [], "run `make cards`"


@pytest.mark.parametrize("example", cards.EXAMPLES, ids=lambda example: example.name)
def test_the_example_patients_have_the_verdicts_they_stand_for(example: cards.Example) -> None:
    ((_, card),) = cards.cards_of((example,))
    valid("response", {"cards": [card]})
    assert ("suggestions" in card) is example.suggesting


def test_the_reference_of_all_settings_is_current() -> None:
    current = configuration.PATH.read_text(encoding="utf-8") == configuration.document()
    assert current, "docs/configuration.md is stale: run `make docs`"


def test_every_setting_of_a_tenant_is_in_the_reference() -> None:
    of_tenants = configuration.document().partition("## [[tenants]]")[2]
    rows = set(re.findall(r"^\| `([^`]+)`", of_tenants, re.MULTILINE))
    (groups,) = re.findall(r"^The groups (.*) can be given", of_tenants, re.MULTILINE)
    assert rows | set(re.findall(r"`([^`]+)`", groups)) == set(TenantSettings.model_fields)


def test_every_setting_has_a_meaning() -> None:
    rows = re.findall(r"^\| `([^`]+)`.*\| ([^|]*) \|$", configuration.document(), re.MULTILINE)
    assert len(rows) > 60
    assert not [name for name, meaning in rows if not meaning.strip()], "give it a description in its model"
