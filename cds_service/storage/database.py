"""The connection to the embedded database, made in the process that uses it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from cds_service.process import PerProcess
from cds_service.storage.tables import metadata

_BUSY_MILLISECONDS = 2_000


class DatabaseUnusable(RuntimeError):
    """The database cannot be made or opened; the message says what to look at."""


class Database:
    """One engine a process. SQLite runs in WAL mode and syncs each commit: what was answered is kept."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self._engine = PerProcess(self._connect)

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
        except (OSError, SQLAlchemyError) as error:
            raise DatabaseUnusable(
                f"database.url: the database cannot be made or opened ({type(error).__name__}). "
                "Look at the address, the folder and who may write there."
            ) from None

    def check(self) -> None:
        """Raise SQLAlchemyError when the database does not answer."""
        with self.engine.connect() as connection:
            connection.execute(text("SELECT 1 FROM feedback WHERE 1 = 0"))

    @property
    def _is_file(self) -> bool:
        return self._url.get_backend_name() == "sqlite" and self._url.database not in (None, "", ":memory:")

    def _connect(self) -> Engine:
        engine = create_engine(self._url, pool_pre_ping=not self._is_file)
        if self._url.get_backend_name() == "sqlite":
            event.listen(engine, "connect", _prepare_sqlite)
        return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={_BUSY_MILLISECONDS}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
