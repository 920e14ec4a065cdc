"""Looks at a port before a server is started on it."""

from __future__ import annotations

import socket


class PortUnusable(RuntimeError):
    """Nothing can listen there; the message says why and what to do."""


def require_free_port(host: str, port: int) -> None:
    """Raise `PortUnusable` if ``host``:``port`` cannot be listened on, such as when another program does."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: a port just left is free
            probe.bind(address)
    except OSError as error:
        reason = f"{error.strerror or error}. Choose another with --port or --host."
        raise PortUnusable(f"Port {port} of {host} cannot be used: {reason}") from None
