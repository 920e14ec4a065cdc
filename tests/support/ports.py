"""Ports on loopback for servers that the tests start."""

from __future__ import annotations

from contextlib import ExitStack

from cds_service.sandbox.processes import kept_port

_KEPT = ExitStack()


def free_port() -> int:
    """Return a loopback port on which nothing listens, kept from all who ask for any port until this process ends.

    The server that is told it can listen there, before and after others that were told it.
    """
    return _KEPT.enter_context(kept_port())
