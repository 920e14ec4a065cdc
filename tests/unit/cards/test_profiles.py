"""What each kind of EHR makes of a card: pure functions, so every rule is shown on a card that breaks it."""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec import structs

from cards import CardSettings, build_cards
from cards.profiles import PROFILES
from cards.profiles.epic import CONTENT_TYPE
from tests.support.assessments import REGISTRY, assessment, result, trial_for, usual
from tests.support.markdown import Rendered
from tests.support.service import valid

EACH = pytest.mark.parametrize("name", PROFILES)
SUGGESTION = "0f9c3b3e-6d0f-4b8e-9a52-0c7a54c8c0f1"


def rich_card() -> dict[str, Any]:
    """A card of everything that CDS Hooks allows, and of which one EHR or the other cannot make use."""
    order = {"resourceType": "ServiceRequest", "status": "draft", "intent": "proposal"}
    return {
        "uuid": str(uuid4()),
        "summary": "A card of everything",
        "indicator": "critical",
        "detail": "Some text",
        "source": {
            "label": "A source",
            "topic": {"system": "https://cds.example.org", "code": "NCT-01374854 (T1D)" + "x" * 200},
        },
        "suggestions": [
            {
                "label": "Two orders and a task",
                "uuid": SUGGESTION,
                "isRecommended": True,
                "actions": [
                    {"type": "create", "description": "Order one", "resource": order},
                    {"type": "update", "description": "Update it", "resource": order},
                    {"type": "create", "description": "A task", "resource": {"resourceType": "Task"}},
                    {"type": "create", "description": "Order two", "resource": order},
                    {"type": "delete", "description": "Delete it", "resourceId": "ServiceRequest/1"},
                ],
            },
            {"label": "A task alone", "actions": [{"type": "create", "resource": {"resourceType": "Task"}}]},
        ],
        "selectionBehavior": "at-most-one",
        "links": [
            {"label": "App", "url": "https://app.example.org/launch", "type": "smart", "appContext": "secret"},
            {"label": "Page", "url": "https://page.example.org/", "type": "absolute"},
        ],
        "overrideReasons": [{"system": "s", "code": "c", "display": "d"}],
    }


def adapted(name: str, hosts: frozenset[str] | None = None) -> dict[str, Any]:
    return PROFILES[name].adapt(rich_card(), hosts)


def card(name: str, **settings: Any) -> dict[str, Any]:
    given, trial = usual()
    chosen = CardSettings("https://cds.example.org", profile=name, **settings)
    [only] = build_cards(given, trial, chosen, new_uuid=lambda: str(uuid4()))
    return only


@EACH
def test_a_profile_changes_nothing_that_it_was_given(name: str) -> None:
    given = rich_card()
    before = copy.deepcopy(given)
    PROFILES[name].adapt(given, frozenset({"page.example.org"}))
    assert given == before


@EACH
@pytest.mark.parametrize("hosts", [None, frozenset(), frozenset({"clinicaltrials.gov"})])
def test_every_card_keeps_the_schema(name: str, hosts: frozenset[str] | None) -> None:
    valid("response", {"cards": [card(name, link_hosts=hosts)]})


@EACH
def test_links_to_hosts_that_are_not_listed_are_left_out(name: str) -> None:
    assert [link["url"] for link in adapted(name, frozenset({"page.example.org"}))["links"]] == [
        "https://page.example.org/"
    ]
    assert "links" not in adapted(name, frozenset())
    shown = card(name, link_hosts=frozenset({"clinicaltrials.gov"}))
    assert [link["url"] for link in shown["links"]] == [REGISTRY.url]
    assert Rendered(shown["detail"]).links == [REGISTRY.url], "nor does the text link to others"


def test_generic_is_the_card_as_the_specification_has_it() -> None:
    given = rich_card()
    assert PROFILES["generic"].adapt(given, None) == given


# --- Epic ---


def test_epic_takes_one_action_a_suggestion_of_the_resources_it_can_create_or_delete() -> None:
    shown = adapted("epic")
    assert shown["selectionBehavior"] == "any"
    actions = [suggestion["actions"] for suggestion in shown["suggestions"]]
    assert [[a["description"] for a in one] for one in actions] == [["Order one"], ["Order two"], ["Delete it"]]
    ids = [suggestion["uuid"] for suggestion in shown["suggestions"]]
    assert ids[0] == SUGGESTION
    assert len({UUID(one) for one in ids}) == 3
    assert ids == [suggestion["uuid"] for suggestion in adapted("epic")["suggestions"]]


def test_epic_ticks_nothing_beforehand() -> None:
    assert not any("isRecommended" in suggestion for suggestion in adapted("epic")["suggestions"])


def test_epic_gets_no_behaviour_without_a_suggestion() -> None:
    given = {**rich_card(), "suggestions": rich_card()["suggestions"][1:]}
    assert not {"suggestions", "selectionBehavior"} & set(PROFILES["epic"].adapt(given, None))


def test_epic_shows_the_description_of_an_action_so_the_label_stands_in_for_a_missing_one() -> None:
    given = rich_card()
    del given["suggestions"][0]["actions"][0]["description"]
    first = PROFILES["epic"].adapt(given, None)["suggestions"][0]
    assert (first["label"], first["actions"][0]["description"]) == ("Two orders and a task",) * 2


def test_epic_remembers_overrides_by_a_topic_of_letters_and_digits() -> None:
    code = adapted("epic")["source"]["topic"]["code"]
    assert re.fullmatch(r"[A-Za-z0-9]{100}", code)
    assert code.startswith("NCT01374854T1D")
    assert card("epic")["source"]["topic"]["code"] == card("generic")["source"]["topic"]["code"]


def test_epic_is_told_that_the_detail_is_markdown() -> None:
    assert card("epic")["extension"] == {CONTENT_TYPE: "text/markdown; variant=GitHub"}
    assert "extension" not in card("generic")


# --- Oracle Health ---


def test_oracle_gets_no_app_context_and_no_window_that_interrupts() -> None:
    shown = adapted("oracle")
    assert "appContext" not in str(shown)
    assert shown["indicator"] == "warning"
    assert card("oracle")["indicator"] == "info"


def test_oracle_gets_a_text_for_a_narrow_panel() -> None:
    wide, narrow = card("generic")["detail"], card("oracle")["detail"]
    assert len(narrow) < len(wide)
    assert "table" not in Rendered(narrow).tags
    assert "Source:" not in narrow
    for needed in (
        "**Why:**",
        "**Recruitment:**",
        "**Open: 8 items",
        "68 mmol/mol on 2025",
        "Not a determination of eligibility",
    ):
        assert needed in narrow.replace("\\-", "-")


def test_oracle_still_says_which_texts_were_interpreted() -> None:
    shown = Rendered(card("oracle")["detail"]).text
    assert "I1, I8, E3: how the text was read stands on the protocol sheet." in shown


@EACH
def test_a_longer_list_is_cut_where_the_layout_says(name: str) -> None:
    given = assessment(*(result(f"E{n}") for n in range(1, 10)))
    [shown] = build_cards(given, trial_for(given), CardSettings("https://c.example", profile=name), new_uuid=lambda: "")
    most = PROFILES[name].layout.gaps
    assert f"and {9 - most} more" in shown["detail"]


@EACH
def test_confidential_items_are_named_in_no_profile(name: str) -> None:
    given, trial = usual()
    secret = replace(
        given, criteria=tuple(structs.replace(r, label="SECRET") if r.sensitive else r for r in given.criteria)
    )
    [shown] = build_cards(
        secret, trial, CardSettings("https://cds.example.org", profile=name), new_uuid=lambda: str(uuid4())
    )
    assert str(shown).count("SECRET") == 1, "I2, a question for everybody"
