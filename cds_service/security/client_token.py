"""Checks the token by which a CDS client shows who it is (CDS Hooks, Trusting CDS Clients).

Each check has a fixed code. The code goes to the log and to nobody else; the token and its claims go nowhere.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import jwt
from jwt.exceptions import InvalidJTIError, InvalidSubjectError

from cds_service.security.key_set import Key
from cds_service.tenant_settings import TenantSettings

LONGEST_TOKEN = 8_192
"""Characters; tokens of known clients have less than 2,000."""
_LONGEST_JTI = 1_000
_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_BEARER = re.compile(r"bearer +([^ ]+) *", re.IGNORECASE)


class Check(StrEnum):
    """What a token failed."""

    MISSING = "no token"
    SIZE = "size"
    FORM = "form"
    ISSUER = "iss"
    TENANT = "tenant"
    TYPE = "typ"
    ALGORITHM = "alg"
    KEY_ADDRESS = "jku"
    KEY = "kid"
    KEY_KIND = "alg of key"
    SIGNATURE = "signature"
    AUDIENCE = "aud"
    EXPIRED = "exp"
    NOT_YET = "nbf or iat"
    LIFETIME = "exp - iat"
    SUBJECT = "sub"
    ID = "jti"
    REPLAY = "replay"

    @property
    def advice(self) -> str:
        """What the tenant or the operator can do about it, for the operator's log."""
        return _ADVICE[self]


_ADVICE = {
    Check.MISSING: "send a token of its own with each call, in the header Authorization",
    Check.SIZE: f"the header Authorization may have {LONGEST_TOKEN} characters: put less into the token",
    Check.FORM: "send a signed JWT in compact form, with the claims iss, aud, exp, iat and jti",
    Check.ISSUER: "no tenant has this issuer: the claim iss and the setting issuer must be equal, letter for letter",
    Check.TENANT: "no tenant of this issuer has this tenant_claim: compare it with the claim tenant",
    Check.TYPE: "the header typ of the token must be JWT",
    Check.ALGORITHM: "the header alg must be one of the tenant's setting algorithms",
    Check.KEY_ADDRESS: "the header jku must equal the tenant's jwks_url, or its setting jku",
    Check.KEY: "no key that was read from the tenant has this kid: look with trial-cds config check --keys",
    Check.KEY_KIND: "the key of this kid is not one that signs with this alg: compare both with the tenant's key set",
    Check.SIGNATURE: "another key has signed than the one of this kid in the tenant's key set",
    Check.AUDIENCE: "the claim aud must be the address called, under public_url, or one of the tenant's audiences",
    Check.EXPIRED: "the token has expired: make one for each call, and compare the clocks",
    Check.NOT_YET: "the token comes from the future: compare the clocks",
    Check.LIFETIME: "the token lives too long: shorten it, or raise the tenant's max_token_seconds (Epic: 900)",
    Check.SUBJECT: "the claim sub must equal the tenant's setting subject",
    Check.ID: f"give each token a claim jti of its own, a text of at most {_LONGEST_JTI} characters",
    Check.REPLAY: "the token was used before: make one for each call",
}


class BadToken(Exception):
    """A token that does not show who calls."""

    def __init__(self, check: Check) -> None:
        self.check = check
        super().__init__(check.value)


@dataclass(frozen=True, slots=True)
class Unverified:
    """A token as it claims to be; nothing of it may be believed before its signature is checked."""

    token: str
    header: dict[str, Any]
    claims: dict[str, Any]

    def __repr__(self) -> str:
        return "Unverified(...)"

    @property
    def issuer(self) -> str:
        """The claim iss; raises `BadToken`."""
        return _text(self.claims.get("iss"), Check.ISSUER)

    @property
    def key_id(self) -> str:
        """The header kid; raises `BadToken`."""
        return _text(self.header.get("kid"), Check.KEY)


@dataclass(frozen=True, slots=True)
class TokenUse:
    """What makes a token the same token again, and until when it could come again."""

    jti: str
    until: float


def bearer_token(authorization: str | None) -> str:
    """Return the token of an Authorization header; raises `BadToken`."""
    if not authorization:
        raise BadToken(Check.MISSING)
    if len(authorization) > LONGEST_TOKEN:
        raise BadToken(Check.SIZE)
    match = _BEARER.fullmatch(authorization)
    if not match:
        raise BadToken(Check.MISSING)
    if not _FORM.fullmatch(match[1]):
        raise BadToken(Check.FORM)
    return match[1]


def read_unverified(token: str) -> Unverified:
    """Read what a token claims; raises `BadToken`."""
    try:
        parts = jwt.decode_complete(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise BadToken(Check.FORM) from None
    return Unverified(token, parts["header"], parts["payload"])


def check_header(given: Unverified, expected: TenantSettings) -> None:
    """Raise `BadToken` unless the header is one that this tenant's tokens have."""
    if _text(given.header.get("typ"), Check.TYPE).upper() != "JWT":
        raise BadToken(Check.TYPE)
    if _text(given.header.get("alg"), Check.ALGORITHM) not in expected.algorithms:
        raise BadToken(Check.ALGORITHM)
    if "jku" in given.header and _text(given.header["jku"], Check.KEY_ADDRESS) != expected.expected_jku:
        # It is only compared. Keys are read from the configured source, never from where a token says.
        raise BadToken(Check.KEY_ADDRESS)


def verify(given: Unverified, key: Key, expected: TenantSettings, audiences: Collection[str]) -> TokenUse:
    """Check signature and claims; raises `BadToken`. ``audiences``: one of them must be in the claim aud."""
    algorithm = given.header["alg"]
    if algorithm not in key.algorithms:
        raise BadToken(Check.KEY_KIND)
    leeway = expected.leeway_seconds
    try:
        claims = jwt.decode(
            given.token,
            key.public,
            algorithms=[algorithm],
            options={"require": ["iss", "aud", "exp", "iat", "jti"]},
            issuer=expected.issuer,
            audience=list(audiences),
            leeway=leeway,
        )
    except jwt.PyJWTError as error:
        raise BadToken(_code(error)) from None
    issued, expires = _moment(claims["iat"], Check.NOT_YET), _moment(claims["exp"], Check.EXPIRED)
    if "nbf" in claims:
        _moment(claims["nbf"], Check.NOT_YET)
    if not 0 < expires - issued <= expected.max_token_seconds:
        raise BadToken(Check.LIFETIME)
    if expected.subject is not None and claims.get("sub") != expected.subject:
        raise BadToken(Check.SUBJECT)
    jti = _text(claims["jti"], Check.ID)
    if len(jti) > _LONGEST_JTI:
        raise BadToken(Check.ID)
    return TokenUse(jti, expires + leeway)


_CODES: tuple[tuple[type[jwt.PyJWTError], Check], ...] = (
    (jwt.InvalidSignatureError, Check.SIGNATURE),
    (jwt.ExpiredSignatureError, Check.EXPIRED),
    (jwt.ImmatureSignatureError, Check.NOT_YET),
    (jwt.InvalidIssuedAtError, Check.NOT_YET),
    (jwt.InvalidAudienceError, Check.AUDIENCE),
    (jwt.InvalidIssuerError, Check.ISSUER),
    (jwt.InvalidAlgorithmError, Check.ALGORITHM),
    (InvalidJTIError, Check.ID),
    (InvalidSubjectError, Check.SUBJECT),
)
_MISSING = {
    "iss": Check.ISSUER,
    "aud": Check.AUDIENCE,
    "exp": Check.EXPIRED,
    "iat": Check.NOT_YET,
    "jti": Check.ID,
}


def _code(error: jwt.PyJWTError) -> Check:
    if isinstance(error, jwt.MissingRequiredClaimError):
        return _MISSING.get(error.claim, Check.FORM)
    return next((check for kind, check in _CODES if isinstance(error, kind)), Check.FORM)


def _text(value: Any, check: Check) -> str:
    if not isinstance(value, str) or not value:
        raise BadToken(check)
    return value


def _moment(value: Any, check: Check) -> float:
    """Return seconds since 1970. A number in a string, which libraries take too, is none (RFC 7519)."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadToken(check)
    return float(value)
