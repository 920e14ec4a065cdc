"""Appends to the tables. Returns only after the database has the rows for good."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

import orjson

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

    def card_shown(self, card: str, service: str, assessment: Assessment) -> None:
        """Note a card that is about to be shown; raises SQLAlchemyError."""
        row = {
            "card": card,
            "shown_at": datetime.now(UTC),
            "service": service,
            "trial": assessment.trial,
            "rules_version": assessment.rules_version,
            "verdict": assessment.verdict.value,
            "statuses": {result.id: result.status.value for result in assessment.criteria},
        }
        with self._database.engine.begin() as connection:
            connection.execute(cards_shown.insert(), row)

    def feedback(self, service: str, entries: Sequence[Feedback]) -> int:
        """Append what is new among ``entries``, all or none; return how many were. Raises SQLAlchemyError."""
        if not entries:
            return 0
        now = datetime.now(UTC)
        stored = 0
        with self._database.engine.begin() as connection:
            for entry in entries:
                row = {
                    **asdict(entry),
                    "service": service,
                    "received_at": now,
                    "fingerprint": entry.fingerprint,
                }
                row["accepted_suggestions"] = list(entry.accepted_suggestions)
                stored += connection.execute(self._insert_new(row)).rowcount
        return stored

    def _insert_new(self, row: dict[str, Any]) -> Any:
        """Insert unless the same feedback is there; standard SQL has no such statement."""
        dialect = import_module(f"sqlalchemy.dialects.{self._database.engine.dialect.name}")
        return dialect.insert(feedback).values(row).on_conflict_do_nothing(index_elements=["fingerprint"])
