"""Brings a database to the layout of this version, by Alembic."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from cds_service.storage.revisions import HEAD, current_revision, require_known, stamp
from cds_service.storage.turns import take_turns


def alembic_config(connection: Connection | None = None) -> Config:
    """Return Alembic's settings: the migrations inside this package, run over ``connection``."""
    config = Config()
    config.set_main_option("script_location", "cds_service.storage:migrations")
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection) -> tuple[str | None, str]:
    """Run, in the transaction of ``connection``, what lacks; return the revisions before and after.

    Raises `WrongRevision` for a revision that this version does not know.
    """
    take_turns(connection)
    before = current_revision(connection)
    require_known(before)
    if before is not None:
        stamp(connection, before)  # a database from before there were revisions gets its number
    command.upgrade(alembic_config(connection), "head")
    return before, HEAD
