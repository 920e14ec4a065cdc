"""Tenants, patients and users as keyed hashes, snapshots beside feedback, and the audit of calls.

Cards noted before hold no patient and no user, so they stop no card; their feedback gets its snapshot.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_REASONS = (
    "patient-refuses", "action-completed", "patient-ineligible", "inappropriate-recipient", "need-more-info",
    "limited-time",
)  # fmt: skip
_COPIED = ("shown_on", "rules_version", "verdict", "statuses")


def upgrade() -> None:
    _extend_cards()
    _extend_feedback()
    op.create_table(
        "calls",
        sa.Column("number", _NUMBER, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("service", sa.String(64), nullable=False),
        sa.Column("rules_version", sa.String(32), nullable=False),
        sa.Column("patient_hash", sa.String(64)),
        sa.Column("user_hash", sa.String(64)),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("cause", sa.String(64)),
        sa.Column("verdict", sa.String(32)),
        sa.Column("card", sa.String(64)),
        sa.Column("milliseconds", sa.Integer, nullable=False),
    )
    op.create_index("calls_of_day", "calls", ["tenant", "day"])
    op.create_table(
        "used_tokens",
        sa.Column("fingerprint", sa.String(64), primary_key=True),
        sa.Column("expires", sa.BigInteger, nullable=False, index=True),
    )
    op.create_table(
        "hash_keys",
        sa.Column("number", _NUMBER, primary_key=True),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
    )


def _extend_cards() -> None:
    _add("cards_shown", sa.Column("tenant", sa.String(64)), sa.Column("shown_on", sa.Date), *_people())
    cards = sa.table("cards_shown", sa.column("tenant"), sa.column("shown_on", sa.Date), sa.column("shown_at"))
    op.execute(cards.update().values(tenant="open", shown_on=sa.func.date(cards.c.shown_at)))
    _require("cards_shown", "tenant", "shown_on")
    op.create_index("cards_shown_of_patient", "cards_shown", ["patient_hash", "user_hash"])
    op.create_index("cards_shown_by_day", "cards_shown", ["shown_on"])


def _extend_feedback() -> None:
    _add(
        "feedback",
        sa.Column("tenant", sa.String(64)),
        sa.Column("given_on", sa.Date),
        sa.Column("reason", sa.String(64)),
        *_people(),
        sa.Column("shown_on", sa.Date),
        sa.Column("rules_version", sa.String(32)),
        sa.Column("verdict", sa.String(32)),
        sa.Column("statuses", sa.JSON),
    )
    cards = sa.table("cards_shown", sa.column("card"), sa.column("service"), *map(sa.column, _COPIED))
    rows = sa.table(
        "feedback", *map(sa.column, ("card", "service", "tenant", "received_at", "reason", "reason_code")),
        sa.column("given_on", sa.Date), *map(sa.column, _COPIED),
    )  # fmt: skip
    op.execute(rows.update().values(tenant="open", given_on=sa.func.date(rows.c.received_at)))
    op.execute(rows.update().values(reason=rows.c.reason_code).where(rows.c.reason_code.in_(_REASONS)))
    of_card = (cards.c.card == rows.c.card) & (cards.c.service == rows.c.service)
    copied = {name: sa.select(cards.c[name]).where(of_card).scalar_subquery() for name in _COPIED}
    op.execute(rows.update().values(copied))
    _require("feedback", "tenant", "given_on")
    op.drop_index("ix_feedback_card", "feedback")
    op.create_index("feedback_on_card", "feedback", ["card"])
    op.create_index("feedback_of_patient", "feedback", ["patient_hash"])
    op.create_index("feedback_of_user", "feedback", ["user_hash", "reason"])


def _people() -> list[sa.Column[str]]:
    return [sa.Column("patient_hash", sa.String(64)), sa.Column("user_hash", sa.String(64))]


def _add(table: str, *columns: sa.Column[Any]) -> None:
    for column in columns:
        op.add_column(table, column)


def _require(table: str, *columns: str) -> None:
    with op.batch_alter_table(table) as batch:
        for column in columns:
            batch.alter_column(column, nullable=False)
