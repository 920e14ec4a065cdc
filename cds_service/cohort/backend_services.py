"""SMART Backend Services: an access token for a signed assertion, as the Bulk Data standard asks.

https://hl7.org/fhir/smart-app-launch/backend-services.html. The private key never leaves this process, and the token
lives in memory only.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from cds_service.cohort.outgoing import ExportError, Wire

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LIFE = 240
"""Seconds that an assertion holds; the standard allows 300."""
_EARLY = 60
"""Seconds before its end when a token is no longer used."""
_SHORTEST_RSA = 2048


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks: registered with the server beforehand, with the public half of the key."""

    id: str
    key: RSAPrivateKey | EllipticCurvePrivateKey = field(repr=False)
    key_id: str | None
    scope: str

    @property
    def algorithm(self) -> str:
        return "RS384" if isinstance(self.key, RSAPrivateKey) else "ES384"


def read_key(path: Path) -> RSAPrivateKey | EllipticCurvePrivateKey:
    """Read a private key in PEM, RSA of 2048 bits or more, or on the curve P-384; raises `ExportError`."""
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise ExportError(f"{path}: the key cannot be read ({error.strerror}).") from None
    except (ValueError, TypeError):
        raise ExportError(f"{path}: is no private key in PEM without a password.") from None
    if isinstance(key, RSAPrivateKey) and key.key_size >= _SHORTEST_RSA:
        return key
    if isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP384R1):
        return key
    raise ExportError(f"{path}: the key must be RSA of at least {_SHORTEST_RSA} bits, or on the curve P-384.")


class Access:
    """Gives the headers of requests to the server: with a token, renewed in time, or without when none is needed."""

    def __init__(self, wire: Wire, client: Client | None) -> None:
        self._wire = wire
        self._client = client
        self._endpoint: str | None = None
        self._token: str | None = None
        self._until = 0.0

    @property
    def has_client(self) -> bool:
        return self._client is not None

    def forget(self) -> None:
        """Ask for another token next time: the server no longer takes this one."""
        self._token = None

    def headers(self) -> dict[str, str]:
        """Return the Authorization header; raises `ExportError` when no token is to be had."""
        if self._client is None:
            return {}
        if self._token is None or time.monotonic() >= self._until:
            self._renew(self._client)
        return {"Authorization": f"Bearer {self._token}"}

    def _renew(self, client: Client) -> None:
        endpoint = self._endpoint = self._endpoint or self._discover()
        answer = self._wire.call(
            "POST",
            endpoint,
            {"Accept": "application/json"},
            {
                "grant_type": "client_credentials",
                "scope": client.scope,
                "client_assertion_type": _ASSERTION,
                "client_assertion": _assertion(client, endpoint),
            },
        )
        document = _object(answer.content)
        token = document.get("access_token")
        if answer.status not in (200, 201) or not isinstance(token, str) or not token.isascii() or " " in token:
            raise ExportError(
                f"The server gave no access token ({answer.status}, {_error(document)}). Is client "
                f"{client.id!r} registered with this key, its key id and the scope {client.scope!r}?"
            )
        life = document.get("expires_in")
        self._token = token
        self._until = time.monotonic() + (max(life - _EARLY, 0) if isinstance(life, int) else _LIFE)

    def _discover(self) -> str:
        answer = self._wire.call(
            "GET", f"{self._wire.base}/.well-known/smart-configuration", {"Accept": "application/json"}
        )
        endpoint = _object(answer.content).get("token_endpoint")
        if answer.status != 200 or not isinstance(endpoint, str):
            raise ExportError(
                f"The server does not say where tokens are given (.well-known/smart-configuration: {answer.status})."
            )
        self._wire.may_call(endpoint)
        return endpoint


def _assertion(client: Client, endpoint: str) -> str:
    now = int(time.time())
    claims = {
        "iss": client.id,
        "sub": client.id,
        "aud": endpoint,
        "exp": now + _LIFE,
        "iat": now,
        "jti": uuid.uuid4().hex,
    }
    headers = {"kid": client.key_id} if client.key_id else None
    return jwt.encode(claims, client.key, algorithm=client.algorithm, headers=headers)


def _object(content: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def _error(document: dict[str, Any]) -> str:
    """Return the code of an OAuth error, and nothing else that a server may have written."""
    code = document.get("error")
    return code if isinstance(code, str) and len(code) < 40 and code.replace("_", "").isalnum() else "no error code"
