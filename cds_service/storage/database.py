"""The connection to the database, made in the process that uses it: SQLite by default, or PostgreSQL."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from cds_service.process import PerProcess
from cds_service.storage.lane import DatabaseBusy, Lane
from cds_service.storage.pseudonyms import own_key
from cds_service.storage.revisions import HEAD, WrongRevision, check_revision, current_revision, stamp
from cds_service.storage.tables import metadata
from cds_service.storage.turns import take_turns

__all__ = ["Database", "DatabaseBusy", "DatabaseUnusable"]

T = TypeVar("T")

POSTGRESQL = "postgresql"
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_MOST_SECONDS = 5
"""After this PostgreSQL ends a statement by itself, and an attempt to connect is given up."""


class DatabaseUnusable(RuntimeError):
    """The database cannot be made or opened; the message says what to look at."""


@dataclass(frozen=True, slots=True)
class _Lanes:
    """SQLite lets one write at a time, and others poll for their turn: a single thread is the fairer queue."""

    read: Lane
    write: Lane


class Database:
    """One engine a process. SQLite runs in WAL mode."""

    def __init__(self, url: str, threads: int = 8) -> None:
        """``threads`` is how many requests a process serves at once; each waits for one thing at a time."""
        self._url = _with_driver(make_url(url))
        self._threads = threads
        self._engine = PerProcess(self._connect)
        self._lanes = PerProcess(self._make_lanes)

    @property
    def engine(self) -> Engine:
        return self._engine.get()

    @property
    def is_postgresql(self) -> bool:
        return self._url.get_backend_name() == POSTGRESQL

    def create(self) -> None:
        """Make the SQLite file, its folder and tables where they lack, and check the layout of the tables.

        Call before workers are forked. Raises `DatabaseUnusable`.
        """
        try:
            if self._is_file:
                Path(str(self._url.database)).absolute().parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self.engine.begin() as connection:
                if not self.is_postgresql:
                    _lay_out(connection)
                check_revision(connection)
            self.engine.dispose()
        except WrongRevision as error:
            raise DatabaseUnusable(f"database.url: {error}") from None
        except (OSError, ImportError, SQLAlchemyError) as error:
            raise DatabaseUnusable(
                f"database.url: the database cannot be made or opened ({type(error).__name__}). "
                "Look at the address, the folder or server, and who may write there."
            ) from None

    def own_key(self) -> bytes:
        """Return the hash key that this database has made for itself; call before workers are forked.

        Raises `DatabaseUnusable`.
        """
        try:
            with self.engine.begin() as connection:
                take_turns(connection)
                key = own_key(connection)
            self.engine.dispose()
        except SQLAlchemyError as error:
            raise DatabaseUnusable(
                f"database.url: the key of the database cannot be read or made ({type(error).__name__})."
            ) from None
        return key

    def read(self, seconds: float, work: Callable[[Connection], T]) -> T:
        """Return what ``work`` reads, within ``seconds``; raises `DatabaseBusy`, SQLAlchemyError."""

        def run(_give_up: float) -> T:
            with self.engine.connect() as connection:
                return work(connection)

        return self._lanes.get().read.run(seconds, run, queue=False)

    def write(self, seconds: float, work: Callable[[Connection], T], *, synced: bool) -> T:
        """Do ``work`` in one transaction, within ``seconds``; raises `DatabaseBusy`, SQLAlchemyError.

        Once it has returned, its rows survive a crash of the service, and with ``synced`` one of the computer.
        After `DatabaseBusy` the rows may still come to be written, whole or not at all.
        """

        def run(give_up: float) -> T:
            try:
                with self.engine.connect() as connection:
                    self._begin(connection, give_up, synced)
                    result = work(connection)
                    connection.commit()
                    return result
            except OperationalError as error:
                if _primary_code(error) in _BUSY:
                    raise DatabaseBusy from None
                raise

        return self._lanes.get().write.run(seconds, run, queue=synced)

    def check(self) -> None:
        """Raise SQLAlchemyError, or `DatabaseBusy`, when the database does not answer."""
        self.read(_MOST_SECONDS, lambda connection: connection.execute(text("SELECT 1 FROM feedback WHERE 1 = 0")))

    @property
    def _is_file(self) -> bool:
        return not self.is_postgresql and self._url.database not in (None, "", ":memory:")

    def _begin(self, connection: Connection, give_up: float, synced: bool) -> None:
        if self.is_postgresql:
            if not synced:
                connection.exec_driver_sql("SET LOCAL synchronous_commit TO off")
            return
        left = max(0.0, give_up - time.monotonic())
        connection.exec_driver_sql(f"PRAGMA busy_timeout={round(left * 1000)}")
        connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if synced else 'NORMAL'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def _connect(self) -> Engine:
        if not self.is_postgresql:
            engine = create_engine(self._url, pool_size=self._threads + 1)
            event.listen(engine, "connect", _prepare_sqlite)
            return engine
        engine = create_engine(
            self._url, pool_size=self._threads, max_overflow=0, pool_timeout=_MOST_SECONDS, pool_pre_ping=True,
            connect_args={"connect_timeout": _MOST_SECONDS},
        )  # fmt: skip
        event.listen(engine, "connect", _prepare_postgresql)
        return engine

    def _make_lanes(self) -> _Lanes:
        if self.is_postgresql:
            shared = Lane(self._threads, waiting=0)
            return _Lanes(shared, shared)
        return _Lanes(Lane(self._threads, waiting=0), Lane(1, waiting=4 * self._threads))


def _with_driver(url: URL) -> URL:
    return url.set(drivername="postgresql+psycopg") if url.get_backend_name() == POSTGRESQL else url


def _lay_out(connection: Connection) -> None:
    """Give a new SQLite database its tables. Alembic would make the same ones, but takes long to load."""
    take_turns(connection)
    if current_revision(connection) is None:
        metadata.create_all(connection)
        stamp(connection, HEAD)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")


def _prepare_postgresql(connection: Any, _record: Any) -> None:
    connection.execute(f"SET statement_timeout TO '{_MOST_SECONDS}s'")
    connection.commit()


def _primary_code(error: OperationalError) -> int | None:
    """Return SQLite's own code, without what its extended codes add."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF
