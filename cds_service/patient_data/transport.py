"""The HTTP session to FHIR servers, and how a request that hangs is cut off.

A socket timeout bounds one read, not a request: a server that drips bytes, or headers, keeps its reader for
ever. So each request is watched, and at the deadline its socket is shut down from outside.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_current = threading.local()


class Watch:
    """Lets another thread cut off what this one is waiting for."""

    def __init__(self) -> None:
        self._cut = threading.Event()
        self._connection: Any = None

    @property
    def is_cut(self) -> bool:
        return self._cut.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep; return True when cut off meanwhile."""
        return self._cut.wait(seconds)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch the requests that this thread makes inside the block."""
        _current.watch = self
        try:
            yield
        finally:
            _current.watch = None
            self._connection = None

    def hold(self, connection: Any) -> None:
        """Remember the connection in use; it is cut off at once if that was asked for before."""
        connection.watch = self
        self._connection = connection
        if self.is_cut:
            self.cut()

    def cut(self) -> None:
        """Shut down the socket of the request under way, so that its reader returns now."""
        self._cut.set()
        connection = self._connection
        if connection is None or connection.watch is not self:
            return
        sock = connection.sock
        if sock is not None:
            # The plain socket's method: SSLSocket.shutdown would pull the TLS state from under its reader.
            with suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _hold(connection: Any) -> None:
    watch = getattr(_current, "watch", None)
    if watch is not None:
        watch.hold(connection)


class _Connection(HTTPConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        _hold(self)
        super().request(*args, **kwargs)
        _hold(self)  # again: connecting may have outlasted the deadline


class _SecureConnection(HTTPSConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        _hold(self)
        super().request(*args, **kwargs)
        _hold(self)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    """Connections that can be cut off; no retries of its own."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


def new_session(connections: int, ca_bundle: str | None = None) -> requests.Session:
    """Return a session that keeps ``connections`` open and takes nothing from the environment.

    No .netrc (it would replace the bearer token), no proxies, no cookies (one patient's session must not
    serve the next). ``ca_bundle`` is a file of certificates to trust instead of the usual ones.
    """
    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.verify = ca_bundle or True
    adapter = _Adapter(pool_connections=16, pool_maxsize=connections)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.headers.clear()
    session.headers.update({"Accept": "application/fhir+json", "Accept-Encoding": "gzip", "User-Agent": "trial-cds"})
    return session
