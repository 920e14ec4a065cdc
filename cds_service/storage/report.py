"""Sums up what was noted: cards, what became of them, why there was none, and how long answers took."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from cds_service.storage.journal import Outcome, is_last_word
from cds_service.storage.tables import calls, failed_sign_ins, feedback

PERIODS: Mapping[str, Callable[[date], str]] = {
    "total": lambda day: "total",
    "month": lambda day: day.isoformat()[:7],
    "day": lambda day: day.isoformat(),
}
"""Ways to cut time up, each from a day to the name of its period."""

_PERCENTS = (50, 95, 99)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a report is about; the days are those of the sites, both included."""

    by: str = "total"
    tenant: str | None = None
    first: date | None = None
    last: date | None = None

    def of(self, query: Select[Any], tenant: ColumnElement[str], day: ColumnElement[date]) -> Select[Any]:
        """Return ``query`` for the tenant and the days wanted."""
        if self.tenant is not None:
            query = query.where(tenant == self.tenant)
        if self.first is not None:
            query = query.where(day >= self.first)
        if self.last is not None:
            query = query.where(day <= self.last)
        return query


@dataclass(slots=True)
class Summary:
    """What happened at one tenant in one period. Calls by their ending, feedback by the day it was given."""

    tenant: str
    period: str
    cards: int = 0
    failed: int = 0
    causes: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """Ending other than a card -> cause -> calls."""
    accepted: int = 0
    overridden: Counter[str] = field(default_factory=Counter)
    """Reason -> cards."""
    not_signed_in: Counter[str] = field(default_factory=Counter)
    """What tokens failed -> callers that claimed to be this tenant."""
    milliseconds: Counter[int] = field(default_factory=Counter)
    """How long an answer took -> calls."""

    @property
    def calls(self) -> int:
        return self.milliseconds.total()

    def percentile(self, percent: int) -> int | None:
        """Return the time within which ``percent`` of the calls were answered, in ms; None without calls."""
        left = -(-self.calls * percent // 100)
        for value in sorted(self.milliseconds):
            left -= self.milliseconds[value]
            if left <= 0:
                return value
        return None

    def to_json(self) -> dict[str, Any]:
        return {
            "tenant": self.tenant,
            "period": self.period,
            "calls": self.calls,
            "cards": self.cards,
            "accepted": self.accepted,
            "overridden": _ordered(self.overridden),
            "suppressed": _ordered(self.causes[Outcome.SUPPRESSED]),
            "filtered": _ordered(self.causes[Outcome.FILTERED]),
            "noCard": _ordered(self.causes[Outcome.NO_CARD]),
            "refused": _ordered(self.causes[Outcome.REFUSED]),
            "failed": self.failed,
            "notSignedIn": _ordered(self.not_signed_in),
            "milliseconds": {f"p{percent}": self.percentile(percent) for percent in _PERCENTS},
        }


def summaries(connection: Connection, wanted: Wanted) -> list[Summary]:
    """Return what is wanted, by tenant and then period."""
    found: dict[tuple[str, str], Summary] = {}

    def of(row: Any) -> Summary:
        period = PERIODS[wanted.by](row.day)
        return found.setdefault((row.tenant, period), Summary(row.tenant, period))

    for row in connection.execute(_endings(wanted)):
        _count_ending(of(row), row)
    for row in connection.execute(_times(wanted)):
        of(row).milliseconds[row.milliseconds] += row.number
    for row in connection.execute(_answers(wanted)):
        _count_answer(of(row), row)
    for row in connection.execute(_strangers(wanted)):
        of(row).not_signed_in[row.check] += row.number
    return [found[key] for key in sorted(found)]


def _endings(wanted: Wanted) -> Select[Any]:
    columns = (calls.c.tenant, calls.c.day, calls.c.outcome, calls.c.cause)
    query = select(*columns, func.count().label("number")).group_by(*columns)
    return wanted.of(query, calls.c.tenant, calls.c.day)


def _times(wanted: Wanted) -> Select[Any]:
    columns = (calls.c.tenant, calls.c.day, calls.c.milliseconds)
    query = select(*columns, func.count().label("number")).group_by(*columns)
    return wanted.of(query, calls.c.tenant, calls.c.day)


def _answers(wanted: Wanted) -> Select[Any]:
    """Ask for the last word on each card."""
    columns = (feedback.c.tenant, feedback.c.given_on, feedback.c.outcome, feedback.c.reason)
    query = (
        select(feedback.c.given_on.label("day"), *columns, func.count().label("number"))
        .where(is_last_word())
        .group_by(*columns)
    )
    return wanted.of(query, feedback.c.tenant, feedback.c.given_on)


def _strangers(wanted: Wanted) -> Select[Any]:
    return wanted.of(select(failed_sign_ins), failed_sign_ins.c.tenant, failed_sign_ins.c.day)


def _count_ending(summary: Summary, row: Any) -> None:
    if row.outcome == Outcome.CARD:
        summary.cards += row.number
    elif row.outcome == Outcome.FAILED:
        summary.failed += row.number
    else:
        summary.causes[row.outcome][row.cause or "not-stated"] += row.number


def _count_answer(summary: Summary, row: Any) -> None:
    if row.outcome == "accepted":
        summary.accepted += row.number
    else:
        summary.overridden[row.reason or "not-stated"] += row.number


def _ordered(counter: Counter[str]) -> dict[str, int]:
    return dict(sorted(counter.items(), key=lambda item: (-item[1], item[0])))


# -- for people and spreadsheets -----------------------------------------------------------------------------

CSV_HEADINGS = ("tenant", "period", "measure", "detail", "value")


def csv_rows(given: Iterable[Summary]) -> Iterable[Sequence[object]]:
    """Give one line a number, so that a new cause needs no new column."""
    for summary in given:
        content = summary.to_json()
        for measure, value in content.items():
            if measure in ("tenant", "period"):
                continue
            details = value.items() if isinstance(value, dict) else [("", value)]
            for detail, number in details:
                yield summary.tenant, summary.period, measure, detail, number


_TITLES = {
    "calls": "calls", "cards": "cards shown", "accepted": "accepted", "overridden": "overridden, by reason",
    "suppressed": "kept away, by earlier answer", "filtered": "not wanted, by filter",
    "noCard": "no card, by verdict", "refused": "refused, by HTTP status", "failed": "failed",
    "notSignedIn": "not signed in, by check", "milliseconds": "milliseconds",
}  # fmt: skip


def text_lines(given: Iterable[Summary]) -> Iterable[str]:
    """Give lines for a terminal."""
    for summary in given:
        yield f"{summary.tenant}, {summary.period}"
        content = summary.to_json()
        for measure, title in _TITLES.items():
            value = content[measure]
            if isinstance(value, dict):
                told = (f"{detail} {number}" for detail, number in value.items() if number is not None)
                value = ", ".join(told) or "-"
            yield f"  {title:<30} {value}"
        yield ""
