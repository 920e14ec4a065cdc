"""Run by Alembic with the connection that `storage/upgrade.py` hands it."""

from __future__ import annotations

from alembic import context

from cds_service.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite changes a column by making the table anew.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
