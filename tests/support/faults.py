"""The table of faults: what a FHIR server can do wrong, and what the service must make of it.

Each fault is shown twice: by a server that answers everything so, and by one that answers only searches for orders
of drugs so. The first leaves nothing to say (412), unless the fault is harmless; the second leaves a card that
names what is missing.
"""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient

from cards.wording import DATA_GAPS
from tests.support import fault_server as server
from tests.support.fault_server import Behaviour, FaultServer, Handler, holding
from tests.support.fhir import PATIENT, bundle
from tests.support.service import call, candidate, post

DEADLINE = 1.0
"""Seconds that the service under test has for one call."""

ALONE = "nothing to say: 412"
CARD = "card, what is missing is named"
REFUSED = "refused: 400"
WHOLE = "card, nothing is missing"


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong."""

    name: str
    make: Callable[[Behaviour], Behaviour]
    """From the behaviour that would be right to the wrong one."""
    everywhere: str = ALONE
    in_orders: str = CARD
    reason: str = ""
    """What the card says of the orders; empty where nothing is missing."""
    hangs: bool = False
    """True for what goes on until the deadline, and would for twenty seconds and more."""


@dataclass(frozen=True)
class Seen:
    """How a call ended."""

    outcome: str
    seconds: float
    text: str
    """The card's detail, or the sentence of the error, without the escapes of Markdown."""


def order(of: str = PATIENT) -> dict[str, Any]:
    """An active order of insulin."""
    return {
        "resourceType": "MedicationRequest", "id": "m1", "status": "active", "intent": "order",
        "authoredOn": "2026-10-01", "subject": {"reference": f"Patient/{of}"},
        "medicationCodeableConcept": {"text": "insulin glargine"},
    }  # fmt: skip


def always(behaviour: Behaviour) -> Callable[[Behaviour], Behaviour]:
    return lambda right: behaviour


def reset(handler: Handler) -> None:
    """Break the connection off without an answer, by a TCP reset."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()


def hundred_megabytes(handler: Handler) -> None:
    """Send a page of 100 MB as fast as it is read."""
    size = 100_000_000
    handler.send_response(200)
    handler.send_header("Content-Type", server.FHIR_JSON)
    handler.send_header("Content-Length", str(size))
    handler.end_headers()
    block = b" " * 1_000_000
    for _ in range(size // len(block)):
        handler.wfile.write(block)


def once_then(wrong: Behaviour) -> Callable[[Behaviour], Behaviour]:
    """Go wrong on the first attempt of each URL, and right on the second."""

    def make(right: Behaviour) -> Behaviour:
        seen: set[str] = set()

        def answer(handler: Handler) -> None:
            first = handler.path not in seen
            seen.add(handler.path)
            (wrong if first else right)(handler)

        return answer

    return make


def of_somebody_else(right: Behaviour) -> Behaviour:
    """Answer with a resource of another person."""

    def answer(handler: Handler) -> None:
        if "?" in handler.path:
            handler.reply_json(bundle(order(of="somebody-else")))
        else:
            handler.reply_json({"resourceType": "Patient", "id": "somebody-else", "birthDate": "1990-01-01"})

    return answer


def twice(right: Behaviour) -> Behaviour:
    """Send each entry two times."""
    return _rewritten(right, lambda document: document.update(entry=[*_entries(document), *_entries(document)]))


def clock_ahead(right: Behaviour) -> Behaviour:
    """Send a Date header and meta.lastUpdated that lie years ahead: only dates of care count."""

    def rewrite(document: dict[str, Any]) -> None:
        for resource in [entry["resource"] for entry in _entries(document)] or [document]:
            resource["meta"] = {"lastUpdated": "2031-01-01T00:00:00Z"}

    rewritten = _rewritten(right, rewrite)

    def answer(handler: Handler) -> None:
        handler.date_time_string = lambda *_: "Wed, 01 Jan 2031 00:00:00 GMT"  # type: ignore[method-assign]
        rewritten(handler)

    return answer


def _entries(document: dict[str, Any]) -> list[dict[str, Any]]:
    return list(document.get("entry", ()))


def _rewritten(right: Behaviour, rewrite: Callable[[dict[str, Any]], None]) -> Behaviour:
    """Change each document on its way out."""

    def answer(handler: Handler) -> None:
        reply = handler.reply_json

        def changed(document: Any, status: int = 200, **headers: str) -> None:
            document = json.loads(json.dumps(document))
            rewrite(document)
            reply(document, status, **headers)

        handler.reply_json = changed  # type: ignore[method-assign]
        right(handler)

    return answer


LATE = "the server did not answer in time"
BROKE = "the server cannot be reached or broke off"
BUSY = "the server limits the number of requests"

FAULTS: Sequence[Fault] = (
    Fault("hangs before the headers", always(server.hang), reason=LATE, hangs=True),
    Fault("drips headers", always(server.drip_headers), reason=LATE, hangs=True),
    Fault("drips a body of a known length", always(server.drip_body), reason=LATE, hangs=True),
    Fault("drips chunks", always(server.drip_chunks), reason=LATE, hangs=True),
    Fault("breaks off in the body", always(server.cut), reason=BROKE),
    Fault("resets the connection", always(reset), reason=BROKE),
    Fault("resets once, then answers", once_then(reset), WHOLE, WHOLE),
    Fault("429 without Retry-After", always(server.status(429)), reason=BUSY),
    Fault("429, Retry-After longer than the deadline", always(server.status(429, Retry_After="60")), reason=BUSY),
    Fault("429 once, Retry-After 0, then answers", once_then(server.status(429, Retry_After="0")), WHOLE, WHOLE),
    Fault("500 always", always(server.status(500)), reason="the server failed"),
    Fault("503 always", always(server.status(503)), reason="the server failed"),
    Fault("503 once, then answers", once_then(server.status(503)), WHOLE, WHOLE),
    Fault("403", always(server.status(403)), reason="the server refused access"),
    Fault("HTML with status 200", always(server.content(b"<html>log in</html>", "text/html")), reason="HTML or XML"),
    Fault("invalid JSON", always(server.content(b'{"resourceType": "Bundle", "entry": [')), reason="not"),
    Fault("a page of 100 MB", always(hundred_megabytes), reason="larger than the service reads"),
    Fault("60 MB in a small gzip", always(server.gzip_bomb(60)), reason="larger than the service reads"),
    Fault("pages without end", always(server.endless(order())),
          reason="there are more results than the service reads"),
    Fault("a redirect elsewhere", always(server.redirect("http://127.0.0.1:9/")), reason="redirect"),
    Fault("another person's data", of_somebody_else, REFUSED, reason="of another subject left out"),
    Fault("each entry twice", twice, WHOLE, WHOLE),
    Fault("a clock that is ahead", clock_ahead, WHOLE, WHOLE),
)  # fmt: skip


def faulty(fault: Fault, *, everywhere: bool) -> FaultServer:
    """Return a server that holds a candidate's chart and shows ``fault``."""
    chart = candidate()
    resources = [chart["patient"]]
    for key in ("problems", "labs"):
        resources += [entry["resource"] for entry in chart[key]["entry"]]
    right = holding(*resources, order())
    if everywhere:
        return FaultServer(otherwise=fault.make(right))
    return FaultServer(otherwise=right, MedicationRequest=fault.make(right))


def open_chart(client: FlaskClient, fault_server: FaultServer) -> Seen:
    """Let the service answer one call behind ``fault_server``."""
    started = time.monotonic()
    response = post(client, call(fhirServer=fault_server.base_url))
    seconds = time.monotonic() - started
    if response.status_code != 200:
        text = response.get_json(force=True)["issue"][0]["diagnostics"]
        outcome = {412: ALONE, 400: REFUSED}.get(response.status_code, str(response.status_code))
        return Seen(outcome, seconds, text)
    cards = response.get_json()["cards"]
    if not cards:
        return Seen("no card", seconds, "")
    detail = cards[0]["detail"].replace("\\", "")
    return Seen(CARD if DATA_GAPS in detail else WHOLE, seconds, detail)
