"""Lays out a timeline as a picture: a series of results in, coordinates out. The template writes the SVG."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

from cds_service.pages.words import day
from rules.timeline import Point, Series

WIDTH, HEIGHT = 400, 154
"""Size of the drawing in its own units; a page scales it."""
LEFT, RIGHT, TOP, BOTTOM = 34, 390, 12, 132
"""The area of the points."""
YEARS_SHOWN = 5
"""Older results are counted, not drawn."""
MOST_LABELS = 5
HEADROOM = 1.15
MARGIN = 0.15
"""Of the time shown, how much lies before the first window or result, so that one sees where it begins."""
STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10)


@dataclass(frozen=True, slots=True)
class Mark:
    """One result: a dot, or with an open bound a dot with a whisker."""

    x: float
    y: float
    whisker: float | None
    """Where the whisker ends: the foot of the area for "<0.1", its top for ">14"."""
    span: tuple[float, float] | None
    """From where to where the date lies, when it is not known to the day."""
    reached: bool | None
    """Whether the limit is kept; None when the result does not tell."""
    preliminary: bool
    title: str


@dataclass(frozen=True, slots=True)
class Band:
    """A window, shaded until the day of the assessment."""

    x: float
    width: float
    title: str


@dataclass(frozen=True, slots=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawn series."""

    series: Series
    marks: tuple[Mark, ...]
    bands: tuple[Band, ...]
    limit_y: float
    days: tuple[Tick, ...]
    values: tuple[Tick, ...]
    older: int
    """Results before the first day drawn."""

    @property
    def description(self) -> str:
        """What the picture shows, in a sentence."""
        series = self.series
        windows = " and ".join(f"{span.length} from {span.start.isoformat()}" for span in series.windows)
        if not series.points:
            return f"No result that can be drawn. The criterion asks for {series.limit_text}, looking back {windows}."
        count = "1 result" if len(series.points) == 1 else f"{len(series.points)} results"
        newest = series.points[-1]
        return (
            f"{count}, the newest {newest.reported} on {day(newest)}. "
            f"The criterion asks for {series.limit_text}, looking back {windows}."
        )


def plot(series: Series) -> Plot:
    """Return the picture of ``series``; the same series gives the same picture."""
    earliest = _years_before(series.on, YEARS_SHOWN)
    drawn = [point for point in series.points if point.last >= earliest]
    starts = [span.start for span in series.windows] + [point.first for point in drawn]
    first = min(starts, default=series.on - timedelta(days=365))
    first -= (series.on - first) * MARGIN
    return _Frame(max(earliest, first), series.on, *_scale(series, drawn)).draw(series, drawn)


@dataclass(frozen=True, slots=True)
class _Frame:
    """What maps days and values to places."""

    first: date
    last: date
    bottom: float
    top: float

    def x(self, day: date) -> float:
        share = (max(day, self.first) - self.first) / max(self.last - self.first, timedelta(days=1))
        return round(LEFT + share * (RIGHT - LEFT), 1)

    def y(self, value: float) -> float:
        share = (min(max(value, self.bottom), self.top) - self.bottom) / (self.top - self.bottom)
        return round(BOTTOM - share * (BOTTOM - TOP), 1)

    def draw(self, series: Series, drawn: list[Point]) -> Plot:
        return Plot(
            series=series,
            marks=tuple(self._mark(point, series) for point in drawn),
            bands=tuple(
                Band(self.x(s.start), round(RIGHT - self.x(s.start), 1), f"the last {s.length}") for s in series.windows
            ),
            limit_y=self.y(series.limit),
            days=self._days(),
            values=self._values(),
            older=len(series.points) - len(drawn),
        )

    def _mark(self, point: Point, series: Series) -> Mark:
        value, whisker = self._value_and_whisker(point)
        x = (self.x(point.first) + self.x(point.last)) / 2
        compared = f" (= {point.compared_as})" if point.compared_as else ""
        preliminary = ", preliminary" if point.preliminary else ""
        return Mark(
            x=round(x, 1),
            y=self.y(value),
            whisker=whisker,
            span=None if point.first == point.last else (self.x(point.first), self.x(point.last)),
            reached=_reached(point, series),
            preliminary=point.preliminary,
            title=f"{day(point)}: {point.reported}{compared}{preliminary}",
        )

    def _value_and_whisker(self, point: Point) -> tuple[float, float | None]:
        if point.low is None:
            return point.high or 0.0, float(BOTTOM)
        if point.high is None:
            return point.low, float(TOP)
        return point.high, None if point.low == point.high else self.y(point.low)

    def _days(self) -> tuple[Tick, ...]:
        """Return ticks on the first of a month, as many as have room."""
        months = (self.last.year - self.first.year) * 12 + self.last.month - self.first.month
        step = next((s for s in (1, 2, 3, 6, 12) if months / s <= MOST_LABELS), 12)
        start = self.first.year * 12 + self.first.month  # the month after the first day's
        firsts = [date(m // 12, m % 12 + 1, 1) for m in range(start, start + months) if m % step == 0]
        return tuple(Tick(self.x(day), f"{day.year}-{day.month:02d}") for day in firsts if day <= self.last)

    def _values(self) -> tuple[Tick, ...]:
        step = _step(self.top - self.bottom)
        count = int((self.top - self.bottom) / step + 1e-9)
        return tuple(Tick(self.y(self.bottom + step * n), f"{self.bottom + step * n:g}") for n in range(count + 1))


def _reached(point: Point, series: Series) -> bool | None:
    """Tell whether the limit is kept, for the mark's look alone; the rules decide by exact numbers."""
    at_least = series.limit_text.startswith("at least")
    low = float("-inf") if point.low is None else point.low
    high = float("inf") if point.high is None else point.high
    if at_least:
        return True if low >= series.limit else False if high < series.limit else None
    return True if high <= series.limit else False if low > series.limit else None


def _scale(series: Series, drawn: list[Point]) -> tuple[float, float]:
    """Return the values at the foot and at the top: from zero, unless the lowest lies far above it."""
    values = [series.limit, *(v for p in drawn for v in (p.low, p.high) if v is not None)]
    highest, lowest = max(values) * HEADROOM, min(values) / HEADROOM
    floor = lowest - (highest - lowest) / 2 if lowest > highest / 2 else 0.0
    step = _step(highest - floor)
    foot = ceil(floor / step - 1e-9)
    if foot * step >= min(values):
        foot -= 1
    return max(0.0, foot * step), ceil(highest / step - 1e-9) * step


def _step(span: float) -> float:
    """Return the distance of the labels that divide ``span``, few enough to be read."""
    return next((s for s in STEPS if span / s <= MOST_LABELS), 100)


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return day.replace(year=day.year - years, day=28)
