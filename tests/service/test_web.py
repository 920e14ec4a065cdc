"""What every answer has: an id, safe headers; and which browser pages may call."""

from __future__ import annotations

import gc
from html import unescape
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from cds_service.cds_hooks.account import Account
from rules.record import PatientRecord
from tests.support.service import FEEDBACK, SERVICE, call, candidate, make_app, post, said

PUBLIC_SANDBOX = "https://sandbox.cds-hooks.org"


def test_a_clean_request_id_is_kept_and_another_replaced(client: FlaskClient) -> None:
    assert client.get("/health/live", headers={"X-Request-Id": "abc-1.2_3"}).headers["X-Request-Id"] == "abc-1.2_3"
    for odd in ("a b", "x" * 65, "<script>", ""):
        assert client.get("/health/live", headers={"X-Request-Id": odd}).headers["X-Request-Id"] != odd


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]:8000", "cds.example.org", "CDS.example.org:81"])
def test_calls_that_mean_this_service_are_answered(tmp_path: Path, host: str) -> None:
    client = make_app(tmp_path, public_url="https://cds.example.org/trial").test_client()
    assert client.get("/cds-services", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example.org", "localhost.evil.example.org", "192.168.1.5:8000", "[::1", ""])
def test_a_page_whose_name_leads_here_is_refused(client: FlaskClient, host: str) -> None:
    for response in (
        client.get("/cds-services", headers={"Host": host}),
        post(client, call(candidate()), headers={"Host": host}),
    ):
        assert response.status_code == 400
        assert "public_url" in said(response)


def test_what_a_call_knew_of_a_chart_is_gone_after_it(tmp_path: Path) -> None:
    """At once, without the collector of cycles, which comes when it likes."""

    def known() -> list[str]:
        return [type(one).__name__ for one in gc.get_objects() if isinstance(one, Account | PatientRecord)]

    client = make_app(tmp_path).test_client()
    gc.collect()
    before = known()
    gc.disable()
    try:
        assert post(client, call(candidate())).get_json()["cards"]
        assert known() == before
    finally:
        gc.enable()


@pytest.mark.parametrize("part", ["metrics.Metrics", "tracing.Tracing"])
def test_what_cannot_be_counted_costs_no_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, part: str
) -> None:
    class OfNothing:
        def request(self, *_: object) -> None:
            raise OSError("the disk is full")

    monkeypatch.setattr("cds_service.app.Tracing.of", lambda _: OfNothing())
    if part == "metrics.Metrics":
        monkeypatch.setattr("cds_service.observability.metrics.Metrics.request", OfNothing.request)
    assert len(post(make_app(tmp_path).test_client(), call(candidate())).get_json()["cards"]) == 1
    assert "request not counted" in caplog.text


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize("path", ["/nothing-here", "/registration/other", "/cds-services/t1dm-trial-screening"])
def test_a_person_in_a_browser_is_told_on_a_page_what_is_wrong(client: FlaskClient, path: str) -> None:
    page = client.get(path, headers={"Accept": BROWSER})
    plain = client.get(path)
    assert page.status_code == plain.status_code >= 400
    assert (page.mimetype, plain.mimetype) == ("text/html", "application/fhir+json")
    assert said(plain) in unescape(page.text)
    assert "Accept" in page.vary


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "application/fhir+json, text/html"])
def test_a_program_is_told_in_an_operation_outcome(client: FlaskClient, accept: str | None) -> None:
    answer = client.get("/nothing-here", headers={"Accept": accept} if accept else {})
    assert answer.mimetype == "application/fhir+json"


def test_answers_about_patients_are_not_cached(client: FlaskClient) -> None:
    assert post(client, call(candidate())).headers["Cache-Control"] == "no-store"


def test_browsers_are_told_to_be_careful(client: FlaskClient) -> None:
    headers = client.get("/cds-services").headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize(("url", "said"), [("https://cds.example.org", "max-age=31536000"), ("http://localhost", None)])
def test_browsers_come_back_by_https_alone(tmp_path: Path, url: str, said: str | None) -> None:
    headers = make_app(tmp_path, public_url=url).test_client().get("/health/live").headers
    assert headers.get("Strict-Transport-Security") == said


@pytest.mark.parametrize(
    "origin",
    [
        PUBLIC_SANDBOX,
        "http://localhost:8080",
        "http://127.0.0.1:3000",
        "http://[::1]:9000",
        "https://localhost",
    ],
)
@pytest.mark.parametrize(
    ("path", "method", "headers"),
    [
        ("/cds-services", "GET", "authorization"),
        (SERVICE, "POST", "authorization,content-type"),
        (FEEDBACK, "POST", "authorization,content-type"),
    ],
)
def test_allowed_pages_pass_the_preflight(
    client: FlaskClient, origin: str, path: str, method: str, headers: str
) -> None:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": headers,
    }
    response = client.options(path, headers=asked)
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == origin
    assert method in response.headers["Access-Control-Allow-Methods"]
    for header in headers.split(","):
        assert header in response.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert "Origin" in response.headers["Vary"]


def test_allowed_pages_may_read_answers_and_errors(client: FlaskClient) -> None:
    for body in (call(candidate()), {}):
        response = post(client, body, headers={"Origin": PUBLIC_SANDBOX})
        assert response.headers["Access-Control-Allow-Origin"] == PUBLIC_SANDBOX


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example.org",
        "https://sandbox.cds-hooks.org.evil.example.org",
        "http://sandbox.cds-hooks.org",
        "http://localhost.evil.example.org",
        "http://127.0.0.1.nip.io",
        "null",
        "http://[::1",
        "",
    ],
)
def test_other_pages_are_not_named(client: FlaskClient, origin: str) -> None:
    response = client.get("/cds-services", headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in response.headers


def test_health_pages_are_not_for_other_pages(client: FlaskClient) -> None:
    response = client.get("/health/live", headers={"Origin": PUBLIC_SANDBOX})
    assert "Access-Control-Allow-Origin" not in response.headers


def test_an_unknown_address_is_404_with_a_sentence(client: FlaskClient) -> None:
    response = client.get("/nothing-here")
    assert response.status_code == 404
    assert "/cds-services" in response.get_json(force=True)["issue"][0]["diagnostics"]
