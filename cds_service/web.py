"""What is the same for every request: its id, its log line, its headers, and the form of errors."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson
from flask import Flask, Request, Response, g, render_template, request
from werkzeug.exceptions import HTTPException

from cds_service.cds_hooks import errors
from cds_service.cds_hooks.body import discard_body
from cds_service.cds_hooks.outcome import CONTENT_TYPE, operation_outcome
from cds_service.logs import log, log_failure
from cds_service.patient_data.outbound import is_loopback
from cds_service.security.authentication import Unauthenticated
from cds_service.security.cors import allow_cross_origin
from cds_service.security.headers import add_security_headers
from cds_service.security.tenants import Tenants
from cds_service.settings import Settings

_JSON, _HTML = "application/json", "text/html"
_CLEAN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def frame(app: Flask, settings: Settings, tenants: Tenants) -> None:
    """Attach it all to ``app``."""

    @app.before_request
    def begin() -> None:
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if _CLEAN_ID.fullmatch(given) else uuid.uuid4().hex
        g.started = time.perf_counter()
        g.notes = {}
        check_host(request, settings)

    @app.after_request
    def end(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.request_id
        add_security_headers(request, response, by_https=settings.public_url.startswith("https:"))
        allow_cross_origin(request, response, g.get("tenant") or tenants)
        if request.method == "POST" and response.status_code >= 400:
            # Where the next request starts is uncertain when this one's body was not what its headers said.
            response.headers["Connection"] = "close"
        _log_request(response)
        return response

    @app.errorhandler(errors.Refused)
    def refused(error: errors.Refused) -> Response:
        note(refused=error.sentence)
        return _outcome(error)

    @app.errorhandler(Unauthenticated)
    def unauthenticated(error: Unauthenticated) -> Response:
        note(check=error.check.value, **({"claimed": error.tenant} if error.tenant else {}))
        if request.method == "POST":
            discard_body(request, settings.limits.body_bytes)
        response = Response(status=401, headers={"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"})
        del response.headers["Content-Type"]
        return response

    @app.errorhandler(HTTPException)
    def framework(error: HTTPException) -> Response:
        if error.response is not None or (error.code or 500) < 400:
            return error.get_response()  # type: ignore[return-value]
        response = _outcome(errors.of_status(error.code or 500))
        allowed = getattr(error, "valid_methods", None)
        if allowed:
            response.headers["Allow"] = ", ".join(sorted(allowed))
        return response

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        log_failure("failure", error, request_id=g.request_id)
        return _outcome(errors.unexpected(g.request_id))


def check_host(request: Request, settings: Settings) -> None:
    """Raise `errors.Refused` unless the caller means this service.

    A page whose name a browser is made to resolve to this address (DNS rebinding) could else read what is open to
    whoever reaches it. Such a call still carries that page's name as its Host. A proxy in front passes on the Host
    that clients call, which is that of public_url. Health pages tell nothing, and are asked by address.
    """
    if request.path.startswith("/health/"):
        return
    host = _host_of(f"//{request.headers.get('Host', '')}")
    if not (is_loopback(host) or host == _host_of(settings.public_url)):
        raise errors.other_host()


def _host_of(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def json_response(content: bytes | Mapping[str, Any], status: int = 200) -> Response:
    """Return an answer in JSON; bytes are JSON already."""
    body = content if isinstance(content, bytes) else orjson.dumps(content)
    return Response(body, status, content_type=_JSON)


def prefers_json() -> bool:
    """Return whether the caller of this GET asks for JSON rather than a page, by ``?format`` or by Accept."""
    asked = request.args.get("format")
    if asked is not None:
        return asked == "json"
    return request.accept_mimetypes.best_match((_HTML, _JSON)) == _JSON


def note(**fields: Any) -> None:
    """Add fields to the log line of this request. They must not come from a patient's record."""
    g.notes.update(fields)


def _outcome(error: errors.Refused) -> Response:
    """Return an OperationOutcome; to a person who followed a link or typed an address, the same as a page."""
    accepts = request.accept_mimetypes
    if request.method == "GET" and accepts[_HTML] > max(accepts[_JSON], accepts[CONTENT_TYPE]):
        page = Response(render_template("problem.html", sentence=error.sentence), int(error.status), mimetype=_HTML)
        page.vary.add("Accept")
        return page
    return Response(operation_outcome(error.code, error.sentence), int(error.status), content_type=CONTENT_TYPE)


def _log_request(response: Response) -> None:
    log(
        "request",
        request_id=g.request_id,
        method=request.method,
        route=request.url_rule.rule if request.url_rule else "unmatched",
        status=response.status_code,
        ms=round((time.perf_counter() - g.started) * 1000, 1),
        **g.notes,
    )
