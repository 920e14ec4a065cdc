"""Reads a JWK Set: the public keys of one issuer that are good for checking its tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

LARGEST_SET = 262_144
"""Bytes read of a key set."""
_MOST_KEYS = 100
_RSA_BITS = range(2_048, 8_193)
"""Smaller keys are weak, larger ones cost too much to check a stranger's token with."""
_OF_RSA = frozenset({"RS384", "RS512", "PS384", "PS512"})
_OF_CURVE = {"P-384": frozenset({"ES384"}), "P-521": frozenset({"ES512"})}

PublicKey = RSAPublicKey | EllipticCurvePublicKey


class KeySetUnreadable(ValueError):
    """What was found is no JWK Set; the message holds nothing of it."""


class _Unusable(ValueError):
    """One key cannot be used; the message says why, without the key."""


@dataclass(frozen=True, slots=True)
class Key:
    """A public key, and the algorithms it may be used with: no key checks what another kind has signed."""

    public: PublicKey
    algorithms: frozenset[str]


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys of one issuer by their ``kid``, and why others in its set are not used."""

    keys: Mapping[str, Key]
    unusable: tuple[str, ...] = ()


def read_key_set(document: bytes) -> KeySet:
    """Read a JWK Set; raises `KeySetUnreadable`. A key that cannot be used is left out and told of."""
    if len(document) > LARGEST_SET:
        raise KeySetUnreadable(f"it is larger than {LARGEST_SET} bytes")
    try:
        content = orjson.loads(document)
    except orjson.JSONDecodeError:
        raise KeySetUnreadable("it is not JSON; give a JWK Set (RFC 7517)") from None
    given = content.get("keys") if isinstance(content, dict) else None
    if not isinstance(given, list):
        raise KeySetUnreadable("it is not a JWK Set: an object with the array keys")
    if len(given) > _MOST_KEYS:
        raise KeySetUnreadable(f"it holds more than {_MOST_KEYS} keys")
    keys: dict[str, Key] = {}
    unusable: list[str] = []
    doubled: set[str] = set()
    for index, member in enumerate(given):
        try:
            kid, key = _read(member)
            if kid in keys:
                doubled.add(kid)
                raise _Unusable("its kid is not unique, so none of that kid is used")
            keys[kid] = key
        except _Unusable as why:
            unusable.append(f"keys.{index}: {why}")
    return KeySet({kid: key for kid, key in keys.items() if kid not in doubled}, tuple(unusable))


def _read(member: Any) -> tuple[str, Key]:
    if not isinstance(member, dict):
        raise _Unusable("it is not an object")
    kid, uses = member.get("kid"), member.get("key_ops", ["verify"])
    if not isinstance(kid, str) or not kid:
        raise _Unusable("it has no kid")
    if "d" in member or "k" in member:
        raise _Unusable("it is a private or secret key: only public keys belong here, and this one is no secret now")
    if member.get("use", "sig") != "sig" or not isinstance(uses, list) or "verify" not in uses:
        raise _Unusable("it is not for signatures")
    public, algorithms = _public(member)
    if "alg" in member:
        algorithms &= {member["alg"]} if isinstance(member["alg"], str) else set()
    if not algorithms:
        raise _Unusable("its alg is none of those that may be used with such a key")
    return kid, Key(public, algorithms)


def _public(member: dict[str, Any]) -> tuple[PublicKey, frozenset[str]]:
    """Return the key and the algorithms of its kind."""
    try:
        if member.get("kty") == "RSA":
            rsa = cast(RSAPublicKey, RSAAlgorithm.from_jwk({name: member[name] for name in ("kty", "n", "e")}))
            if rsa.key_size not in _RSA_BITS:
                raise _Unusable(f"an RSA key must have {_RSA_BITS.start} to {_RSA_BITS.stop - 1} bits")
            return rsa, _OF_RSA
        if member.get("kty") == "EC" and member.get("crv") in _OF_CURVE:
            ec = ECAlgorithm.from_jwk({name: member[name] for name in ("kty", "crv", "x", "y")})
            return cast(EllipticCurvePublicKey, ec), _OF_CURVE[member["crv"]]
    except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError) as error:
        if isinstance(error, _Unusable):
            raise
        raise _Unusable("its numbers are missing or are no such key") from None
    raise _Unusable("it is neither RSA nor EC on P-384 or P-521")
