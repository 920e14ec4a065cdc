"""docs/operations.md tells the truth about causes, durations, tables and settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cards.override_reasons import REASONS
from cds_service import filters
from cds_service.care_settings import SETTINGS
from cds_service.fatigue_settings import Fatigue
from cds_service.settings import Settings
from cds_service.storage.tables import metadata
from cds_service.suppression import SHOWN
from cds_service.tenant_settings import TenantSettings

TEXT = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")


CAUSES = (
    SHOWN, *SETTINGS, filters.TENANT_OFF, filters.SWITCHED_OFF, filters.VIEWER_NOT_CLINICIAN, filters.USER_TYPE,
    filters.TRIGGER_ACTION, filters.CATCHMENT,
)  # fmt: skip


@pytest.mark.parametrize("cause", CAUSES)
def test_every_cause_is_explained(cause: str) -> None:
    assert f"`{cause}`" in TEXT


@pytest.mark.parametrize(("code", "words"), REASONS.items())
def test_every_reason_is_explained_with_its_days(code: str, words: str) -> None:
    (row,) = re.findall(rf"^\| {words} \| `{code}` .*$", TEXT, re.MULTILINE)
    assert f"{getattr(Fatigue(), code.replace('-', '_') + '_days')} days" in row


def test_every_table_is_explained() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", TEXT.split("## Retention")[1], re.MULTILINE)) == set(metadata.tables)


def test_every_setting_that_is_named_exists() -> None:
    parts = {name: field.annotation for name, field in Settings.model_fields.items()}
    for part, setting in re.findall(r"`(\w+)\.(\w+)`", TEXT):
        if part in parts:
            assert setting in parts[part].model_fields, f"{part}.{setting}"  # type: ignore[union-attr]
    assert {"fatigue", "filters", "trigger_actions", "enabled", "test"} <= TenantSettings.model_fields.keys()


def test_the_headings_are_those_that_people_look_for() -> None:
    headings = re.findall(r"^## (.+)$", TEXT, re.MULTILINE)
    assert headings == [
        "Deploying", "Keys", "Backups", "Upgrades", "Monitoring", "The kill switch", "Retention", "Go-live checklist",
    ]  # fmt: skip
