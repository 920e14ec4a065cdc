"""Which browser pages may call the service (CORS)."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from flask import Request, Response

from cds_service.patient_data.outbound import is_loopback

_PATH = "/cds-services"


def allow_cross_origin(request: Request, response: Response, origins: Collection[str]) -> None:
    """Add CORS headers for an allowed origin, to the answer itself and to the preflight before it.

    Never ``*``, and never credentials: a token comes in a header, not in a cookie.
    """
    if not request.path.startswith(_PATH):
        return
    response.vary.add("Origin")
    origin = request.headers.get("Origin", "")
    if not (is_loopback_origin(origin) or origin in origins):
        return
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = "X-Request-Id"
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET, POST"
        response.headers["Access-Control-Allow-Headers"] = "authorization, content-type, x-request-id"
        response.headers["Access-Control-Max-Age"] = "600"


def is_loopback_origin(origin: str) -> bool:
    """Return True for a page that this computer itself serves, on any port."""
    try:
        parts = urlsplit(origin)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and is_loopback(host)
