"""JWK Sets: which keys count, for which algorithms, and what is said of the others."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jwt.algorithms import RSAAlgorithm

from cds_service.security.key_set import KeySetUnreadable, read_key_set
from tests.support.tokens import key, key_set, public_jwk


@pytest.mark.parametrize(
    ("kind", "members", "algorithms"),
    [
        ("RSA", {}, {"RS384", "RS512", "PS384", "PS512"}),
        ("RSA", {"alg": "RS384"}, {"RS384"}),
        ("RSA", {"use": "sig", "key_ops": ["verify"]}, {"RS384", "RS512", "PS384", "PS512"}),
        ("P-384", {}, {"ES384"}),
        ("P-384", {"alg": "ES384"}, {"ES384"}),
        ("P-521", {}, {"ES512"}),
    ],
)
def test_a_key_checks_only_what_its_kind_signs(kind: str, members: dict[str, Any], algorithms: set[str]) -> None:
    found = read_key_set(key_set(public_jwk(key(kind), "a", **members)))
    assert found.unusable == ()
    assert found.keys["a"].algorithms == algorithms


def _without(name: str) -> dict[str, Any]:
    return {member: value for member, value in public_jwk(key("RSA"), "a").items() if member != name}


@pytest.mark.parametrize(
    ("member", "said"),
    [
        ("text", "it is not an object"),
        ({}, "it has no kid"),
        (_without("kid"), "it has no kid"),
        (public_jwk(key("RSA"), ""), "it has no kid"),
        ({**public_jwk(key("RSA"), "a"), "kid": 1}, "it has no kid"),
        (public_jwk(key("RSA"), "a", use="enc"), "it is not for signatures"),
        (public_jwk(key("RSA"), "a", key_ops=["sign"]), "it is not for signatures"),
        (public_jwk(key("RSA"), "a", key_ops="verify"), "it is not for signatures"),
        (public_jwk(key("RSA"), "a", alg="RS256"), "its alg is none of those"),
        (public_jwk(key("RSA"), "a", alg="ES384"), "its alg is none of those"),
        (public_jwk(key("RSA"), "a", alg="HS256"), "its alg is none of those"),
        (public_jwk(key("RSA"), "a", alg=["RS384"]), "its alg is none of those"),
        (public_jwk(key("RSA-1024"), "a"), "an RSA key must have 2048 to 8192 bits"),
        (public_jwk(key("P-256"), "a"), "it is neither RSA nor EC on P-384 or P-521"),
        (public_jwk(key("P-384"), "a", crv="P-521"), "its numbers are missing or are no such key"),
        (public_jwk(key("P-384"), "a", x="AAAA"), "its numbers are missing or are no such key"),
        (_without("n"), "its numbers are missing or are no such key"),
        (public_jwk(key("RSA"), "a", n="*"), "its numbers are missing or are no such key"),
        (public_jwk(key("RSA"), "a", n=5), "its numbers are missing or are no such key"),
        ({"kty": "oct", "kid": "a", "k": "c2VjcmV0"}, "it is a private or secret key"),
        ({**RSAAlgorithm.to_jwk(key("RSA"), as_dict=True), "kid": "a"}, "it is a private or secret key"),  # type: ignore[arg-type]
        ({"kty": "OKP", "kid": "a", "crv": "Ed25519", "x": "AAAA"}, "it is neither RSA nor EC"),
    ],
)
def test_a_key_that_cannot_be_used_is_told_and_the_others_count(member: Any, said: str) -> None:
    found = read_key_set(json.dumps({"keys": [member, public_jwk(key("P-384"), "good")]}).encode())
    assert set(found.keys) == {"good"}
    (unusable,) = found.unusable
    assert unusable.startswith(f"keys.0: {said}")


def test_a_kid_that_two_keys_have_is_nobodys() -> None:
    found = read_key_set(key_set(public_jwk(key("RSA"), "a"), public_jwk(key("P-384"), "a")))
    assert found.keys == {}
    assert "its kid is not unique" in found.unusable[0]


def test_an_empty_set_is_a_set() -> None:
    assert read_key_set(b'{"keys": []}').keys == {}


@pytest.mark.parametrize("document", [b"", b"null", b"[]", b'{"keys": {}}', b'{"keys": ', b"[" * 5_000, b" " * 300_000])
def test_what_is_no_set_is_refused(document: bytes) -> None:
    with pytest.raises(KeySetUnreadable):
        read_key_set(document)
