"""The tables. A card is known by its uuid alone; nothing points to a patient or a user.

Cards and feedback are only appended to; used tokens go when they have expired.
"""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, DateTime, Integer, MetaData, String, Table, Text

metadata = MetaData()

cards_shown = Table(
    "cards_shown",
    metadata,
    Column("card", String(64), primary_key=True),
    Column("shown_at", DateTime(timezone=True), nullable=False),
    Column("service", String(64), nullable=False),
    Column("trial", String(32), nullable=False),
    Column("rules_version", String(32), nullable=False),
    Column("verdict", String(32), nullable=False),
    Column("statuses", JSON, nullable=False, comment="criterion id -> status"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("fingerprint", String(64), nullable=False, unique=True, comment="the same feedback twice is one row"),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("service", String(64), nullable=False),
    Column("card", String(200), nullable=False, index=True),
    Column("outcome", String(16), nullable=False),
    Column("outcome_at", String(64), comment="as the client wrote it"),
    Column("reason_system", String(500)),
    Column("reason_code", String(200)),
    Column("accepted_suggestions", JSON, nullable=False),
    Column("comment", Text, comment="only with feedback.store_free_text"),
    Column("shape", String(16), nullable=False, comment="spelling of the reason: standard, epic or none"),
)

used_tokens = Table(
    "used_tokens",
    metadata,
    Column("fingerprint", String(64), primary_key=True, comment="SHA-256 over issuer and jti"),
    Column("expires", BigInteger, nullable=False, index=True, comment="seconds since 1970; then the row may go"),
)
