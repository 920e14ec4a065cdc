"""What only one process at a time may do with a database: lay it out, upgrade it, give it a key."""

from __future__ import annotations

from sqlalchemy import Connection, text

_NUMBER = 7_349_511_023
"""Of PostgreSQL's advisory lock; any number that other programs do not use for the same database."""


def take_turns(connection: Connection) -> None:
    """Begin a transaction, or go on in the one that is open, when no other process is in such a one."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _NUMBER})
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
