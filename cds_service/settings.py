"""The settings of the service: a TOML file, then ``TRIAL_CDS_*`` variables, which win.

The file is named by ``--config`` or ``TRIAL_CDS_CONFIG``. A nested setting is a table in the file and two
underscores in a variable: ``open.fhir_servers`` is ``TRIAL_CDS_OPEN__FHIR_SERVERS='["https://ehr.example.org/fhir"]'``.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, FilePath, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from cds_service.fatigue_settings import Fatigue, Filters
from cds_service.misspelt_settings import names_beside, no_such_setting
from cds_service.patient_data.outbound import is_loopback_url
from cds_service.setting_parts import (
    BulkData,
    Database,
    FeedbackSettings,
    Limits,
    Monitoring,
    OpenMode,
    Privacy,
    Sandbox,
    Server,
    TerminologySettings,
    TracingSettings,
)
from cds_service.setting_types import Recruitment, SensitiveDetail, Shown, WebAddress, Zone, misfits
from cds_service.tenant_settings import TenantSettings, tenants_that_clash
from rules.assessment import Verdict

PREFIX = "TRIAL_CDS_"
CONFIG_VARIABLE = "TRIAL_CDS_CONFIG"


class SettingsError(ValueError):
    """The settings cannot be used; ``problems`` names each setting and what to do, never its value."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("The settings cannot be used:\n- " + "\n- ".join(problems))


class Settings(BaseSettings):
    """All settings, checked. Immutable."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        nested_model_default_partial_update=True,
    )

    public_url: WebAddress = Field(
        default="http://127.0.0.1:8000",
        description="Address that clients call: base of every absolute link, and of the claim aud. Give it without a "
        "path: pages and the shipped proxies live at the root. A path is for a proxy of your own that strips it; calls "
        "work behind it, pages do not.",
    )
    zone: Zone = Field(default="UTC", description="Time zone of the site: it decides what day it is.")
    show: Shown = Field(
        default=frozenset({Verdict.POTENTIALLY_ELIGIBLE, Verdict.POSSIBLY_ELIGIBLE}),
        description="Verdicts that give a card; not-applicable never does.",
    )
    sensitive_detail: SensitiveDetail = Field(
        default="minimal", description="Whether cards name confidential findings."
    )
    age_policy: Literal["flag", "header", "text"] = Field(
        default="flag", description="How the two age limits of the record are read."
    )
    ca_bundle: FilePath | None = Field(
        default=None,
        description="Certificates (PEM) to trust instead of the usual ones, for FHIR servers and key addresses.",
    )
    open: OpenMode = OpenMode()
    limits: Limits = Limits()
    recruitment: Recruitment = Recruitment()
    database: Database = Database()
    feedback: FeedbackSettings = FeedbackSettings()
    fatigue: Fatigue = Fatigue()
    filters: Filters = Filters()
    privacy: Privacy = Privacy()
    terminology: TerminologySettings = TerminologySettings()
    sandbox: Sandbox = Sandbox()
    server: Server = Server()
    monitoring: Monitoring = Monitoring()
    tracing: TracingSettings = TracingSettings()
    bulk_data: BulkData = BulkData()
    tenants: tuple[TenantSettings, ...] = Field(
        default=(), description="Who may call, each with its keys; with one of them, the open mode ends."
    )

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        problems = tenants_that_clash(self.tenants)
        if self.tenants and self.public_url.startswith("http://") and not is_loopback_url(self.public_url):
            problems.append(("public_url", "give the https address that clients call: it carries patients' data"))
        if self.server.peers and self.database.is_sqlite:
            how = "give a PostgreSQL address, or set server.peers to false: other hosts do not see an SQLite file"
            problems.append(("database.url", how))
        longest = self.limits.receive_seconds + self.limits.deadline_seconds
        if self.server.graceful_seconds <= longest:
            how = f"give more than limits.receive_seconds and limits.deadline_seconds together ({longest:g})"
            problems.append(("server.graceful_seconds", f"{how}: a call under way is else cut off when it stops"))
        if self.tenants and not self.privacy.hash_keys:
            how = "give a key, such as that of: openssl rand -base64 32; patients and users are stored hashed by it"
            problems.append(("privacy.hash_keys", how))
        real = [tenant.name for tenant in self.tenants if not tenant.test]
        if self.sandbox.enabled and real:
            how = f"give false, or test = true for {', '.join(real)}: whole assessments would go with every answer"
            problems.append(("sandbox.enabled", how))
        if problems:
            raise misfits(problems)
        return self

    @property
    def tzinfo(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Variables win over the file, whose values come in as keywords."""
        return env_settings, init_settings


def load_settings(config: Path | None = None) -> Settings:
    """Read the settings; raises `SettingsError`.

    ``config`` defaults to the file that ``TRIAL_CDS_CONFIG`` names; without both, variables and defaults.
    """
    named = config or (Path(os.environ[CONFIG_VARIABLE]) if os.environ.get(CONFIG_VARIABLE) else None)
    problems = _misspelt(os.environ)
    if problems:
        raise SettingsError(problems)
    try:
        return Settings(**(_read_toml(named) if named else {}))
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
        raise SettingsError([problem for item in found for problem in _problems(item)]) from None
    except ValueError as error:
        if isinstance(error, SettingsError):
            raise
        # Raised by pydantic-settings for a variable that must hold JSON and does not; the message names it.
        raise SettingsError(
            [f"{error}; lists are written as JSON, such as '[\"https://ehr.example.org/fhir\"]'"]
        ) from None


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError([f"{path}: cannot be read ({error.strerror})"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError([f"{path}: not TOML: {error}"]) from None


def _misspelt(environ: Mapping[str, str]) -> list[str]:
    known = {name.upper() for name in Settings.model_fields}
    # TRIAL_CDS_TEST_*: what the project's own tests are told, which may run in the same environment.
    given = (name for name in environ if name.upper().startswith(PREFIX) and not name.startswith(f"{PREFIX}TEST_"))
    parts = {name: name.upper().removeprefix(PREFIX).split("__", 1)[0] for name in sorted(given)}
    return [
        f"{name}: {no_such_setting(part, known)}"
        for name, part in parts.items()
        if part not in known and name.upper() != CONFIG_VARIABLE
    ]


def _problems(error: Any) -> list[str]:
    at = [str(part) for part in error["loc"]]
    if error["type"] == "misfits":
        return [f"{'.'.join([*at, where])}: {what}" for where, what in error["ctx"]["problems"]]
    name = ".".join(at)
    if error["type"] == "extra_forbidden":
        return [f"{name}: {no_such_setting(at[-1], names_beside(error['loc'], Settings))}"]
    return [f"{name}: {error['msg'].removeprefix('Value error, ')}"]
