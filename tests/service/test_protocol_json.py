"""The protocol sheet as JSON: everything that the page tells, for programs."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from rules.trial_folder import load_trial

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
TRIAL = load_trial("rules.nct01374854")


@pytest.fixture(scope="module")
def protocol(app: Any) -> dict[str, Any]:
    response = app.test_client().get("/protocol.json")
    assert response.content_type == "application/json"
    content: dict[str, Any] = response.get_json()
    return content


def test_the_registry_facts_have_their_dates(protocol: dict[str, Any]) -> None:
    assert protocol["registry"] == {
        "url": "https://clinicaltrials.gov/study/NCT01374854",
        "status": "Unknown",
        "lastKnownStatus": "Active, not recruiting",
        "verified": "2012-11",
        "lastUpdate": "2012-11-20",
        "actualEnrolment": 44,
    }
    assert protocol["rulesVersion"] == TRIAL.rules_version
    assert [revision["version"] for revision in protocol["history"]] == [one.version for one in TRIAL.history]


def test_every_criterion_stands_in_it_with_text_reading_reason_and_rules(protocol: dict[str, Any]) -> None:
    assert [criterion["id"] for criterion in protocol["criteria"]] == [d.id for d in TRIAL.declarations]
    for criterion, declared in zip(protocol["criteria"], TRIAL.declarations, strict=True):
        assert criterion["text"] == declared.text
        assert criterion["interpretation"] == declared.interpretation
        assert criterion["reason"] == declared.reason
        assert criterion.get("textDefect") == declared.text_defect
        assert [rule["name"] for rule in criterion["rules"]] == [r.name for r in TRIAL.evaluables[declared.id].rules]
        assert set(criterion["limits"] if declared.limits else {}) == set(declared.limits)
        assert set(criterion.get("valueSets", ())) <= set(protocol["valueSets"])
        assert set(criterion["sources"]) <= set(protocol["sources"])


def test_numbers_keep_their_digits_and_units(protocol: dict[str, Any]) -> None:
    hba1c = next(criterion for criterion in protocol["criteria"] if criterion["id"] == "I8")
    assert hba1c["limits"]["minimum"]["value"] == "7.5"
    assert hba1c["windows"]["decide"]["days"] == 90


def test_it_says_how_missing_data_are_treated(protocol: dict[str, Any]) -> None:
    assert "unknown, with the reason" in protocol["missingData"]
    hba1c = next(criterion for criterion in protocol["criteria"] if criterion["id"] == "I8")
    assert hba1c["whenMissing"]
    assert {rule["status"] for rule in hba1c["whenMissing"]} == {"unknown"}
    assert hba1c["settledBy"] == "an HbA1c from the last 90 days"


def test_routine_care_and_the_verdict_stand_in_it_too(protocol: dict[str, Any]) -> None:
    assert [rule["name"] for rule in protocol["verdict"]] == [rule.name for rule in TRIAL.verdict_rules]
    assert "hba1c" in [test["id"] for test in protocol["standardOfCare"]["tests"]]


def test_nothing_in_it_is_empty(protocol: dict[str, Any]) -> None:
    def leaves(node: Any) -> list[Any]:
        children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        return [node, *(leaf for child in children for leaf in leaves(child))]

    assert not [node for node in leaves(protocol) if node in (None, "", [], {})]


@pytest.mark.parametrize(
    ("asked", "accept", "kind"),
    [
        ("/protocol", "application/json", "application/json"),
        ("/protocol", BROWSER, "text/html"),
        ("/protocol", "*/*", "text/html"),
        ("/protocol", None, "text/html"),
        ("/protocol?format=json", BROWSER, "application/json"),
        ("/protocol?format=html", "application/json", "text/html"),
        ("/protocol.json", BROWSER, "application/json"),
    ],
)
def test_the_sheet_is_a_page_or_json_as_the_caller_prefers(
    client: FlaskClient, asked: str, accept: str | None, kind: str
) -> None:
    answer = client.get(asked, headers={"Accept": accept} if accept else {})
    assert answer.status_code == 200
    assert answer.mimetype == kind
    if kind == "application/json":
        assert answer.data == client.get("/protocol.json").data
    if asked != "/protocol.json":
        assert "Accept" in answer.vary
