"""Settings: what they default to, which source wins, and what is refused in which words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cds_service.settings import Settings, SettingsError, load_settings
from rules.assessment import Verdict


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import os

    for name in [name for name in os.environ if name.startswith("TRIAL_CDS_")]:
        monkeypatch.delenv(name)
    return


def _file(folder: Path, text: str) -> Path:
    path = folder / "trial-cds.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_defaults_are_cautious() -> None:
    settings = load_settings()
    assert settings.zone == "UTC"
    assert settings.show == {Verdict.POTENTIALLY_ELIGIBLE, Verdict.POSSIBLY_ELIGIBLE}
    assert not settings.open.allow
    assert settings.open.fhir_servers == ()
    assert not settings.sandbox.enabled
    assert not settings.feedback.store_free_text
    assert settings.limits.body_bytes == 5_000_000
    assert settings.limits.deadline_seconds == 4.0


def test_variables_win_over_the_file_and_leave_its_other_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _file(tmp_path, 'zone = "Europe/Berlin"\n[server]\nworkers = 3\nthreads = 5\n')
    monkeypatch.setenv("TRIAL_CDS_SERVER__WORKERS", "7")
    monkeypatch.setenv("TRIAL_CDS_OPEN__FHIR_SERVERS", '["https://ehr.example.org/fhir/"]')
    settings = load_settings(path)
    assert settings.zone == "Europe/Berlin"
    assert (settings.server.workers, settings.server.threads) == (7, 5)
    assert settings.open.fhir_servers == ("https://ehr.example.org/fhir",)


def test_file_can_be_named_by_a_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAL_CDS_CONFIG", str(_file(tmp_path, 'age_policy = "text"')))
    assert load_settings().age_policy == "text"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('zone = "Berlin"', "zone: give a zone of the IANA database"),
        ("zonne = 1", "zonne: no setting has this name; zone has"),
        ("colour = 1", "colour: no setting has this name; docs/configuration.md lists all"),
        ("[open]\nfhir_serverz = []", "open.fhir_serverz: no setting has this name; fhir_servers has"),
        ("[recrutment]\nrequire_site_attestation = true", "recrutment: no setting has this name; recruitment has"),
        (
            '[recruitment.attestation]\nrole_ = "PI"',
            "recruitment.attestation.role_: no setting has this name; role has",
        ),
        ('public_url = "ftp://x"', "public_url: give an absolute http or https address"),
        ('[database]\nurl = "mysql://u:hush@h/d"', "database.url: give the address of an SQLite file"),
        ('[database]\nurl = "postgresql+psycopg2://u:hush@h/d"', "database.url: give the address of an SQLite file"),
        ('[database]\nurl = "sqlite+other://"', "database.url: give the address of an SQLite file"),
        ('[open]\nfhir_servers = ["http://hapi.internal:8080/fhir"]', "open.fhir_servers.0: http is allowed for"),
        ('[open]\nfhir_servers = ["http://hapi.internal:8080/fhir"]', "a base address with https"),
        ('[open]\nfhir_servers = ["https://u:hush@ehr.example/fhir"]', "open.fhir_servers.0: the URL must not"),
        ('[open]\ncors_origins = ["https://x.org/path"]', "open.cors_origins.0: give an origin"),
        ('[monitoring]\ntoken = "hush"', "monitoring.token: give at least 32 characters"),
        (f'[monitoring]\ntoken = "hush {"x" * 40}"', "without blanks: openssl rand -base64 32"),
        (f'[monitoring]\ntoken = "hushé{"x" * 40}"', "without blanks: openssl rand -base64 32"),
        ('show = ["not-applicable"]', "show: must not hold not-applicable"),
        ("[limits]\ndeadline_seconds = 0", "limits.deadline_seconds"),
        ("[limits]\ndeadline_seconds = 15", "server.graceful_seconds: give more than limits.receive_seconds and"),
        ("[server]\npeers = true", "database.url: give a PostgreSQL address, or set server.peers to false"),
        ('[recruitment.attestation]\nrole = "PI"', "recruitment.attestation.expires: Field required"),
        ("zone =", "not TOML"),
    ],
)
def test_each_fault_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(_file(tmp_path, text))
    assert said in str(caught.value)
    assert "hush" not in str(caught.value)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"absent\.toml: cannot be read"):
        load_settings(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TRIAL_CDS_ZONEE", "UTC", "TRIAL_CDS_ZONEE: no setting has this name; ZONE has"),
        ("TRIAL_CDS_SERVR__WORKERS", "2", "TRIAL_CDS_SERVR__WORKERS: no setting has this name; SERVER has"),
        ("TRIAL_CDS_COLOUR", "red", "TRIAL_CDS_COLOUR: no setting has this name; docs/configuration.md lists all"),
        ("TRIAL_CDS_OPEN__ALOW", "true", "open.alow: no setting has this name; allow has"),
        ("TRIAL_CDS_OPEN__FHIR_SERVERS", "http://x", "written as JSON"),
    ],
)
def test_misspelt_variables_are_not_ignored(name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert said in str(caught.value)


def test_what_the_tests_are_told_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAL_CDS_TEST_FHIR", "http://127.0.0.1:8080/fhir")
    load_settings()


def test_settings_cannot_be_changed() -> None:
    settings = Settings()
    with pytest.raises(ValueError, match="frozen"):
        settings.zone = "Europe/Berlin"  # type: ignore[misc]
