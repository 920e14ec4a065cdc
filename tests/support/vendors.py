"""FHIR servers that answer as those of the large EHRs were recorded to, over one person's resources.

Each is a set of behaviours for `fault_server.FaultServer`. What is copied is the manner, not the software:
which searches are refused, how pages are linked and counted, and what stands beside the data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.support.fault_server import Behaviour, FaultServer, Handler

Json = dict[str, Any]

HTML_404 = b"<!DOCTYPE html><html><head><title>404</title></head><body>Not found</body></html>"
XML = b'<?xml version="1.0"?><Bundle xmlns="http://hl7.org/fhir"><type value="searchset"/></Bundle>'


@dataclass
class Vendor:
    """How one vendor's server pages, counts and refuses."""

    page_size: dict[str, int] = field(default_factory=dict)
    """Entries a page by type; a type that is not named comes whole."""
    types: frozenset[str] = frozenset()
    """Types that it offers."""
    forbidden: frozenset[str] = frozenset()
    """Types that the token may not read, whatever its scope says."""
    count: Callable[[int, int, bool], int | None] = lambda everything, on_page, more: everything
    """``total`` of a page, from how many there are, are on the page, and whether more follow."""
    next_link: Callable[[FaultServer, Handler, int], str] = lambda server, handler, offset: ""
    """The URL of the page that starts at an offset."""
    remarks: Callable[[Handler, int], Sequence[Json]] = lambda handler, found: ()
    """Outcome entries that a page carries, by what was asked and number of results."""
    refuse: Callable[[Handler], bool] = lambda handler: False
    """Answer a search that the server does not allow; False when it is allowed."""
    without_token: bytes = b""
    """Body of the 401 for a call without a token; empty where none is asked for."""
    expired_page: Behaviour | None = None
    """How every page but the first is answered, where the state of paging does not last."""
    filters: frozenset[str] = frozenset({"_id", "category", "code"})
    """Parameters that it knows; the others are passed over, as real servers do."""

    def serve(self, *resources: Json) -> FaultServer:
        """Return a server that holds ``resources``; use it as a context manager."""
        return FaultServer(otherwise=self._answer(resources))

    def _answer(self, resources: Sequence[Json]) -> Behaviour:
        def answer(handler: Handler) -> None:
            if self.without_token and "Authorization" not in handler.headers:
                handler.reply(401, self.without_token, "application/json", WWW_Authenticate="Bearer")
            elif self.refuse(handler):
                return
            elif self.expired_page is not None and "at" in handler.query:
                self.expired_page(handler)
            elif handler.type not in self.types:
                handler.reply(404, HTML_404, "text/html")
            elif handler.type in self.forbidden:
                handler.reply_json(outcome("forbidden", "error"), 403)
            elif "?" in handler.path:
                handler.reply_json(self._page(handler, [r for r in resources if self._matches(r, handler)]))
            else:
                self._read(handler, resources)

        return answer

    def _read(self, handler: Handler, resources: Sequence[Json]) -> None:
        wanted = urlsplit(handler.path).path.rsplit("/", 1)[-1]
        found = [r for r in resources if (r["resourceType"], r["id"]) == (handler.type, wanted)]
        if found:
            handler.reply_json(found[0])
        else:
            handler.reply_json(outcome("not-found", "error"), 404)

    def _matches(self, resource: Json, handler: Handler) -> bool:
        if resource["resourceType"] != handler.type:
            return False
        asked = {name: value for name, value in handler.query.items() if name in self.filters}
        if "_id" in asked:
            return resource["id"] in asked["_id"].split(",")
        if "category" in asked and not _has_token(resource.get("category", ()), asked["category"]):
            return False
        return "code" not in asked or _has_token([resource["code"]], asked["code"])

    def _page(self, handler: Handler, found: Sequence[Json]) -> Json:
        start = int(handler.query.get("at", "0"))
        size = self.page_size.get(handler.type, max(1, len(found)))
        shown = found[start : start + size]
        more = start + size < len(found)
        entries = [{"resource": resource, "search": {"mode": "match"}} for resource in shown]
        entries += [{"resource": remark, "search": {"mode": "outcome"}} for remark in self.remarks(handler, len(found))]
        page: Json = {"resourceType": "Bundle", "type": "searchset"}
        total = self.count(len(found), len(shown), more)
        if total is not None:
            page["total"] = total
        if entries:
            page["entry"] = entries
        if more:
            url = self.next_link(handler.server.owner, handler, start + size)
            page["link"] = [{"relation": "next", "url": url}]
        return page


def outcome(code: str, severity: str, own: str = "", text: str = "") -> Json:
    """An OperationOutcome with one issue; ``own`` is the vendor's code."""
    issue: Json = {"severity": severity, "code": code}
    if own:
        issue["details"] = {"coding": [{"system": "urn:oid:1.2.840.114350.1.13.0.1.7.2.657369", "code": own}]}
    if text:
        issue["diagnostics"] = text
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def _has_token(concepts: Sequence[Json], tokens: str) -> bool:
    wanted = {token.rsplit("|", 1)[-1] for token in tokens.split(",")}
    return any(coding.get("code") in wanted for concept in concepts for coding in concept.get("coding", ()))


# -- Epic ------------------------------------------------------------------------------------------------

_US_CORE = {"Patient", "Condition", "MedicationRequest", "Medication", "Observation", "Encounter", "Procedure"}
ALL_TYPES = frozenset(
    _US_CORE | {"Immunization", "Consent", "Flag", "ResearchSubject", "MedicationStatement", "ServiceRequest"}
)

NO_RESULTS = outcome("not-found", "warning", "4101", "Resource request returns no results.")
HELD_BACK = outcome(
    "suppressed",
    "warning",
    "59204",
    "Client not authorized for Condition - Outside Record Problems. These results have not been included.",
)
MORE_MAY_EXIST = {
    "4118": "The user is not authorized for these data.",
    "4119": "Additional data may exist.",
    "4130": "Break the glass: the chart is restricted.",
    "59133": "Over 100 results were found.",
}
"""Further remarks by which Epic says that what it sends is not all."""


def _epic_refuses(handler: Handler) -> bool:
    if "json" not in handler.headers.get("Accept", ""):
        handler.reply(200, XML, "application/fhir+xml")
        return True
    qualified = {"category", "code", "_id", "sessionID"} & set(handler.query)
    if handler.type == "Observation" and "?" in handler.path and not qualified:
        handler.reply_json(outcome("required", "fatal", "59159"), 400)
        return True
    return False


def _epic_remarks(
    held_back: frozenset[str], remark: Json, by_category: bool
) -> Callable[[Handler, int], Sequence[Json]]:
    def remarks(handler: Handler, found: int) -> Sequence[Json]:
        warned = handler.type in held_back and (by_category or "category" not in handler.query)
        return [*([NO_RESULTS] if not found else []), *([remark] if warned else [])]

    return remarks


def _epic_next(server: FaultServer, handler: Handler, offset: int) -> str:
    # The session stands for the whole search: no patient and no filter is repeated.
    state = {name: handler.query[name] for name in ("category", "code") if name in handler.query}
    return f"{server.base_url}/{handler.type}?{urlencode({'sessionID': '17-3B2E4C', 'at': offset, **state})}"


def _session_expired(handler: Handler) -> None:
    handler.reply_json(outcome("invalid", "fatal", "4113", "The session is invalid or has expired."), 400)


def epic(
    *,
    held_back: Sequence[str] = (),
    remark: Json = HELD_BACK,
    by_category: bool = True,
    page: int = 1000,
    forbidden: Sequence[str] = (),
    expires: bool = False,
) -> Vendor:
    """``held_back``: types of which not all is included, as ``remark`` says; ``expires``: the sessions of paging.

    Without ``by_category``, it says so only where no category is asked for.
    """
    return Vendor(
        without_token=b'""',
        expired_page=_session_expired if expires else None,
        page_size={"Observation": page, "Condition": page},
        types=frozenset(_US_CORE | {"ResearchSubject", "Immunization", "Consent"}),
        forbidden=frozenset(forbidden),
        count=lambda everything, on_page, more: on_page,
        next_link=_epic_next,
        remarks=_epic_remarks(frozenset(held_back), remark, by_category),
        refuse=_epic_refuses,
    )


def ignoring(vendor: Vendor) -> Vendor:
    """The same server as it answers to parameters that it does not know: as if they were not there."""
    return replace(vendor, filters=frozenset({"_id"}))


# -- Oracle Health ---------------------------------------------------------------------------------------


def _oracle_refuses(handler: Handler) -> bool:
    if "?" in handler.path and not {"patient", "subject", "_id", "individual", "-pageContext"} & set(handler.query):
        text = "At least one of patient, subject or _id must be provided."
        handler.reply_json(outcome("required", "error", text=text), 400)
        return True
    return False


def _oracle_next(server: FaultServer, handler: Handler, offset: int) -> str:
    state = {name: handler.query[name] for name in ("category", "code") if name in handler.query}
    return f"{server.base_url}/{handler.type}?{urlencode({'-pageContext': 'a1b2', 'at': offset, **state})}"


def oracle(*, forbidden: Sequence[str] = ()) -> Vendor:
    return Vendor(
        page_size={"Observation": 50, "MedicationRequest": 25, "Encounter": 10},
        types=frozenset(_US_CORE | {"Immunization", "Consent"}),
        forbidden=frozenset(forbidden),
        count=lambda everything, on_page, more: None if more else everything,
        next_link=_oracle_next,
        refuse=_oracle_refuses,
    )


# -- MEDITECH --------------------------------------------------------------------------------------------


def _meditech_next(server: FaultServer, handler: Handler, offset: int) -> str:
    """Another spelling of the same address, as its ``:443`` on a base without a port is."""
    origin = server.origin.replace("http://", "HTTP://")
    state = {name: handler.query[name] for name in ("category", "code") if name in handler.query}
    query = urlencode({"patient": "p1", "continue": "Zm9v", "at": offset, **state})
    return f"{origin}/fhir/{handler.type}?{query}"


def meditech() -> Vendor:
    return Vendor(
        page_size={"Observation": 20, "Procedure": 20},
        types=frozenset(_US_CORE | {"Immunization"}),
        # The size of the page, also while a next link says that there is more.
        count=lambda everything, on_page, more: on_page,
        next_link=_meditech_next,
        without_token=b'{"resource": "Patient", "detail": "Unauthorized"}',
    )


# -- HAPI ------------------------------------------------------------------------------------------------

_HAPI_PARAMETERS = {"patient", "individual", "category", "code", "date", "_id", "_count", "status", "identifier"}


def _hapi_refuses(handler: Handler) -> bool:
    unknown = set(handler.query) - _HAPI_PARAMETERS - {"_getpages", "at", "_bundletype"}
    if unknown:
        handler.reply_json(outcome("processing", "error", text="HAPI-0524: Unknown search parameter"), 400)
    return bool(unknown)


def _search_gone(handler: Handler) -> None:
    handler.reply_json(
        outcome("processing", "error", text="HAPI-0418: Search does not exist and may have expired"), 410
    )


def hapi(*, expires: bool = False) -> Vendor:
    """Pages of 20 whose next link is the base itself, without a type in its path."""
    vendor = Vendor(
        expired_page=_search_gone if expires else None,
        page_size=dict.fromkeys(ALL_TYPES, 20),
        types=ALL_TYPES,
        count=lambda everything, on_page, more: None,
        refuse=_hapi_refuses,
    )
    return _Paged(**vars(vendor))


class _Paged(Vendor):
    """Remembers its searches by number, for its next links say nothing else."""

    def _answer(self, resources: Sequence[Json]) -> Behaviour:
        searches: list[tuple[str, dict[str, str]]] = []

        def link(server: FaultServer, handler: Handler, offset: int) -> str:
            if "_getpages" not in handler.query:
                searches.append((handler.type, dict(handler.query)))
            number = handler.query.get("_getpages", str(len(searches) - 1))
            query = urlencode({"_getpages": number, "at": offset, "_bundletype": "searchset"})
            return f"{server.base_url}?{query}"

        self.next_link = link
        ordinary = super()._answer(resources)

        def answer(handler: Handler) -> None:
            if "_getpages" in handler.query:
                handler.type, asked = searches[int(handler.query["_getpages"])]
                handler.query = {**asked, **handler.query}
            ordinary(handler)

        return answer
