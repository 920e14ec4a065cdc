"""The kill switch, and counts of callers that could not sign in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "switches",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("position", sa.String(3), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(100), nullable=False),
        sa.Column("why", sa.String(500), nullable=False),
    )
    op.create_table(
        "failed_sign_ins",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("tenant", sa.String(64), primary_key=True),
        sa.Column("check", sa.String(32), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
    )
