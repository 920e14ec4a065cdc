"""The sandbox's own key: signs its calls as an EHR does where the service asks who calls."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import Any

import jwt

from cds_service.sandbox.ehr import EhrError, Sign
from cds_service.security.tenants import Tenant
from cds_service.settings import SettingsError
from cds_service.tenant_settings import TenantSettings

LIFE_SECONDS = 60


def sandbox_signer(tenant: Tenant, file: Path | None) -> Sign | None:
    """Return what signs calls as ``tenant``: nothing in the open mode, where nobody signs in.

    ``file`` holds the private key as a JWK. Raises `SettingsError` for one that cannot be used. Without a file, each
    call ends with an `EhrError` that says what to do.
    """
    if tenant.token is None:
        return None
    return signer(_read(file), tenant.token) if file else _cannot_sign


def signer(key: jwt.PyJWK, expected: TenantSettings) -> Sign:
    """Return what makes a fresh token for the address called, such as ``expected`` asks for."""
    header = {"kid": key.key_id, "typ": "JWT", "jku": expected.expected_jku}

    def sign(address: str) -> str:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": expected.issuer,
            "aud": address,
            "iat": now,
            "exp": now + min(LIFE_SECONDS, expected.max_token_seconds),
            "jti": str(uuid.uuid4()),
            "tenant": expected.tenant_claim,
            "sub": expected.subject,
        }
        return jwt.encode(_present(claims), key.key, key.algorithm_name, headers=_present(header))

    return sign


def _read(file: Path) -> jwt.PyJWK:
    try:
        key = jwt.PyJWK.from_json(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError([f"sandbox.client_key: the file cannot be read ({error.strerror})"]) from None
    except (jwt.PyJWTError, ValueError):
        raise SettingsError(["sandbox.client_key: the file must hold one private key as a JWK"]) from None
    if not key.key_id or not hasattr(key.key, "sign"):
        raise SettingsError(["sandbox.client_key: the JWK must be a private key, and have a kid"])
    return key


def _cannot_sign(_address: str) -> str:
    raise EhrError(
        "tenants are configured, so calls must be signed, and the setting sandbox.client_key names no key to sign with"
    )


def _present(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
