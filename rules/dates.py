"""FHIR dates as intervals: a date known to the month is a month of days, never its first day.

Days are taken in the site's time zone. 29 February has its anniversary on 1 March in common years;
calendar months are clamped to the end of the month.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo

from msgspec import Struct

_FHIR = re.compile(
    r"(?P<y>\d{4})(?:-(?P<m>\d\d)(?:-(?P<d>\d\d)"
    r"(?:T(?P<H>\d\d):(?P<M>\d\d)(?::(?P<S>\d\d)(?:\.(?P<f>\d{1,9}))?)?(?P<z>Z|[+-]\d\d:?\d\d)?)?)?)?"
)
_OFFSET_MINUTES_LIMIT = 14 * 60

_YEARS = range(1800, 2200)
"""Of dates in a record. Systems write others, such as 9999-12-31 or 0001-01-01, where they have no date."""

_LONGEST = 64
"""Characters of a date with blanks around it."""

NEVER = datetime.fromtimestamp(0, UTC)
"""Stands for no date where results are sorted by their time."""


class Days(Struct, frozen=True):
    """A closed interval of calendar days: the day something happened lies in it."""

    first: date
    last: date

    @classmethod
    def on(cls, day: date) -> Days:
        return cls(day, day)

    @property
    def exact(self) -> bool:
        return self.first == self.last

    def capped(self, latest: date) -> Days:
        """Return the part that is not after ``latest``; raises ValueError when there is none."""
        if self.first > latest:
            raise ValueError("the interval begins after the latest day allowed")
        return Days(self.first, min(self.last, latest))


class Moment(Struct, frozen=True):
    """A FHIR date or dateTime as an interval of instants, with the text it was read from."""

    start: datetime
    end: datetime
    text: str
    days: Days
    """The days it may fall on, in the site's zone."""

    @property
    def exact(self) -> bool:
        """True for an instant, false for a day, month or year."""
        return self.start == self.end


def parse_moment(text: str | None, zone: tzinfo) -> Moment | None:
    """Read a FHIR date, dateTime or instant; return None for what is not one.

    A time without offset, which FHIR forbids and real servers send, is taken in ``zone``.
    """
    if not text or len(text) > _LONGEST:
        return None
    match = _FHIR.fullmatch(text.strip())
    if match is None or int(match["y"]) not in _YEARS:
        return None
    try:
        return _instant(match, text, zone) if match["H"] else _period(match, text, zone)
    except (ValueError, OverflowError):
        return None


def _instant(match: re.Match[str], text: str, zone: tzinfo) -> Moment:
    at = datetime(
        int(match["y"]), int(match["m"]), int(match["d"]), int(match["H"]), int(match["M"]),
        59 if match["S"] == "60" else int(match["S"] or 0),  # a leap second
        int((match["f"] or "0")[:6].ljust(6, "0")),
        tzinfo=_offset(match["z"]) or zone,
    )  # fmt: skip
    day = at.astimezone(zone).date()
    at = at.astimezone(UTC)
    return Moment(at, at, text.strip(), Days.on(day))


def _period(match: re.Match[str], text: str, zone: tzinfo) -> Moment:
    year, month, day = int(match["y"]), match["m"], match["d"]
    first = date(year, int(month or 1), int(day or 1))
    if day:
        last = first
    elif month:
        last = date(year, first.month, calendar.monthrange(year, first.month)[1])
    else:
        last = date(year, 12, 31)
    return between(first, last, zone, text.strip())


def between(first: date, last: date, zone: tzinfo, text: str) -> Moment:
    """Return the moment that lies somewhere in the days from ``first`` to ``last``."""
    start = datetime.combine(first, time.min, zone).astimezone(UTC)
    end = datetime.combine(last, time.max, zone).astimezone(UTC)
    return Moment(start, end, text, Days(first, last))


def _offset(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    if text == "Z":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    if minutes > _OFFSET_MINUTES_LIMIT:
        raise ValueError("no such time zone offset")
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def add_years(day: date, years: int) -> date:
    """Return the anniversary; 29 February becomes 1 March in common years."""
    year = day.year + years
    if day.month == 2 and day.day == 29 and not calendar.isleap(year):
        return date(year, 3, 1)
    return day.replace(year=year)


def add_months(day: date, months: int) -> date:
    """Return the day ``months`` calendar months later (or earlier), clamped to the end of the month."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def completed_years(since: date, until: date) -> int:
    """Return whole years from ``since`` to ``until`` (negative when ``until`` is earlier)."""
    years = until.year - since.year
    return years if add_years(since, years) <= until else years - 1


def age_range(birth: Days, when: Days) -> tuple[int, int]:
    """Return the lowest and highest age in completed years that the two intervals allow."""
    return completed_years(birth.last, when.first), completed_years(birth.first, when.last)
