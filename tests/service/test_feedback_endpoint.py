"""The feedback address: what it takes, and that a bad entry or a repetition is no error."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from tests.support.service import FEEDBACK, call, candidate, locked, make_app, post, said, valid


def _entry(card: str) -> dict[str, object]:
    return {
        "card": card,
        "outcome": "overridden",
        "outcomeTimestamp": "2026-11-22T10:00:00Z",
        "overrideReason": {
            "reason": {
                "system": "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes",
                "code": "patient-refuses",
            }
        },
    }


def test_feedback_on_a_shown_card_is_taken_once(client: FlaskClient) -> None:
    (card,) = post(client, call(candidate())).get_json()["cards"]
    body = {"feedback": [_entry(card["uuid"])]}
    valid("feedback", body)
    assert post(client, body, url=FEEDBACK).get_json() == {"stored": 1, "alreadyKnown": 0}
    assert post(client, body, url=FEEDBACK).get_json() == {"stored": 0, "alreadyKnown": 1}


def test_a_bad_entry_does_not_cost_the_batch(client: FlaskClient) -> None:
    response = post(client, {"feedback": [{}, _entry("a-card")]}, url=FEEDBACK)
    assert response.status_code == 200
    assert response.get_json()["stored"] == 1
    assert response.get_json()["refused"][0]["index"] == 0


@pytest.mark.parametrize("body", [{}, [], {"feedback": "x"}, {"feedback": None}])
def test_a_body_without_the_array_is_400(client: FlaskClient, body: object) -> None:
    response = post(client, body, url=FEEDBACK)
    assert response.status_code == 400
    assert "feedback" in said(response) or "object" in said(response)


def test_a_busy_database_is_503_and_says_what_was_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = make_app(tmp_path).test_client()
    with locked(tmp_path), monkeypatch.context() as hurried:
        hurried.setattr("cds_service.cds_hooks.feedback._BUSY_SECONDS", 0.1)
        response = post(client, {"feedback": [_entry("a-card")]}, url=FEEDBACK)
    assert response.status_code == 503
    assert "is not stored twice" in said(response)
    answer = post(client, {"feedback": [_entry("a-card")]}, url=FEEDBACK).get_json()
    assert answer["stored"] + answer["alreadyKnown"] == 1


def test_a_database_that_fails_is_503_too(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("", None, Exception())

    with monkeypatch.context() as patched:
        patched.setattr("cds_service.cds_hooks.routes.Journal.feedback", fail)
        response = post(client, {"feedback": [_entry("a-card")]}, url=FEEDBACK)
    assert response.status_code == 503
    assert "is not stored twice" in said(response)


def test_a_failure_is_not_told_in_words_about_cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("why")

    client = make_app(tmp_path).test_client()
    monkeypatch.setattr("cds_service.cds_hooks.routes.take_feedback", fail)
    response = post(client, {"feedback": []}, url=FEEDBACK)
    assert response.status_code == 500
    assert "card" not in said(response)


def test_feedback_must_be_json(client: FlaskClient) -> None:
    assert post(client, {"feedback": []}, url=FEEDBACK, content_type="text/plain").status_code == 415
