"""A small Bulk Data server on loopback, with SMART Backend Services, that misbehaves on demand."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt


@dataclass
class Behaviour:
    """What the server does; tests change it."""

    files: dict[str, bytes]
    """Name ("Patient.0") -> lines."""
    public_key: str | None = None
    """Of the client; None: nobody signs in."""
    busy: int = 2
    """Answers of 202 before the export is ready."""
    retry_after: str = "0"
    statuses: list[tuple[str, int]] = field(default_factory=list)
    """Part of a path, and a status to answer with once."""
    cut: set[str] = field(default_factory=set)
    """Files of which half is sent, once."""
    token_life: int = 300
    counts: dict[str, int] = field(default_factory=dict)
    """Counts that the manifest tells, where these differ from the truth."""
    requires_token: bool = True
    redirect: str | None = None
    manifest: dict[str, Any] = field(default_factory=dict)
    """Overrides parts of the manifest."""
    token_endpoint: str | None = None
    content_location: str | None = None


class BulkServer:
    """Use as a context manager; ``base`` is its FHIR base."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.asked: Counter[str] = Counter()
        self.queries: list[dict[str, str]] = []
        self.headers: list[tuple[str, dict[str, str]]] = []
        self.tokens: set[str] = set()
        self.refused: list[str] = []
        self.jti: set[str] = set()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                owner._get(self)

            def do_DELETE(self) -> None:
                owner._note(self, "DELETE")
                owner._reply(self, 202)

            def do_POST(self) -> None:
                owner._note(self, "POST")
                owner._token(self)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def base(self) -> str:
        return f"{self.origin}/fhir"

    def __enter__(self) -> BulkServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    # -- answers -----------------------------------------------------------------------------------------

    def _note(self, handler: BaseHTTPRequestHandler, method: str) -> str:
        path = urlsplit(handler.path).path
        self.asked[f"{method} {path}"] += 1
        self.headers.append((path, {name.lower(): value for name, value in handler.headers.items()}))
        return path

    def _reply(self, handler: BaseHTTPRequestHandler, status: int, content: bytes = b"", **headers: str) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(content)

    def _json(self, handler: BaseHTTPRequestHandler, document: object, status: int = 200) -> None:
        self._reply(handler, status, json.dumps(document).encode(), Content_Type="application/json")

    def _get(self, handler: BaseHTTPRequestHandler) -> None:
        path, does = self._note(handler, "GET"), self.behaviour
        for place, (part, status) in enumerate(does.statuses):
            if part in path:
                del does.statuses[place]
                issue = {"code": "exception", "diagnostics": "Jane Doe"}
                document = {"resourceType": "OperationOutcome", "issue": [issue]}
                self._reply(handler, status, json.dumps(document).encode(), Retry_After=does.retry_after)
                return
        if path.endswith("/.well-known/smart-configuration"):
            self._json(handler, {"token_endpoint": does.token_endpoint or f"{self.origin}/token"})
        elif path.startswith("/files/"):
            self._file(handler, path.removeprefix("/files/"))
        elif not self._may(handler):
            self._reply(handler, 401)
        elif path.endswith("$export"):
            self._kick_off(handler)
        elif path == "/state":
            self._state(handler)
        else:
            self._reply(handler, 404)

    def _may(self, handler: BaseHTTPRequestHandler) -> bool:
        scheme, _blank, token = handler.headers.get("Authorization", "").partition(" ")
        return self.behaviour.public_key is None or (scheme == "Bearer" and token in self.tokens)

    def _kick_off(self, handler: BaseHTTPRequestHandler) -> None:
        query = parse_qs(urlsplit(handler.path).query)
        self.queries.append({name: values[0] for name, values in query.items()})
        if self.behaviour.redirect:
            self._reply(handler, 302, Location=self.behaviour.redirect)
        elif "respond-async" not in handler.headers.get("Prefer", ""):
            self._reply(handler, 400)
        else:
            self._reply(handler, 202, Content_Location=self.behaviour.content_location or f"{self.origin}/state")

    def _state(self, handler: BaseHTTPRequestHandler) -> None:
        does = self.behaviour
        if does.busy > 0:
            does.busy -= 1
            self._reply(handler, 202, Retry_After=does.retry_after, X_Progress=f"{does.busy} left")
            return
        output = [
            {
                "type": name.partition(".")[0],
                "url": f"{self.origin}/files/{name}?part=1",
                "count": does.counts.get(name, content.count(b"\n")),
            }
            for name, content in does.files.items()
        ]
        manifest = {"requiresAccessToken": does.requires_token, "output": output, "error": [], "deleted": []}
        self._json(handler, {**manifest, **does.manifest})

    def _file(self, handler: BaseHTTPRequestHandler, name: str) -> None:
        content = self.behaviour.files.get(name)
        if content is None:
            self._reply(handler, 404)
        elif self.behaviour.requires_token and not self._may(handler):
            self._reply(handler, 401)
        elif name in self.behaviour.cut:
            self.behaviour.cut.discard(name)
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(content)))
            handler.end_headers()
            handler.wfile.write(content[: len(content) // 2])
            handler.close_connection = True
        else:
            self._reply(handler, 200, content, Content_Type="application/fhir+ndjson")

    def _token(self, handler: BaseHTTPRequestHandler) -> None:
        form = parse_qs(handler.rfile.read(int(handler.headers["Content-Length"])).decode())
        try:
            claims = jwt.decode(
                form["client_assertion"][0],
                self.behaviour.public_key or "",
                algorithms=["RS384", "ES384"],
                audience=f"{self.origin}/token",
                options={"require": ["iss", "sub", "aud", "exp", "jti"]},
            )
            fresh = claims["jti"] not in self.jti and claims["exp"] - time.time() <= 300
            right = claims["iss"] == claims["sub"] == "screening" and form["grant_type"] == ["client_credentials"]
            if not (fresh and right):
                raise jwt.InvalidTokenError
        except (jwt.InvalidTokenError, KeyError) as error:
            self.refused.append(type(error).__name__)
            self._json(handler, {"error": "invalid_client", "error_description": "Jane Doe"}, 400)
            return
        self.jti.add(claims["jti"])
        token = f"token-{len(self.tokens)}"
        self.tokens.add(token)
        life, scope = self.behaviour.token_life, form["scope"][0]
        self._json(handler, {"access_token": token, "token_type": "bearer", "expires_in": life, "scope": scope})
