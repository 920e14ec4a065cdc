"""Which browser pages may call the service (CORS)."""

from __future__ import annotations

import re
from typing import Protocol

from flask import Request, Response

_PATH = re.compile(r"(/sandbox/[a-z-]+)?/cds-services(/|$)")


class TrustsOrigins(Protocol):
    """A tenant, or all of them while it is not known which one asks."""

    def trusts_origin(self, origin: str) -> bool: ...


def allow_cross_origin(request: Request, response: Response, trusted: TrustsOrigins) -> None:
    """Add CORS headers for an allowed origin, to the answer itself and to the preflight before it.

    Never ``*``, and never credentials: a token comes in a header, not in a cookie.
    """
    if not _PATH.match(request.path):
        return
    response.vary.add("Origin")
    origin = request.headers.get("Origin", "")
    if not trusted.trusts_origin(origin):
        return
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = "X-Request-Id"
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = "GET, POST"
        response.headers["Access-Control-Allow-Headers"] = "authorization, content-type, x-request-id"
        response.headers["Access-Control-Max-Age"] = "600"
