"""A card as an EHR shows it: Markdown is rendered, and nothing in it can act."""

from __future__ import annotations

import pytest

from cds_service.sandbox.card_view import card_view, rendered
from cds_service.sandbox.no_card import why_no_card
from cds_service.sandbox.shorten import shortened


def test_markdown_is_rendered() -> None:
    html = rendered("**Why**: it fits\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |")
    for element in ("<strong>Why</strong>", "<li>one</li>", "<td>2</td>"):
        assert element in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>hack()</script>",
        '<img src=x onerror="hack()">',
        "[x](javascript:hack())",
        "[x](data:text/html,hack)",
        "[x](vbscript:hack)",
        "[x](//evil.example/a)",
        "[x](/local)",
        "<javascript:hack()>",
    ],
)
def test_neither_html_nor_other_links_come_through(text: str) -> None:
    html = rendered(text)
    assert "<script" not in html
    assert "<img" not in html
    assert "href" not in html


def test_a_picture_is_not_loaded_and_a_web_link_opens_elsewhere() -> None:
    assert "<img" not in rendered("![x](https://e.example/p.png)")
    assert rendered("[x](https://e.example/p)") == (
        '<p><a href="https://e.example/p" rel="noopener noreferrer" target="_blank">x</a></p>\n'
    )


def test_links_lead_to_the_web_or_nowhere() -> None:
    view = card_view(
        {
            "uuid": "u",
            "summary": "s",
            "indicator": "hard-stop",
            "source": {"label": "l", "url": "javascript:x"},
            "links": [
                {"label": "web", "url": "https://e.example", "type": "absolute"},
                {"label": "app", "url": "https://e.example/launch", "type": "smart"},
            ],
            "suggestions": [{"uuid": "s1", "label": "Order", "actions": [{"description": "HbA1c"}]}],
        }
    )
    assert (view.indicator, view.source.url) == ("info", None)
    assert [link.url for link in view.links] == ["https://e.example", None]
    assert view.suggestions[0].actions == ("HbA1c",)


@pytest.mark.parametrize(
    ("explanation", "says"),
    [
        ({"outcome": "suppressed", "cause": "limited-time"}, "put aside earlier with “Not now”"),
        (
            {"outcome": "suppressed", "cause": "inappropriate-recipient"},
            "“Not my role”, which holds for every patient. Choose another kind of EHR, or start the demo anew.",
        ),
        ({"outcome": "suppressed", "cause": "shown-lately"}, "shown on another day"),
        ({"outcome": "filtered", "cause": "inpatient"}, "no card here, whatever the chart says (inpatient)"),
        ({"outcome": "no-card", "cause": "no-attestation"}, "statement that it recruits"),
        ({"outcome": "no-card", "cause": "not-eligible"}, "A clinician would see nothing."),
        ({}, "A clinician would see nothing."),
    ],
)
def test_why_there_is_no_card(explanation: dict[str, str], says: str) -> None:
    assert says in why_no_card(explanation)


def test_of_a_prefetched_bundle_the_first_entry_is_shown_and_the_rest_counted() -> None:
    given = {"hook": "patient-view", "prefetch": {"labs": {"entry": [1, 2, 3]}, "social": None, "patient": {"id": "p"}}}
    assert shortened(given)["prefetch"] == {
        "labs": {"entry": [1, "... and 2 more, left out here"]},
        "social": None,
        "patient": {"id": "p"},
    }
    assert shortened({"hook": "x"}) == {"hook": "x"}
