"""Which addresses the service may call: base URLs in a normal form, allow-lists, links pinned to a base.

A FHIR server's address comes with the request, and next links come with the data, so neither is trusted.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

import idna

_DEFAULT_PORTS = {"http": 80, "https": 443}
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\\"<>^`{}]")
"""Blanks, control characters and others that parsers disagree about."""
_LONGEST = 4096
_HOST_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")


class OutboundError(ValueError):
    """An address that the service does not call; the message says why and holds no part of the address."""


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """The base URL of a FHIR server in normal form; ``path`` is empty or starts and does not end with '/'."""

    scheme: str
    host: str
    """Lower-case name (IDNA), IPv4 or IPv6 address without brackets."""
    port: int
    path: str

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"

    @property
    def loopback(self) -> bool:
        return is_loopback(self.host)

    def covers(self, other: BaseUrl) -> bool:
        """True when ``other`` has the same origin and a path that is this one or lies under it."""
        same_origin = (self.scheme, self.host, self.port) == (other.scheme, other.host, other.port)
        return same_origin and (other.path == self.path or other.path.startswith(f"{self.path}/"))


def parse_base_url(text: str) -> BaseUrl:
    """Return the normal form of a base URL; raises `OutboundError`.

    https only, but for loopback hosts; no user information, query, fragment or dot segments.
    """
    parts = _split(text, _LONGEST)
    if parts.query or parts.fragment or text.endswith(("?", "#")):
        raise OutboundError("a FHIR base URL has no query and no fragment")
    return _located(parts)


def pinned(base: BaseUrl, link: str) -> str | None:
    """Return the absolute form of ``link`` if it stays within ``base``, else None.

    Path and query stay verbatim, for servers encode their paging state in them.
    """
    if not link:
        return None  # the base itself is no next page
    try:
        absolute = link if "://" in link[:12] else urljoin(f"{base}/", link)
        parts = _split(absolute, 4 * _LONGEST)
        target = _located(parts)
    except (OutboundError, ValueError):
        return None
    if not base.covers(target):
        return None
    origin = str(BaseUrl(target.scheme, target.host, target.port, ""))
    return origin + parts.path + (f"?{parts.query}" if parts.query else "")


def forget_addresses() -> None:
    """Empty urllib's memory of the addresses that it took apart last: those of searches hold a patient's id."""
    urlsplit.cache_clear()  # type: ignore[attr-defined]  # the types do not know that it is an lru_cache


def is_loopback(host: str) -> bool:
    """True for localhost, 127.0.0.0/8 and ::1."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def is_loopback_url(url: str) -> bool:
    """True for an http or https address on this computer, on any port."""
    try:
        parts = urlsplit(url)
        return parts.scheme in _DEFAULT_PORTS and is_loopback(parts.hostname or "")
    except ValueError:
        return False


def _split(text: str, longest: int) -> SplitResult:
    if not text or len(text) > longest:
        raise OutboundError("the URL is empty or too long")
    try:
        parts = urlsplit(text)
    except ValueError:
        raise OutboundError("the URL cannot be read") from None
    if _UNSAFE.search(text) or not f"{parts.path}{parts.query}".isascii():
        raise OutboundError("the URL holds characters that do not belong in one")
    return parts


def _located(parts: SplitResult) -> BaseUrl:
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS:
        raise OutboundError("the URL must start with https://")
    if parts.username is not None or parts.password is not None:
        raise OutboundError("the URL must not carry a user name or a password")
    host, port = _host(parts), _port(parts, scheme)
    if scheme == "http" and not is_loopback(host):
        raise OutboundError("http is allowed for loopback addresses only; use https")
    segments = unquote(unquote(parts.path)).replace("\\", "/").split("/")
    if "." in segments or ".." in segments:
        raise OutboundError("the URL must not hold dot segments")
    return BaseUrl(scheme, host, port, parts.path.rstrip("/"))


def _port(parts: SplitResult, scheme: str) -> int:
    try:
        port = parts.port
    except ValueError:
        raise OutboundError("the port is not a number from 1 to 65535") from None
    if port == 0:
        raise OutboundError("the port is not a number from 1 to 65535")
    return port or _DEFAULT_PORTS[scheme]


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").removesuffix(".")
    if parts.netloc.startswith("["):
        return _ipv6(host)
    if not host.isascii():
        host = _idna(host)
    if _is_address(host):
        return host
    if host.rsplit(".", 1)[-1].isdigit() or host.startswith("0x") or not _HOST_NAME.fullmatch(host):
        raise OutboundError("the host is neither a name nor an address")
    return host


def _ipv6(host: str) -> str:
    try:
        return str(ipaddress.IPv6Address(host)) if "%" not in host else _refuse_zone()
    except ValueError:
        raise OutboundError("the host is neither a name nor an address") from None


def _refuse_zone() -> str:
    raise OutboundError("an IPv6 address with a zone cannot be called")


def _idna(host: str) -> str:
    try:
        return idna.encode(host, uts46=True).decode("ascii").lower()
    except idna.IDNAError:
        raise OutboundError("the host is neither a name nor an address") from None


def _is_address(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True
