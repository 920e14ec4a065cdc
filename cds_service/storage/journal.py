"""What is written about calls and feedback, and what is looked up of earlier ones."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Connection,
    Row,
    RowMapping,
    Select,
    String,
    Table,
    and_,
    bindparam,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects import postgresql, sqlite

from cards.override_reasons import REASONS
from cds_service.storage.database import Database
from cds_service.storage.lane import Pending
from cds_service.storage.pseudonyms import Pseudonym
from cds_service.storage.tables import calls, cards_shown, feedback
from cds_service.suppression import History, Override, Shown, Snapshot
from rules.assessment import Assessment

_OF_CARD = ("patient_hash", "user_hash", "shown_on", "rules_version", "verdict", "statuses")
"""Columns that feedback copies from its card."""


class Outcome(StrEnum):
    """How a call ended."""

    CARD = "card"
    NO_CARD = "no-card"
    """The assessment gives none; the cause says why."""
    SUPPRESSED = "suppressed"
    """There would be a card, but for an earlier answer or showing."""
    FILTERED = "filtered"
    """The tenant wants no card here, whatever the chart says."""
    REFUSED = "refused"
    """The request could not be answered; the cause is the HTTP status."""
    FAILED = "failed"


NO_ATTESTATION = "no-attestation"
"""Cause of `Outcome.NO_CARD`: the statement that the site recruits does not hold."""


@dataclass(frozen=True, slots=True)
class Parties:
    """Whom a call is about and who makes it, as far as the request said so."""

    tenant: str
    service: str
    patient: Pseudonym | None = None
    user: Pseudonym | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """How one patient-view call ended: a row of the audit."""

    parties: Parties
    request_id: str
    day: date
    rules_version: str
    outcome: Outcome
    cause: str | None
    milliseconds: int
    assessment: Assessment | None = None
    card: str | None = None
    """Uuid of the card that is about to be shown."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a clinician did with one card."""

    card: str
    outcome: str
    outcome_at: str | None
    reason_system: str | None
    reason_code: str | None
    accepted_suggestions: tuple[str, ...]
    comment: str | None
    shape: str
    given_on: date
    """Day at the site."""
    reason: str | None = None
    """One of the card's own override reasons."""

    def fingerprint(self, tenant: str, service: str) -> str:
        """The same for the same feedback sent again, whenever that is."""
        sent = asdict(self)
        del sent["given_on"], sent["reason"]
        return hashlib.sha256(orjson.dumps([tenant, service, sent], option=orjson.OPT_SORT_KEYS)).hexdigest()


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a batch."""

    answers: tuple[tuple[str, str | None], ...]
    """Of each entry that was not there yet, what was done with the card and the card's own reason."""
    unknown_cards: frozenset[str]
    """Cards that this service has not shown to this tenant, or of which it has no note."""

    @property
    def new(self) -> int:
        return len(self.answers)


class Journal:
    """Notes of calls and cards, and of the feedback on them."""

    def __init__(
        self, database: Database, on_feedback: Callable[[str, Sequence[tuple[str, str | None]]], None] | None = None
    ) -> None:
        """``on_feedback`` is told of feedback stored: the service, and of each new entry outcome and reason."""
        self._database = database
        self._on_feedback = on_feedback

    def note(self, call: Call, seconds: float) -> None:
        """Note a call and the card that it gives, within ``seconds``; raises `DatabaseBusy`, SQLAlchemyError."""
        now = datetime.now(UTC)
        row, card = _call_row(call, now), _card_row(call, now)

        def write(connection: Connection) -> None:
            if card:
                connection.execute(cards_shown.insert(), card)
            connection.execute(calls.insert(), row)

        self._database.write(seconds, write, synced=False)

    def history(self, parties: Parties, seconds: float) -> History:
        """Return what is known of earlier cards, within ``seconds``; raises `DatabaseBusy`, SQLAlchemyError."""
        return self.begin_history(parties, seconds).result()

    def begin_history(self, parties: Parties, seconds: float) -> Pending[History]:
        """Begin to look up what is known of earlier cards, to be done ``seconds`` from now; raises `DatabaseBusy`."""
        patient = parties.patient.hashes if parties.patient else ()
        user = parties.user.hashes if parties.user else ()
        known = {"tenant": parties.tenant, "service": parties.service, "patient": patient, "user": user}
        return self._database.begin_read(
            seconds, lambda connection: _history(connection.execute(_HISTORY, known).all(), patient, user)
        )

    def feedback(self, tenant: str, service: str, entries: Sequence[Feedback], seconds: float) -> Stored:
        """Append what is new among ``entries``, all or none, within ``seconds``.

        Raises `DatabaseBusy` and SQLAlchemyError.
        """
        if not entries:
            return Stored((), frozenset())
        now = datetime.now(UTC)

        def write(connection: Connection) -> Stored:
            known = _cards(connection, tenant, service, {entry.card for entry in entries})
            rows = [_feedback_row(tenant, service, entry, known.get(entry.card), now) for entry in entries]
            new = connection.execute(_insert_new(connection, rows)).all()
            unknown = frozenset(entry.card for entry in entries) - known.keys()
            return Stored(tuple((row.outcome, row.reason) for row in new), unknown)

        stored = self._database.write(seconds, write, synced=True)
        if self._on_feedback:
            self._on_feedback(service, stored.answers)
        return stored


# -- rows ----------------------------------------------------------------------------------------------------


def _call_row(call: Call, now: datetime) -> dict[str, Any]:
    parties = call.parties
    return {
        "at": now,
        "day": call.day,
        "request_id": call.request_id,
        "tenant": parties.tenant,
        "service": parties.service,
        "rules_version": call.rules_version,
        "patient_hash": parties.patient.newest if parties.patient else None,
        "user_hash": parties.user.newest if parties.user else None,
        "outcome": call.outcome.value,
        "cause": call.cause,
        "verdict": call.assessment.verdict.value if call.assessment else None,
        "card": call.card,
        "milliseconds": call.milliseconds,
    }


def _card_row(call: Call, now: datetime) -> dict[str, Any] | None:
    parties, assessment = call.parties, call.assessment
    if call.card is None or assessment is None:
        return None
    return {
        "card": call.card,
        "tenant": parties.tenant,
        "service": parties.service,
        "trial": assessment.trial,
        "rules_version": assessment.rules_version,
        "shown_at": now,
        "shown_on": call.day,
        "patient_hash": parties.patient.newest if parties.patient else None,
        "user_hash": parties.user.newest if parties.user else None,
        "verdict": assessment.verdict.value,
        "statuses": {result.id: result.status.value for result in assessment.criteria},
    }


def _feedback_row(tenant: str, service: str, entry: Feedback, card: RowMapping | None, now: datetime) -> dict[str, Any]:
    # Clocks of clients can be wrong: nobody answers a card before it is shown.
    given_on = max(entry.given_on, card["shown_on"]) if card else entry.given_on
    return {
        **asdict(entry),
        "given_on": given_on,
        "fingerprint": entry.fingerprint(tenant, service),
        "tenant": tenant,
        "service": service,
        "received_at": now,
        **{name: card[name] if card else None for name in _OF_CARD},
    }


def _insert_new(connection: Connection, rows: Sequence[dict[str, Any]]) -> Any:
    """Return the insertion of those rows of feedback that are not there yet; it gives outcome and reason of each."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    new_only = insert(feedback).values(rows).on_conflict_do_nothing(index_elements=["fingerprint"])
    return new_only.returning(feedback.c.outcome, feedback.c.reason)


# -- look-ups ------------------------------------------------------------------------------------------------


def _cards(connection: Connection, tenant: str, service: str, cards: Collection[str]) -> dict[str, RowMapping]:
    of_these = (
        cards_shown.c.tenant == tenant, cards_shown.c.service == service, cards_shown.c.card.in_(cards)
    )  # fmt: skip
    columns = (cards_shown.c.card, *(cards_shown.c[name] for name in _OF_CARD))
    return {row["card"]: row for row in connection.execute(select(*columns).where(*of_these)).mappings()}


def is_last_word() -> ColumnElement[bool]:
    """Return the condition that no later feedback came on the same card: a correction replaces what it corrects."""
    later = feedback.alias("later")
    corrected = select(later.c.number).where(
        later.c.card == feedback.c.card,
        later.c.tenant == feedback.c.tenant,
        later.c.service == feedback.c.service,
        later.c.number > feedback.c.number,
    )
    return ~corrected.exists()


def _history_query() -> CompoundSelect[Any]:
    """Ask for the reasons that can matter here, and the last card this user saw about this patient, in one go.

    Of a user's answers about other patients only one reason matters; there can be thousands of others.
    """
    patient: BindParameter[Any] = bindparam("patient", expanding=True)
    user: BindParameter[Any] = bindparam("user", expanding=True)

    def columns(table: Table, reason: ColumnElement[str], day: ColumnElement[date]) -> Select[Any]:
        people = table.c.patient_hash, table.c.user_hash
        return select(reason.label("reason"), day.label("day"), *people, table.c.verdict, table.c.statuses).where(
            table.c.tenant == bindparam("tenant"), table.c.service == bindparam("service")
        )

    every_patient = and_(feedback.c.user_hash.in_(user), feedback.c.reason == "inappropriate-recipient")
    reasons = columns(feedback, feedback.c.reason, feedback.c.given_on).where(
        feedback.c.reason.is_not(None),
        feedback.c.statuses.is_not(None),
        or_(feedback.c.patient_hash.in_(patient), every_patient),
        is_last_word(),
    )
    last_shown = (
        columns(cards_shown, literal(None, String), cards_shown.c.shown_on)
        .where(cards_shown.c.patient_hash.in_(patient), cards_shown.c.user_hash.in_(user))
        .order_by(cards_shown.c.shown_at.desc())
        .limit(1)
        .subquery()
    )
    return union_all(reasons, select(last_shown))


_HISTORY = _history_query()


def _history(rows: Iterable[Row[Any]], patient: Collection[str], user: Collection[str]) -> History:
    overrides, last_shown = [], None
    for row in rows:
        before = Snapshot(row.verdict, row.statuses)
        if row.reason is None:
            last_shown = Shown(row.day, before)
        elif row.reason in REASONS:
            same = row.patient_hash in patient, row.user_hash in user
            overrides.append(Override(row.reason, row.day, *same, before))
    return History(tuple(overrides), last_shown)
