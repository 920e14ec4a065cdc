"""Remembers which tokens have been used, for all workers and across restarts, until they expire."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from cds_service.storage.database import Database
from cds_service.storage.tables import used_tokens

_PURGE_SECONDS = 60
"""How often a process deletes what has expired."""
CLOCKS_SECONDS = 600
"""How long after that it is kept: for hosts whose clock is behind that of the one which deletes."""


class UsedTokens:
    """The tokens that have been used, each as a hash: neither a token nor a claim is stored."""

    def __init__(self, database: Database, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._now = now
        self._purged = 0.0

    def first_use(self, issuer: str, jti: str, expires: float, seconds: float) -> bool:
        """Remember a token until ``expires`` (seconds since 1970); False when it was used before.

        The insert itself decides, so that of two uses at once, wherever they come in, one is the first. It waits
        at most ``seconds`` for others that write; raises `DatabaseBusy` and SQLAlchemyError.
        """
        row = {"fingerprint": _fingerprint(issuer, jti), "expires": int(expires) + 1 + CLOCKS_SECONDS}
        now = self._now()

        def remember(connection: Connection) -> None:
            if now - self._purged > _PURGE_SECONDS:
                self._purged = now
                connection.execute(used_tokens.delete().where(used_tokens.c.expires < int(now)))
            connection.execute(used_tokens.insert(), row)

        try:
            self._database.write(seconds, remember, synced=False)
        except IntegrityError:
            return False
        return True


def _fingerprint(issuer: str, jti: str) -> str:
    # An issuer holds no blank (settings), so no two pairs are joined to the same text.
    return hashlib.sha256(f"{issuer} {jti}".encode("utf-8", "surrogatepass")).hexdigest()
