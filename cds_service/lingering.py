"""Connections after their last answer, kept until the client closes them too, or has had its time.

Closed at once, with something of the client's unread, a connection takes an answer away that is still on its way
(RFC 9112, 9.6). gunicorn waits for each client in turn, in the thread that serves all connections; here the poller of
that thread waits for all of them beside everything else.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable

_SECONDS = 2.0
_CHUNK = 65_536


class Lingering:
    """The connections that are about to end. Used by the thread of the poller alone."""

    def __init__(self, poller: selectors.BaseSelector, on_end: Callable[[], None]) -> None:
        """``poller`` calls what it was given, with the connection on which something arrives; ``on_end``: one ended."""
        self._poller = poller
        self._on_end = on_end
        self._until: dict[socket.socket, float] = {}

    def begin(self, connection: socket.socket) -> None:
        """Say that nothing more will be sent; what still arrives is dropped."""
        if connection.fileno() < 0:  # closed already, as after an answer that broke off
            self._on_end()
            return
        self._until[connection] = time.monotonic() + _SECONDS
        connection.setblocking(False)
        self._poller.register(connection, selectors.EVENT_READ, self._drop)
        try:
            connection.shutdown(socket.SHUT_WR)
        except OSError:  # the client has gone
            self._end(connection)

    def end_overdue(self) -> None:
        """Close those whose time is over."""
        now = time.monotonic()
        for connection, until in tuple(self._until.items()):
            if now >= until:
                self._end(connection)

    def _drop(self, connection: socket.socket) -> None:
        try:
            arrived = connection.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            arrived = b""
        if not arrived:
            self._end(connection)

    def _end(self, connection: socket.socket) -> None:
        del self._until[connection]
        self._poller.unregister(connection)
        connection.close()
        self._on_end()
