"""The sandbox signs its calls as an EHR does, and says what to do when it cannot."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from cds_service.sandbox.ehr import EhrError
from cds_service.sandbox.signing import sandbox_signer
from cds_service.security.tenants import Tenant, Tenants
from cds_service.setting_parts import Privacy
from cds_service.settings import Settings, SettingsError
from cds_service.tenant_settings import TenantSettings

ADDRESS = "http://127.0.0.1:8000/cds-services"
PRIVATE = ec.generate_private_key(ec.SECP384R1())
JWK = {**ECAlgorithm.to_jwk(PRIVATE, as_dict=True), "kid": "sandbox-1"}


def tenant(**more: Any) -> Tenant:
    given = {"name": "test-system", "test": True, "issuer": "https://sandbox.example", "jwks_file": "keys.json"}
    privacy = Privacy.model_validate({"hash_keys": ["x" * 32]})
    found = Tenants(Settings(tenants=(TenantSettings.model_validate(given | more),), privacy=privacy)).of_sandbox
    assert found
    return found


def written(folder: Path, content: Any) -> Path:
    file = folder / "key.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def test_a_token_says_who_calls_what_and_is_good_for_a_minute(tmp_path: Path) -> None:
    sign = sandbox_signer(
        tenant(tenant_claim="mary", subject="client-1", jku="https://k.example"), written(tmp_path, JWK)
    )
    assert sign
    first, second = sign(ADDRESS), sign(ADDRESS)
    claims = jwt.decode(first, PRIVATE.public_key(), ["ES384"], audience=ADDRESS, issuer="https://sandbox.example")
    assert (claims["tenant"], claims["sub"]) == ("mary", "client-1")
    assert claims["exp"] - claims["iat"] == 60
    assert abs(claims["iat"] - time.time()) < 60
    assert jwt.get_unverified_header(first) == {
        "alg": "ES384",
        "kid": "sandbox-1",
        "typ": "JWT",
        "jku": "https://k.example",
    }
    assert claims["jti"] != jwt.decode(second, options={"verify_signature": False})["jti"]


def test_what_the_tenant_does_not_ask_for_is_left_out(tmp_path: Path) -> None:
    sign = sandbox_signer(tenant(), written(tmp_path, JWK))
    assert sign
    token = sign(ADDRESS)
    assert set(jwt.decode(token, options={"verify_signature": False})) == {"iss", "aud", "iat", "exp", "jti"}
    assert set(jwt.get_unverified_header(token)) == {"alg", "kid", "typ"}


def test_an_rsa_key_signs_as_its_jwk_says(tmp_path: Path) -> None:
    private = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    jwk = {**RSAAlgorithm.to_jwk(private, as_dict=True), "kid": "r", "alg": "RS384"}
    sign = sandbox_signer(tenant(), written(tmp_path, jwk))
    assert sign
    assert jwt.get_unverified_header(sign(ADDRESS))["alg"] == "RS384"


def test_in_the_open_mode_nothing_is_signed(tmp_path: Path) -> None:
    everybody = Tenants(Settings()).of_sandbox
    assert everybody
    assert sandbox_signer(everybody, written(tmp_path, JWK)) is None


def test_without_a_key_the_page_says_what_to_do() -> None:
    sign = sandbox_signer(tenant(), None)
    assert sign
    with pytest.raises(EhrError, match=r"sandbox\.client_key"):
        sign(ADDRESS)


def test_without_a_tenant_for_test_systems_there_is_no_sandbox() -> None:
    given = {"name": "live", "issuer": "https://ehr.example", "jwks_file": "keys.json"}
    privacy = Privacy.model_validate({"hash_keys": ["x" * 32]})
    assert Tenants(Settings(tenants=(TenantSettings.model_validate(given),), privacy=privacy)).of_sandbox is None


@pytest.mark.parametrize(
    "content",
    [
        "no JSON",
        {"kty": "oct", "k": "c2VjcmV0", "kid": "s"},
        {**ECAlgorithm.to_jwk(PRIVATE.public_key(), as_dict=True), "kid": "public"},
        ECAlgorithm.to_jwk(PRIVATE, as_dict=True),
    ],
)
def test_a_key_that_cannot_sign_is_refused_at_the_start(tmp_path: Path, content: Any) -> None:
    with pytest.raises(SettingsError, match=r"sandbox\.client_key"):
        sandbox_signer(tenant(), written(tmp_path, content))


def test_a_missing_key_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        sandbox_signer(tenant(), tmp_path / "none.json")
