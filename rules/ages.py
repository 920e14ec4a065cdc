"""The age of a person in completed years: a range where the birth date is known to the month or year only."""

from __future__ import annotations

from fractions import Fraction

from rules.assessment import Evidence
from rules.criterion import Chart, Finding
from rules.dates import Days, add_years, age_range
from rules.decision import FactValue
from rules.quantities import Interval, scaled

REACHED = "minimum"
"""The limit whose birthday ends a block for being too young."""


def birth_days(chart: Chart) -> Days | None:
    """Return the days on which the person may be born; None when not recorded, invalid or in the future."""
    moment = chart.moment(chart.record.patient.birth_date)
    if moment is None or moment.days.first > chart.on:
        return None
    return moment.days.capped(chart.on)


def age_finding(chart: Chart, *limits: str, **fields: FactValue) -> Finding:
    """Return the finding of a criterion that compares the age with declared limits in years.

    The fact has ``known``, ``age_low``, ``age_high``, one field a limit, and ``fields``.
    """
    birth = birth_days(chart)
    ages = age_range(birth, Days.on(chart.on)) if birth else None
    numbers = scaled(
        {"age": Interval(Fraction(ages[0]), Fraction(ages[1])) if ages else None},
        {name: chart.limit(name) for name in limits},
    )
    birthday = add_years(birth.first, int(chart.limit(REACHED))) if birth else None
    return Finding(
        fact={"known": ages is not None, **numbers, **fields},
        words={
            "age": _words(ages),
            "why": _why(chart),
            "birthday": birthday.isoformat() if birthday else "",
            **{name: str(int(chart.limit(name))) for name in limits},
        },
        evidence=_evidence(chart),
        recheck_on=birthday if birthday and birthday > chart.on else None,
    )


def _words(ages: tuple[int, int] | None) -> str:
    if ages is None:
        return "not known"
    low, high = ages
    return str(low) if low == high else f"{low} to {high}"


def _why(chart: Chart) -> str:
    text = chart.record.patient.birth_date
    if not text:
        return "no birth date is recorded"
    moment = chart.moment(text)
    return "the birth date cannot be read" if moment is None else "the birth date lies in the future"


def _evidence(chart: Chart) -> tuple[Evidence, ...]:
    patient = chart.record.patient
    if not patient.birth_date:
        return ()
    return (Evidence(patient.reference, "Date of birth", patient.birth_date, None, patient.birth_date),)


def adult_on(birth: Days | None, when: Days, years: Fraction) -> bool:
    """True when the person had certainly completed ``years`` on every day of ``when``."""
    return birth is not None and add_years(birth.last, int(years)) <= when.first
