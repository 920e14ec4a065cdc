"""Calls an application as a WSGI server does, without sockets, and with as little around it as possible."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

Application: TypeAlias = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class UnexpectedAnswer(RuntimeError):
    """The application refused, or answered otherwise than the measurement takes for granted."""


def post(app: Application, path: str, body: bytes) -> bytes:
    """Return the answer's body; raises `UnexpectedAnswer` for any status but 200."""
    statuses: list[str] = []
    chunks = app(_environ(path, body), lambda status, headers, error=None: statuses.append(status))
    try:
        content = b"".join(chunks)
    finally:
        getattr(chunks, "close", lambda: None)()
    if not statuses[0].startswith("200"):
        raise UnexpectedAnswer(f"{path} answered {statuses[0]}: {content.decode(errors='replace')}")
    return content


def _environ(path: str, body: bytes) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_HOST": "127.0.0.1",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
