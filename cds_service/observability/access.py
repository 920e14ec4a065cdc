"""Who may see the inside of the service: this computer, and whoever shows the token of the settings."""

from __future__ import annotations

import hmac
import re
from urllib.parse import urlsplit

from flask import Request
from pydantic import SecretStr

from cds_service.patient_data.outbound import is_loopback

_BEARER = re.compile(r"bearer +([!-~]+) *", re.IGNORECASE)
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via")
"""Headers of proxies: behind one on this computer, everybody comes from it."""


def may_look_inside(request: Request, token: SecretStr | None) -> bool:
    """Return whether the caller may see metrics, and what a health check found."""
    return _is_here(request) or _shows(request, token)


def _is_here(request: Request) -> bool:
    """A caller on this computer that also called it so: not a proxy, nor a page whose name leads here."""
    return (
        is_loopback(request.remote_addr or "")
        and is_loopback(host_of(request))
        and not any(name in request.headers for name in _FORWARDED)
    )


def _shows(request: Request, token: SecretStr | None) -> bool:
    shown = _BEARER.fullmatch(request.headers.get("Authorization", ""))
    if token is None or shown is None:
        return False
    return hmac.compare_digest(shown[1].encode(), token.get_secret_value().encode())


def host_of(request: Request) -> str:
    """Return the name by which the caller called, without port; empty if there is none."""
    try:
        return urlsplit(f"//{request.headers.get('Host', '')}").hostname or ""
    except ValueError:
        return ""
