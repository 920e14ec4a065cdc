"""FHIR dates as intervals, anniversaries and ages, against examples and a slow obvious counting of days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.dates import Days, add_months, add_years, age_range, between, completed_years, parse_moment

NEW_YORK = ZoneInfo("America/New_York")
TOKYO = ZoneInfo("Asia/Tokyo")
EARLY, LATE = datetime.fromisoformat("1953-01-01"), datetime.fromisoformat("2050-01-01")
DATES = st.dates(min_value=date(1904, 1, 1), max_value=date(2096, 12, 31))


def days_of(text: str, zone: ZoneInfo | None = None) -> tuple[str, str] | None:
    moment = parse_moment(text, zone or UTC)
    return (moment.days.first.isoformat(), moment.days.last.isoformat()) if moment else None


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024", "2024-01-01", "2024-12-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2023-02", "2023-02-01", "2023-02-28"),
        ("2024-12", "2024-12-01", "2024-12-31"),
        ("2024-02-29", "2024-02-29", "2024-02-29"),
        (" 2024-06-15 ", "2024-06-15", "2024-06-15"),
        ("2024-06-15T10:00:00Z", "2024-06-15", "2024-06-15"),
        ("2024-06-15T10:00Z", "2024-06-15", "2024-06-15"),
        ("2024-06-15T10:00:00.123456789Z", "2024-06-15", "2024-06-15"),
    ],
)
def test_precision(text: str, first: str, last: str) -> None:
    assert days_of(text) == (first, last)


@pytest.mark.parametrize(
    "text",
    [
        None, "", " ", "2024-13", "2024-00", "2024-02-30", "2023-02-29", "2024-6-1", "24-06-01", "2024/06/01",
        "2024-06-15T24:00:00Z", "2024-06-15T10:60:00Z", "2024-06-15T10:00:61Z", "2024-06-15T10:00:99Z",
        "2024-06-15T10Z", "2024-06-15 10:00:00Z", "2024-06-15T10:00:00+15:00", "2024-06-15T10:00:00+1", "0000",
        "20240615", "2024-06-15Z", "yesterday", "2024-06-15T10:00:00Z trailing", "0001-01-01T00:00:00+14:00",
    ],
)  # fmt: skip
def test_not_a_date(text: str | None) -> None:
    assert parse_moment(text, UTC) is None


@pytest.mark.parametrize("text", ["9999-12-31", "9999-12-31T23:59:59Z", "2200", "0001-01-01", "1753-01-01", "1799-12"])
def test_a_placeholder_for_no_date_is_none(text: str) -> None:
    assert parse_moment(text, UTC) is None


@pytest.mark.parametrize("text", ["1800-01-01", "2199-12-31"])
def test_days_of_the_living_and_of_the_planned_are_dates(text: str) -> None:
    assert parse_moment(text, UTC) is not None


def test_the_ends_of_the_calendar_do_not_raise() -> None:
    assert parse_moment("0001", TOKYO) is None
    assert parse_moment("9999", NEW_YORK) is None


@pytest.mark.parametrize(
    ("text", "zone", "day"),
    [
        ("2024-01-01T23:30:00-05:00", UTC, "2024-01-02"),
        ("2024-01-02T04:30:00Z", NEW_YORK, "2024-01-01"),
        ("2024-01-01T23:30:00-05:00", NEW_YORK, "2024-01-01"),
        ("2024-01-01T15:30:00Z", TOKYO, "2024-01-02"),
        ("2024-01-01T00:15:00+14:00", UTC, "2023-12-31"),
        ("2024-07-02T03:30:00Z", NEW_YORK, "2024-07-01"),  # four hours behind in summer, five in winter
        ("2024-01-02T04:59:59Z", NEW_YORK, "2024-01-01"),
        ("2024-01-02T05:00:00Z", NEW_YORK, "2024-01-02"),
    ],
)
def test_the_day_is_the_day_of_the_site(text: str, zone: ZoneInfo, day: str) -> None:
    assert days_of(text, zone) == (day, day)


def test_equal_instants_are_equal_however_written() -> None:
    one, other = (
        parse_moment("2024-01-01T23:30:00-05:00", UTC), parse_moment("2024-01-02T04:30:00Z", UTC),
    )  # fmt: skip
    assert one is not None
    assert other is not None
    assert (one.start, one.days) == (other.start, other.days)


def test_a_time_without_offset_is_the_sites() -> None:
    moment = parse_moment("2024-01-15T22:00:00", NEW_YORK)
    assert moment is not None
    assert moment.start == datetime(2024, 1, 16, 3, 0, tzinfo=UTC)
    assert moment.days == Days.on(date(2024, 1, 15))


@pytest.mark.parametrize("offset", ["+0000", "-0000", "+00:00", "Z"])
def test_spellings_of_utc(offset: str) -> None:
    moment = parse_moment(f"2024-06-15T10:00:00{offset}", NEW_YORK)
    assert moment is not None
    assert moment.start == datetime(2024, 6, 15, 10, tzinfo=UTC)


def test_a_leap_second_is_the_second_before() -> None:
    leap, before = (parse_moment(f"2016-12-31T23:59:{s}Z", UTC) for s in ("60", "59"))
    assert leap is not None
    assert before is not None
    assert leap.start == before.start
    assert leap.days == Days.on(date(2016, 12, 31))


def test_only_an_instant_is_exact() -> None:
    exact = [bool(m and m.exact) for m in (parse_moment(t, UTC) for t in ("2024", "2024-06", "2024-06-15"))]
    instant = parse_moment("2024-06-15T10:00:00Z", UTC)
    assert exact == [False, False, False]
    assert instant is not None
    assert instant.exact


def test_a_day_lasts_from_midnight_to_midnight_of_the_site() -> None:
    moment = parse_moment("2024-03-10", NEW_YORK)  # the clocks go forward: 23 hours
    assert moment is not None
    assert moment.start == datetime(2024, 3, 10, 5, tzinfo=UTC)
    assert moment.end == datetime(2024, 3, 11, 4, tzinfo=UTC) - timedelta(microseconds=1)


def test_the_text_is_kept() -> None:
    moment = parse_moment(" 2024-06 ", UTC)
    assert moment is not None
    assert moment.text == "2024-06"
    assert between(date(2024, 1, 1), date(2024, 1, 3), UTC, "2024-01-01/").text == "2024-01-01/"


@given(instant=st.datetimes(min_value=EARLY, max_value=LATE),
       minutes=st.integers(-14 * 60, 14 * 60))  # fmt: skip
def test_any_offset_gives_the_instant(instant: datetime, minutes: int) -> None:
    sign, size = "-" if minutes < 0 else "+", abs(minutes)
    moment = parse_moment(f"{instant.isoformat()}{sign}{size // 60:02}:{size % 60:02}", TOKYO)
    expected = instant - timedelta(minutes=minutes)
    assert moment is not None
    assert moment.start.replace(tzinfo=None) == expected
    assert moment.days.first == (expected + timedelta(hours=9)).date()  # Tokyo: since 1952 always nine hours


# -- anniversaries and ages ------------------------------------------------------------------------------


def anniversary(born: date, years: int) -> date:
    """Walk day by day from the same month until month and day are reached or passed."""
    day = date(born.year + years, born.month, 1)
    while (day.month, day.day) < (born.month, born.day):
        day += timedelta(days=1)
    return day


@given(born=DATES, years=st.integers(-70, 70))
def test_anniversaries(born: date, years: int) -> None:
    if 1 <= born.year + years <= 9998:
        assert add_years(born, years) == anniversary(born, years)


def test_29_february_has_its_anniversary_on_1_march() -> None:
    born = date(2000, 2, 29)
    assert add_years(born, 1) == date(2001, 3, 1)
    assert add_years(born, 4) == date(2004, 2, 29)
    assert add_years(born, 100) == date(2100, 3, 1)
    assert completed_years(born, date(2018, 2, 28)) == 17
    assert completed_years(born, date(2018, 3, 1)) == 18
    assert completed_years(born, date(2020, 2, 29)) == 20


@given(since=DATES, days=st.integers(0, 70 * 366))
def test_completed_years_count_anniversaries(since: date, days: int) -> None:
    until = since + timedelta(days=days)
    passed = 0
    while anniversary(since, passed + 1) <= until:
        passed += 1
    assert completed_years(since, until) == passed


def test_completed_years_before_the_start_are_negative() -> None:
    assert completed_years(date(2024, 6, 15), date(2024, 6, 14)) == -1
    assert completed_years(date(2024, 6, 15), date(2022, 6, 14)) == -3


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2025, 8, 31), -6, date(2025, 2, 28)),
        (date(2024, 8, 31), -6, date(2024, 2, 29)),
        (date(2025, 1, 31), 1, date(2025, 2, 28)),
        (date(2025, 3, 31), -1, date(2025, 2, 28)),
        (date(2025, 12, 31), 1, date(2026, 1, 31)),
        (date(2025, 1, 15), -1, date(2024, 12, 15)),
        (date(2025, 6, 15), 0, date(2025, 6, 15)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
    ],
)
def test_months_are_clamped(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected


@given(day=DATES, months=st.integers(-600, 600))
def test_months_by_stepping(day: date, months: int) -> None:
    year, month = day.year, day.month
    for _ in range(abs(months)):
        month += 1 if months > 0 else -1
        if month in (0, 13):
            year, month = (year - 1, 12) if month == 0 else (year + 1, 1)
    last = max(d for d in range(28, 32) if _exists(year, month, d))
    assert add_months(day, months) == date(year, month, min(day.day, last))


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def test_age_range_of_a_birth_year() -> None:
    birth = Days(date(2007, 1, 1), date(2007, 12, 31))
    assert age_range(birth, Days.on(date(2025, 6, 15))) == (17, 18)
    assert age_range(birth, Days.on(date(2025, 12, 31))) == (18, 18)


def test_capped() -> None:
    month = Days(date(2025, 6, 1), date(2025, 6, 30))
    assert month.capped(date(2025, 6, 15)) == Days(date(2025, 6, 1), date(2025, 6, 15))
    assert month.capped(date(2025, 7, 15)) == month
    with pytest.raises(ValueError, match="begins after"):
        month.capped(date(2025, 5, 31))
