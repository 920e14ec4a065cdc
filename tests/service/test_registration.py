"""The registration sheets: complete, in step with what the service really does, as a page and as JSON."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cards.card import TOPIC_SUFFIX
from cards.override_reasons import REASONS
from cds_service.cli import _parser
from cds_service.fatigue_settings import Fatigue
from cds_service.pauses import pauses
from cds_service.registration.ehrs import EHRS
from cds_service.setting_parts import FeedbackSettings, Limits
from cds_service.storage.retention import rules
from cds_service.storage.tables import metadata
from cds_service.tenant_settings import TenantSettings
from tests.service.test_pages import Page
from tests.support.service import TODAY, call, candidate, make_app, post
from tests.support.tokens import PUBLIC_URL, st_mary

EACH = pytest.mark.parametrize("ehr", EHRS)
URL = "https://cds.example.org/trial"


def sheet(client: FlaskClient, ehr: str) -> dict[str, Any]:
    content: dict[str, Any] = client.get(f"/registration/{ehr}?format=json").get_json()
    return content


@pytest.fixture(scope="module")
def configured(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    limits = Limits(deadline_seconds=2.5)
    feedback = FeedbackSettings(store_free_text=True)
    fatigue = Fatigue(limited_time_days=3)
    folder = tmp_path_factory.mktemp("configured")
    app = make_app(folder, public_url=URL, limits=limits, feedback=feedback, fatigue=fatigue)
    return app.test_client()


@EACH
def test_the_page_shows_what_has_to_be_entered(client: FlaskClient, ehr: str) -> None:
    response = client.get(f"/registration/{ehr}")
    assert response.content_type == "text/html; charset=utf-8"
    words = Page(response.get_data(as_text=True)).words()
    shown = sheet(client, ehr)
    wanted = [row["template"] for row in (*shown["prefetch"], *shown["pulled"])]
    wanted += [
        *shown["endpoints"].values(),
        *shown["steps"],
        *shown["stored"]["notes"],
        *shown["test"],
        *shown["jwt"]["notes"],
    ]
    wanted += [reason["code"] for reason in shown["overrideReasons"]]
    wanted += [shown["topic"]["code"], shown["preFilter"]["where"], " ".join(shown["scopes"]["v2"])]
    assert [text for text in wanted if text not in words] == []


@EACH
def test_the_sheet_is_in_step_with_discovery_and_with_the_cards(client: FlaskClient, ehr: str) -> None:
    shown = sheet(client, ehr)
    (service,) = client.get("/cds-services").get_json()["services"]
    assert {row["key"]: row["template"] for row in shown["prefetch"]} == service["prefetch"]
    assert shown["service"]["id"] == service["id"]
    (card,) = post(client, call(candidate())).get_json()["cards"]
    assert shown["topic"]["code"] == card["source"]["topic"]["code"]
    assert shown["topic"]["code"].endswith(TOPIC_SUFFIX)
    assert shown["links"]["links"] == card["links"]
    reasons = [{name: reason[name] for name in ("code", "system", "display")} for reason in shown["overrideReasons"]]
    assert reasons == card["overrideReasons"]
    assert [reason["code"] for reason in shown["overrideReasons"]] == list(REASONS)


@EACH
def test_the_addresses_are_those_of_the_setting(configured: FlaskClient, ehr: str) -> None:
    host = {"Host": "cds.example.org"}
    shown = configured.get(f"/registration/{ehr}?format=json", headers=host).get_json()
    assert shown["endpoints"]["service"] == f"{URL}/cds-services/t1dm-trial-screening"
    assert shown["jwt"]["audiences"] == {
        "discovery": f"{URL}/cds-services",
        "service": f"{URL}/cds-services/t1dm-trial-screening",
        "feedback": f"{URL}/cds-services/t1dm-trial-screening/feedback",
    }
    assert shown["links"]["hosts"] == ["cds.example.org", "clinicaltrials.gov"]
    assert shown["latency"]["deadlineSeconds"] == 2.5
    assert "Comments in feedback are kept" in " ".join(shown["stored"]["notes"])
    pauses = {reason["code"]: reason["pause"]["days"] for reason in shown["overrideReasons"]}
    assert (pauses["limited-time"], pauses["patient-refuses"]) == (3, 365)
    assert shown["stored"]["purge"] == "trial-cds purge --older-than 365d"


@EACH
def test_the_first_step_of_the_test_works_through_a_proxy_that_keeps_health_for_operators(
    client: FlaskClient, tmp_path: Path, ehr: str
) -> None:
    app = make_app(tmp_path, public_url=PUBLIC_URL, tenants=(st_mary().tenant(tmp_path),))
    for asked, status in ((client, 200), (app.test_client(), 401)):
        shown = sheet(asked, ehr)
        assert "health" not in str(shown)
        assert f"answers {status}, from the network of the EHR" in shown["test"][0]
        assert asked.get("/cds-services").status_code == status


@EACH
def test_every_search_says_why_it_is_needed(client: FlaskClient, ehr: str) -> None:
    shown = sheet(client, ehr)
    assert all(row["readBy"] for row in (*shown["prefetch"], *shown["pulled"]))


def test_scopes_are_the_least_that_is_needed(client: FlaskClient) -> None:
    shown = {ehr: sheet(client, ehr)["scopes"] for ehr in EHRS}
    assert shown["generic"]["v1"] == [scope.replace(".rs", ".read") for scope in shown["generic"]["v2"]]
    assert not any(scope.endswith((".cruds", ".write", "*.rs")) for scope in shown["generic"]["v2"])
    assert "v1" not in shown["oracle"], "Oracle Health refuses the first version's spelling"
    for ehr in ("epic", "oracle"):
        assert "patient/MedicationStatement.rs" not in shown[ehr]["v2"]
    assert shown["generic"]["onlyWithSuggestedOrders"] == ["patient/ServiceRequest.rs"]
    assert "patient/ServiceRequest.rs" not in shown["generic"]["v2"]


def test_token_figures_are_those_of_a_tenant_by_default(client: FlaskClient) -> None:
    jwt = sheet(client, "epic")["jwt"]
    assert jwt["header"]["alg"] == ["ES384", "RS384"]
    assert (jwt["maxTokenSeconds"], jwt["leewaySeconds"]) == (300, 60)
    entered = [row["setting"] for row in jwt["operatorEnters"]]
    assert set(entered) <= set(TenantSettings.model_fields)
    assert "subject" in entered
    assert "subject" not in [row["setting"] for row in sheet(client, "oracle")["jwt"]["operatorEnters"]]
    assert all(row["means"] for row in jwt["operatorEnters"])


def test_the_native_conditions_come_from_the_trial(client: FlaskClient) -> None:
    age, diabetes = sheet(client, "epic")["preFilter"]["conditions"]
    assert age["limits"] == ["at least 18 years", "at most 65 years"]
    assert any(codes.startswith("ICD-10-CM E10") for codes in diabetes["codes"])
    assert any(codes.startswith("SNOMED CT ") for codes in diabetes["codes"])


@pytest.mark.parametrize(
    ("query", "accept", "kind"),
    [
        ("", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"),
        ("", "application/json", "application/json"),
        ("", "*/*", "text/html; charset=utf-8"),
        ("?format=json", "text/html", "application/json"),
        ("?format=html", "application/json", "text/html; charset=utf-8"),
    ],
)
def test_page_or_json(client: FlaskClient, query: str, accept: str, kind: str) -> None:
    assert client.get(f"/registration/epic{query}", headers={"Accept": accept}).content_type == kind


def test_there_is_no_other_sheet(client: FlaskClient) -> None:
    response = client.get("/registration/meditech")
    assert response.status_code == 404
    assert "generic, epic, oracle" in response.get_json(force=True)["issue"][0]["diagnostics"]


def test_what_is_stored_is_what_the_tables_hold(client: FlaskClient) -> None:
    tables = {row["name"]: row for row in sheet(client, "generic")["stored"]["tables"]}
    assert set(tables) == set(metadata.tables)
    assert "patient_hash" in tables["cards_shown"]["columns"]
    assert all(row["row"] and row["deleted"] for row in tables.values())


@EACH
def test_it_says_how_what_is_stored_is_deleted(client: FlaskClient, ehr: str) -> None:
    """The command that the sheet names is one, and what it says of each table is what the command does."""
    stored = sheet(client, ehr)["stored"]
    assert stored["purge"] in " ".join(stored["notes"])
    program, *arguments = shlex.split(stored["purge"])
    assert program == "trial-cds"
    days = int(_parser().parse_args(arguments).older_than)
    by_purge = {rule.table.name for rule in rules(TODAY, TODAY, 0.0, [pauses(Fatigue())])}
    assert days == 365
    assert by_purge == {row["name"] for row in stored["tables"] if row["deleted"] != "never"}


def test_latency_was_measured(client: FlaskClient) -> None:
    measured = sheet(client, "generic")["latency"]["measured"]
    assert len(measured["rows"]) == 3
    assert all(0 < row["medianMs"] <= row["p95Ms"] for row in measured["rows"])


def test_no_sheet_names_a_folder_of_this_machine(client: FlaskClient) -> None:
    for ehr in EHRS:
        assert str(Path.cwd()) not in client.get(f"/registration/{ehr}").get_data(as_text=True)
