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
from cds_service.logs import REQUEST_ID, log, log_failure
from cds_service.observability.access import host_of
from cds_service.observability.course import Course
from cds_service.observability.metrics import NONE, Metrics, Seen
from cds_service.observability.tracing import Tracing
from cds_service.patient_data.outbound import is_loopback
from cds_service.security.authentication import Unauthenticated
from cds_service.security.cors import allow_cross_origin
from cds_service.security.headers import add_security_headers
from cds_service.security.tenants import Tenants
from cds_service.self_test import SelfTestFailed
from cds_service.settings import Settings

_JSON, _HTML = "application/json", "text/html"
_CLEAN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def frame(app: Flask, settings: Settings, tenants: Tenants, metrics: Metrics, tracing: Tracing | None = None) -> None:
    """Attach it all to ``app``."""

    @app.before_request
    def begin() -> None:
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if _CLEAN_ID.fullmatch(given) else uuid.uuid4().hex
        g.in_log = REQUEST_ID.set(g.request_id)
        g.course = Course()
        g.notes = {}
        metrics.arrives()
        check_host(request, settings)

    @app.teardown_request
    def leave(_: BaseException | None) -> None:
        if "course" in g:
            g.course.account = None  # they name each other, so what is known of a chart would stay a while
        if "in_log" in g:
            metrics.leaves()
            REQUEST_ID.reset(g.in_log)

    @app.after_request
    def end(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.request_id
        add_security_headers(request, response, by_https=settings.public_url.startswith("https:"))
        allow_cross_origin(request, response, g.get("tenant") or tenants)
        if request.method == "POST" and response.status_code >= 400:
            # Where the next request starts is uncertain when this one's body was not what its headers said.
            response.headers["Connection"] = "close"
        ended = time.monotonic()
        _log_request(response, ended)
        try:
            count(_seen(response), ended)
        except Exception as error:  # noqa: BLE001 the answer is ready, and a number is not worth it
            log_failure("request not counted", error)
        return response

    def count(seen: Seen, ended: float) -> None:
        metrics.request(seen, g.course, ended)
        if tracing:
            tracing.request(seen, g.course, ended, request.headers.get("traceparent"), g.request_id)

    @app.errorhandler(errors.Refused)
    def refused(error: errors.Refused) -> Response:
        note(refused=error.sentence)
        return _outcome(error)

    @app.errorhandler(Unauthenticated)
    def unauthenticated(error: Unauthenticated) -> Response:
        note(check=error.check.value, advice=error.check.advice)
        if error.tenant:
            note(claimed=error.tenant)
        if request.method == "POST":
            discard_body(request, settings.limits.body_bytes)
        response = Response(status=401, headers={"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"})
        del response.headers["Content-Type"]
        return response

    @app.errorhandler(SelfTestFailed)
    def untested(_: SelfTestFailed) -> Response:
        return _outcome(errors.rules_unusable())

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
    that clients call, which is that of public_url. Health and metrics are asked by address, and look at it themselves.
    """
    if request.path.startswith("/health/") or request.path == "/metrics":
        return
    host = host_of(request)
    if not (is_loopback(host) or host == urlsplit(settings.public_url).hostname):
        raise errors.other_host()


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


_ENDPOINTS = {"cds_hooks.discover": "discovery", "cds_hooks.call": "patient-view", "cds_hooks.feedback": "feedback"}
_OTHER_ENDPOINTS = {"health": "health", "metrics": "metrics"}


def _seen(response: Response) -> Seen:
    """Return what the request was, in words of this project and of the settings alone."""
    tenant, account = g.get("tenant"), g.course.account
    return Seen(
        endpoint=_endpoint(request),
        service=account.parties.service if account else g.notes.get("service", NONE),
        tenant=tenant.name if tenant else NONE,
        status=response.status_code,
        check=g.notes.get("check"),
        claimed=g.notes.get("claimed"),
    )


def _endpoint(request: Request) -> str:
    if request.endpoint is None:
        return "unmatched"
    if request.method == "OPTIONS":
        return "preflight"
    return _ENDPOINTS.get(request.endpoint) or _OTHER_ENDPOINTS.get(request.blueprint or "", "pages")


def _log_request(response: Response, ended: float) -> None:
    log(
        "request",
        request_id=g.request_id,
        method=request.method,
        route=request.url_rule.rule if request.url_rule else "unmatched",
        status=response.status_code,
        ms=round((ended - g.course.began) * 1000, 1),
        **g.notes,
    )
