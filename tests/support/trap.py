"""A port on loopback, by IPv4 and IPv6, that nobody should ever call: it counts who does and keeps what is sent."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType


class Trap:
    """Use as a context manager; ``caught`` holds the first bytes of every connection."""

    def __init__(self) -> None:
        self.caught: list[bytes] = []
        self._listeners: list[socket.socket] = []
        four = socket.create_server(("127.0.0.1", 0))
        self.port: int = four.getsockname()[1]
        self._listeners.append(four)
        if socket.has_ipv6:
            with suppress(OSError):  # this computer has no IPv6 on loopback
                self._listeners.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))
        for listener in self._listeners:
            threading.Thread(target=self._listen, args=(listener,), daemon=True).start()

    def _listen(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(1)
                try:
                    self.caught.append(connection.recv(4_096))
                except OSError:
                    self.caught.append(b"")

    def __enter__(self) -> Trap:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for listener in self._listeners:
            listener.close()
