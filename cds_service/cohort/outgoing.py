"""Requests to a Bulk Data server: only where they may go, without redirects, with bounds on time and size.

The server's own addresses (its token endpoint, the state of an export, the files) come with its answers, so each is
checked before it is called: https outside loopback, loopback only from a server on loopback, and the access token
only to the origin that was asked for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import BinaryIO
from urllib.parse import urlsplit

import requests
import urllib3

from cds_service.patient_data.outbound import BaseUrl, OutboundError, parse_base_url
from cds_service.patient_data.transport import new_session

_TIMEOUT = (10.0, 120.0)
"""Seconds to connect, and between two pieces of an answer."""
_LONGEST_DOCUMENT = 20_000_000
_CHUNK = 262_144
BROKEN = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)
"""What a connection raises that breaks."""


class ExportError(RuntimeError):
    """The export cannot be had; the message says what to do, and holds no token and no patient data."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer of bounded size."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def retry_after(self, otherwise: float) -> float:
        """Return the seconds the server asks to wait, given as a number or as a date."""
        given = self.headers.get("Retry-After", "").strip()
        if given.isdecimal():
            return float(given[:6])
        try:
            return max((parsedate_to_datetime(given) - datetime.now(UTC)).total_seconds(), 0.0)
        except (ValueError, TypeError, OverflowError):
            return otherwise


class Wire:
    """The connection to one server."""

    def __init__(self, base: BaseUrl, ca_bundle: str | None = None) -> None:
        self.base = base
        self._session = new_session(4, ca_bundle)

    def may_call(self, url: str) -> BaseUrl:
        """Return where ``url`` leads; raises `ExportError` when it must not be called."""
        try:
            parts = urlsplit(url)
            target = parse_base_url(parts._replace(query="", fragment="").geturl())
        except (OutboundError, ValueError) as error:
            raise ExportError(f"The server names an address that is not called: {error}.") from None
        if target.loopback and not self.base.loopback:
            raise ExportError("The server names an address on this computer, which is not called.")
        return target

    def is_own(self, url: str) -> bool:
        """True for an address of the server's own origin: the only one that gets the access token."""
        target = self.may_call(url)
        return (target.scheme, target.host, target.port) == (self.base.scheme, self.base.host, self.base.port)

    def call(self, method: str, url: str, headers: Mapping[str, str], data: Mapping[str, str] | None = None) -> Answer:
        """Send a request and read the whole answer; raises `ExportError`."""
        self.may_call(url)
        try:
            with self._open(method, url, headers, data) as response:
                return Answer(response.status_code, response.headers, _read(response))
        except BROKEN as error:
            raise ExportError(f"The server cannot be reached or broke off ({type(error).__name__}).") from None

    def download(self, url: str, headers: Mapping[str, str], file: BinaryIO, most: int) -> int:
        """Write an answer's body, unpacked, to ``file``; return the status. Raises `BROKEN` and `ExportError`."""
        self.may_call(url)
        with self._open("GET", url, headers, None) as response:
            if response.status_code == 200:
                left = most
                while chunk := response.raw.read1(_CHUNK, decode_content=True):
                    left -= len(chunk)
                    if left < 0:
                        raise ExportError(f"A file of the export is larger than {most // 10**9:,} GB.")
                    file.write(chunk)
                if response.raw.length_remaining:
                    raise requests.ConnectionError("the file was cut short")
            return response.status_code

    @contextmanager
    def _open(
        self, method: str, url: str, headers: Mapping[str, str], data: Mapping[str, str] | None
    ) -> Iterator[requests.Response]:
        response = self._session.request(
            method, url, headers=dict(headers), data=data, timeout=_TIMEOUT, stream=True, allow_redirects=False
        )
        try:
            yield response
        finally:
            response.close()


def _read(response: requests.Response) -> bytes:
    body = bytearray()
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > _LONGEST_DOCUMENT:
            raise ExportError("The server's answer is too large.")
    return bytes(body)


Sleep = Callable[[float], object]
sleep: Sleep = time.sleep
