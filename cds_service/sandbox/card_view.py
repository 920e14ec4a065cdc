"""A card as an EHR shows it: Markdown as safe HTML, links that lead to the web only, what can be answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

INDICATORS = {"info": "Information", "warning": "Warning", "critical": "Critical"}


def is_web_address(url: str) -> bool:
    """True for an absolute http or https address: a card may link to nothing else."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _renderer() -> MarkdownIt:
    """Return a renderer that writes no HTML of the text's own, no picture, and no link that is not to the web."""
    renderer = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("image")
    renderer.validateLink = is_web_address  # type: ignore[method-assign]

    def link_open(tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
        tokens[index].attrSet("rel", "noopener noreferrer")
        tokens[index].attrSet("target", "_blank")
        return renderer.renderer.renderToken(tokens, index, options, env)  # type: ignore[attr-defined, no-any-return]

    renderer.add_render_rule("link_open", lambda _self, *given: link_open(*given))
    return renderer


_RENDERER = _renderer()


def rendered(markdown: str) -> Markup:
    """Return the HTML of GitHub-flavoured Markdown, in which chart text is text."""
    return Markup(_RENDERER.render(markdown))  # noqa: S704 - the renderer escapes what is not its own


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str | None
    """None for an address that is not followed: a SMART launch, or none of the web."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    uuid: str
    label: str
    actions: tuple[str, ...]
    drafts: str
    """The resources that its actions create, as JSON: what the EHR puts into the chart when it is accepted."""


@dataclass(frozen=True, slots=True)
class CardView:
    """One card."""

    uuid: str
    indicator: str
    indicator_word: str
    summary: str
    detail: Markup
    source: Link
    links: tuple[Link, ...]
    suggestions: tuple[Suggestion, ...]
    reasons: tuple[Mapping[str, str], ...]
    """Override reasons, as Codings."""


def card_view(card: Mapping[str, Any]) -> CardView:
    """Return what an EHR shows of ``card``."""
    source = card.get("source", {})
    indicator = card.get("indicator", "info")
    return CardView(
        uuid=card.get("uuid", ""),
        indicator=indicator if indicator in INDICATORS else "info",
        indicator_word=INDICATORS.get(indicator, "Information"),
        summary=card.get("summary", ""),
        detail=rendered(card.get("detail", "")),
        source=_link(source.get("label", ""), source.get("url", ""), "absolute"),
        links=tuple(_link(li.get("label", ""), li.get("url", ""), li.get("type", "")) for li in card.get("links", ())),
        suggestions=tuple(_suggestion(given) for given in card.get("suggestions", ())),
        reasons=tuple(card.get("overrideReasons", ())),
    )


def _suggestion(given: Mapping[str, Any]) -> Suggestion:
    actions = given.get("actions", ())
    created = [action["resource"] for action in actions if action.get("type") == "create" and "resource" in action]
    return Suggestion(
        uuid=given.get("uuid", ""),
        label=given.get("label", ""),
        actions=tuple(action.get("description", "") for action in actions),
        drafts=orjson.dumps(created).decode(),
    )


def _link(label: str, url: str, kind: str) -> Link:
    return Link(label, url if kind == "absolute" and is_web_address(url) else None)
