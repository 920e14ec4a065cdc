"""CDS clients with keys of their own, and the tokens they sign."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from cds_service.tenant_settings import TenantSettings

PUBLIC_URL = "https://cds.example.org"

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@cache
def key(kind: str, number: int = 0) -> PrivateKey:
    """Return a private key: ``RSA``, ``RSA-1024``, ``P-256``, ``P-384`` or ``P-521``; the same for the same number."""
    if kind.startswith("RSA"):
        return rsa.generate_private_key(public_exponent=65_537, key_size=1_024 if kind == "RSA-1024" else 2_048)
    return ec.generate_private_key({"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1}[kind]())


def public_jwk(private: PrivateKey, kid: str, **members: Any) -> dict[str, Any]:
    """Return the public half as a member of a JWK Set."""
    public = private.public_key()
    algorithm = RSAAlgorithm if isinstance(public, rsa.RSAPublicKey) else ECAlgorithm
    return {**algorithm.to_jwk(public, as_dict=True), "kid": kid, "use": "sig", **members}


def private_jwk(private: PrivateKey, kid: str) -> dict[str, Any]:
    """Return the whole key as a JWK, as a client keeps it."""
    algorithm = RSAAlgorithm if isinstance(private, rsa.RSAPrivateKey) else ECAlgorithm
    return {**algorithm.to_jwk(private, as_dict=True), "kid": kid}


def key_set(*members: dict[str, Any]) -> bytes:
    """Return a JWK Set."""
    return json.dumps({"keys": members}).encode()


@dataclass(frozen=True)
class Client:
    """A CDS client: who it says it is, and its key."""

    name: str
    issuer: str
    kid: str
    private: PrivateKey = field(repr=False)
    algorithm: str
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)

    @property
    def jwks(self) -> bytes:
        return key_set(public_jwk(self.private, self.kid))

    def token(self, path: str, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """Return a fresh token for ``path`` under public_url; a claim or header that is None is left out."""
        now = int(time.time())
        payload = {
            "iss": self.issuer,
            "aud": f"{PUBLIC_URL}{path}",
            "iat": now,
            "exp": now + 300,
            "jti": str(uuid.uuid4()),
            **self.claims,
            **claims,
        }
        head = {"kid": self.kid, "typ": "JWT", **self.header, **(header or {})}
        return jwt.encode(
            {name: value for name, value in payload.items() if value is not None},
            self.private,
            self.algorithm,
            headers={name: value for name, value in head.items() if value is not None},
        )

    def signing_in(self, path: str, **more: Any) -> dict[str, str]:
        """Return the header of a call with a fresh token."""
        return bearer(self.token(path, **more))

    def tenant(self, folder: Path, **fields: Any) -> TenantSettings:
        """Return the settings of a tenant whose keys lie in a file in ``folder``."""
        file = folder / f"{self.name}.jwks.json"
        file.write_bytes(self.jwks)
        return TenantSettings.model_validate({"name": self.name, "issuer": self.issuer, "jwks_file": file, **fields})

    def with_key(self, private: PrivateKey, kid: str, algorithm: str) -> Client:
        return replace(self, private=private, kid=kid, algorithm=algorithm)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def st_mary() -> Client:
    """A hospital that signs with RSA."""
    return Client("st-mary", "https://ehr.st-mary.example/oauth", "mary-1", key("RSA"), "RS384")


def st_luke() -> Client:
    """A hospital that signs with an elliptic curve."""
    return Client("st-luke", "https://ehr.st-luke.example/oauth", "luke-1", key("P-384"), "ES384")
