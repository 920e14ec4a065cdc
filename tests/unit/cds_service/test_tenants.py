"""Tenants: what a table must hold, what it takes over from the site, and what `config check` says."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cds_service.card_settings import card_settings, check_order_codes
from cds_service.cli import main
from cds_service.config_hints import config_hints, key_problems
from cds_service.patient_data.outbound import parse_base_url
from cds_service.security.tenants import Tenant, Tenants
from cds_service.settings import Settings, SettingsError, load_settings
from cds_service.tenant_settings import TenantSettings
from rules.assessment import Verdict
from rules.standard_of_care import Code
from rules.trial_folder import load_trial
from tests.support import fault_server as faults
from tests.support.fault_server import FaultServer
from tests.support.tokens import key, key_set, public_jwk, st_mary

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("TRIAL_CDS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TRIAL_CDS_PRIVACY__HASH_KEYS", '["a key without which there are no tenants"]')


def given(**fields: Any) -> TenantSettings:
    """Return the settings of a tenant; ``fields`` replace or add."""
    whole = {"name": "st-mary", "issuer": "https://ehr.example/oauth", "jwks_url": "https://ehr.example/jwks"}
    return TenantSettings.model_validate({**whole, **fields})


def only(settings: Settings) -> Tenant:
    (tenant,) = Tenants(settings)
    return tenant


MINIMAL = """
public_url = "https://cds.example.org"
[[tenants]]
name = "st-mary"
issuer = "https://ehr.example/oauth"
jwks_url = "https://ehr.example/jwks"
"""


def _load(folder: Path, text: str) -> Settings:
    path = folder / "trial-cds.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path)


def test_a_table_of_three_lines_is_a_tenant_with_cautious_defaults(tmp_path: Path) -> None:
    (tenant,) = _load(tmp_path, MINIMAL).tenants
    assert tenant.algorithms == {"RS384", "ES384"}
    assert (tenant.max_token_seconds, tenant.leeway_seconds) == (300, 60)
    assert (tenant.fhir_servers, tenant.audiences, tenant.cors_origins) == ((), (), ())
    assert tenant.enabled
    assert not tenant.test
    assert not tenant.suggest_orders
    assert tenant.expected_jku == "https://ehr.example/jwks"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('zonne = "UTC"', "tenants.0.zonne: no setting has this name; zone has"),
        ('name = "St Mary"', "tenants.0.name: give a short name of small letters, digits and hyphens"),
        ('name = "open"', "letters, digits and hyphens, and not open or none"),
        ('name = "none"', "letters, digits and hyphens, and not open or none"),
        ('issuer = "with a blank"', "tenants.0.issuer: give it exactly as the client's tokens carry it"),
        ('jwks_file = "keys.json"', "tenants.0.jwks_url: give the address of the client's keys here, or a jwks_file"),
        ('jwks_url = "http://ehr.example/jwks"', "tenants.0.jwks_url: give an https address; http is for loopback"),
        ('jwks_url = "https://u:hush@ehr.example/jwks"', "tenants.0.jwks_url: give an absolute address without user"),
        ('jwks_url = "file:///etc/keys"', "tenants.0.jwks_url: give an https address"),
        ('algorithms = ["none"]', "tenants.0.algorithms.0: Input should be 'RS384'"),
        ('algorithms = ["HS384"]', "tenants.0.algorithms.0: Input should be 'RS384'"),
        ('algorithms = ["RS256"]', "tenants.0.algorithms.0: Input should be 'RS384'"),
        ("algorithms = []", "tenants.0.algorithms"),
        ("max_token_seconds = 86400", "tenants.0.max_token_seconds"),
        ("leeway_seconds = 3000", "tenants.0.leeway_seconds"),
        ('fhir_servers = ["http://ehr.example/fhir"]', "tenants.0.fhir_servers.0: http is allowed for loopback"),
        ('fhir_servers = ["https://u:hush@ehr.example/fhir"]', "tenants.0.fhir_servers.0: the URL must not carry"),
        ('cors_origins = ["*"]', "tenants.0.cors_origins.0: give an absolute http or https address"),
        ('profile = "cerner"', "tenants.0.profile: Input should be 'generic', 'epic' or 'oracle'"),
        ('show = ["not-applicable"]', "tenants.0.show: must not hold not-applicable"),
        ('zone = "Berlin"', "tenants.0.zone: give a zone of the IANA database"),
        ('recruitment.attestation.role = "PI"', "tenants.0.recruitment.attestation.site: Field required"),
    ],
)
def test_each_fault_is_named_with_its_place(tmp_path: Path, more: str, said: str) -> None:
    name = more.split(" ", 1)[0]
    kept = [line for line in MINIMAL.splitlines() if not line.startswith(f"{name} ")]
    with pytest.raises(SettingsError) as caught:
        _load(tmp_path, "\n".join([*kept, more]))
    assert said in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("missing", ["name", "issuer", "jwks_url"])
def test_what_is_missing_is_named(tmp_path: Path, missing: str) -> None:
    with pytest.raises(SettingsError, match=rf"tenants\.0\.{missing}: "):
        _load(tmp_path, "\n".join(line for line in MINIMAL.splitlines() if not line.startswith(missing)))


def test_tenants_that_cannot_be_told_apart_are_all_named() -> None:
    with pytest.raises(ValueError, match="do not fit together") as caught:
        Settings(tenants=(given(), given(jwks_url="https://other.example/jwks")))
    (error,) = caught.value.errors()  # type: ignore[attr-defined]
    assert [where for where, _ in error["ctx"]["problems"]] == [
        "tenants.1.name", "tenants.1.tenant_claim", "tenants.1.jwks_url",
    ]  # fmt: skip


def test_no_tenant_stands_for_all_others_of_a_shared_issuer() -> None:
    """Without a claim of its own it would be whoever else the issuer signs for."""
    with pytest.raises(ValueError, match="do not fit together") as caught:
        Settings(tenants=(given(tenant_claim="a"), given(name="st-luke")))
    (error,) = caught.value.errors()  # type: ignore[attr-defined]
    assert [where for where, _ in error["ctx"]["problems"]] == ["tenants.1.tenant_claim"]


def test_one_issuer_may_sign_for_several_tenants() -> None:
    settings = Settings(tenants=(given(tenant_claim="a"), given(name="st-luke", tenant_claim="b")))
    found = Tenants(settings).of_issuer("https://ehr.example/oauth")
    assert [tenant.name for tenant, _ in found] == ["st-mary", "st-luke"]


def test_patients_data_do_not_come_by_http(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="public_url: give the https address"):
        _load(tmp_path, MINIMAL.replace("https://cds.example.org", "http://cds.example.org"))


def test_the_sandbox_is_for_test_systems_alone(tmp_path: Path) -> None:
    enabled = f"sandbox.enabled = true\n{MINIMAL}"
    with pytest.raises(SettingsError, match=r"sandbox\.enabled: give false, or test = true for st-mary"):
        _load(tmp_path, enabled)
    assert _load(tmp_path, f"{enabled}test = true\n").sandbox.enabled


def test_what_a_tenant_leaves_out_the_site_decides() -> None:
    site: dict[str, Any] = {
        "zone": "Europe/Berlin",
        "show": {Verdict.POTENTIALLY_ELIGIBLE},
        "sensitive_detail": "full",
        "recruitment": {"require_site_attestation": True},
        "feedback": {"store_free_text": True},
    }
    tenant = only(Settings(tenants=(given(),), **site))
    assert tenant.zone == ZoneInfo("Europe/Berlin")
    assert tenant.show == {Verdict.POTENTIALLY_ELIGIBLE}
    assert tenant.sensitive_detail == "full"
    assert tenant.recruitment.require_site_attestation
    assert tenant.store_free_text


def test_what_a_tenant_says_wins_over_the_site() -> None:
    own: dict[str, Any] = {
        "zone": "America/Chicago",
        "show": set(),
        "sensitive_detail": "minimal",
        "recruitment": {"require_site_attestation": False},
        "store_free_text": False,
    }
    site: dict[str, Any] = {"sensitive_detail": "full", "feedback": {"store_free_text": True}}
    tenant = only(Settings(tenants=(given(**own),), recruitment={"require_site_attestation": True}, **site))
    assert tenant.zone == ZoneInfo("America/Chicago")
    assert tenant.show == frozenset()
    assert tenant.sensitive_detail == "minimal"
    assert not tenant.recruitment.require_site_attestation
    assert not tenant.store_free_text


def test_without_tenants_everybody_is_the_open_one() -> None:
    tenants = Tenants(Settings())
    assert [tenants.open] == list(tenants)
    assert tenants.open.may_call(parse_base_url("http://127.0.0.1:8090/fhir"))
    assert tenants.open.trusts_origin("http://localhost:3000")


def test_with_a_tenant_loopback_is_nothing_special() -> None:
    tenants = Tenants(Settings(tenants=(given(fhir_servers=["https://ehr.example/fhir"]),)))
    (tenant,) = tenants
    assert tenants.open is None
    assert not tenant.may_call(parse_base_url("http://127.0.0.1:8090/fhir"))
    assert not tenants.trusts_origin("http://localhost:3000")


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("https://ehr.example/fhir", True),
        ("HTTPS://EHR.example:443/fhir/", True),
        ("https://ehr.example./fhir", True),
        ("https://ehr.example/fhir/tenant", False),
        ("https://ehr.example/fhirx", False),
        ("https://ehr.example/FHIR", False),
        ("https://ehr.example/", False),
        ("https://ehr.example:8443/fhir", False),
        ("https://evil.ehr.example/fhir", False),
        ("https://ehr.example.evil.example/fhir", False),
        ("https://еhr.example/fhir", False),  # with a Cyrillic letter
        ("http://localhost:8090/fhir", False),
        ("https://[::1]/fhir", False),
    ],
)
def test_only_the_tenants_own_servers_may_be_called(url: str, may: bool) -> None:
    tenant = only(Settings(tenants=(given(fhir_servers=["https://ehr.example/fhir"]),)))
    assert tenant.may_call(parse_base_url(url)) is may


def test_origins_are_compared_as_browsers_write_them() -> None:
    tenant = only(Settings(tenants=(given(cors_origins=["https://EHR.example:443/"]),)))
    assert tenant.trusts_origin("https://ehr.example")
    assert not tenant.trusts_origin("https://ehr.example:444")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "cards need no statement that the site recruits"),
        ({}, "fhir_servers is empty"),
        ({"recruitment": {"require_site_attestation": True}}, "the attestation does not hold: there is none"),
        ({"enabled": False}, "enabled is false: no card is shown"),
        ({"jwks_url": "http://127.0.0.1:9/jwks"}, "jwks_url is http"),
        ({"max_token_seconds": 1200}, "max_token_seconds is 1200"),
        ({"issuer": "https://sandbox.cds-hooks.org"}, "the private key of the public sandbox is published"),
        ({"profile": "epic"}, "subject is not set"),
        ({"profile": "epic"}, "trigger_actions is empty"),
        ({"profile": "oracle"}, "tenant_claim is not set"),
        ({"suggest_orders": True}, "suggest_orders has no effect"),
    ],
)
def test_hints_name_the_tenant(fields: dict[str, Any], said: str) -> None:
    hints = config_hints(Settings(public_url="https://cds.example.org", tenants=(given(**fields),)), NOW)
    assert any(hint.startswith("tenants.0 (st-mary): ") and said in hint for hint in hints), hints


def test_a_careful_tenant_gets_no_hint() -> None:
    attestation = {
        "asserted_by": "Dr A", "role": "PI", "asserted_on": "2026-11-01", "irb_reference": "1", "site": "St Mary",
        "contact": "1234", "expires": "2026-12-31",
    }  # fmt: skip
    careful = given(
        fhir_servers=["https://ehr.example/fhir"],
        recruitment={"require_site_attestation": True, "attestation": attestation},
    )
    assert config_hints(Settings(public_url="https://cds.example.org", tenants=(careful,)), NOW) == []


def test_the_public_sandbox_may_be_a_test_tenant() -> None:
    sandbox = given(issuer="https://sandbox.cds-hooks.org", test=True)
    hints = config_hints(Settings(public_url="https://cds.example.org", tenants=(sandbox,)), NOW)
    assert not any("public sandbox" in hint for hint in hints)


# -- keys ----------------------------------------------------------------------------------------------------


def _with_keys(folder: Path, content: bytes | None, **fields: Any) -> list[str]:
    file = folder / "keys.json"
    if content is not None:
        file.write_bytes(content)
    settings = Settings(tenants=(given(jwks_url=None, jwks_file=file, **fields),))
    return key_problems(settings, online=False)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, ".json cannot be read (No such file or directory): nobody of this tenant can sign in"),
        (b"-----BEGIN PUBLIC KEY-----", "it is not JSON; give a JWK Set (RFC 7517): nobody of this tenant can sign in"),
        (
            b'{"keys": []}',
            "none of its keys can be used with the tenant's algorithms (ES384, RS384): give the client's",
        ),
        (key_set(public_jwk(key("P-521"), "a")), "none of its keys can be used with the tenant's algorithms"),
        (key_set(public_jwk(key("P-256"), "a")), "keys.0: it is neither RSA nor EC on P-384 or P-521"),
    ],
)
def test_keys_that_let_nobody_in_are_found(tmp_path: Path, content: bytes | None, said: str) -> None:
    (problem,) = _with_keys(tmp_path, content)
    assert problem.startswith("tenants.0.jwks_file: ")
    assert said in problem


def test_keys_that_fit_are_no_problem(tmp_path: Path) -> None:
    assert _with_keys(tmp_path, st_mary().jwks) == []
    assert _with_keys(tmp_path, key_set(public_jwk(key("P-521"), "a")), algorithms=["ES512"]) == []


def test_keys_on_the_web_are_read_when_asked_for() -> None:
    with FaultServer(jwks=faults.status(404)) as server:
        settings = Settings(tenants=(given(jwks_url=f"{server.origin}/jwks"),))
        assert key_problems(settings, online=False) == []
        assert server.urls == []
        (problem,) = key_problems(settings, online=True)
    assert problem.startswith("tenants.0.jwks_url: it answers with status 404")


def test_config_check_ends_with_1_when_nobody_could_sign_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "trial-cds.toml"
    path.write_text(MINIMAL.replace("jwks_url", "jwks_file"), encoding="utf-8")
    assert main(["config", "check", "--config", str(path)]) == 1
    whole_path = Path("https:/ehr.example/jwks").absolute()
    assert f"tenants.0.jwks_file: the file {whole_path} cannot be read" in capsys.readouterr().err
    path.write_text(MINIMAL, encoding="utf-8")
    assert main(["config", "check", "--config", str(path)]) == 0
    assert "- tenants.0 (st-mary): " in capsys.readouterr().out


# --- cards ---


def test_the_cards_of_a_tenant_follow_its_profile_hosts_and_orders() -> None:
    code = {"system": "urn:catalogue", "code": "4711", "display": "HBA1C"}
    tenant = given(profile="oracle", link_hosts=["CDS.example.org"], suggest_orders=True, order_codes={"hba1c": code})
    settings = Settings(tenants=(tenant,), public_url="https://cds.example.org")
    cards = card_settings(settings, only(settings))
    assert (cards.profile, cards.link_hosts, cards.suggest_orders) == ("oracle", {"cds.example.org"}, True)
    assert cards.order_codes == {"hba1c": Code("urn:catalogue", "4711", "HBA1C")}


@pytest.mark.parametrize("host", ["https://cds.example.org", "cds.example.org/x", "cds.example.org:443", ""])
def test_a_host_is_a_host_alone(host: str) -> None:
    with pytest.raises(ValueError, match="give the host alone"):
        given(link_hosts=[host])


def test_an_order_code_of_a_test_that_the_trial_does_not_have_is_refused() -> None:
    code = {"system": "urn:catalogue", "code": "4711", "display": "HBA1C"}
    settings = Settings(tenants=(given(order_codes={"a1c": code}),))
    trial = load_trial("rules.nct01374854")
    with pytest.raises(SettingsError, match=r"tenant st-mary: order_codes\.a1c: the tests are .*hba1c"):
        check_order_codes(Tenants(settings), [trial])
    with_it = Settings(tenants=(given(order_codes={"hba1c": code}),))
    check_order_codes(Tenants(with_it), [trial])


# -- recruitment -------------------------------------------------------------------------------------------

THE_25TH_IN_CHICAGO = datetime(2026, 12, 25, 6, tzinfo=UTC).timestamp()
STATEMENT = {
    "asserted_by": "A. Person", "role": "Investigator", "asserted_on": "2026-10-01", "irb_reference": "1",
    "expires": "2026-12-24", "site": "St Mary", "contact": "a@example.org",
}  # fmt: skip


@pytest.mark.parametrize(
    ("own", "end"),
    [
        ({}, None),
        ({"recruitment": {"attestation": STATEMENT}}, None),
        ({"suggest_orders": True}, 0),
        ({"recruitment": {"require_site_attestation": True}}, 0),
        ({"recruitment": {"require_site_attestation": True, "attestation": STATEMENT}}, THE_25TH_IN_CHICAGO),
        ({"suggest_orders": True, "recruitment": {"attestation": STATEMENT}}, THE_25TH_IN_CHICAGO),
    ],
)
def test_a_statement_that_the_site_recruits_ends_with_its_last_day_there(
    own: dict[str, Any], end: float | None
) -> None:
    assert only(Settings(tenants=(given(zone="America/Chicago", **own),))).attestation_end == end
