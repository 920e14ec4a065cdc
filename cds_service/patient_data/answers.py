"""Reads what answers a FHIR search, from a server or in prefetch: a Bundle, one resource, or a refusal.

Entries are read one by one, so that one bad resource never costs the rest. Reasons are fixed sentences for
clinicians: nothing of an answer's own text is passed on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from cds_service.patient_data.query_plan import INCLUDED
from rules.decoding import UNDECODABLE, Unreadable
from rules.entries import Entry, ReadEntry, read_entry
from rules.resources import AnyResource
from rules.searches import COMPLETE, Search, SearchState


class NotAnAnswer(ValueError):
    """The content is no FHIR answer to the search; the message says what it is, not what it holds."""


class OutcomeInstead(Exception):
    """An OperationOutcome stands where data should; ``search`` says what that means."""

    def __init__(self, search: Search) -> None:
        self.search = search
        super().__init__(search.reason)


@dataclass(slots=True)
class Page:
    """One page of an answer."""

    reads: list[ReadEntry] = field(default_factory=list)
    search: Search = COMPLETE
    """Complete, with a remark in ``reason`` perhaps, or suppressed."""
    matches: int = 0
    """Entries that the server counts as found, of whatever type."""
    total: int | None = None
    next_url: str | None = None
    """The link to the next page, as given; empty when there is one that cannot be read."""


class _Mode(msgspec.Struct):
    mode: str | None = None


class _Entry(msgspec.Struct, rename="camel"):
    resource: msgspec.Raw = msgspec.Raw(b"")
    full_url: str | None = None
    search: _Mode | None = None


class _Link(msgspec.Struct):
    relation: str | None = None
    url: str | None = None


class _Bundle(msgspec.Struct, rename="camel"):
    entry: list[_Entry | None] | None = None
    link: list[_Link | None] | None = None
    total: int | None = None


class _LooseBundle(msgspec.Struct):
    """A Bundle in which some entry, link or total is not as FHIR has it."""

    entry: list[msgspec.Raw] | None = None
    link: Any = None


class _Detail(msgspec.Struct):
    code: str | None = None


class _Details(msgspec.Struct):
    coding: list[_Detail] | None = None


class _Issue(msgspec.Struct):
    severity: str | None = None
    code: str | None = None
    details: _Details | None = None

    @property
    def codes(self) -> set[str]:
        """The issue's FHIR code, and the server's own."""
        own = {c.code.strip() for c in (self.details.coding or () if self.details else ()) if c.code}
        return own | {(self.code or "").strip().lower()}


class _ReportEntry(msgspec.Struct, tag_field="resourceType", tag="OperationOutcome"):
    """An OperationOutcome among the entries."""

    issue: list[_Issue] | None = None


class _PlainEntry(ReadEntry, frozen=True, rename="camel"):
    """An entry as it should be, read together with the page."""

    resource: AnyResource | _ReportEntry
    search: _Mode | None = None


class _PlainBundle(msgspec.Struct, rename="camel"):
    """A Bundle in which every entry is of a type the rules use, or a report, and all of it can be read."""

    resource_type: Literal["Bundle"]
    entry: list[_PlainEntry | None] | None = None
    link: list[_Link | None] | None = None
    total: int | None = None


class _Head(msgspec.Struct, rename="camel"):
    resource_type: str | None = None


class _Outcome(msgspec.Struct, rename="camel"):
    resource_type: str | None = None
    issue: list[_Issue] | None = None


_HEAD = msgspec.json.Decoder(_Head, strict=False)
_PLAIN = msgspec.json.Decoder(_PlainBundle, strict=False)
_BUNDLE = msgspec.json.Decoder(_Bundle, strict=False)
_LOOSE = msgspec.json.Decoder(_LooseBundle, strict=False)
_ENTRY = msgspec.json.Decoder(_Entry, strict=False)
_OUTCOME = msgspec.json.Decoder(_Outcome, strict=False)

_NO_RESULTS = frozenset({"4101"})
"""Epic: nothing found."""
_HELD_BACK = frozenset(
    {"suppressed", "forbidden", "security", "incomplete", "too-costly", "timeout", "throttled", "transient",
     "59204", "59205", "4118", "4119", "4130", "4131", "59133"}
)  # fmt: skip
"""FHIR's issue codes and Epic's own that say: there is, or may be, more than what was sent."""
_DENIED = frozenset({"forbidden", "security", "login", "expired", "suppressed"})
_ERRORS = frozenset({"error", "fatal"})

HELD_BACK = Search(SearchState.SUPPRESSED, "the server held back some results, such as outside records")
ERROR_REPORT = Search(SearchState.FAILED, "an error report came instead of data")
DENIED = Search(SearchState.FORBIDDEN, "access was refused")
PARAMETER_IGNORED = "the server ignored a part of the search"


def read_page(content: bytes | msgspec.Raw, types: frozenset[str]) -> Page:
    """Read a Bundle, or one resource of ``types``, into a page.

    Raises `NotAnAnswer` for anything else, and `OutcomeInstead` for an OperationOutcome.
    """
    try:
        return _page_of(_PLAIN.decode(content), types)
    except UNDECODABLE:
        return _read_carefully(content, types)


def _page_of(bundle: _PlainBundle, types: frozenset[str]) -> Page:
    page = Page(total=bundle.total, next_url=_next_of(bundle.link))
    for entry in bundle.entry or ():
        if entry is None:
            continue
        mode = entry.search.mode if entry.search else None
        if isinstance(entry.resource, _ReportEntry):
            _add_report(page, entry.resource.issue or [], mode)
        elif mode != "outcome":
            _add_resource(page, entry, mode, types)
    return page


def _read_carefully(content: bytes | msgspec.Raw, types: frozenset[str]) -> Page:
    """Read what is no plain page step by step, so that one bad or unknown part costs nothing else."""
    try:
        kind = _HEAD.decode(content).resource_type
    except UNDECODABLE:
        raise NotAnAnswer(_nature(bytes(content))) from None
    if kind == "Bundle":
        return _read_bundle(content, types)
    if kind == "OperationOutcome":
        raise OutcomeInstead(_outcome_meaning(content))
    if kind in types:
        read = read_entry(Entry(content))
        return Page(reads=[read] if read else [], matches=1)
    raise NotAnAnswer("the answer is not a FHIR Bundle or resource of the type asked for")


def issue_codes(content: bytes) -> set[str]:
    """Return the codes of an OperationOutcome's issues; none when it is something else."""
    return {code for issue in _issues(content) for code in issue.codes}


def _nature(content: bytes) -> str:
    start = content.lstrip()[:1]
    if start == b"<":
        return "the answer is HTML or XML, not FHIR JSON"
    return "the answer is not FHIR JSON" if start else "the answer is empty"


def _outcome_meaning(content: bytes | msgspec.Raw) -> Search:
    codes = {code for issue in _issues(content) for code in issue.codes}
    return DENIED if codes & _DENIED else ERROR_REPORT


def _issues(content: bytes | msgspec.Raw) -> list[_Issue]:
    try:
        outcome = _OUTCOME.decode(content)
    except UNDECODABLE:
        return []
    return outcome.issue or [] if outcome.resource_type == "OperationOutcome" else []


def _read_bundle(content: bytes | msgspec.Raw, types: frozenset[str]) -> Page:
    bundle = _decode_bundle(content)
    page = Page(total=bundle.total, next_url=_next_of(bundle.link))
    for entry in bundle.entry or ():
        if entry is not None:
            _add(page, entry, types)
    return page


def _decode_bundle(content: bytes | msgspec.Raw) -> _Bundle:
    try:
        return _BUNDLE.decode(content)
    except UNDECODABLE:
        pass
    try:
        loose = _LOOSE.decode(content)
    except UNDECODABLE:
        raise NotAnAnswer("the Bundle cannot be read") from None
    return _Bundle(entry=list(_loose_entries(loose)), link=_loose_links(loose.link))


def _loose_entries(loose: _LooseBundle) -> Iterator[_Entry]:
    """Read entries one by one; what is no entry stays as an unreadable resource, so that it is counted."""
    for raw in loose.entry or ():
        if bytes(raw) == b"null":
            continue
        try:
            yield _ENTRY.decode(raw)
        except UNDECODABLE:
            yield _Entry(resource=_resource_within(raw))


class _OnlyResource(msgspec.Struct):
    resource: msgspec.Raw


def _resource_within(raw: msgspec.Raw) -> msgspec.Raw:
    try:
        return msgspec.json.decode(raw, type=_OnlyResource).resource
    except UNDECODABLE:
        return msgspec.Raw(b"null")


def _loose_links(links: Any) -> list[_Link | None]:
    """A link that cannot be read may be the next one: an empty URL says that there is one."""
    if not isinstance(links, list):
        return [_Link("next", "")] if links else []
    return [
        _Link(link.get("relation"), link["url"] if isinstance(link.get("url"), str) else "")
        for link in links
        if isinstance(link, dict)
    ]


def _next_of(links: list[_Link | None] | None) -> str | None:
    for link in links or ():
        if link is not None and link.relation == "next":
            return link.url or ""
    return None


def _add(page: Page, entry: _Entry, types: frozenset[str]) -> None:
    mode = entry.search.mode if entry.search else None
    raw = bytes(entry.resource)
    if not raw:
        return
    if mode != "outcome":
        read = read_entry(Entry(entry.resource, entry.full_url))
        if read is not None:
            _add_resource(page, read, mode, types)
            return
    _add_report(page, _issues(entry.resource), mode)


def _add_report(page: Page, issues: list[_Issue], mode: str | None) -> None:
    if issues:
        page.search = worse(page.search, _meaning(issues))
    elif mode != "outcome":
        page.matches += 1  # a type that the rules do not use


def _add_resource(page: Page, read: ReadEntry, mode: str | None, types: frozenset[str]) -> None:
    page.matches += mode != "include"
    resource = read.resource
    kind = resource.type if isinstance(resource, Unreadable) else resource.resource_type
    if kind in types or kind in INCLUDED or kind == "(unknown)":
        page.reads.append(read)


def _meaning(issues: list[_Issue]) -> Search:
    """Return what an outcome among the entries says about the completeness of the others."""
    meaning = COMPLETE
    for issue in issues:
        meaning = worse(meaning, _meaning_of(issue))
    return meaning


def _meaning_of(issue: _Issue) -> Search:
    severity = (issue.severity or "").strip().lower()
    if issue.codes & _NO_RESULTS or severity == "information":
        return COMPLETE
    if issue.codes & _HELD_BACK or severity in _ERRORS:
        return HELD_BACK
    return Search(SearchState.COMPLETE, PARAMETER_IGNORED)


def worse(one: Search, other: Search) -> Search:
    """Return the one of two complete or suppressed searches that claims less; a remark is kept."""
    if not one.complete:
        return one
    return other if not other.complete or other.reason else one
