"""The tables. Patients and users are keyed hashes, a card is its uuid; nothing else points to a person.

A change here needs a migration (`migrations/versions`); a test holds the two together.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Date,
    DateTime,
    Dialect,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

metadata = MetaData()


class Instant(TypeDecorator[datetime]):
    """A point in time, kept in UTC; SQLite itself forgets the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite numbers rows by itself only where the key is a plain INTEGER.
_Number = BigInteger().with_variant(Integer, "sqlite")


def _person(name: str) -> Column[str]:
    return Column(name, String(64), doc="keyed hash; see pseudonyms.py")


cards_shown = Table(
    "cards_shown",
    metadata,
    Column("card", String(64), primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("service", String(64), nullable=False),
    Column("trial", String(32), nullable=False),
    Column("rules_version", String(32), nullable=False),
    Column("shown_at", Instant, nullable=False),
    Column("shown_on", Date, nullable=False, doc="day at the site"),
    _person("patient_hash"),
    _person("user_hash"),
    Column("verdict", String(32), nullable=False),
    Column("statuses", JSON, nullable=False, doc="criterion id -> status"),
    Index("cards_shown_of_patient", "patient_hash", "user_hash"),
    Index("cards_shown_by_day", "shown_on"),
)
"""One row a card: what later calls and the feedback on it need to know."""

feedback = Table(
    "feedback",
    metadata,
    Column("number", _Number, primary_key=True, doc="order of arrival: the last on a card counts"),
    Column("fingerprint", String(64), nullable=False, unique=True, doc="the same feedback twice is one row"),
    Column("tenant", String(64), nullable=False),
    Column("service", String(64), nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("given_on", Date, nullable=False, doc="day at the site on which the clinician acted"),
    Column("card", String(200), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("outcome_at", String(64), doc="as the client wrote it"),
    Column("reason", String(64), doc="one of the card's own override reasons"),
    Column("reason_system", String(500), doc="as the client wrote it"),
    Column("reason_code", String(200), doc="as the client wrote it"),
    Column("accepted_suggestions", JSON, nullable=False),
    Column("comment", Text, doc="only with feedback.store_free_text"),
    Column("shape", String(16), nullable=False, doc="spelling of the reason: standard, epic or none"),
    # Copied from the card; null when this tenant was shown no such card.
    _person("patient_hash"),
    _person("user_hash"),
    Column("shown_on", Date),
    Column("rules_version", String(32)),
    Column("verdict", String(32)),
    Column("statuses", JSON(none_as_null=True), doc="criterion id -> status when the card was shown"),
    Index("feedback_on_card", "card"),
    Index("feedback_of_patient", "patient_hash"),
    Index("feedback_of_user", "user_hash", "reason"),
)
"""One row an entry of feedback, with a snapshot of what the card rested on. Append-only."""

calls = Table(
    "calls",
    metadata,
    Column("number", _Number, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("day", Date, nullable=False, doc="day at the site"),
    Column("request_id", String(64), nullable=False),
    Column("tenant", String(64), nullable=False),
    Column("service", String(64), nullable=False),
    Column("rules_version", String(32), nullable=False),
    _person("patient_hash"),
    _person("user_hash"),
    Column("outcome", String(16), nullable=False, doc="card, no-card, suppressed, filtered, refused or failed"),
    Column("cause", String(64), doc="why there was no card"),
    Column("verdict", String(32), doc="null when nothing was assessed"),
    Column("card", String(64)),
    Column("milliseconds", Integer, nullable=False, doc="until the answer was ready"),
    Index("calls_of_day", "tenant", "day"),
)
"""The audit: one row a patient-view call."""

used_tokens = Table(
    "used_tokens",
    metadata,
    Column("fingerprint", String(64), primary_key=True, doc="SHA-256 over issuer and jti"),
    Column(
        "expires",
        BigInteger,
        nullable=False,
        index=True,
        doc="seconds since 1970; then the row may go, some minutes after the token",
    ),
)

switches = Table(
    "switches",
    metadata,
    Column("number", _Number, primary_key=True, doc="the last of a tenant counts"),
    Column("tenant", String(64), nullable=False),
    Column("position", String(3), nullable=False, doc="on or off"),
    Column("at", Instant, nullable=False),
    Column("who", String(100), nullable=False, doc="account of the operator"),
    Column("why", String(500), nullable=False),
)
"""One row each time that an operator switches a tenant off or on. Append-only."""

failed_sign_ins = Table(
    "failed_sign_ins",
    metadata,
    Column("day", Date, primary_key=True, doc="in UTC: the site of a stranger is not known"),
    Column("tenant", String(64), primary_key=True, doc="whom the caller claims to be; - for no tenant"),
    Column("check", String(32), primary_key=True, doc="what the token failed"),
    Column("number", Integer, nullable=False),
)
"""How often callers were answered 401."""

hash_keys = Table(
    "hash_keys",
    metadata,
    Column("number", _Number, primary_key=True),
    Column("key", String(64), nullable=False),
    Column("made_at", Instant, nullable=False),
)
"""The key of a service without tenants and without `privacy.hash_keys`: made by itself, once a database."""
