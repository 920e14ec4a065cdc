"""Which layout of the tables this version works with, and whether a database has it.

Alembic does the migrations; to look at a number at each start its import would take too long.
"""

from __future__ import annotations

from sqlalchemy import Connection, inspect, text

REVISIONS = ("0001", "0002", "0003")
"""All layouts there were, oldest first; the last is this version's. The same as in `migrations/versions`."""
HEAD = REVISIONS[-1]
_TABLE = "alembic_version"


class WrongRevision(RuntimeError):
    """The database is laid out for another version of the service; the message says what to do."""


def current_revision(connection: Connection) -> str | None:
    """Return the revision of the tables; None for a database without any.

    Databases made before there were revisions have the tables of the first.
    """
    names = inspect(connection).get_table_names()
    if _TABLE in names:
        found = connection.execute(text(f"SELECT version_num FROM {_TABLE}")).scalar()  # noqa: S608 - a constant
        if found is not None:
            return str(found)
    return REVISIONS[0] if "cards_shown" in names else None


def check_revision(connection: Connection) -> None:
    """Raise `WrongRevision` unless the tables are those of this version."""
    found = current_revision(connection)
    require_known(found)
    if found is None:
        raise WrongRevision("the database has no tables yet. Make them with: trial-cds db upgrade")
    if found != HEAD:
        raise WrongRevision(
            f"the database is at revision {found} and this version needs {HEAD}. Back it up, then run: "
            "trial-cds db upgrade"
        )


def require_known(revision: str | None) -> None:
    """Raise `WrongRevision` for one that only a newer version can have made."""
    if revision is not None and revision not in REVISIONS:
        raise WrongRevision(
            f"the database is at revision {revision}, which this version does not know: a newer one has upgraded "
            "it. Run that version, or restore the backup made before the upgrade."
        )


def stamp(connection: Connection, revision: str) -> None:
    """Write down that the tables are those of ``revision``, as Alembic does."""
    connection.execute(
        text(
            f"CREATE TABLE IF NOT EXISTS {_TABLE} (version_num VARCHAR(32) NOT NULL, "
            f"CONSTRAINT {_TABLE}_pkc PRIMARY KEY (version_num))"
        )
    )
    connection.execute(text(f"DELETE FROM {_TABLE}"))  # noqa: S608 - a constant
    connection.execute(text(f"INSERT INTO {_TABLE} (version_num) VALUES (:revision)"), {"revision": revision})  # noqa: S608
