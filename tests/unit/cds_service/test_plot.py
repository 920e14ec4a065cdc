"""The picture of a timeline: where points, limit and windows lie."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from msgspec.structs import replace

from cds_service.pages.plot import BOTTOM, LEFT, RIGHT, TOP, plot
from rules.timeline import Point, Series, Span

TODAY = date(2026, 11, 22)


def point(days_ago: int, value: float | None, **more: Any) -> Point:
    day = TODAY - timedelta(days=days_ago)
    given = {
        "first": day,
        "last": day,
        "low": value,
        "high": value,
        "reported": f"{value}",
        "reference": "Observation/1",
    }
    return Point(**given | more)


def series(*points: Point, limit_text: str = "at least 7.5 %") -> Series:
    windows = (Span(TODAY - timedelta(days=90), "90 days"),)
    return Series("I8", "HbA1c", "%", 7.5, limit_text, TODAY, windows, points)


def test_the_day_of_the_assessment_is_the_right_edge_and_time_runs_to_it() -> None:
    drawn = plot(series(point(300, 8.0), point(10, 8.0), point(0, 8.0)))
    xs = [mark.x for mark in drawn.marks]
    assert xs == sorted(xs)
    assert xs[-1] == RIGHT
    assert xs[0] > LEFT
    (band,) = drawn.bands
    assert band.x + band.width == pytest.approx(RIGHT, abs=0.2)
    assert band.x < xs[1]
    assert drawn.marks[0].x < band.x


def test_higher_values_lie_higher_and_all_within_the_area() -> None:
    drawn = plot(series(point(30, 6.0), point(20, 7.5), point(10, 13.9)))
    low, at, high = (mark.y for mark in drawn.marks)
    assert low > at > high
    assert at == drawn.limit_y
    assert high >= TOP
    assert low <= BOTTOM


@pytest.mark.parametrize(
    ("values", "foot", "top"),
    [((7.0, 9.2), "4", "12"), ((7.5,), "6", "9"), ((1.0, 8.0), "0", "10"), ((), "6", "9")],
)
def test_the_scale_fits_the_values_and_starts_above_zero_only_when_they_lie_far_from_it(
    values: tuple[float, ...], foot: str, top: str
) -> None:
    drawn = plot(series(*(point(10, value) for value in values)))
    assert (drawn.values[0].label, drawn.values[-1].label) == (foot, top)
    assert (drawn.values[0].at, drawn.values[-1].at) == (BOTTOM, TOP)
    assert len(drawn.values) <= 6
    assert all(TOP <= mark.y <= BOTTOM for mark in drawn.marks)


@pytest.mark.parametrize("values", [(), (0.3,), (0.29, 0.31)])
def test_the_limit_lies_within_the_area_and_not_on_its_edge(values: tuple[float, ...]) -> None:
    given = series(*(point(10, value) for value in values), limit_text="at most 0.3 ng/mL")
    assert TOP < plot(replace(given, limit=0.3)).limit_y < BOTTOM


@pytest.mark.parametrize(
    ("low", "high", "at_least", "at_most"),
    [
        (7.5, 7.5, True, True),
        (7.6, 7.6, True, False),
        (7.4, 7.4, False, True),
        (None, 7.5, None, True),
        (None, 7.0, False, True),
        (7.5, None, True, None),
        (7.0, 8.0, None, None),
    ],
)
def test_a_mark_says_whether_the_limit_is_kept(
    low: float | None, high: float | None, at_least: bool | None, at_most: bool | None
) -> None:
    given = point(10, 0.0, low=low, high=high)
    assert plot(series(given)).marks[0].reached is at_least
    assert plot(series(given, limit_text="at most 7.5 %")).marks[0].reached is at_most


def test_open_values_have_a_whisker_and_imprecise_dates_a_span() -> None:
    below = point(10, None, high=7.0)
    month = point(0, 8.0, first=date(2026, 10, 1), last=date(2026, 10, 31))
    drawn = plot(series(month, below))
    assert drawn.marks[1].whisker == BOTTOM
    assert drawn.marks[1].span is None
    assert drawn.marks[0].span is not None
    assert drawn.marks[0].span[0] < drawn.marks[0].x < drawn.marks[0].span[1]


def test_what_is_older_than_five_years_is_counted_not_drawn() -> None:
    drawn = plot(series(point(3_000, 8.0), point(10, 8.4)))
    assert (len(drawn.marks), drawn.older) == (1, 1)


def test_the_description_says_what_the_picture_shows() -> None:
    assert plot(series()).description.startswith("No result that can be drawn.")
    said = plot(series(point(10, 8.4))).description
    assert said == (
        "1 result, the newest 8.4 on 2026-11-12. "
        "The criterion asks for at least 7.5 %, looking back 90 days from 2026-08-24."
    )


def test_labels_have_room() -> None:
    for days in (1, 30, 200, 700, 1_800):
        drawn = plot(series(point(days, 8.0)))
        places = [tick.at for tick in drawn.days]
        assert len(places) <= 6
        assert all(after - before >= 45 for before, after in pairwise(places))
