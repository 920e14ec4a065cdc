"""What a profile is: a layout for the text, and a pure function from a card to the same card for one EHR."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

Card = dict[str, Any]
"""A CDS Hooks card, as JSON has it."""

Hosts = Collection[str] | None
"""Hosts to which a card may link, lower case; None for no such list."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How much of an assessment the detail shows."""

    gaps: int = 5
    """Open items listed in one group; the rest is counted."""
    gap_reasons: bool = True
    """A missing item tells why it is open, not only what would settle it."""
    sources: int = 2
    """Entries of the record named for one criterion."""
    data_gaps: int = 8
    cleared_values: bool = True
    """Exclusions that were not found are shown with their values, not by name only."""
    defects_in_full: bool = True
    """Each defect of the study's text is told; else only which criteria have one."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of EHR."""

    name: str
    layout: Layout
    adapt: Callable[[Card, Hosts], Card]
    """Returns a new card that the EHR takes; the given one stays as it is."""


def without(card: Card, *names: str) -> Card:
    """Return ``card`` without the attributes ``names``: CDS Hooks has no empty attribute, only an absent one."""
    return {name: value for name, value in card.items() if name not in names}


def with_links(card: Card, hosts: Hosts) -> Card:
    """Return ``card`` with only those of its links that lead to one of ``hosts``."""
    if hosts is None or "links" not in card:
        return card
    kept = [link for link in card["links"] if is_listed(link["url"], hosts)]
    return {**card, "links": kept} if kept else without(card, "links")


def is_listed(url: str, hosts: Hosts) -> bool:
    """Return whether a card may link to ``url``."""
    return hosts is None or (urlsplit(url).hostname or "") in hosts
