"""A FHIR server on loopback that misbehaves on demand, and a trap that records who calls it.

Each resource type gets a behaviour: a function that writes the whole answer to the handler it is given.
"""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.fhir import bundle

Behaviour = Callable[["Handler"], None]
FHIR_JSON = "application/fhir+json"


class Handler(BaseHTTPRequestHandler):
    """One request: what tests look at, and ways to answer it."""

    protocol_version = "HTTP/1.1"
    # Else the kernel holds a body back until the headers have been acknowledged.
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.type = parts.path.removeprefix("/fhir").strip("/").split("/")[0]
        self.query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.server.owner.note(self)
        behaviour = self.server.owner.behaviours.get(self.type, self.server.owner.otherwise)
        try:
            behaviour(self)
        except OSError:
            self.close_connection = True

    def reply(self, status: int, content: bytes, kind: str = FHIR_JSON, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def reply_json(self, document: object, status: int = 200, **headers: str) -> None:
        self.reply(status, json.dumps(document).encode(), **headers)

    def pause(self, seconds: float) -> bool:
        """Wait; return True when the server is closing."""
        return self.server.owner.closing.wait(seconds)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    owner: FaultServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what these tests are about."""


class FaultServer:
    """Use as a context manager; ``base_url`` is its FHIR base."""

    def __init__(self, otherwise: Behaviour | None = None, **behaviours: Behaviour) -> None:
        self.behaviours: dict[str, Behaviour] = behaviours
        self.otherwise = otherwise or empty
        self.closing = threading.Event()
        self.urls: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.connections: set[Any] = set()
        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def base_url(self) -> str:
        return f"{self.origin}/fhir"

    @property
    def authorizations(self) -> list[str]:
        return [headers["authorization"] for headers in self.headers if "authorization" in headers]

    def asked(self, type_name: str) -> list[str]:
        """Return the URLs asked for of one resource type, without the base."""
        return [url for url in self.urls if url.split("?")[0].split("/")[0] == type_name]

    def note(self, handler: Handler) -> None:
        self.urls.append(handler.path.removeprefix("/fhir/"))
        self.headers.append({name.lower(): value for name, value in handler.headers.items()})
        self.connections.add(handler.client_address)

    def __enter__(self) -> FaultServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


# -- behaviours ------------------------------------------------------------------------------------------


def empty(handler: Handler) -> None:
    handler.reply_json(bundle(total=0))


def holding(*resources: dict[str, Any]) -> Behaviour:
    """A search by type, category and _id over ``resources``, and a read by id."""

    def answer(handler: Handler) -> None:
        found = [r for r in resources if r["resourceType"] == handler.type and _fits(r, handler)]
        if "?" in handler.path:
            handler.reply_json(bundle(*found))
        elif found:
            handler.reply_json(found[0])
        else:
            handler.reply_json({"resourceType": "OperationOutcome", "issue": []}, 404)

    return answer


def _fits(resource: dict[str, Any], handler: Handler) -> bool:
    if "?" not in handler.path:
        return handler.path.endswith(f"/{resource['id']}")
    ids, category = handler.query.get("_id"), handler.query.get("category")
    if ids is not None:
        return resource["id"] in ids.split(",")
    codes = {coding["code"] for given in resource.get("category", ()) for coding in given["coding"]}
    return category is None or category in codes


def status(code: int, document: object | None = None, **headers: str) -> Behaviour:
    return lambda handler: handler.reply_json(document or {}, code, **headers)


def content(body: bytes, kind: str = FHIR_JSON, **headers: str) -> Behaviour:
    return lambda handler: handler.reply(200, body, kind, **headers)


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Answer by each behaviour once, then by the last for ever."""
    left: list[Behaviour] = list(behaviours)
    lock = threading.Lock()

    def answer(handler: Handler) -> None:
        with lock:
            behaviour = left.pop(0) if len(left) > 1 else left[0]
        behaviour(handler)

    return answer


def slow(seconds: float, then: Behaviour) -> Behaviour:
    def answer(handler: Handler) -> None:
        if not handler.pause(seconds):
            then(handler)

    return answer


def hang(handler: Handler) -> None:
    handler.pause(30)
    handler.close_connection = True


def drip_headers(handler: Handler) -> None:
    _drip(handler, b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 1000)


def drip_body(handler: Handler) -> None:
    """Announce a length, then send a byte now and then: each read succeeds, the answer never ends."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    _drip(handler, b" " * 1000)


def drip_chunks(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for _ in range(1000):
        handler.wfile.write(b"1\r\n \r\n")
        if handler.pause(0.02):
            break
    handler.close_connection = True


def _drip(handler: Handler, what: bytes) -> None:
    for byte in what:
        handler.wfile.write(bytes([byte]))
        if handler.pause(0.02):
            break
    handler.close_connection = True


def cut(handler: Handler) -> None:
    """Break off in the middle of the body."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"resourceType": "Bundle", "entry": [')
    handler.close_connection = True


def redirect(to: str) -> Behaviour:
    return lambda handler: handler.reply(302, b"", Location=to)


def paged(pages: Iterable[dict[str, Any]]) -> Behaviour:
    """Page after page; the next link is the base with HAPI's ``_getpages``, without a type in the path."""
    documents = list(pages)

    def answer(handler: Handler) -> None:
        number = int(handler.query.get("_getpagesoffset", "0"))
        document = dict(documents[number])
        if number + 1 < len(documents):
            url = f"{handler.server.owner.base_url}?_getpages=u&_getpagesoffset={number + 1}"
            document["link"] = [{"relation": "next", "url": url}]
        handler.reply_json(document)

    return answer


def endless(*resources: dict[str, Any]) -> Behaviour:
    """Each page has a next one."""

    def answer(handler: Handler) -> None:
        number = int(handler.query.get("page", "0"))
        url = f"{handler.server.owner.base_url}/{handler.type}?page={number + 1}"
        handler.reply_json(bundle(*resources, link=[{"relation": "next", "url": url}]))

    return answer


def linking_to(url: str, *resources: dict[str, Any]) -> Behaviour:
    return lambda handler: handler.reply_json(bundle(*resources, link=[{"relation": "next", "url": url}]))


def gzip_bomb(megabytes: int) -> Behaviour:
    body = gzip.compress(b" " * (megabytes * 1_000_000))
    return content(body, Content_Encoding="gzip")
