"""Who may call: every way in which a token can be wrong ends as a bare 401, and a good one still works after it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from cds_service.security.client_token import Check
from cds_service.storage.replay import UsedTokens
from cds_service.tenant_settings import TenantSettings
from tests.support.service import FEEDBACK, SERVICE, call, candidate, locked, make_app, post, said, valid
from tests.support.tokens import PUBLIC_URL, Client, bearer, key, key_set, public_jwk, st_luke, st_mary

DISCOVERY = "/cds-services"
DAY = 86_400


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tenants")


@pytest.fixture(scope="module")
def app(folder: Path) -> Flask:
    return _app(folder)


def _app(folder: Path) -> Flask:
    luke = st_luke().tenant(folder, audiences=["trial-cds"], subject="our-client-id", max_token_seconds=900)
    app = make_app(folder, public_url=PUBLIC_URL, tenants=(st_mary().tenant(folder), luke))
    app.extensions["trial_cds_keys"].read_all()
    return app


@pytest.fixture
def mary() -> Client:
    return st_mary()


@pytest.fixture
def luke() -> Client:
    return Client(**{**vars(st_luke()), "claims": {"sub": "our-client-id"}})


def _last_line(caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    lines = [record.fields for record in caplog.records if record.message == "request"]  # type: ignore[attr-defined]
    return dict(lines[-1])


def _last_check(caplog: pytest.LogCaptureFixture) -> str | None:
    check = _last_line(caplog).get("check")
    return str(check) if check else None


def is_bare_401(response: TestResponse) -> bool:
    """True for the answer that tells nothing."""
    bare = response.data == b"" and "Content-Type" not in response.headers
    return response.status_code == 401 and bare and response.headers["WWW-Authenticate"] == "Bearer"


def ask(client: FlaskClient, headers: dict[str, str]) -> TestResponse:
    """Call the service about a candidate."""
    return client.post(SERVICE, json=call(candidate()), headers=headers)


def assert_still_works(client: FlaskClient, good: Client) -> None:
    assert len(post(client, call(candidate()), headers=good.signing_in(SERVICE)).get_json()["cards"]) == 1


def _part(content: dict[str, Any] | bytes) -> str:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _claims(**more: Any) -> dict[str, Any]:
    now = int(time.time())
    url = f"{PUBLIC_URL}{SERVICE}"
    return {"iss": st_mary().issuer, "aud": url, "iat": now, "exp": now + 300, "jti": str(time.time_ns()), **more}


def unsigned(algorithm: str = "none") -> str:
    return f"{_part({'alg': algorithm, 'typ': 'JWT', 'kid': 'mary-1'})}.{_part(_claims())}."


def signed_with_the_public_key(algorithm: str = "HS256") -> str:
    """The classic: the public key, which everybody has, taken as a shared secret."""
    public = st_mary().private.public_key()
    secret = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    signing = f"{_part({'alg': algorithm, 'typ': 'JWT', 'kid': 'mary-1'})}.{_part(_claims())}"
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384}[algorithm]
    return f"{signing}.{_part(hmac.new(secret, signing.encode(), digest).digest())}"


def with_header(**members: Any) -> str:
    """A good signature over a header that says something else."""
    return st_mary().token(SERVICE, header=members)


def nested() -> str:
    deep = b"[" * 2_900 + b"]" * 2_900  # too deep for Python 3.11, and for all no object
    return f"{_part({'alg': 'RS384', 'typ': 'JWT', 'kid': 'mary-1'})}.{_part(deep)}.{_part(b'x')}"


def of_luke(**more: Any) -> str:
    return st_luke().token(SERVICE, **{"sub": "our-client-id", **more})


def _with_null_jku() -> str:
    """Tokens made by `Client.token` leave out what is None."""
    return jwt.encode(_claims(), st_mary().private, "RS384", {"kid": "mary-1", "jku": None})


def mary_with(kind: str, kid: str, algorithm: str, number: int = 0) -> str:
    """A token of St. Mary's that another key has signed."""
    return st_mary().with_key(key(kind, number), kid, algorithm).token(SERVICE)


def now(offset: float = 0) -> int:
    return int(time.time() + offset)


BAD: dict[str, tuple[str, Any]] = {
    "nothing": ("no token", dict),
    "an empty header": ("no token", lambda: {"Authorization": ""}),
    "another scheme": ("no token", lambda: {"Authorization": "Basic dXNlcjpwYXNz"}),
    "a scheme alone": ("no token", lambda: {"Authorization": "Bearer "}),
    "two tokens": ("no token", lambda: {"Authorization": f"Bearer {with_header()} {with_header()}"}),
    "two headers joined": ("form", lambda: bearer(f"{with_header()},{with_header()}")),
    "no token at all": ("form", lambda: bearer("abc")),
    "two parts": ("form", lambda: bearer("abc.def")),
    "not base64": ("form", lambda: bearer("*.*.*")),
    "not JSON": ("form", lambda: bearer(f"{_part(b'x')}.{_part(b'y')}.{_part(b'z')}")),
    "claims that are a list": ("form", lambda: bearer(f"{_part({'alg': 'RS384'})}.{_part(b'[1]')}.{_part(b'z')}")),
    "nested deeply": ("form", lambda: bearer(nested())),
    "a critical extension": ("form", lambda: bearer(with_header(crit=["exp"]))),
    "an empty detached payload": ("form", lambda: bearer(with_header(b64=False, crit=["b64"]))),
    "10 kB of header": ("size", lambda: bearer(st_mary().token(SERVICE, padding="x" * 10_000))),
    "none": ("form", lambda: bearer(unsigned())),
    "none with a signature": ("alg", lambda: bearer(unsigned() + "AA")),
    "None in capitals": ("alg", lambda: bearer(unsigned("NONE") + "AA")),
    "HS256 with the public key": ("alg", lambda: bearer(signed_with_the_public_key())),
    "HS384 with the public key": ("alg", lambda: bearer(signed_with_the_public_key("HS384"))),
    "RS256": ("alg", lambda: bearer(mary_with("RSA", "mary-1", "RS256"))),
    "RS512 that was not agreed": (
        "alg",
        lambda: bearer(mary_with("RSA", "mary-1", "RS512")),
    ),
    "no typ": ("typ", lambda: bearer(with_header(typ=""))),
    "another typ": ("typ", lambda: bearer(with_header(typ="at+jwt"))),
    "no kid": ("kid", lambda: bearer(with_header(kid=None))),
    "an unknown kid": ("kid", lambda: bearer(with_header(kid="mary-2"))),
    "kid of another tenant": ("kid", lambda: bearer(with_header(kid="luke-1"))),
    "key of another tenant": (
        "kid",
        lambda: bearer(mary_with("P-384", "luke-1", "ES384")),
    ),
    "a kid that is a path": ("kid", lambda: bearer(with_header(kid="../../etc/passwd"))),
    "another tenant's key under our kid": (
        "alg of key",
        lambda: bearer(mary_with("P-384", "mary-1", "ES384")),
    ),
    "RSA under the kid of an EC key": (
        "alg of key",
        lambda: bearer(st_luke().with_key(key("RSA"), "luke-1", "RS384").token(SERVICE, sub="our-client-id")),
    ),
    "a stranger's key": (
        "signature",
        lambda: bearer(mary_with("RSA", "mary-1", "RS384", 1)),
    ),
    "a stranger's key in the header": (
        "signature",
        lambda: bearer(
            st_mary().with_key(key("RSA", 1), "mary-1", "RS384").token(SERVICE, {"jwk": public_jwk(key("RSA", 1), "x")})
        ),
    ),
    "claims that were changed": ("signature", lambda: bearer(_with_other_claims(with_header()))),
    "another signature": ("signature", lambda: bearer(f"{with_header().rpartition('.')[0]}.{_part(b'x' * 256)}")),
    "jku that was not agreed": ("jku", lambda: bearer(with_header(jku="https://ehr.st-mary.example/jwks"))),
    "jku of an attacker": ("jku", lambda: bearer(with_header(jku="http://127.0.0.1:9/jwks"))),
    "jku that is null": ("jku", lambda: bearer(_with_null_jku())),
    "jku that is a number": ("jku", lambda: bearer(with_header(jku=1))),
    "an unknown issuer": ("iss", lambda: bearer(st_mary().token(SERVICE, iss="https://evil.example"))),
    "another tenant's issuer": ("kid", lambda: bearer(st_mary().token(SERVICE, iss=st_luke().issuer))),
    "an issuer with a slash more": ("iss", lambda: bearer(st_mary().token(SERVICE, iss=st_mary().issuer + "/"))),
    "no iss": ("iss", lambda: bearer(f"{_part({'alg': 'RS384'})}.{_part({})}.{_part(b'z')}")),
    "no aud": ("aud", lambda: bearer(st_mary().token(SERVICE, aud=None))),
    "aud of discovery": ("aud", lambda: bearer(st_mary().token(DISCOVERY))),
    "aud of feedback": ("aud", lambda: bearer(st_mary().token(FEEDBACK))),
    "aud of another host": ("aud", lambda: bearer(st_mary().token(SERVICE, aud=f"https://evil.example{SERVICE}"))),
    "aud with a slash more": ("aud", lambda: bearer(st_mary().token(SERVICE + "/"))),
    "aud by http": ("aud", lambda: bearer(st_mary().token(SERVICE, aud=f"http://cds.example.org{SERVICE}"))),
    "an empty aud list": ("aud", lambda: bearer(st_mary().token(SERVICE, aud=[]))),
    "an aud list without us": ("aud", lambda: bearer(st_mary().token(SERVICE, aud=["https://a.example", PUBLIC_URL]))),
    "an aud list of numbers": ("aud", lambda: bearer(st_mary().token(SERVICE, aud=[1, 2]))),
    "another tenant's audience": ("aud", lambda: bearer(st_mary().token(SERVICE, aud="trial-cds"))),
    "expired": ("exp", lambda: bearer(st_mary().token(SERVICE, iat=now(-400), exp=now(-100)))),
    "no exp": ("exp", lambda: bearer(st_mary().token(SERVICE, exp=None))),
    "exp in words": ("form", lambda: bearer(st_mary().token(SERVICE, exp="soon"))),
    "exp as a string of digits": ("exp", lambda: bearer(st_mary().token(SERVICE, exp=str(now(300))))),
    "exp without end": ("form", lambda: bearer(_raw_claims(b'"exp":1e999'))),
    "exp that is not a number": ("form", lambda: bearer(_raw_claims(b'"exp":NaN'))),
    "far future": ("exp - iat", lambda: bearer(st_mary().token(SERVICE, exp=now(DAY)))),
    "a life of 301 seconds": ("exp - iat", lambda: bearer(st_mary().token(SERVICE, iat=now(), exp=now(301) + 1))),
    "a life of less than nothing": ("exp - iat", lambda: bearer(st_mary().token(SERVICE, iat=now(10), exp=now(5)))),
    "no iat": ("nbf or iat", lambda: bearer(st_mary().token(SERVICE, iat=None))),
    "issued tomorrow": ("nbf or iat", lambda: bearer(st_mary().token(SERVICE, iat=now(DAY), exp=now(DAY + 60)))),
    "issued true": ("nbf or iat", lambda: bearer(st_mary().token(SERVICE, iat=True))),
    "not before tomorrow": ("nbf or iat", lambda: bearer(st_mary().token(SERVICE, nbf=now(DAY)))),
    "not before a text": ("nbf or iat", lambda: bearer(st_mary().token(SERVICE, nbf=str(now())))),
    "no jti": ("jti", lambda: bearer(st_mary().token(SERVICE, jti=None))),
    "an empty jti": ("jti", lambda: bearer(st_mary().token(SERVICE, jti=""))),
    "jti that is a number": ("jti", lambda: bearer(st_mary().token(SERVICE, jti=7))),
    "a long jti": ("jti", lambda: bearer(st_mary().token(SERVICE, jti="x" * 1_001))),
    "no sub where one was agreed": ("sub", lambda: bearer(st_luke().token(SERVICE))),
    "another sub": ("sub", lambda: bearer(of_luke(sub="somebody"))),
}


def _with_other_claims(token: str) -> str:
    header, _, signature = token.split(".")
    return f"{header}.{_part(_claims(sub='admin'))}.{signature}"


def _raw_claims(member: bytes) -> str:
    """A good signature over claims that json.dumps would not write."""
    claims = _claims()
    del claims["exp"]
    payload = json.dumps(claims).encode()[:-1] + b"," + member + b"}"
    return jwt.api_jws.encode(payload, st_mary().private, "RS384", headers={"kid": "mary-1", "typ": "JWT"})


@pytest.mark.parametrize(("check", "headers"), BAD.values(), ids=BAD.keys())
def test_a_bad_token_is_a_bare_401_and_a_good_one_still_works(
    client: FlaskClient, mary: Client, caplog: pytest.LogCaptureFixture, check: str, headers: Any
) -> None:
    caplog.set_level(logging.INFO, "trial_cds")
    response = ask(client, headers())
    assert is_bare_401(response), response.data
    assert _last_check(caplog) == check
    assert _last_line(caplog)["advice"] == Check(check).advice, "the operator is told what to compare or to change"
    assert_still_works(client, mary)


def test_the_script_of_the_integrators_page_signs_in(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "integrators.md").read_text(encoding="utf-8")
    (tmp_path / "sign.py").write_text(page.split("<<'PY'\n")[1].split("\nPY\n")[0], encoding="utf-8")
    pem = key("P-384").private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    (tmp_path / "ehr.pem").write_bytes(pem)

    def token() -> str:
        command = [sys.executable, "sign.py", "https://ehr.test", f"{PUBLIC_URL}{SERVICE}"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip()

    token()  # writes ehr.json
    tenant = TenantSettings(name="ehr", test=True, issuer="https://ehr.test", jwks_file=tmp_path / "ehr.json")
    client = make_app(tmp_path, public_url=PUBLIC_URL, tenants=(tenant,)).test_client()
    client.application.extensions["trial_cds_keys"].read_all()
    assert len(ask(client, bearer(token())).get_json()["cards"]) == 1


def test_for_each_check_the_log_has_advice() -> None:
    assert len({check.advice for check in Check}) == len(Check)


@pytest.mark.parametrize("path", [SERVICE, FEEDBACK, f"{DISCOVERY}/no-such-service", f"{DISCOVERY}/x/feedback"])
def test_nothing_is_answered_to_strangers(client: FlaskClient, path: str) -> None:
    assert is_bare_401(client.post(path, data=b"not even JSON"))
    assert is_bare_401(client.get(DISCOVERY))


def test_each_address_takes_its_own_token(client: FlaskClient, mary: Client) -> None:
    found = client.get(DISCOVERY, headers=mary.signing_in(DISCOVERY))
    assert found.status_code == 200
    valid("discovery", found.get_json())
    assert_still_works(client, mary)
    assert post(client, {"feedback": []}, FEEDBACK, headers=mary.signing_in(FEEDBACK)).status_code == 200
    unknown = f"{DISCOVERY}/no-such-service"
    assert post(client, call(candidate()), unknown, headers=mary.signing_in(unknown)).status_code == 404


GOOD: dict[str, Any] = {
    "aud list": lambda: {"aud": ["https://other.example", f"{PUBLIC_URL}{SERVICE}"]},
    "expired within the leeway": lambda: {"iat": now(-350), "exp": now(-50)},
    "issued ahead within the leeway": lambda: {"iat": now(50), "exp": now(300)},
    "nbf before iat": lambda: {"nbf": now(-300)},
    "fractions of seconds": lambda: {"iat": time.time(), "exp": time.time() + 100.5},
    "a tenant that does not matter": lambda: {"tenant": "whatever"},
    "a sub that does not matter": lambda: {"sub": "whoever"},
    "jti of letters": lambda: {"jti": "ü" * 100},
    "half a character": lambda: {"jti": "\ud800"},
}


@pytest.mark.parametrize("claims", GOOD.values(), ids=GOOD.keys())
def test_tokens_within_the_rules_are_taken(client: FlaskClient, mary: Client, claims: Any) -> None:
    assert ask(client, mary.signing_in(SERVICE, **claims())).status_code == 200


def test_the_scheme_is_read_in_any_case(client: FlaskClient, mary: Client) -> None:
    assert ask(client, {"Authorization": f"bearer {mary.token(SERVICE)}"}).status_code == 200


def test_a_tenants_own_audience_life_and_subject_count(client: FlaskClient, luke: Client) -> None:
    assert ask(client, luke.signing_in(SERVICE, aud="trial-cds", exp=now(850))).status_code == 200


def test_a_token_is_good_once(client: FlaskClient, mary: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "trial_cds")
    headers = mary.signing_in(SERVICE)
    assert ask(client, headers).status_code == 200
    assert is_bare_401(ask(client, headers))
    assert _last_check(caplog) == "replay"
    assert_still_works(client, mary)


def test_the_same_jti_in_another_token_is_a_replay(client: FlaskClient, mary: Client) -> None:
    assert ask(client, mary.signing_in(SERVICE, jti="one")).status_code == 200
    assert is_bare_401(ask(client, mary.signing_in(SERVICE, jti="one", sub="other")))


def test_two_tenants_may_use_the_same_jti(client: FlaskClient, mary: Client, luke: Client) -> None:
    assert ask(client, mary.signing_in(SERVICE, jti="shared")).status_code == 200
    assert ask(client, luke.signing_in(SERVICE, jti="shared")).status_code == 200


def test_a_bad_token_uses_up_no_jti(client: FlaskClient, mary: Client) -> None:
    assert is_bare_401(ask(client, mary.with_key(key("RSA", 1), "mary-1", "RS384").signing_in(SERVICE, jti="mine")))
    assert ask(client, mary.signing_in(SERVICE, jti="mine")).status_code == 200


def test_a_token_used_in_one_instance_is_used_in_all(app: Flask, folder: Path, mary: Client) -> None:
    headers = mary.signing_in(SERVICE)
    assert ask(app.test_client(), headers).status_code == 200
    for other in (_app(folder), _app(folder)):
        assert is_bare_401(ask(other.test_client(), headers))
        assert_still_works(other.test_client(), mary)


def test_while_tokens_cannot_be_remembered_nobody_comes_in(
    client: FlaskClient, folder: Path, mary: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with locked(folder), monkeypatch.context() as hurried:
        hurried.setattr("cds_service.security.authentication._REMEMBER_SECONDS", 0.1)
        response = post(client, call(candidate()), headers=mary.signing_in(SERVICE))
    assert response.status_code == 503
    assert "Call again later" in said(response)
    assert_still_works(client, mary)


def test_while_the_database_fails_nobody_comes_in(
    client: FlaskClient, mary: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("", None, Exception())

    with monkeypatch.context() as patched:
        patched.setattr(UsedTokens, "first_use", fail)
        response = post(client, call(candidate()), headers=mary.signing_in(SERVICE))
    assert response.status_code == 503
    assert "Call again later" in said(response)
    assert_still_works(client, mary)


def test_what_failed_is_in_the_log_and_nothing_of_the_token(
    client: FlaskClient, mary: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    tokens = [
        mary.token(SERVICE, sub="hush-sub", jti="hush-jti", tenant="hush-tenant", aud="https://hush-aud.example"),
        mary.token(SERVICE, header={"kid": "hush-kid"}, jti="hush-jti"),
        mary.token(SERVICE, iss="https://hush-iss.example"),
        mary.token(SERVICE, sub="hush-sub", jti="hush-jti-2"),
    ]
    for token in tokens:
        ask(client, bearer(token))
    lines = [{**record.__dict__, "text": record.getMessage()} for record in caplog.records]
    written = json.dumps(lines, default=str)
    assert "hush" not in written
    for token in tokens:
        assert not any(part in written for part in token.split("."))
    requests = [line["fields"] for line in lines if line["text"] == "request"]
    assert [line.get("check") for line in requests] == ["aud", "kid", "iss", None]
    assert [line.get("claimed") for line in requests] == ["st-mary", "st-mary", None, None]
    assert [line.get("tenant") for line in requests] == [None, None, None, "st-mary"]


def test_an_issuer_of_several_tenants_is_told_apart_by_the_claim_tenant(tmp_path: Path) -> None:
    mary = st_mary()
    first = mary.tenant(tmp_path, tenant_claim="north", enabled=False)
    second = mary.tenant(tmp_path, name="south", tenant_claim="south")
    client = make_app(tmp_path, public_url=PUBLIC_URL, tenants=(first, second)).test_client()
    client.application.extensions["trial_cds_keys"].read_all()
    assert ask(client, mary.signing_in(SERVICE, tenant="north")).get_json() == {"cards": []}
    assert len(ask(client, mary.signing_in(SERVICE, tenant="south")).get_json()["cards"]) == 1
    for other in ("west", None, ["south"], 1):
        assert is_bare_401(ask(client, mary.signing_in(SERVICE, tenant=other)))


@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits long")
def test_the_public_half_of_a_key_that_is_too_short_is_not_used(tmp_path: Path) -> None:
    weak = st_mary().with_key(key("RSA-1024"), "mary-1", "RS384")
    tenant = weak.tenant(tmp_path)
    (tmp_path / "st-mary.jwks.json").write_bytes(key_set(public_jwk(key("RSA-1024"), "mary-1")))
    client = make_app(tmp_path, public_url=PUBLIC_URL, tenants=(tenant,)).test_client()
    client.application.extensions["trial_cds_keys"].read_all()
    assert is_bare_401(ask(client, weak.signing_in(SERVICE)))


def test_pages_for_people_and_health_need_no_token(client: FlaskClient) -> None:
    for path in ("/", "/protocol", "/health/live", "/health/ready"):
        assert client.get(path).status_code == 200


# -- whatever a token holds ----------------------------------------------------------------------------------

_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
_claim = st.sampled_from(["iss", "aud", "exp", "iat", "nbf", "jti", "sub", "tenant", "x"])
_header = st.sampled_from(["alg", "typ", "kid", "jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "cty"])


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(claims=st.dictionaries(_claim, _anything, max_size=3), header=st.dictionaries(_header, _anything, max_size=2))
def test_whatever_a_token_holds_it_is_taken_or_refused(
    app: Flask, claims: dict[str, Any], header: dict[str, Any]
) -> None:
    """Signed by the right key, so that nothing but what it holds is in its way."""
    payload = json.dumps({**_claims(aud=f"{PUBLIC_URL}{DISCOVERY}"), **claims}).encode()
    head = _part({"alg": "RS384", "typ": "JWT", "kid": "mary-1", **header})
    signing = f"{head}.{_part(payload)}"
    signature = st_mary().private.sign(signing.encode(), padding.PKCS1v15(), hashes.SHA384())  # type: ignore[call-arg,arg-type,union-attr]
    response = app.test_client().get(DISCOVERY, headers=bearer(f"{signing}.{_part(signature)}"))
    assert response.status_code == 200 or is_bare_401(response)
    if response.status_code == 200:
        assert {"alg", "kid", "jku", "crit"}.isdisjoint(header)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=60))
def test_whatever_stands_in_the_header_is_refused(app: Flask, text: str) -> None:
    for given_text in (text, f"Bearer {text}"):
        assert is_bare_401(app.test_client().get(DISCOVERY, headers={"Authorization": given_text}))
