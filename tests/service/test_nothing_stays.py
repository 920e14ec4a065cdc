"""After a call nothing of its chart stays in memory: whatever is alive is searched for what was planted in the call."""

from __future__ import annotations

import gc
import json
import random
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from benchmarks.bodies import PATIENT, bundle, prefetch
from tests.support.service import SERVICE, TODAY, call, make_app

Call = Callable[[dict[str, Any]], int]

_PLAIN = (str, bytes, int, float, type(None), type)


@pytest.fixture
def mark() -> str:
    """Digits that can stand in a text and in an id, behind the point of a number and behind the seconds of a time."""
    return str(random.randrange(10**8, 10**9))


@pytest.fixture
def cards(tmp_path: Path) -> Call:
    """Call the service, and return how many cards it gave."""
    client = make_app(tmp_path).test_client()

    def answered(body: dict[str, Any]) -> int:
        with client.post(SERVICE, json=body) as response:
            return len(response.get_json().get("cards", ()))

    return answered


@pytest.fixture
def paging_server() -> Iterator[str]:
    """A FHIR server whose every search finds nothing on two pages."""

    class Paging(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = bundle()
            if "page=2" not in self.path:
                found["link"] = [{"relation": "next", "url": f"{self.path}&page=2"}]
            body = json.dumps(found).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/fhir+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Paging)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/fhir"
    server.shutdown()
    server.server_close()


def test_no_field_of_a_chart_stays(cards: Call, mark: str) -> None:
    names = sorted(set(_names(chart())))
    given = {name: cards(call(_planted(chart(), name, mark), of=PATIENT)) for name in names}
    with_card = {name for name, number in given.items() if number}
    assert {"display", "effectiveDateTime", "family", "text", "unit", "value"} <= with_card
    assert _kept(mark) == set()


def test_no_patient_and_no_address_of_a_search_stays(cards: Call, mark: str, paging_server: str) -> None:
    moved = json.loads(json.dumps(chart()).replace(PATIENT, f"{PATIENT}-{mark}"))
    token = {"access_token": mark, "patient": f"{PATIENT}-{mark}", "scope": "patient/*.read", "subject": mark}
    body = call(moved, of=f"{PATIENT}-{mark}", user=f"Practitioner/{mark}")
    assert cards({**body, "fhirServer": paging_server, "fhirAuthorization": token}) == 1
    del moved, token, body
    assert _kept(mark) == set()


def chart() -> dict[str, Any]:
    """Return the prefetch of a person for whom there is a card."""
    return prefetch(results=20, on=TODAY)


def _names(content: Any) -> Iterator[str]:
    """Yield the names of all elements of a chart."""
    if isinstance(content, dict):
        yield from content
    for part in content.values() if isinstance(content, dict) else content if isinstance(content, list) else ():
        yield from _names(part)


def _planted(content: Any, name: str, mark: str, inside: bool = False) -> Any:
    """Return a chart with ``mark`` in every text and number of the elements of that name, and of all below them."""
    if isinstance(content, dict):
        return {key: _planted(value, name, mark, inside or key == name) for key, value in content.items()}
    if isinstance(content, list):
        return [_planted(value, name, mark, inside) for value in content]
    if not inside or isinstance(content, bool | None):
        return content
    if isinstance(content, str):
        day = re.match(r"\d{4}-\d\d-\d\d", content)
        return f"{day[0]}T09:10:00.{mark}Z" if day else f"{content} {mark}"
    return float(f"{content}{mark}" if "." in str(content) else f"{content}.{mark}")


def _kept(mark: str) -> set[tuple[str, str]]:
    """Return the texts and numbers with ``mark`` in whatever is alive, each with the type of what holds it."""
    gc.collect()
    found, seen, left = set(), set(), [*gc.get_objects()]
    while left:
        holder = left.pop()
        for held in gc.get_referents(holder):
            if isinstance(held, str | bytes | Decimal):
                text = held.decode("latin-1") if isinstance(held, bytes) else str(held)
                if mark in text and text != mark:
                    found.add((type(holder).__name__, text[:200]))
            elif not isinstance(held, _PLAIN) and not gc.is_tracked(held) and id(held) not in seen:
                seen.add(id(held))
                left.append(held)
    return found
