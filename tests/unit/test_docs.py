"""The generated documents are current: what is written is what is declared and tested."""

from __future__ import annotations

import re

from docs import configuration
from docs.criteria import PATH, document


def test_the_criteria_document_is_current() -> None:
    assert PATH.read_text(encoding="utf-8") == document(), "docs/criteria.md is stale: run `make docs`"


def test_every_criterion_stands_in_it() -> None:
    text = document()
    expected = [f"H{n}" for n in range(1, 4)] + [f"I{n}" for n in range(1, 9)] + [f"E{n}" for n in range(1, 32)]
    assert [
        line.split()[1] for line in text.splitlines() if line.startswith("## ") and line != "## Sources"
    ] == expected


def test_the_reference_of_all_settings_is_current() -> None:
    current = configuration.PATH.read_text(encoding="utf-8") == configuration.document()
    assert current, "docs/configuration.md is stale: run `make docs`"


def test_every_setting_has_a_meaning() -> None:
    rows = re.findall(r"^\| `([^`]+)`.*\| ([^|]*) \|$", configuration.document(), re.MULTILINE)
    assert len(rows) > 60
    assert not [name for name, meaning in rows if not meaning.strip()], "give it a description in its model"
