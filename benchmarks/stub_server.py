"""A FHIR server on loopback that holds one person and answers each search after a fixed time."""

from __future__ import annotations

import threading
import time
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import orjson

from benchmarks.bodies import Json, bundle

_KEYS = {
    ("Condition", ""): "problems",
    ("Condition", "problem-list-item"): "problems",
    ("Condition", "encounter-diagnosis"): "diagnoses",
    ("MedicationRequest", ""): "medications",
    ("Observation", "laboratory"): "labs",
    ("Observation", "vital-signs"): "vitals",
    ("Observation", "social-history"): "social",
    ("Encounter", ""): "encounters",
}
"""Prefetch key that holds what a search by type and category finds."""


class Answered(NamedTuple):
    """One request that the server answered, and how long that took."""

    type: str
    seconds: float


class StubServer:
    """Use as a context manager. ``person`` is what `benchmarks.bodies.prefetch` returns."""

    def __init__(self, person: Json, latency: float = 0.0) -> None:
        self.answered: list[Answered] = []
        self.latency = latency
        self.content = lru_cache(maxsize=None)(lambda url: orjson.dumps(_found(person, url)))
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.stub = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/fhir"

    def __enter__(self) -> StubServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    stub: StubServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a service whose time is over hangs up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One write an answer, sent at once: else the kernel adds its own delays.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        started = time.perf_counter()
        stub = self.server.stub
        content = stub.content(self.path.removeprefix("/fhir/"))
        time.sleep(stub.latency)
        self.send_response(200)
        self.send_header("Content-Type", "application/fhir+json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        type_name = self.path.removeprefix("/fhir/").split("?")[0].split("/")[0]
        stub.answered.append(Answered(type_name, time.perf_counter() - started))
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def _found(person: Json, url: str) -> Json:
    """Return what ``url`` finds: by id, by category, or by a list of codes."""
    parts = urlsplit(url)
    asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
    if parts.path.startswith("Patient/"):
        patient: Json = person["patient"]
        return patient
    if "code" in asked:
        return bundle(*_with_code(person, {token.rsplit("|", 1)[-1] for token in asked["code"].split(",")}))
    key = _KEYS.get((parts.path, asked.get("category", "")))
    return person[key] if key else bundle()


def _with_code(person: Json, codes: set[str]) -> list[Json]:
    resources = [entry["resource"] for key in ("labs", "vitals") for entry in person[key]["entry"]]
    return [r for r in resources if any(coding["code"] in codes for coding in r["code"]["coding"])]
