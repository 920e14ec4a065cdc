"""Asks a FHIR terminology server, at start, what lies under the listed SNOMED concepts.

Never on the way of a request, and never needed: what does not arrive in time, or is too much, leaves its value
set with the listed concepts. Answers are kept in a file and used again until they are old; old ones still serve
when the server does not answer.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

import msgspec
import requests

from cds_service.logs import log
from cds_service.patient_data.transport import Watch, new_session
from cds_service.setting_parts import TerminologySettings
from rules.codes import SNOMED, canonical_system
from rules.expansions import LISTS_ONLY, Concepts, Expansions, expression
from rules.value_sets import ValueSet

_PAGE = 5_000
"""Concepts asked for at once."""
_PAGE_BYTES = 20_000_000
_CHUNK = 65_536
_WAIT = (3.0, 15.0)
"""Seconds to connect, and between two parts of an answer."""


class Unavailable(Exception):
    """The server gave no complete answer; the message says why, without the address."""


class Kept(msgspec.Struct, frozen=True):
    """One expansion as it is kept in the file."""

    ecl: str
    fetched: date
    concepts: dict[str, str]


def expansions(settings: TerminologySettings, value_sets: Mapping[str, ValueSet], today: date) -> Expansions:
    """Return the concepts under those that ``value_sets`` list, as far as they can be had."""
    if settings.url is None:
        return LISTS_ONLY
    wanted = {name: ecl for name, value_set in value_sets.items() if (ecl := expression(value_set))}
    known = {name: kept for name, kept in _read(settings.cache).items() if kept.ecl == wanted.get(name)}
    oldest = today - timedelta(days=settings.refresh_days)
    asked = {name: ecl for name, ecl in wanted.items() if name not in known or known[name].fetched < oldest}
    fetched = {name: Kept(asked[name], today, {**found}) for name, found in _fetch(settings, asked)}
    found = {**known, **fetched}
    if fetched:
        _write(settings.cache, found)
    log("terminology", expanded=len(found), wanted=len(wanted))
    if not found:
        return LISTS_ONLY
    earliest = min(kept.fetched for kept in found.values())
    return Expansions({name: kept.concepts for name, kept in found.items()}, earliest.isoformat())


def _fetch(settings: TerminologySettings, asked: Mapping[str, str]) -> Iterator[tuple[str, Concepts]]:
    """Yield the expansions that arrive in time; stops at the first sign that the server does not answer at all."""
    if not asked:
        return
    watch = Watch()
    end = threading.Timer(settings.seconds, watch.cut)
    end.daemon = True
    end.start()
    try:
        with new_session(1) as session, watch.watching():
            if settings.token:
                session.headers["Authorization"] = f"Bearer {settings.token.get_secret_value()}"
            for name, ecl in asked.items():
                try:
                    yield name, _expand(session, settings, ecl)
                except Unavailable as error:
                    log("terminology not expanded", logging.WARNING, value_set=name, reason=str(error))
                if watch.is_cut:
                    log("terminology server is too slow", logging.WARNING)
                    return
    except requests.ConnectionError as error:
        log("terminology server not reached", logging.WARNING, reason=type(error).__name__)
    finally:
        end.cancel()


def _expand(session: requests.Session, settings: TerminologySettings, ecl: str) -> Concepts:
    """Return all pages of one expansion; raises `Unavailable`."""
    concepts: dict[str, str] = {}
    while True:
        page = _page(session, settings, ecl, len(concepts))
        new = {code: display for code, display in _snomed(page.contains) if code not in concepts}
        concepts.update(new)
        if len(concepts) > settings.concepts or (page.total or 0) > settings.concepts:
            raise Unavailable(f"more than {settings.concepts} concepts")
        if not new or (page.total is not None and len(concepts) >= page.total):
            break
    if not concepts or (page.total or 0) > len(concepts):
        raise Unavailable("the expansion is not complete")
    return concepts


class _Concept(msgspec.Struct):
    system: str | None = None
    code: str | None = None
    display: str | None = None
    contains: list[_Concept] = []


class _Expansion(msgspec.Struct):
    total: int | None = None
    contains: list[_Concept] = []


class _Answer(msgspec.Struct, rename="camel"):
    resource_type: str
    expansion: _Expansion | None = None


def _page(session: requests.Session, settings: TerminologySettings, ecl: str, offset: int) -> _Expansion:
    asked = {"url": f"{SNOMED}?fhir_vs=ecl/{ecl}", "count": str(_PAGE), "offset": str(offset)}
    try:
        with session.get(
            f"{settings.url}/ValueSet/$expand", params=asked, timeout=_WAIT, stream=True, allow_redirects=False
        ) as response:
            if response.status_code != requests.codes.ok:
                raise Unavailable(f"HTTP status {response.status_code}")
            body = _body(response)
        answer = msgspec.json.decode(body, type=_Answer)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Unavailable("the answer cannot be read") from None
    except requests.ConnectionError:
        raise
    except requests.RequestException as error:
        raise Unavailable(type(error).__name__) from None
    if answer.resource_type != "ValueSet" or answer.expansion is None:
        raise Unavailable("the answer is no expansion")
    return answer.expansion


def _body(response: requests.Response) -> bytes:
    parts = bytearray()
    for chunk in response.iter_content(_CHUNK):
        parts += chunk
        if len(parts) > _PAGE_BYTES:
            raise Unavailable("the answer is too large")
    return bytes(parts)


def _snomed(concepts: list[_Concept]) -> Iterator[tuple[str, str]]:
    """Yield code and name of all SNOMED concepts, also of those nested under others."""
    for concept in concepts:
        if concept.code and canonical_system(concept.system) == SNOMED:
            yield concept.code, concept.display or ""
        yield from _snomed(concept.contains)


# -- the file --------------------------------------------------------------------------------------------


def _read(path: Path) -> dict[str, Kept]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Kept])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError) as error:
        log("terminology file not read", logging.WARNING, reason=type(error).__name__)
        return {}


def _write(path: Path, kept: Mapping[str, Kept]) -> None:
    """Replace the file at once, so that no start reads half of it."""
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(msgspec.json.encode(dict(kept)))
        unfinished.replace(path)
    except OSError as error:
        log("terminology file not written", logging.WARNING, reason=type(error).__name__)
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
