"""Appends to the tables: feedback for good before it is answered, notes of cards at little cost."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import orjson
from sqlalchemy.dialects.sqlite import insert

from cds_service.storage.database import Database
from cds_service.storage.tables import cards_shown, feedback
from rules.assessment import Assessment


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

    @property
    def fingerprint(self) -> str:
        """The same for the same feedback sent again."""
        return hashlib.sha256(orjson.dumps(asdict(self), option=orjson.OPT_SORT_KEYS)).hexdigest()


class Journal:
    """The log of cards shown and of feedback on them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def card_shown(self, card: str, service: str, assessment: Assessment, seconds: float) -> None:
        """Note a card that is about to be shown, within ``seconds``; raises `DatabaseBusy`, SQLAlchemyError."""
        row = {
            "card": card,
            "shown_at": datetime.now(UTC),
            "service": service,
            "trial": assessment.trial,
            "rules_version": assessment.rules_version,
            "verdict": assessment.verdict.value,
            "statuses": {result.id: result.status.value for result in assessment.criteria},
        }
        with self._database.writing(seconds, synced=False) as connection:
            connection.execute(cards_shown.insert(), row)

    def feedback(self, service: str, entries: Sequence[Feedback], seconds: float) -> int:
        """Append what is new among ``entries``, all or none, within ``seconds``; return how many were.

        Raises `DatabaseBusy` and SQLAlchemyError.
        """
        if not entries:
            return 0
        shared = {"service": service, "received_at": datetime.now(UTC)}
        rows = [{**asdict(entry), **shared, "fingerprint": entry.fingerprint} for entry in entries]
        new_only = insert(feedback).on_conflict_do_nothing(index_elements=["fingerprint"])
        with self._database.writing(seconds, synced=True) as connection:
            return connection.execute(new_only, rows).rowcount
