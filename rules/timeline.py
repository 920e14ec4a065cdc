"""The course of a laboratory value over time, for people to look at. It decides nothing.

A criterion's module may declare a `Timeline`; `timelines` then turns a record into series of points: the same
results, read and converted in the same way as those that the criterion decides by.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, tzinfo
from fractions import Fraction
from typing import TYPE_CHECKING

import msgspec

from rules.criterion import Chart, Declaration, TrialSettings
from rules.quantities import plain
from rules.record import PatientRecord
from rules.results import Result, all_results

if TYPE_CHECKING:
    from rules.trial import Trial


@dataclass(frozen=True, slots=True)
class Timeline:
    """What of a criterion is drawn: its results, the limit, and the windows in which a result decides."""

    analyte: str
    value_sets: tuple[str, ...]
    limit: str
    """Name of a declared limit, which the value must reach (``minimum``) or not exceed (``maximum``)."""
    windows: tuple[str, ...]


class Point(msgspec.Struct, frozen=True, rename="camel"):
    """One result. Numbers are for drawing, in the series' unit; a bound of None is open (``<0.1``)."""

    first: date
    last: date
    """The days on which it may have been taken; equal for an exact date."""
    low: float | None
    high: float | None
    reported: str
    """As received, with its unit."""
    reference: str
    compared_as: str | None = None
    preliminary: bool = False


class Span(msgspec.Struct, frozen=True, rename="camel"):
    """A window: from its first day until the day of the assessment."""

    start: date
    length: str
    """In words, such as "90 days"."""
    values: str = ""
    """Of which values it is the window, "low" or "high"; empty for all."""


class Series(msgspec.Struct, frozen=True, rename="camel"):
    """The results of one criterion, oldest first, with what they are held against."""

    criterion: str
    label: str
    unit: str
    limit: float
    limit_text: str
    """Such as "at least 7.5 %"."""
    on: date
    windows: tuple[Span, ...]
    points: tuple[Point, ...]
    left_out: tuple[str, ...] = ()
    """Why results of the record could not be drawn, one sentence a result."""


def timelines(record: PatientRecord, trial: Trial, on: date, zone: tzinfo) -> tuple[Series, ...]:
    """Return the series of every criterion that declares a timeline, in the record's order."""
    return tuple(
        _series(Chart(record, on, zone, this, TrialSettings(), trial.analytes, trial.units), declared)
        for this, declared in _declared(trial)
    )


def _declared(trial: Trial) -> Iterator[tuple[Declaration, Timeline]]:
    for this in trial.declarations:
        declared = trial.evaluables[this.id].timeline
        if declared is not None:
            yield this, declared


def _series(chart: Chart, declared: Timeline) -> Series:
    this, analyte = chart.this, chart.analyte(declared.analyte)
    found = all_results(chart, [chart.value_set(name) for name in declared.value_sets], analyte)[::-1]
    limit = this.limits[declared.limit]
    sense = "at least" if declared.limit == "minimum" else "at most"
    return Series(
        criterion=this.id,
        label=this.label,
        unit=analyte.canonical,
        limit=float(limit.value),
        limit_text=f"{sense} {plain(limit.value)} {limit.unit}",
        on=chart.on,
        windows=tuple(
            Span(window.start(chart.on), str(window), _values(name))
            for name, window in ((name, chart.window(name)) for name in declared.windows)
        ),
        points=tuple(_point(result, chart.on) for result in found if result.problem is None),
        left_out=tuple(result.why for result in found if result.problem is not None),
    )


def _values(window: str) -> str:
    """Return of which values a window is by its name, such as ``decide_low``."""
    end = window.rpartition("_")[2]
    return end if end in ("low", "high") else ""


def _point(result: Result, on: date) -> Point:
    if result.when is None or result.interval is None:
        raise ValueError("a result without a date or a value has no place on a timeline")
    days = result.when.days.capped(on)
    return Point(
        first=days.first,
        last=days.last,
        low=_number(result.interval.low),
        high=_number(result.interval.high),
        reported=result.reported,
        reference=result.observation.reference,
        compared_as=result.compared,
        preliminary=result.preliminary,
    )


def _number(bound: Fraction | None) -> float | None:
    return None if bound is None else float(bound)
