"""Reads the prefetch part of a request: for each key, one of the states that decide what is pulled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from cds_service.patient_data.answers import NotAnAnswer, OutcomeInstead, Page, read_page
from cds_service.patient_data.query_plan import PREFETCH, TYPES
from rules.searches import COMPLETE, Search, SearchState


class PrefetchState(StrEnum):
    """What the client sent for a key."""

    ABSENT = "absent"
    """Nothing: pull it."""
    EMPTY = "empty"
    """The client looked and there is nothing: do not pull."""
    DATA = "data"
    PAGED = "paged"
    """The first page of more."""
    UNAVAILABLE = "unavailable"
    """The client could not get it: the data stay unknown, and asking again would fail again."""
    UNREADABLE = "unreadable"
    """Something that is no FHIR answer, such as an HTML page: pull it, if there is a server."""


@dataclass(frozen=True, slots=True)
class Prefetched:
    """The value of one key."""

    state: PrefetchState
    search: Search
    page: Page = field(default_factory=Page)


ABSENT = Prefetched(PrefetchState.ABSENT, Search(SearchState.NOT_ASKED, "not sent by the EHR"))
EMPTY = Prefetched(PrefetchState.EMPTY, COMPLETE)
_SHORT = Search(SearchState.TRUNCATED, "the EHR sent only the first part")


def read_prefetch(prefetch: Mapping[str, msgspec.Raw]) -> dict[str, Prefetched]:
    """Return what was sent for each key of the templates; other keys are ignored."""
    return {key: _read(key, prefetch[key]) if key in prefetch else ABSENT for key in PREFETCH}


def _read(key: str, raw: msgspec.Raw) -> Prefetched:
    if bytes(raw).strip() == b"null":
        return EMPTY
    try:
        page = read_page(raw, TYPES[key])
    except OutcomeInstead as outcome:
        reason = f"the EHR could not provide it: {outcome.search.reason}"
        return Prefetched(PrefetchState.UNAVAILABLE, Search(outcome.search.state, reason))
    except NotAnAnswer as error:
        reason = f"what the EHR sent cannot be read: {error}"
        return Prefetched(PrefetchState.UNREADABLE, Search(SearchState.FAILED, reason))
    return _of_page(page)


def _of_page(page: Page) -> Prefetched:
    if page.next_url is not None or is_short(page.total, page.matches):
        return Prefetched(PrefetchState.PAGED, _SHORT, page)
    if not page.reads and page.search == COMPLETE:
        return EMPTY
    return Prefetched(PrefetchState.DATA, page.search, page)


def is_short(total: int | None, matches: int) -> bool:
    """True when fewer entries came than the server counted. The reverse proves nothing."""
    return total is not None and total > matches
