"""When something that a diagnosis names happened, and whether that lies in a window.

The onset tells, else the start of the encounter. The day of recording is no such date: what it records can
be older. A date after the evaluation is not used (clinical reference, E7 and ruling 6).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from rules.criterion import Chart, Coverage, Window
from rules.dates import Days, add_months
from rules.diagnoses import Diagnosis
from rules.onset import days_of_age


def happened(chart: Chart, diagnosis: Diagnosis) -> Days | None:
    """Return the days on which it can have happened; None when only its recording is dated, if anything."""
    onset = diagnosis.onset.days if diagnosis.onset else days_of_age(chart, diagnosis.condition)
    encountered = diagnosis.encountered.days if diagnosis.encountered else None
    return next((days for days in (onset, encountered) if days and days.first <= chart.on), None)


def ended(chart: Chart, diagnosis: Diagnosis) -> Days | None:
    """Return the days on which it can have ended, from a date or period of abatement."""
    period = diagnosis.condition.abatement_period
    texts = (diagnosis.condition.abatement_date_time, period.end if period else None)
    moments = [moment for text in texts if (moment := chart.moment(text))]
    return next((m.days for m in moments if m.days.first <= chart.on), None)


def recorded(chart: Chart, diagnosis: Diagnosis) -> Days | None:
    """Return the days on which it was recorded: it happened then or before."""
    moment = diagnosis.recorded
    return moment.days if moment and moment.days.first <= chart.on else None


def timing(chart: Chart, days: Days | None, window: Window) -> Coverage | None:
    """Return where ``days`` lie with regard to ``window``; None without days."""
    return window.covers(days.capped(chart.on), chart.on) if days else None


def recheck(chart: Chart, dates: Iterable[Days | None], window: Window) -> date | None:
    """Return the first day on which all of ``dates`` lie before ``window``; None when one is not known."""
    leaving = [_first_day_outside(days.capped(chart.on).last, window) if days else None for days in dates]
    known = [day for day in leaving if day]
    return max(known) if known and len(known) == len(leaving) else None


def _first_day_outside(day: date, window: Window) -> date:
    """Count on from the end of the window: months are clamped, so that several days can share one start."""
    after = add_months(day, window.months or 0) + timedelta(days=window.days or 0)
    while window.start(after) <= day:
        after += timedelta(days=1)
    return after
