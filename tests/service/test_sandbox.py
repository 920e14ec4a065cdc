"""The sandbox's page and the checklist over HTTP: only where switched on, only from their own pages, nothing kept."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from flask import render_template
from flask.testing import FlaskClient

from cds_service.assessment_json import described
from cds_service.pages import checklist
from cds_service.setting_parts import Limits, Sandbox
from rules.timeline import Series
from tests.service.test_pages import Page
from tests.support.assessments import usual
from tests.support.fhir import C_PEPTIDE, HBA1C, T1DM, bundle, condition, observation, patient
from tests.support.service import TODAY, call, candidate, make_app, post

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    folder = tmp_path_factory.mktemp("sandbox")
    return make_app(folder, sandbox=Sandbox(enabled=True)).test_client()


def own_chart(*more: dict[str, Any]) -> str:
    return json.dumps(
        bundle(
            patient(),
            condition(T1DM, "2015-03-01"),
            observation(HBA1C, 8.4, "%", "2026-10-20"),
            observation(C_PEPTIDE, 0.1, "ng/mL", "2026-10-20"),
            *more,
            type="collection",
        )
    )


def test_without_the_setting_there_is_neither_sandbox_nor_checklist(tmp_path: Path) -> None:
    plain = make_app(tmp_path).test_client()
    assert plain.get("/sandbox").status_code == 404
    assert plain.post("/sandbox", data={"patient": "p1"}).status_code == 404
    assert plain.post("/checklist", data={"bundle": own_chart()}).status_code == 404
    assert "/sandbox" not in Page(plain.get("/").text).all("href")


def test_with_it_every_page_leads_there(client: FlaskClient) -> None:
    for path in ("/", "/protocol", "/sandbox"):
        assert "/sandbox" in Page(client.get(path).text).all("href")


def test_without_a_server_of_synthetic_patients_none_are_listed(client: FlaskClient) -> None:
    page = Page(client.get("/sandbox").text)
    assert "golden-ada" not in page.text
    assert "Another FHIR server" in page.text


def test_a_pasted_bundle_gives_its_card_and_its_criteria(client: FlaskClient) -> None:
    answer = client.post("/sandbox", data={"action": "bundle", "bundle": own_chart()})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    words = Page(answer.text).words()
    assert "May meet pre-screening criteria" in words
    assert "possibly-eligible" in words
    assert "All 39 criteria" in words


@pytest.mark.parametrize("document", ["README.md", "docs/testers.md"])
def test_the_chart_that_the_documents_give_a_newcomer_gives_a_card(client: FlaskClient, document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    given = re.search(r"cat > bundle\.json <<JSON\n(.*?)\nJSON\n", text, re.DOTALL)
    assert given
    chart = given[1].replace("$(date +%F)", TODAY.isoformat())
    with_card = client.post("/sandbox", data={"action": "bundle", "bundle": chart})
    assert "May meet pre-screening criteria: " in with_card.text
    without = client.post("/sandbox", data={"action": "bundle", "bundle": chart.replace("8.4", "7.0")})
    assert "No card." in without.text
    assert "May meet pre-screening criteria: " not in without.text


def test_a_bundle_can_come_as_a_file(client: FlaskClient, tmp_path: Path) -> None:
    file = tmp_path / "chart.json"
    file.write_bytes(b"\xef\xbb\xbf" + own_chart().encode())
    with file.open("rb") as content:
        answer = client.post("/sandbox", data={"action": "bundle", "bundle": (content, "chart.json")})
    assert "possibly-eligible" in answer.text


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"action": "bundle", "bundle": ""}, "Paste a FHIR R4 Bundle of one patient"),
        ({"action": "bundle", "bundle": "{"}, "not JSON in UTF-8"),
        ({"action": "bundle", "bundle": json.dumps(bundle())}, "The Bundle cannot be assessed"),
        ({"patient": "p1"}, "Name the FHIR server that holds the patient."),
        ({"patient": "p1", "server": "https://ehr.example.org/fhir"}, "not one that the service may call"),
        ({"patient": "p1", "server": "ftp://127.0.0.1/fhir"}, "This FHIR server cannot be used"),
        ({"patient": "../p1", "server": "http://127.0.0.1:1/fhir"}, "Give the bare id of a FHIR Patient"),
        ({"patient": "p1", "prefetch": "some"}, "Choose how much is prefetched"),
    ],
)
def test_what_cannot_be_done_is_said_on_the_page(client: FlaskClient, fields: dict[str, str], says: str) -> None:
    answer = client.post("/sandbox", data=fields)
    assert answer.status_code == 400
    page = Page(answer.text)
    assert says in page.words()
    assert {"role": "alert", "class": "note problem", "id": "problem", "tabindex": "-1"} in [
        a for _, a in page.elements
    ]


def test_a_service_that_cannot_be_reached_by_public_url_is_said(tmp_path: Path, unused_port: int) -> None:
    url = f"http://127.0.0.1:{unused_port}"
    alone = make_app(tmp_path, sandbox=Sandbox(enabled=True), public_url=url).test_client()
    answer = alone.post("/sandbox", data={"patient": "p1", "server": f"{url}/fhir"})
    assert answer.status_code == 400
    assert f"The service did not answer at {url}" in Page(answer.text).words()


@pytest.mark.parametrize("path", ["/sandbox", "/checklist"])
@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_other_sites_pages_cannot_send_the_forms(client: FlaskClient, path: str, site: str) -> None:
    answer = client.post(path, data={"bundle": own_chart()}, headers={"Sec-Fetch-Site": site})
    assert answer.status_code == 403
    assert "own pages only" in answer.text


@pytest.mark.parametrize("path", ["/sandbox", "/checklist"])
@pytest.mark.parametrize("origin", ["https://other.example", "http://localhost:8001", "null", "http://["])
def test_nor_can_they_where_a_browser_tells_the_origin_alone(client: FlaskClient, path: str, origin: str) -> None:
    """As it does by plain http to another computer."""
    assert client.post(path, data={"bundle": own_chart()}, headers={"Origin": origin}).status_code == 403
    assert client.post(path, data={"bundle": own_chart()}, headers={"Origin": "http://localhost"}).status_code != 403


@pytest.mark.parametrize("path", ["/sandbox", "/checklist"])
def test_a_form_is_bounded_as_every_body_is(tmp_path: Path, path: str) -> None:
    small = make_app(tmp_path, sandbox=Sandbox(enabled=True), limits=Limits(body_bytes=2_000)).test_client()
    answer = small.post(path, data={"bundle": "x" * 3_000})
    assert answer.status_code == 413
    assert "larger than 2000 bytes" in answer.text
    assert small.post(path, data=b"{}", content_type="application/json").status_code == 415


def test_the_checklist_has_every_criterion_with_evidence_and_what_is_open(client: FlaskClient) -> None:
    answer = client.post("/checklist", data={"request": json.dumps(call(candidate()))})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    page = Page(answer.text)
    assert [a.get("class") for tag, a in page.elements if tag == "li" and "item" in (a.get("class") or "")] != []
    headings = page.words()
    for name in ("I1", "I8", "E1", "E31", "H3"):
        assert f"/protocol#{name}" in page.all("href")
    assert "8.4 %" in headings
    assert "Would settle it:" in headings
    assert "stored nowhere" in headings
    assert "(supports, low confidence: nothing recorded)" in headings, "what rests on silence says so"


def test_the_checklist_of_a_request_and_of_a_bundle_have_one_form(client: FlaskClient) -> None:
    by_request = Page(client.post("/checklist", data={"request": json.dumps(call(candidate()))}).text)
    by_bundle = Page(client.post("/checklist", data={"bundle": own_chart()}).text)
    for page in (by_request, by_bundle):
        criteria = {href.partition("#")[2] for href in page.all("href") if "/protocol#" in href}
        assert len(criteria) == 42
        assert [a.get("aria-labelledby") for tag, a in page.elements if tag == "svg" and "role" in a] == [
            "title-I7 desc-I7",
            "title-I8 desc-I8",
        ]


def test_the_checklist_is_made_from_an_assessment_and_its_timelines_and_nothing_else(client: FlaskClient) -> None:
    """What the hook told the sandbox, as JSON, gives the same page: no record, no request and no server is needed."""
    body = call(candidate())
    posted = client.post("/checklist", data={"request": json.dumps(body)}).text
    told = post(client, body).get_json()["extension"]["org.trial-cds.assessment"]
    series = msgspec.convert(told["timelines"], tuple[Series, ...])
    assessment = {name: told[name] for name in described_keys()}
    with client.application.test_request_context("/checklist"):
        assert render_template("checklist.html", **checklist.content(assessment, series)) == posted


def described_keys() -> set[str]:
    """The assessment's own fields, without what the sandbox adds: searches, prefetch, and how the call ended."""
    return set(described(usual()[0]))


@pytest.mark.parametrize(
    ("fields", "status", "says"),
    [
        ({"other": "x"}, 400, "in the field request"),
        ({"bundle": "[]"}, 400, "The Bundle cannot be assessed"),
        ({"request": "{}"}, 400, "is missing"),
        ({"request": json.dumps(call({}))}, 412, "Required data are missing"),
    ],
)
def test_a_checklist_that_cannot_be_made_says_why(
    client: FlaskClient, fields: dict[str, str], status: int, says: str
) -> None:
    answer = client.post("/checklist", data=fields)
    assert answer.status_code == status
    assert says in Page(answer.text).words()


def test_chart_text_is_text_on_every_page(client: FlaskClient) -> None:
    evil = '<img src=x onerror="hack()"><script>hack()</script>'
    hba1c = observation(HBA1C, 8.9, "%", "2026-11-01") | {
        "code": {"coding": [{"system": "http://loinc.org", "code": HBA1C}], "text": evil}
    }
    for path in ("/sandbox", "/checklist"):
        page = Page(client.post(path, data={"action": "bundle", "bundle": own_chart(hba1c)}).text)
        assert evil in page.text
        assert not [tag for tag, _ in page.elements if tag == "img"]
        assert all("src" in attributes for tag, attributes in page.elements if tag == "script")
