"""Reads a request body: JSON, not compressed, not larger than allowed."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any, BinaryIO

from flask import Request
from gunicorn.http.errors import ParseException

from cds_service.cds_hooks import errors

ARRIVED = "trial_cds.arrived"
"""Key of the WSGI environment: a function to call when nothing more of the body is waited for. It returns
False when the server had given up waiting. Absent outside the server."""

_CHUNK = 65_536
_DISCARDED_TIMES_LIMIT = 10
_DISCARDING_SECONDS = 3.0
_BROKEN = (OSError, ParseException)
"""What reading raises when the client breaks off, or sends chunks that are none."""


def read_body(request: Request, limit: int) -> bytes:
    """Return a JSON body, at most ``limit`` bytes; raises `errors.Refused` with 400, 408, 413 or 415."""
    if not _is_json(request.mimetype):
        raise errors.not_json("Send the request as JSON, with the header Content-Type: application/json.")
    return read_bytes(request, limit)


def read_bytes(request: Request, limit: int) -> bytes:
    """Return the body, whatever its type, at most ``limit`` bytes.

    Raises `errors.Refused` with 400, 408, 413 or 415. The stream is read directly: the framework's own limit cuts
    a chunked body short without a word.
    """
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise errors.not_json("Send the body uncompressed, without a Content-Encoding header.")
    length = request.content_length
    if length is None and not request.environ.get("wsgi.input_terminated"):
        raise errors.malformed("The request has no body: send one, with its Content-Length.", "required")
    try:
        body = _read(request.environ["wsgi.input"], limit, length)
    except _BROKEN:
        body = None
    in_time = request.environ.get(ARRIVED, lambda: True)()
    if body is not None and (length is None or len(body) == length):
        return body
    if not in_time:
        raise errors.too_slow()
    raise errors.malformed("The body breaks off: it is shorter than announced, or its chunks cannot be read.")


def discard_body(request: Request, limit: int) -> None:
    """Read the body without keeping it, within bounds, for a caller that is refused whatever it holds."""
    with suppress(*_BROKEN):
        _discard(request.environ["wsgi.input"], limit, request.content_length)
    request.environ.get(ARRIVED, lambda: True)()


def _read(stream: BinaryIO | Any, limit: int, length: int | None) -> bytes:
    if length is not None and length > limit:
        _discard(stream, limit, length)
        raise errors.too_large(limit)
    body = bytearray()
    wanted = limit + 1 if length is None else length
    while len(body) < wanted:
        chunk = stream.read(min(_CHUNK, wanted - len(body)))
        if not chunk:
            break
        body += chunk
    if len(body) > limit:
        _discard(stream, limit)
        raise errors.too_large(limit)
    return bytes(body)


def _discard(stream: BinaryIO | Any, limit: int, length: int | None = None) -> None:
    """Read on without keeping anything, within bounds.

    Most clients look at the answer only when they have sent everything; closing on them would lose it.
    """
    left = _DISCARDED_TIMES_LIMIT * limit if length is None else min(length, _DISCARDED_TIMES_LIMIT * limit)
    give_up = time.monotonic() + _DISCARDING_SECONDS
    while left > 0 and time.monotonic() < give_up:
        chunk = stream.read(min(_CHUNK, left))
        if not chunk:
            return
        left -= len(chunk)


def _is_json(mimetype: str) -> bool:
    if mimetype == "application/json":
        return True
    return mimetype.startswith("application/") and mimetype.endswith("+json")
