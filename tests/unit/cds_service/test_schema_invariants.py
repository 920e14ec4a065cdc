"""The schema of answers refuses what CDS Hooks forbids: each invariant of the specification, broken once."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import ValidationError

from tests.support.service import valid

ORDER = {
    "resourceType": "ServiceRequest", "status": "draft", "intent": "proposal",
    "subject": {"reference": "Patient/1"}, "code": {"text": "HbA1c"},
}  # fmt: skip
CARD = {
    "uuid": "0f9c3b3e-6d0f-4b8e-9a52-0c7a54c8c0f1",
    "summary": "One sentence",
    "indicator": "info",
    "detail": "More",
    "source": {"label": "A source", "topic": {"system": "s", "code": "NCT1", "display": "d"}},
    "suggestions": [
        {
            "label": "Order",
            "uuid": "1b5c8f8a-8c55-4d7d-b3d5-0a6d1f0f4c1e",
            "isRecommended": True,
            "actions": [{"type": "create", "description": "Order it", "resource": ORDER}],
        },
        {"label": "Delete", "actions": [{"type": "delete", "description": "x", "resourceId": "ServiceRequest/1"}]},
    ],
    "selectionBehavior": "any",
    "links": [{"label": "App", "url": "https://app.example.org", "type": "smart", "appContext": "x"}],
    "overrideReasons": [{"system": "s", "code": "c", "display": "d"}],
}


def broken(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    card = copy.deepcopy(CARD)
    change(card)
    return {"cards": [card]}


def test_a_card_of_everything_is_valid() -> None:
    valid("response", {"cards": [CARD]})
    valid("response", {"cards": []})


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("cds-resp-1", lambda c: (c.update(selectionBehavior="at-most-one"),
                                  c["suggestions"][1].update(isRecommended=True))),
        ("cds-resp-2: delete has no resource", lambda c: c["suggestions"][1]["actions"][0].update(resource=ORDER)),
        ("cds-resp-2: delete has an id", lambda c: c["suggestions"][1]["actions"][0].pop("resourceId")),
        ("cds-resp-3", lambda c: c["links"][0].update(type="absolute")),
        ("cds-resp-4", lambda c: c["overrideReasons"][0].pop("display")),
        ("cds-resp-5", lambda c: c["suggestions"][0]["actions"][0].pop("description")),
        ("cds-resp-6", lambda c: c.pop("selectionBehavior")),
        ("cds-resp-7", lambda c: c["suggestions"][0].update(actionSelectionBehavior="one")),
        ("a summary below 140 characters", lambda c: c.update(summary="x" * 140)),
        ("a summary of one line", lambda c: c.update(summary="x\ny")),
        ("an indicator of the three", lambda c: c.update(indicator="success")),
        ("a source with a label", lambda c: c["source"].pop("label")),
        ("a topic that Epic can keep", lambda c: c["source"]["topic"].update(code="NCT-1")),
        ("a uuid", lambda c: c.update(uuid="1")),
        ("a suggestion with a label", lambda c: c["suggestions"][0].pop("label")),
        ("a creation with its resource", lambda c: c["suggestions"][0]["actions"][0].pop("resource")),
        ("an order with its subject", lambda c: c["suggestions"][0]["actions"][0]["resource"].pop("subject")),
        ("no empty list", lambda c: c.update(links=[])),
        ("no empty text", lambda c: c.update(detail="")),
        ("no null", lambda c: c["source"].update(url=None)),
        ("extension as an object", lambda c: c.update(extension=[])),
        ("no attribute of its own", lambda c: c.update(score=0.9)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_broken_rule_is_refused(rule: str, change: Callable[[dict[str, Any]], object]) -> None:
    with pytest.raises(ValidationError):
        valid("response", broken(change))


def test_an_answer_has_its_cards_and_no_empty_system_actions() -> None:
    for answer in ({}, {"cards": [], "systemActions": []}, {"cards": None}):
        with pytest.raises(ValidationError):
            valid("response", answer)


@pytest.mark.parametrize(
    ("rule", "entry"),
    [
        ("cds-fb-1", {"card": "1", "outcome": "ignored", "outcomeTimestamp": "2026-11-22T08:00:00Z"}),
        ("cds-fb-2", {"card": "1", "outcome": "accepted", "outcomeTimestamp": "2026-11-22T08:00:00Z"}),
        ("cds-fb-3", {"card": "1", "outcome": "overridden", "outcomeTimestamp": "2026-11-22T08:00:00Z",
                      "overrideReason": {}}),
    ],
)  # fmt: skip
def test_feedback_that_breaks_a_rule_is_not_as_specified(rule: str, entry: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        valid("feedback", {"feedback": [entry]})
