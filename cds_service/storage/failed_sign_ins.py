"""Counts the callers that were answered 401, by the day, whom they claimed to be, and what their token failed.

The log has each by itself. Here strangers can cost no more than one write in `SECONDS` a process, and nothing of what
they send is kept: tenants are those of the settings, checks are codes of this project.
"""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from cds_service.logs import log_failure
from cds_service.storage.database import Database, DatabaseBusy
from cds_service.storage.tables import failed_sign_ins

NOBODY = "-"
"""Stands for a caller whose token names no tenant; none can have this name."""
SECONDS = 5.0
"""What is counted is written after this time; a process that ends takes so much with it."""
_WAIT_SECONDS = 2.0


class FailedSignIns:
    """Counts in memory, and writes from a thread of its own."""

    def __init__(self, database: Database, seconds: float | None = None) -> None:
        self._database = database
        self._seconds = SECONDS if seconds is None else seconds
        self._lock = threading.Lock()
        self._counted: Counter[tuple[date, str, str]] = Counter()
        self._due = False

    def count(self, tenant: str | None, check: str) -> None:
        """Count one; ``tenant`` is the one that the caller claims to be."""
        with self._lock:
            self._counted[datetime.now(UTC).date(), tenant or NOBODY, check] += 1
            if self._due:
                return
            self._due = True
        timer = threading.Timer(self._seconds, self.write)
        timer.daemon = True
        timer.start()

    def write(self) -> None:
        """Add what was counted to the table. If the database fails, it is added with the next.

        What the database took, but too late to be waited for, is then added twice: such a number is a little too high.
        """
        with self._lock:
            counted, self._counted, self._due = self._counted, Counter(), False
        if not counted:
            return
        try:
            self._database.write(
                _WAIT_SECONDS, lambda connection: _add(connection, counted), synced=False, background=True
            )
        except (DatabaseBusy, SQLAlchemyError) as error:
            log_failure("failed sign-ins not counted", error)
            with self._lock:
                self._counted += counted


def _add(connection: Connection, counted: Counter[tuple[date, str, str]]) -> None:
    rows: list[dict[str, Any]] = [
        {"day": day, "tenant": tenant, "check": check, "number": number}
        # In the same order everywhere, or two processes could wait for each other's rows.
        for (day, tenant, check), number in sorted(counted.items())
    ]
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(failed_sign_ins).values(rows)
    added = failed_sign_ins.c.number + statement.excluded.number
    keys = ["day", "tenant", "check"]
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_={"number": added}))
