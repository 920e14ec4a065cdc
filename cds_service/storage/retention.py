"""Deletes what is old, and keeps what still holds a card away."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Column, ColumnElement, Connection, Table, and_, delete, false, func, not_, or_, select

from cds_service.storage.tables import calls, cards_shown, failed_sign_ins, feedback, switches, used_tokens
from cds_service.suppression import Pauses

_AT_ONCE = 1_000
"""Rows deleted in one transaction, so that calls can be noted in between."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Which rows of a table are to go."""

    table: Table
    key: Column[object]
    old: ColumnElement[bool]
    needed: ColumnElement[bool]

    def rows(self, even_if_needed: bool) -> ColumnElement[bool]:
        return self.old if even_if_needed else and_(self.old, not_(self.needed))


def rules(before: date, today: date, now: float, pauses: Iterable[Pauses]) -> tuple[Rule, ...]:
    """Return what a purge of all days ``before`` takes.

    What the pauses of any tenant still need is kept; used tokens go when they have expired (``now``, seconds since
    1970), however old they are: replay is refused without them then.
    """
    tables = tuple(pauses)
    return (
        Rule(calls, calls.c.number, calls.c.day < before, false()),
        Rule(feedback, feedback.c.number, feedback.c.given_on < before, or_(false(), *_holding(today, tables))),
        Rule(cards_shown, cards_shown.c.card, cards_shown.c.shown_on < before, _still_counts(today, tables)),
        Rule(switches, switches.c.number, and_(_instant_before(before), _set_again()), false()),
        Rule(failed_sign_ins, failed_sign_ins.c.day, failed_sign_ins.c.day < before, false()),
        Rule(used_tokens, used_tokens.c.fingerprint, used_tokens.c.expires < int(now), false()),
    )


def count(connection: Connection, rule: Rule, even_if_needed: bool) -> int:
    """Return how many rows would go."""
    query = select(func.count()).select_from(rule.table).where(rule.rows(even_if_needed))
    return connection.execute(query).scalar_one()


def purge(connection: Connection, rule: Rule, even_if_needed: bool) -> int:
    """Delete the rows, a part at a time, each for good; return how many."""
    part = select(rule.key).where(rule.rows(even_if_needed)).limit(_AT_ONCE)
    deleted = 0
    while True:
        gone = connection.execute(delete(rule.table).where(rule.key.in_(part))).rowcount
        connection.commit()
        deleted += gone
        if gone < _AT_ONCE:
            return deleted


def _holding(today: date, tables: tuple[Pauses, ...]) -> Iterator[ColumnElement[bool]]:
    """Give, for each reason, which feedback may still keep a card away at some tenant."""
    reasons = {reason for table in tables for reason in table.by_reason}
    for reason in sorted(reasons):
        lengths = [table.by_reason[reason].days for table in tables]
        condition = and_(feedback.c.reason == reason, feedback.c.patient_hash.is_not(None))
        if None in lengths:
            yield condition
        else:
            longest = max(length for length in lengths if length is not None)
            yield and_(condition, feedback.c.given_on > today - timedelta(days=longest))


def _still_counts(today: date, tables: tuple[Pauses, ...]) -> ColumnElement[bool]:
    lengths = [table.shown.days for table in tables if table.shown.days is not None]
    return cards_shown.c.shown_on > today - timedelta(days=max(lengths)) if lengths else false()


def _instant_before(day: date) -> ColumnElement[bool]:
    return switches.c.at < datetime.combine(day, time.min, UTC)


def _set_again() -> ColumnElement[bool]:
    """A switch that was set later: the last one counts, however old it is."""
    later = switches.alias("later")
    return (
        select(later.c.number).where(later.c.tenant == switches.c.tenant, later.c.number > switches.c.number).exists()
    )


def forget(connection: Connection, tenant: str, patient: Collection[str]) -> int:
    """Delete all rows of ``tenant`` about one patient, known by any of the hashes; return how many."""
    tables = (calls, feedback, cards_shown)
    rows = [delete(t).where(t.c.tenant == tenant, t.c.patient_hash.in_(patient)) for t in tables]
    deleted = sum(connection.execute(statement).rowcount for statement in rows)
    connection.commit()
    return deleted
