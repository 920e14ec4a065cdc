"""Feedback: both spellings, partial acceptance, duplicates, and what is never kept."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from cds_service.cds_hooks.feedback import MOST_ENTRIES, Recipient, take_feedback
from cds_service.security.tenants import Tenants
from cds_service.settings import Settings
from cds_service.storage.database import Database
from cds_service.storage.journal import Journal
from cds_service.storage.tables import feedback as table

TODAY = date(2026, 11, 25)
SYSTEM = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"
STANDARD = {
    "card": "4e0a3a1e-3283-4575-ab82-028d55fe2719",
    "outcome": "overridden",
    "outcomeTimestamp": "2026-11-22T10:00:00Z",
    "overrideReason": {
        "reason": {"system": SYSTEM, "code": "patient-refuses"},
        "userComment": "Mrs Test said no",
    },
}
EPIC = {
    "card": "123456",
    "outcome": "overridden",
    "outcomeTimestamp": "2026-11-22T10:00:00Z",
    "overrideReasons": {
        "extension": {"com.epic.cdshooks.feedback.overrideReason.reasonCategory": "45"},
        "userComment": "Mrs Test said no",
    },
}
ACCEPTED = {
    "card": "f6b95768-b1c8-40dc-8385-bf3504b82ffb",
    "outcome": "accepted",
    "outcomeTimestamp": "2026-11-22T10:00:00Z",
    "acceptedSuggestions": [{"id": "s1"}, {"id": "s2"}],
}


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(f"sqlite:///{tmp_path / 'feedback.sqlite'}")
    made.create()
    return made


def _send(database: Database, *entries: Any, keep_comments: bool = False, **settings: Any) -> dict[str, Any]:
    (tenant,) = Tenants(Settings(feedback={"store_free_text": keep_comments, **settings}))
    body = json.dumps({"feedback": entries}).encode()
    answer = take_feedback(body, Recipient(tenant, "service", TODAY), Journal(database))
    del answer["unknownCard"]  # there is no card in these tests
    return answer


def _rows(database: Database) -> list[dict[str, Any]]:
    with database.engine.connect() as connection:
        return [dict(row) for row in connection.execute(select(table).order_by(table.c.number)).mappings()]


def test_the_specified_shape_is_kept(database: Database) -> None:
    assert _send(database, STANDARD, ACCEPTED) == {"stored": 2, "alreadyKnown": 0}
    overridden, accepted = _rows(database)
    assert (overridden["reason_system"], overridden["reason_code"]) == (SYSTEM, "patient-refuses")
    assert overridden["outcome_at"] == "2026-11-22T10:00:00Z"
    assert overridden["shape"] == "standard"
    assert accepted["accepted_suggestions"] == ["s1", "s2"]
    assert accepted["shape"] == "none"


def test_epics_shape_is_kept(database: Database) -> None:
    _send(database, EPIC)
    (row,) = _rows(database)
    assert (row["card"], row["reason_code"], row["shape"]) == ("123456", "45", "epic")


def test_epics_spelling_may_be_a_list_with_a_mapped_reason(database: Database) -> None:
    _send(database, {**EPIC, "overrideReasons": [{"reason": {"system": "x", "code": "limited-time"}}]})
    assert _rows(database)[0]["reason_code"] == "limited-time"


@pytest.mark.parametrize("entry", [STANDARD, EPIC])
def test_free_text_is_kept_only_when_the_site_says_so(database: Database, entry: dict[str, Any]) -> None:
    _send(database, entry)
    _send(database, {**entry, "card": "other"}, keep_comments=True)
    assert [row["comment"] for row in _rows(database)] == [None, "Mrs Test said no"]


def test_the_same_feedback_again_changes_nothing(database: Database) -> None:
    _send(database, STANDARD)
    assert _send(database, STANDARD, ACCEPTED, ACCEPTED) == {"stored": 1, "alreadyKnown": 2}
    assert len(_rows(database)) == 2


def test_another_outcome_of_the_same_card_is_another_row(database: Database) -> None:
    _send(database, STANDARD, {**STANDARD, "outcomeTimestamp": "2026-11-22T10:00:01Z"})
    assert len(_rows(database)) == 2


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("text", "must be an object"),
        ({"outcome": "accepted"}, "card is missing"),
        ({"card": "", "outcome": "accepted"}, "card is missing"),
        ({"card": 7, "outcome": "accepted"}, "card is missing"),
        ({"card": "Ada Testperson", "outcome": "accepted"}, "is no id"),
        ({"card": "a" * 65, "outcome": "accepted"}, "is no id"),
        ({"card": "c"}, "outcome must be"),
        ({"card": "c", "outcome": "ignored"}, "outcome must be"),
    ],
)
def test_one_bad_entry_does_not_cost_the_others(database: Database, bad: Any, said: str) -> None:
    answer = _send(database, STANDARD, bad, ACCEPTED)
    assert answer["stored"] == 2
    (refused,) = answer["refused"]
    assert refused["index"] == 1
    assert said in refused["reason"]


@pytest.mark.parametrize(
    "odd",
    [
        {"overrideReason": 5},
        {"overrideReason": {"reason": "x"}},
        {"overrideReason": []},
        {"acceptedSuggestions": {"id": "s"}},
        {"acceptedSuggestions": [None, {"id": 5}]},
        {"outcomeTimestamp": 5},
        {"outcomeTimestamp": None},
        {"overrideReason": {"reason": {"code": "c" * 10_000}}},
        {"overrideReason": {"userComment": "a\0b" * 10_000}},
    ],
)
def test_odd_parts_cost_only_themselves(database: Database, odd: dict[str, Any]) -> None:
    assert _send(database, {**ACCEPTED, **odd})["stored"] == 1


def test_free_text_in_the_place_of_codes_is_not_kept(database: Database) -> None:
    text = "Mrs Test, born 1990-04-02"
    reason = {"reason": {"system": text, "code": text}}
    odd = {"outcomeTimestamp": text, "overrideReason": reason, "acceptedSuggestions": [{"id": text}]}
    assert _send(database, {**ACCEPTED, **odd})["stored"] == 1
    assert text not in str(_rows(database))


def test_a_call_of_very_many_entries_is_taken_in_part_and_says_so(database: Database) -> None:
    entries = [{**ACCEPTED, "card": f"card-{number}"} for number in range(MOST_ENTRIES + 7)]
    answer = _send(database, *entries)
    assert answer["stored"] == len(_rows(database)) == MOST_ENTRIES
    (refused,) = answer["refused"]
    assert refused["index"] == MOST_ENTRIES
    assert f"to index {MOST_ENTRIES + 6}," in refused["reason"]


def test_an_empty_batch_is_a_batch(database: Database) -> None:
    (tenant,) = Tenants(Settings())
    answer = take_feedback(b'{"feedback": []}', Recipient(tenant, "service", TODAY), Journal(database))
    assert answer == {"stored": 0, "alreadyKnown": 0}
