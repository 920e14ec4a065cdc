"""Where the keys of an issuer come from: the one address, or the one file, that the settings name."""

from __future__ import annotations

import os
import threading
from contextlib import closing
from pathlib import Path
from typing import Protocol

import requests
import urllib3

from cds_service.patient_data.transport import Watch, new_session
from cds_service.security.key_set import LARGEST_SET
from cds_service.tenant_settings import TenantSettings

FETCH_SECONDS = 2.0
"""Longest time for a key set to arrive, from the first byte sent to the last received."""
_CHUNK = 65_536
_LATE = "it takes too long"


class KeysUnreachable(Exception):
    """The keys could not be had; the message says why in words of this module alone."""


class KeySource(Protocol):
    """One place with the keys of one issuer."""

    @property
    def seconds(self) -> float:
        """Pause between two looks."""
        ...

    def read(self) -> bytes | None:
        """Return the key set, or None if it is as it was; raises `KeysUnreachable`."""
        ...


class KeyAddress:
    """A key set on the web. Redirects are not followed, and nothing of the environment is used."""

    seconds = 300.0

    def __init__(self, url: str, ca_bundle: str | None = None, limit: float = FETCH_SECONDS) -> None:
        self._url = url
        self._ca_bundle = ca_bundle
        self._limit = limit

    def read(self) -> bytes | None:
        watch = Watch()
        clock = threading.Timer(self._limit, watch.cut)
        clock.daemon = True
        clock.start()
        try:
            with new_session(1, self._ca_bundle) as session, watch.watching():
                content = self._get(session)
            if watch.is_cut:
                raise KeysUnreachable(_LATE)  # what was cut off in its headers looks like an empty answer
            return content
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError):
            raise KeysUnreachable(_LATE if watch.is_cut else "it cannot be reached or broke off") from None
        finally:
            clock.cancel()

    def _get(self, session: requests.Session) -> bytes:
        headers = {"Accept": "application/jwk-set+json, application/json"}
        response = session.get(self._url, headers=headers, timeout=self._limit, stream=True, allow_redirects=False)
        with closing(response):
            if response.status_code != 200:
                raise KeysUnreachable(f"it answers with status {response.status_code}")
            body = bytearray()
            while chunk := response.raw.read1(_CHUNK, decode_content=True):
                body += chunk
                if len(body) > LARGEST_SET:
                    raise KeysUnreachable(f"it is larger than {LARGEST_SET} bytes")
            return bytes(body)


class KeyFile:
    """A key set on this computer, read again when the file has changed."""

    seconds = 5.0

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None

    def read(self) -> bytes | None:
        try:
            with self._path.open("rb") as file:
                state = os.fstat(file.fileno())
                seen = (state.st_mtime_ns, state.st_size, state.st_ino)
                if seen == self._seen:
                    return None
                content = file.read(LARGEST_SET + 1)
        except OSError as error:
            raise KeysUnreachable(f"the file {self._path.absolute()} cannot be read ({error.strerror})") from None
        self._seen = seen
        return content


def key_source(given: TenantSettings, ca_bundle: str | None = None) -> KeySource:
    """Return where a tenant's keys come from."""
    if given.jwks_file is not None:
        return KeyFile(given.jwks_file)
    if given.jwks_url is None:
        raise ValueError("a tenant has a jwks_url or a jwks_file")
    return KeyAddress(given.jwks_url, ca_bundle)
