"""The connection to the database, made in the process that uses it: SQLite by default, or PostgreSQL."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError

from cds_service.process import PerProcess
from cds_service.storage.lane import DatabaseBusy, Lane, Pending
from cds_service.storage.pseudonyms import own_key
from cds_service.storage.revisions import HEAD, WrongRevision, check_revision, current_revision, stamp
from cds_service.storage.tables import metadata
from cds_service.storage.turns import take_turns
from cds_service.storage.unusable import DatabaseUnusable

__all__ = ["Database", "DatabaseBusy", "DatabaseUnusable"]

T = TypeVar("T")

POSTGRESQL = "postgresql"
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_PROBE_BYTES = 65_536
"""What must still fit on the disk: a few pages of the database."""
_MOST_SECONDS = 5
"""After this PostgreSQL ends a statement by itself, and an attempt to connect is given up."""


@dataclass(frozen=True, slots=True)
class _Lanes:
    """SQLite lets one write at a time, and others poll for their turn: a single thread is the fairer queue."""

    read: Lane
    write: Lane
    background: Lane
    """For what no request waits for: it takes no place from requests, though it shares their connections."""


class Database:
    """One engine a process. SQLite runs in WAL mode."""

    def __init__(self, url: str, threads: int = 8, on_error: Callable[[str, str], None] | None = None) -> None:
        """``threads`` is how many requests a process serves at once, each with one piece of work at a time, as a rule.

        Of PostgreSQL no more connections than that are held, with whatever is done in the background.

        ``on_error`` is told of work that was not done: ``read`` or ``write``, and ``busy`` or ``failed``.
        """
        self._on_error = on_error
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
        with self._plain_words():
            self._make_file()
            with self.engine.begin() as connection:
                if not self.is_postgresql:
                    _lay_out(connection)
                check_revision(connection)

    def open(self) -> None:
        """Check the layout of the tables, and make nothing; raises `DatabaseUnusable`."""
        with self._existing(), self.engine.connect() as connection:
            check_revision(connection)

    def upgrade(self) -> tuple[str | None, str]:
        """Bring the tables to this version's layout; return the revisions before and after.

        Raises `DatabaseUnusable`.
        """
        from cds_service.storage.upgrade import upgrade  # takes long to load

        with self._plain_words():
            self._make_file()
            with self._without_hurry() as connection, connection.begin():
                return upgrade(connection)

    def at_start(self, work: Callable[[Connection], T]) -> T:
        """Return what ``work`` reads, before workers are forked; raises `DatabaseUnusable`."""
        with self._plain_words(), self.engine.connect() as connection:
            return work(connection)

    def own_key(self) -> bytes:
        """Return the hash key that this database has made for itself; call before workers are forked.

        Raises `DatabaseUnusable`.
        """
        with self._plain_words(), self.engine.begin() as connection:
            take_turns(connection)
            return own_key(connection)

    @contextmanager
    def at_leisure(self) -> Iterator[Connection]:
        """Give a connection for work that may take minutes, and overwrites what it deletes. Not for requests.

        The database must be there already. Raises `DatabaseUnusable`, also for what fails in the work.
        """
        self.open()
        try:
            with self._without_hurry() as connection:
                yield connection
        except SQLAlchemyError as error:
            # Locks and lost connections are OperationalErrors, for both kinds of databases.
            held = isinstance(error, OperationalError)
            advice = "Another program may hold it: try again." if held else "Look who may read and write its tables."
            raise DatabaseUnusable(f"database.url: the database did not do this ({_name(error)}). {advice}") from None

    def leave_no_copies(self, connection: Connection) -> bool:
        """Empty the log that SQLite keeps beside its file (WAL): it holds what has been overwritten in the file.

        False when another program was reading or writing all the time.
        """
        if self.is_postgresql:
            return True
        busy, _, _ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        connection.commit()
        return not busy

    @contextmanager
    def _without_hurry(self) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            if self.is_postgresql:
                connection.exec_driver_sql("SET statement_timeout TO 0")
            else:
                connection.exec_driver_sql("PRAGMA secure_delete=ON")
                connection.exec_driver_sql(f"PRAGMA busy_timeout={_MOST_SECONDS * 1000}")
            connection.commit()
            yield connection

    def read(self, seconds: float, work: Callable[[Connection], T]) -> T:
        """Return what ``work`` reads, within ``seconds``; raises `DatabaseBusy`, SQLAlchemyError."""
        return self.begin_read(seconds, work).result()

    def begin_read(self, seconds: float, work: Callable[[Connection], T]) -> Pending[T]:
        """Begin what `read` does, to be done ``seconds`` from now; raises `DatabaseBusy`."""

        def run(_give_up: float) -> T:
            with self.engine.connect() as connection:
                return work(connection)

        return self._lanes.get().read.begin(seconds, run, queue=False, on_error=self._told("read"))

    def write(self, seconds: float, work: Callable[[Connection], T], *, synced: bool, background: bool = False) -> T:
        """Do ``work`` in one transaction, within ``seconds``; raises `DatabaseBusy`, SQLAlchemyError.

        Once it has returned, its rows survive a crash of the service, and with ``synced`` one of the computer.
        After `DatabaseBusy` the rows may still come to be written, whole or not at all. ``background`` is for work
        that is no request's.
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

        lanes = self._lanes.get()
        lane = lanes.background if background else lanes.write
        return lane.run(seconds, run, queue=synced, on_error=self._told("write"))

    def check(self) -> str:
        """Return the revision of the tables, if it is this version's and the database answers.

        Raises SQLAlchemyError, `DatabaseBusy` and `WrongRevision`.
        """

        def look(connection: Connection) -> None:
            connection.execute(text("SELECT 1 FROM feedback WHERE 1 = 0"))
            check_revision(connection)

        self.read(_MOST_SECONDS, look)
        return HEAD

    def check_disk(self) -> None:
        """Raise OSError when the folder of an SQLite file takes no more data. Of PostgreSQL nothing is known here."""
        if self._file is None:
            return
        with TemporaryFile(dir=self._file.parent) as probe:
            probe.write(bytes(_PROBE_BYTES))
            probe.flush()

    def _told(self, work: str) -> Callable[[Exception], None]:
        def tell(error: Exception) -> None:
            # That a row is there already is an answer.
            if self._on_error and not isinstance(error, IntegrityError):
                self._on_error(work, "busy" if isinstance(error, DatabaseBusy) else "failed")

        return tell

    @property
    def _file(self) -> Path | None:
        """The absolute path of an SQLite file; None for PostgreSQL, a database in memory, and a URI of SQLite's."""
        given = self._url.database or ":memory:"
        if self.is_postgresql or given == ":memory:" or given.startswith("file:"):
            return None
        return Path(given).absolute()

    def _make_file(self) -> None:
        """Make an SQLite file and its folder where they lack, for this account alone.

        SQLite keeps to that for the files that it makes beside it.
        """
        if self._file:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600))

    @contextmanager
    def _existing(self) -> Iterator[None]:
        with self._plain_words():
            if self._file and not self._file.is_file():
                raise DatabaseUnusable("database.url: there is no file at this address yet; the service makes it")
            yield

    @contextmanager
    def _plain_words(self) -> Iterator[None]:
        """Turn what goes wrong into `DatabaseUnusable`, and leave no connection to be copied by a fork."""
        try:
            yield
        except WrongRevision as error:
            raise DatabaseUnusable(f"database.url: {error}") from None
        except (OSError, ImportError, SQLAlchemyError) as error:
            raise DatabaseUnusable(
                f"database.url: the database cannot be made or opened ({_name(error)}). "
                "Look at the address, the folder or server, and who may write there."
            ) from None
        finally:
            self.engine.dispose()

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
            return _Lanes(shared, shared, background=Lane(1, waiting=0))
        write = Lane(1, waiting=4 * self._threads)
        return _Lanes(Lane(self._threads, waiting=0), write, background=write)


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


def _name(error: Exception) -> str:
    """Return what the driver calls the error, such as SQLITE_NOTADB or InsufficientPrivilege; never its text."""
    inner = getattr(error, "orig", None) or error
    return str(getattr(inner, "sqlite_errorname", type(inner).__name__))


def _primary_code(error: OperationalError) -> int | None:
    """Return SQLite's own code, without what its extended codes add."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF
