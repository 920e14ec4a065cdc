"""The connection to the embedded database, made in the process that uses it."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from cds_service.process import PerProcess
from cds_service.storage.tables import metadata

_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


class DatabaseBusy(RuntimeError):
    """Others were writing for longer than there was time to wait; nothing was written."""


class DatabaseUnusable(RuntimeError):
    """The database cannot be made or opened; the message says what to look at."""


class Database:
    """One engine a process. SQLite runs in WAL mode."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._engine = PerProcess(self._connect)
        self._turn = PerProcess(threading.Lock)

    @property
    def engine(self) -> Engine:
        return self._engine.get()

    def create(self) -> None:
        """Make the file, its folder and the tables where they lack. Call before workers are forked.

        Raises `DatabaseUnusable`.
        """
        try:
            if self._is_file:
                Path(str(self._url.database)).absolute().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            metadata.create_all(self.engine)
            self.engine.dispose()
        except (OSError, ImportError, SQLAlchemyError) as error:
            raise DatabaseUnusable(
                f"database.url: the database cannot be made or opened ({type(error).__name__}). "
                "Look at the address, the folder and who may write there."
            ) from None

    @contextmanager
    def writing(self, seconds: float, *, synced: bool) -> Iterator[Connection]:
        """Give a transaction, after waiting at most about ``seconds`` for others that write.

        Once it has ended, its rows survive a crash of the service, and with ``synced`` one of the computer; that
        takes milliseconds, in which others wait.

        Raises `DatabaseBusy` and SQLAlchemyError. The threads of this process take turns by a lock, for SQLite
        lets those who wait poll with growing pauses, by which some would come too late.
        """
        give_up = time.monotonic() + seconds
        turn = self._turn.get()
        if not turn.acquire(timeout=seconds):
            raise DatabaseBusy
        try:
            with self.engine.begin() as connection:
                left = max(0.0, give_up - time.monotonic())
                connection.exec_driver_sql(f"PRAGMA busy_timeout={round(left * 1000)}")
                connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if synced else 'NORMAL'}")
                yield connection
        except OperationalError as error:
            if _primary_code(error) in _BUSY:
                raise DatabaseBusy from None
            raise
        finally:
            turn.release()

    def check(self) -> None:
        """Raise SQLAlchemyError when the database does not answer."""
        with self.engine.connect() as connection:
            connection.execute(text("SELECT 1 FROM feedback WHERE 1 = 0"))

    @property
    def _is_file(self) -> bool:
        return self._url.database not in (None, "", ":memory:")

    def _connect(self) -> Engine:
        engine = create_engine(self._url)
        event.listen(engine, "connect", _prepare_sqlite)
        return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")


def _primary_code(error: OperationalError) -> int | None:
    """Return SQLite's own code, without what its extended codes add."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF
