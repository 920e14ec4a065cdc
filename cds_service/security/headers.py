"""Response headers that keep browsers from doing more with an answer than showing it."""

from __future__ import annotations

from flask import Request, Response

ALWAYS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Nothing to other sites; a form of the pages says where it comes from (`pages/forms.py`).
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


_BY_HTTPS_ALONE = "max-age=31536000"


def add_security_headers(request: Request, response: Response, *, by_https: bool) -> None:
    """Add them; answers to a POST are about a patient and are never kept by a cache.

    ``by_https``: clients reach this service by https, and are to do so for a year whatever a link says.
    """
    if by_https:
        response.headers["Strict-Transport-Security"] = _BY_HTTPS_ALONE
    for name, value in ALWAYS.items():
        response.headers.setdefault(name, value)
    if request.method == "POST":
        response.headers["Cache-Control"] = "no-store"
