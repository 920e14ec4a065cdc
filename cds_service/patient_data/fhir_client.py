"""Pulls searches from a FHIR server, side by side, within one deadline.

One search never raises: it ends as a `SearchResult` whose state says how much of the data it brought.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

import requests
import urllib3

from cds_service.patient_data.answers import (
    PARAMETER_IGNORED,
    NotAnAnswer,
    OutcomeInstead,
    Page,
    issue_codes,
    read_page,
    worse,
)
from cds_service.patient_data.breaker import Breakers, BreakerState
from cds_service.patient_data.deadline import Deadline
from cds_service.patient_data.outbound import BaseUrl, forget_addresses, pinned
from cds_service.patient_data.prefetch import is_short
from cds_service.patient_data.query_plan import OPTIONAL_TYPES, TYPES, Query
from cds_service.patient_data.transport import Watch, new_session
from cds_service.process import PerProcess
from rules.entries import ReadEntry
from rules.searches import COMPLETE, Search, SearchState


@dataclass(frozen=True, slots=True)
class FhirServer:
    """The server of one call. The token is for this call only and is never shown."""

    base_url: BaseUrl
    token: str | None = field(default=None, repr=False)
    tenant: str = ""
    """Whose server it is: one tenant's failing server is not another's."""
    request_id: str | None = None
    """Sent along as X-Request-Id (FHIR R4, custom headers), so that the server's log can be laid beside ours."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one answer, and one call, may bring."""

    page_bytes: int = 10_000_000
    call_bytes: int = 40_000_000
    pages: int = 20
    resources: int = 5_000
    """Entries of one search."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search brought, and how it ended."""

    entries: tuple[ReadEntry, ...]
    search: Search
    pages: int
    elapsed_ms: float
    began: float
    """On the monotonic clock."""


_CHUNK = 65_536
_ERROR_BYTES = 65_536
"""Bytes read of an error's body: enough for its issue codes."""
_RETRIED = frozenset({429, 502, 503, 504})
_BACK_OFF = 0.1
"""Seconds before the second attempt when the server names none."""
_BROKEN = (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError)
"""What reading from a connection raises when it breaks, or is cut off under the reader."""

_LATE = Search(SearchState.FAILED, "the server did not answer in time")
_TOO_LARGE = Search(SearchState.FAILED, "the answer is larger than the service reads")
_UNREACHABLE = Search(SearchState.FAILED, "the server cannot be reached or broke off")
_BUSY = Search(SearchState.FAILED, "the service is busy; try again")
_LEFT_ALONE = Search(SearchState.FAILED, "the server kept failing and is left alone for a while")
NOT_SENT = frozenset({_BUSY.reason, _LEFT_ALONE.reason})
"""Reasons of searches that were never sent: they took no time."""
_FAULT = Search(SearchState.FAILED, "the service could not read the answer")

_log = logging.getLogger(__name__)


class _Ended(Exception):
    """A request brought no page; ``search`` says why."""

    def __init__(self, search: Search) -> None:
        self.search = search
        super().__init__(search.reason)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    content: bytes
    retry_after: float | None


class _Allowance:
    """Bytes that one call may still read, shared by its searches."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._lock = threading.Lock()

    def take(self, size: int) -> bool:
        """Return False when the call has read more than it may."""
        with self._lock:
            self._left -= size
            return self._left >= 0


class FhirClient:
    """One session and one pool of threads a process, made when first used and again after a fork."""

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        workers: int = 32,
        queue: int = 128,
        ca_bundle: str | None = None,
        failures: int = 5,
        pause_seconds: float = 30.0,
        on_breaker: Callable[[str, BreakerState, bool], None] | None = None,
        on_refusal: Callable[[], None] | None = None,
    ) -> None:
        """``queue`` is how many requests may wait for a worker; stuck servers must not pile up more.

        A server that gave no answer to ``failures`` calls in a row is left alone for ``pause_seconds``; ``on_breaker``
        is told, as `Breakers` says. ``on_refusal`` is told of each request that finds no place.
        """
        self.limits = limits or Limits()
        self.breakers = Breakers(failures, pause_seconds, on_change=on_breaker)
        self._on_refusal = on_refusal
        self._session = PerProcess(lambda: new_session(workers, ca_bundle))
        self._pool = PerProcess(lambda: ThreadPoolExecutor(workers, thread_name_prefix="fhir"))
        self._places = PerProcess(lambda: threading.BoundedSemaphore(workers + queue))

    def call(self, server: FhirServer, deadline: Deadline) -> Call:
        """Return the pulls of one request to the service."""
        return Call(self, server, deadline)

    def submit(self, task: Task) -> None:
        """Let a worker run ``task``, or end it as busy."""
        places = self._places.get()
        if not places.acquire(blocking=False):
            if self._on_refusal:
                self._on_refusal()
            task.refuse(_BUSY)
            return
        future = self._pool.get().submit(task.run, self._session.get())
        future.add_done_callback(lambda _: places.release())
        task.future = future


class Call:
    """The searches that one request to the service pulls from one server."""

    def __init__(self, client: FhirClient, server: FhirServer, deadline: Deadline) -> None:
        self.server = server
        self.deadline = deadline
        self.limits = client.limits
        self.allowance = _Allowance(client.limits.call_bytes)
        self.sent = 0
        self.answered = False
        """True once the server has answered anything but that it fails or is overloaded."""
        self._client = client
        self._tasks: list[Task] = []
        self._breaker = client.breakers.of(server.tenant, str(server.base_url))
        self._admitted: bool | None = None

    def start(self, query: Query) -> tuple[Task, ...]:
        """Begin a search; its URLs are asked side by side."""
        return tuple(self._start(query.name, f"{self.server.base_url}/{url}", instead=query) for url in query.urls)

    def follow(self, name: str, page: Page) -> tuple[Task, ...]:
        """Go on from the next link of a page that arrived otherwise; no task if it cannot be followed."""
        target = pinned(self.server.base_url, page.next_url or "")
        return (self._start(name, target, after=page),) if target else ()

    def collect(self, tasks: Iterable[Task]) -> SearchResult:
        """Wait for the parts of one search, until the deadline, and put them together."""
        parts = [task.result(self.deadline) for task in tasks]
        return combine(parts)

    def arrived(self, tasks: Iterable[Task], *, leaving: float) -> bool:
        """Wait for the parts of one search until only ``leaving`` seconds are left; return whether they ended."""
        futures = [task.future for task in tasks if task.future is not None]
        return not wait(futures, timeout=max(0.0, self.deadline.remaining - leaving)).not_done

    def close(self) -> None:
        """Cut off what is still under way, and let later calls know how this one fared."""
        for task in self._tasks:
            task.abandon()
        # Each leads back here: left so, all that arrived would stay until the collector comes by, which is late.
        self._tasks.clear()
        forget_addresses()
        if self.sent:
            self._breaker.report(answered=self.answered)

    def _start(self, name: str, url: str, *, after: Page | None = None, instead: Query | None = None) -> Task:
        task = Task(self, name, url, after or Page(), instead)
        if self._admitted is None:
            self._admitted = self._breaker.admits()
        if not self._admitted:
            task.refuse(_LEFT_ALONE)
            return task
        self.sent += 1
        self._tasks.append(task)
        self._client.submit(task)
        return task


class Task:
    """One URL with the pages that follow it; ``after`` is the page before it, if there was one.

    ``instead`` says what else to ask a server that rejects the first.
    """

    def __init__(self, call: Call, name: str, url: str, after: Page, instead: Query | None = None) -> None:
        self.future: Future[None] | None = None
        self._call = call
        self._types = TYPES[name]
        self._optional = self._types <= OPTIONAL_TYPES
        self._url = url
        self._instead = instead
        self._watch = Watch()
        self._lock = threading.Lock()
        self._entries: list[ReadEntry] = []
        self._pages = 0
        self._matches = after.matches
        self._total = after.total
        self._remark = after.search
        self._search: Search | None = None
        self._began = time.monotonic()
        self._ended: float | None = None

    # -- seen by the thread that asked ---------------------------------------------------------------------

    def refuse(self, search: Search) -> None:
        self._end(search)

    def result(self, deadline: Deadline) -> SearchResult:
        """Return what has arrived when the search ends or the deadline passes; the rest is dropped."""
        if self.future is not None:
            self._wait(self.future, deadline)
        with self._lock:
            elapsed = ((self._ended or time.monotonic()) - self._began) * 1000
            return SearchResult(tuple(self._entries), self._search or _LATE, self._pages, elapsed, self._began)

    def abandon(self) -> None:
        """Cut the search off unless it has ended; what has arrived stays."""
        if self.future is not None and not self.future.done():
            self._end(self._cut_short(_LATE))
            self.future.cancel()
            self._watch.cut()

    def _wait(self, future: Future[None], deadline: Deadline) -> None:
        wait([future], timeout=deadline.remaining)
        if not future.done():
            self.abandon()
        elif error := future.exception():
            # Only the kind of error: its text may hold patient data.
            _log.error("a search ended by %s", type(error).__name__)
            self._end(_FAULT)

    # -- seen by the worker --------------------------------------------------------------------------------

    def run(self, session: requests.Session) -> None:
        """Fetch page after page until there is none, or something forbids the next."""
        try:
            with self._watch.watching():
                self._fetch(session)
        except _Ended as ended:
            self._end(self._cut_short(ended.search))
        finally:
            forget_addresses()

    def _fetch(self, session: requests.Session) -> None:
        seen: set[str] = set()
        url: str | None = self._url
        while url and self._search is None:
            seen.add(url)
            page = self._page(session, url)
            self._keep(page)
            url = self._next(page, seen)

    def _keep(self, page: Page) -> None:
        with self._lock:
            if self._search is not None:
                return  # too late: the answer has been given
            self._total = page.total if self._total is None else self._total
            self._remark = worse(self._remark, page.search)
            self._entries += page.reads
            self._pages += 1
            self._matches += page.matches

    def _next(self, page: Page, seen: set[str]) -> str | None:
        """Return the next page's URL, or None after ending the search."""
        if page.next_url is None:
            self._end(self._final())
            return None
        target = pinned(self._call.server.base_url, page.next_url)
        limits = self._call.limits
        if target is None or target in seen:
            self._end(_truncated("the link to the next page cannot be followed"))
        elif self._pages >= limits.pages or len(self._entries) >= limits.resources:
            self._end(_truncated("there are more results than the service reads"))
        else:
            return target
        return None

    def _final(self) -> Search:
        if is_short(self._total, self._matches):
            return _truncated("the server sent fewer results than it counted")
        if self._optional and self._matches == 0 and self._remark.reason == PARAMETER_IGNORED:
            return Search(SearchState.UNSUPPORTED, "the server does not offer this search")
        return self._remark

    def _cut_short(self, why: Search) -> Search:
        """What arrived before the search broke off still counts, as a part."""
        return _truncated(why.reason) if self._pages else why

    def _end(self, search: Search) -> None:
        with self._lock:
            if self._search is None:
                self._search = search
                self._ended = time.monotonic()

    def _page(self, session: requests.Session, url: str) -> Page:
        """Get and read one page; raises `_Ended`."""
        answer = self._answer(session, url)
        if self._instead and not self._pages:
            for other in self._instead.instead:
                if answer.status not in self._instead.rejected:
                    break
                answer = self._answer(session, f"{self._call.server.base_url}/{other}")
        if answer.status != 200:
            codes = issue_codes(answer.content)
            raise _Ended(meaning_of_status(answer.status, codes, optional=self._optional))
        try:
            return read_page(answer.content.removeprefix(b"\xef\xbb\xbf"), self._types)
        except OutcomeInstead as outcome:
            raise _Ended(outcome.search) from None
        except NotAnAnswer as error:
            raise _Ended(Search(SearchState.FAILED, str(error))) from None

    def _answer(self, session: requests.Session, url: str) -> _Answer:
        """Get one URL, a second time if that may help and the deadline leaves room for it."""
        try:
            answer = self._get(session, url)
        except _BROKEN:
            self._pause(_BACK_OFF, _UNREACHABLE)
            return self._last_attempt(session, url)
        if answer.status not in _RETRIED:
            return answer
        pause = _BACK_OFF if answer.retry_after is None else answer.retry_after
        self._pause(pause, meaning_of_status(answer.status, set(), optional=self._optional))
        return self._last_attempt(session, url)

    def _last_attempt(self, session: requests.Session, url: str) -> _Answer:
        try:
            return self._get(session, url)
        except _BROKEN:
            raise _Ended(_LATE if self._call.deadline.passed else _UNREACHABLE) from None

    def _pause(self, seconds: float, otherwise: Search) -> None:
        """Wait before the second attempt; raises `_Ended` when the deadline forbids it."""
        remaining = self._call.deadline.remaining
        if remaining == 0 or self._watch.is_cut:
            raise _Ended(_LATE)
        if seconds >= remaining:
            raise _Ended(otherwise)
        if self._watch.wait(seconds):
            raise _Ended(_LATE)

    def _get(self, session: requests.Session, url: str) -> _Answer:
        remaining = self._call.deadline.remaining
        if remaining == 0 or self._watch.is_cut:
            raise _Ended(_LATE)
        server = self._call.server
        headers = {"Authorization": f"Bearer {server.token}"} if server.token else {}
        if server.request_id:
            headers["X-Request-Id"] = server.request_id
        response = session.get(url, headers=headers, timeout=remaining, stream=True, allow_redirects=False)
        try:
            if response.status_code < 500 and response.status_code != 429:
                self._call.answered = True
            content = self._body(response) if response.status_code == 200 else _start_of(response)
            return _Answer(response.status_code, content, retry_after(response.headers))
        finally:
            response.close()

    def _body(self, response: requests.Response) -> bytes:
        """Read a body in chunks, counting decoded bytes; raises `_Ended`."""
        body = bytearray()
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            body += chunk
            if len(body) > self._call.limits.page_bytes or not self._call.allowance.take(len(chunk)):
                raise _Ended(_TOO_LARGE)
            if self._call.deadline.passed or self._watch.is_cut:
                raise _Ended(_LATE)
        return bytes(body)


def _start_of(response: requests.Response) -> bytes:
    return bytes(response.raw.read(_ERROR_BYTES, decode_content=True))


def _truncated(reason: str) -> Search:
    return Search(SearchState.TRUNCATED, reason)


_RATE_LIMIT_RESET = re.compile(r"(?:^|[;,\s])t=(\d{1,6})\b")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds a server asks to wait, from Retry-After or RateLimit; None if it names none."""
    given = headers.get("Retry-After", "").strip()
    if given.isdecimal():
        return float(given[:6])
    if given:
        return float("inf")  # a date: never within a call's deadline, which is a few seconds
    reset = _RATE_LIMIT_RESET.search(headers.get("RateLimit", ""))
    return float(reset[1]) if reset else None


def meaning_of_status(status: int, codes: set[str], *, optional: bool) -> Search:
    """Return how a search ended that was answered with a status other than 200.

    ``codes`` are those of the OperationOutcome in the body; ``optional``: a type not every EHR has.
    """
    if status == 401:
        return Search(SearchState.FORBIDDEN, "the server did not accept the access token (401)")
    if status == 403:
        return Search(SearchState.FORBIDDEN, "the server refused access (403)")
    if optional and (status in (404, 405, 501) or (status == 400 and "required" not in codes)):
        return Search(SearchState.UNSUPPORTED, f"the server does not offer this search ({status})")
    return Search(SearchState.FAILED, f"{_what(status)} ({status})")


def _what(status: int) -> str:
    if 300 <= status < 400:
        return "the server answered with a redirect, which is not followed"
    if status in (404, 410):
        return "the server does not know what was asked for"
    if status == 429:
        return "the server limits the number of requests"
    return "the server failed" if status >= 500 else "the server rejected the search"


_BY_GRAVITY = (
    SearchState.TRUNCATED,
    SearchState.SUPPRESSED,
    SearchState.FAILED,
    SearchState.FORBIDDEN,
    SearchState.UNSUPPORTED,
    SearchState.NOT_ASKED,
    SearchState.COMPLETE,
)


def combine(parts: Iterable[SearchResult]) -> SearchResult:
    """Put the parts of one search together: one that failed leaves the others as a truncated whole."""
    parts = list(parts)
    if not parts:
        return SearchResult((), _truncated("the link to the next page cannot be followed"), 0, 0.0, time.monotonic())
    searches = [part.search for part in parts]
    worst = min(searches, key=lambda search: _BY_GRAVITY.index(search.state))
    if not worst.answered and any(search.answered for search in searches):
        worst = _truncated(worst.reason)
    if worst.complete:
        worst = next((s for s in searches if s.reason), COMPLETE)
    entries = tuple(entry for part in parts for entry in part.entries)
    pages, elapsed = sum(part.pages for part in parts), max(part.elapsed_ms for part in parts)
    return SearchResult(entries, worst, pages, elapsed, min(part.began for part in parts))
