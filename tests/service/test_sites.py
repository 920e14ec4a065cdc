"""The sandbox's sites: the same service at an address for each kind of EHR, only in the sandbox's open mode."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.setting_parts import Sandbox
from cds_service.settings import Settings
from tests.support import fault_server
from tests.support.fault_server import FaultServer
from tests.support.service import SERVICE, call, candidate, make_app, post, valid

ORIGIN = "https://sandbox.cds-hooks.org"
OTHERS = ("epic", "oracle", "generic-recruiting", "epic-recruiting", "oracle-recruiting")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    return make_app(tmp_path_factory.mktemp("sites"), sandbox=Sandbox(enabled=True)).test_client()


def card_at(client: FlaskClient, site: str, **more: Any) -> dict[str, Any]:
    answer = post(client, call(candidate(), **more), f"/sandbox/{site}{SERVICE}" if site else SERVICE).get_json()
    valid("response", answer)
    (card,) = answer["cards"]
    return dict(card)


def test_without_the_sandbox_there_are_none(tmp_path: Path) -> None:
    plain = make_app(tmp_path).test_client()
    for site in OTHERS:
        assert plain.get(f"/sandbox/{site}/cds-services").status_code == 404


@pytest.mark.parametrize("site", OTHERS)
def test_each_has_a_discovery_a_hook_and_feedback(client: FlaskClient, site: str) -> None:
    assert client.get(f"/sandbox/{site}/cds-services").get_json() == client.get("/cds-services").get_json()
    card = card_at(client, site)
    entry = {"card": card["uuid"], "outcome": "overridden", "outcomeTimestamp": "2026-11-22T10:00:00Z"}
    answer = post(client, {"feedback": [entry]}, f"/sandbox/{site}{SERVICE}/feedback")
    assert answer.get_json() == {"stored": 1, "alreadyKnown": 0}


def test_cards_are_made_for_the_kind_of_ehr(client: FlaskClient) -> None:
    assert "com.epic.cdshooks.card.detail.content-type" in card_at(client, "epic")["extension"]
    assert "extension" not in card_at(client, "")
    assert "Source: " in card_at(client, "")["detail"]
    assert "Source: " not in card_at(client, "oracle")["detail"]


def test_a_recruiting_site_suggests_overdue_tests_and_says_that_it_is_none(client: FlaskClient) -> None:
    with FaultServer(otherwise=fault_server.empty) as fhir:
        asking = card_at(client, "generic-recruiting", fhirServer=fhir.base_url)
        plain = card_at(client, "", fhirServer=fhir.base_url)
    assert asking["suggestions"][0]["label"].endswith("overdue in routine care")
    assert "Nobody, invented for the sandbox, stated on 2026-11-22" in asking["detail"].replace("\\", "")
    assert "DEMONSTRATION – NOT A RECRUITING TRIAL" in asking["detail"]
    assert "suggestions" not in plain
    assert "Nobody" not in plain["detail"]


def test_what_is_put_aside_at_one_site_is_not_at_another(tmp_path: Path) -> None:
    client = make_app(tmp_path, sandbox=Sandbox(enabled=True)).test_client()  # the others are to see its cards
    card = card_at(client, "oracle")
    reason = {"reason": {"code": "patient-refuses"}}
    entry = {"card": card["uuid"], "outcome": "overridden", "overrideReason": reason}
    post(client, {"feedback": [entry]}, f"/sandbox/oracle{SERVICE}/feedback")
    assert post(client, call(candidate()), f"/sandbox/oracle{SERVICE}").get_json()["cards"] == []
    assert card_at(client, "oracle-recruiting")


def test_browser_based_clients_may_call_them_as_they_may_the_service(client: FlaskClient) -> None:
    for path in ("/cds-services", "/sandbox/epic/cds-services"):
        headers = client.options(path, headers={"Origin": ORIGIN}).headers
        assert headers["Access-Control-Allow-Origin"] == ORIGIN
    for path in ("/sandbox", "/sandbox/epic/cds-services-not", "/cds-servicesx"):
        assert "Access-Control-Allow-Origin" not in client.get(path, headers={"Origin": ORIGIN}).headers


def test_the_page_offers_each_kind_of_ehr(client: FlaskClient) -> None:
    text = client.get("/sandbox").text
    for title in ("Any CDS Hooks client", "Epic", "Oracle Health"):
        assert f">{title}</option>" in text
    answer = client.post("/sandbox", data={"patient": "p1", "ehr": "other", "server": "http://127.0.0.1:1/fhir"})
    assert answer.status_code == 400
    assert "Choose one of these kinds of EHR: generic, epic, oracle." in answer.text


def test_a_pasted_bundle_gives_the_card_of_that_ehr(client: FlaskClient) -> None:
    own = {"resourceType": "Bundle", "type": "collection", "entry": []}
    for value in candidate().values():
        own["entry"] += value.get("entry", [{"resource": value}])  # type: ignore[operator]
    form = {"action": "bundle", "bundle": json.dumps(own)}
    wide, narrow = (client.post("/sandbox", data={**form, "ehr": ehr}).text for ehr in ("generic", "oracle"))
    assert "No record of" in wide
    assert "Source: Observation/" in wide
    assert "Source: Observation/" not in narrow


def test_another_default_profile_is_the_first_site() -> None:
    from cds_service.sandbox.sites import sites
    from cds_service.security.tenants import Tenants
    from tests.support.service import TODAY

    settings = Settings(sandbox=Sandbox(enabled=True), open={"profile": "epic"})  # type: ignore[arg-type]
    found = sites(settings, Tenants(settings), TODAY)
    assert [(site.profile, site.recruiting, site.path) for site in found][:2] == [
        ("epic", False, ""),
        ("generic", False, "/sandbox/generic"),
    ]
    assert len(found) == 6
