"""When a disease began: an interval of days from everything the record says, never a false point.

The day of recording, a first encounter and a first order only bound the onset from above; so does an onset
date equal to one of them, which is what many systems fill in by default, and the onset of a complication
(clinical reference, I5).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from rules.assessment import Confidence, Evidence
from rules.criterion import Chart
from rules.datatypes import Quantity
from rules.dates import Days, add_months, add_years
from rules.diagnoses import Diagnosis
from rules.resources import Condition
from rules.value_sets import is_doubted

_AGE_UNITS = {"a": "years", "mo": "months", "wk": "weeks", "d": "days"}
_UNIT_WORDS = {"year": "a", "years": "a", "yr": "a", "y": "a", "month": "mo", "months": "mo", "week": "wk",
               "weeks": "wk", "day": "d", "days": "d"}  # fmt: skip

_AGED = re.compile(r"\baged?\s+(?:of\s+)?(\d{1,2})\b(?!\s?[-–/]|[.,]\d)", re.IGNORECASE)
_YEARS_OLD = re.compile(r"(?<![-–/])(?<!\d[.,])\b(\d{1,2})\s?(?:y|yo|yr|yrs|years?)\b", re.IGNORECASE)
"""An age; one end of a range, or the digits behind a point, is none."""
_SPAN_OF_TIME = re.compile(
    r"\b(?:for|since|past|last|ago|prior|earlier|before|after|back|over|x|duration|history)\b", re.IGNORECASE
)
"""Words that make "5 years" a time that has passed, not an age."""
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_AT_OR_BEFORE = re.compile(
    r"\b(?:before|until|prior|earlier)\b|\bby (?:(?:the|end|start|of|early|mid|late|about|age|spring|summer|autumn|"
    r"fall|winter|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*)[ -])*\d",
    re.IGNORECASE,
)
"""Words that make a year a bound; "by" does so directly before it: "known by March 2022", not "by GP in 2022"."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """Ages in completed years that words such as "childhood" stand for."""

    infancy_maximum: int
    childhood_maximum: int
    teens_minimum: int
    teens_maximum: int


@dataclass(frozen=True, slots=True)
class Source:
    """One statement of the onset."""

    days: Days
    confidence: Confidence
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Onset:
    """What the record says about the onset, the earliest statement first."""

    stated: tuple[Source, ...]
    bound: date | None
    """The latest day on which it can have begun, from recordings, encounters and orders."""
    bounded_by: tuple[Evidence, ...]
    invalid: tuple[Evidence, ...]
    """Statements that cannot be true: after the evaluation, or before birth."""

    def span(self, earliest: date | None) -> Days | None:
        """Return the interval of the earliest statement, else of the bound; None when nothing is known."""
        return self.stated[0].days if self.stated else self._bounded(earliest)

    def _bounded(self, earliest: date | None) -> Days | None:
        if self.bound is None or earliest is None or earliest > self.bound:
            return None
        return Days(earliest, self.bound)

    def agrees(self, classify: Callable[[Days], Any], earliest: date | None = None) -> bool:
        """True when all statements lead to the same outcome.

        Proof that the disease was there before it is said to have begun is a statement of its own: it began
        between ``earliest`` and that day.
        """
        spans = [source.days for source in self.stated]
        if self.contradicted and self.bound:
            spans.append(self._bounded(earliest) or Days.on(self.bound))
        return len({classify(days) for days in spans}) <= 1

    def evidence(self) -> tuple[Evidence, ...]:
        proof = self.bounded_by if not self.stated or self.contradicted else ()
        return (*(source.evidence for source in self.stated), *proof)

    @property
    def contradicted(self) -> bool:
        """True when a statement lies after proof that the disease was there."""
        return self.bound is not None and any(source.days.first > self.bound for source in self.stated)


def birth_days(chart: Chart) -> Days | None:
    """Return the days the person may have been born on."""
    moment = chart.moment(chart.record.patient.birth_date)
    return moment.days if moment else None


def days_of_age(chart: Chart, condition: Condition) -> Days | None:
    """Return the days that an onset stated as an age, or as a range of ages, stands for."""
    birth, age, ages = birth_days(chart), condition.onset_age, condition.onset_range
    if birth is None:
        return None
    if age is not None:
        return _days_at_age(birth, *_bounds_of_age(age), chart.on)
    return _days_at_age(birth, ages.low, ages.high, chart.on) if ages and (ages.low or ages.high) else None


def onset_of(
    chart: Chart,
    diagnoses: Sequence[Diagnosis],
    bounds: Sequence[tuple[date, Evidence]],
    phrases: Phrases,
    *,
    later: Sequence[Diagnosis] = (),
) -> Onset:
    """Gather the onset from certain ``diagnoses``; ``bounds`` are upper bounds from elsewhere.

    ``later`` are those of the diagnoses that begin after the disease itself: its complications.
    """
    birth = birth_days(chart)
    stated: list[Source] = []
    invalid: list[Evidence] = []
    upper = list(bounds)
    for diagnosis in diagnoses:
        for moment in (diagnosis.recorded, diagnosis.encountered):
            if moment and moment.days.first <= chart.on:
                upper.append((min(moment.days.last, chart.on), diagnosis.evidence()))
        source = _stated(chart, diagnosis, birth, phrases)
        if source is None:
            continue
        if source.days.first > chart.on or (birth and source.days.last < birth.first):
            invalid.append(source.evidence)
        elif diagnosis in later or _is_default(diagnosis):
            upper.append((min(source.days.last, chart.on), source.evidence))
        else:
            stated.append(source)
    upper.sort(key=lambda pair: (pair[0], pair[1].reference))
    bound = upper[0][0] if upper else None
    cut = sorted((_cut(s, bound, birth, chart.on) for s in stated), key=_order)
    by = tuple(evidence for day, evidence in upper if day == bound)[:1]
    return Onset(tuple(cut), bound, by, tuple(invalid))


def _order(source: Source) -> tuple[date, date, str]:
    return source.days.first, source.days.last, source.evidence.reference


def _cut(source: Source, bound: date | None, birth: Days | None, on: date) -> Source:
    """Cut an imprecise statement at birth, at the evaluation, and at the bound where that leaves something."""
    first, last = source.days.first, min(source.days.last, on)
    if birth:
        first = max(first, birth.first)
    if bound and first <= bound:
        last = min(last, bound)
    return Source(Days(first, last), source.confidence, source.evidence) if first <= last else source


def _is_default(diagnosis: Diagnosis) -> bool:
    """True for an onset date equal to the day of recording or of the encounter."""
    onset = diagnosis.onset
    if onset is None or diagnosis.condition.onset_date_time is None or not onset.days.exact:
        return False
    return any(moment and moment.days == onset.days for moment in (diagnosis.recorded, diagnosis.encountered))


def _stated(chart: Chart, diagnosis: Diagnosis, birth: Days | None, phrases: Phrases) -> Source | None:
    condition, onset = diagnosis.condition, diagnosis.onset or diagnosis.impossible_onset
    if onset:
        return _source(diagnosis, onset.days, onset.text)
    if condition.onset_age or condition.onset_range:
        days = days_of_age(chart, condition)
        return _source(diagnosis, days, f"age {_age_words(condition)}") if days else None
    if condition.onset_string:
        days = _days_of_text(chart, condition.onset_string, birth, phrases)
        return _source(diagnosis, days, condition.onset_string, Confidence.LOW) if days else None
    return None


def _source(diagnosis: Diagnosis, days: Days, words: str, confidence: Confidence = Confidence.HIGH) -> Source:
    seen = diagnosis.evidence()
    evidence = Evidence(seen.reference, seen.display, f"onset {words}", None, words if words[:4].isdigit() else None)
    return Source(days, confidence, evidence)


def _age_words(condition: Condition) -> str:
    if condition.onset_age:
        return f"{condition.onset_age.comparator or ''}{_words(condition.onset_age)}"
    ages = condition.onset_range
    return f"{_words(ages.low)} to {_words(ages.high)}" if ages else "?"


def _words(quantity: Quantity | None) -> str:
    return f"{quantity.value} {quantity.unit or quantity.code or ''}".strip() if quantity else "?"


def _bounds_of_age(age: Quantity) -> tuple[Quantity | None, Quantity | None]:
    """Return the lowest and the highest age that a comparator allows; None is no bound."""
    if age.comparator in ("<", "<="):
        return None, age
    return age, None if age.comparator in (">", ">=") else age


def _days_at_age(birth: Days, low: Quantity | None, high: Quantity | None, on: date) -> Days | None:
    """Return the days on which a person is aged from ``low`` to ``high``, in whole units, up to ``on``.

    Without a low bound it is from birth on, without a high one until ``on``.
    """
    first = _after(birth.first, low, 0) if low else birth.first
    after = _after(birth.last, high, 1) if high else on + timedelta(days=1)
    if first is None or after is None or first >= after:
        return None
    return Days(first, after - timedelta(days=1))


def _after(birth: date, age: Quantity | None, more: int) -> date | None:
    if age is None or age.value is None:
        return None
    unit = _age_unit(age)
    whole = int(age.value) + more if age.value == age.value.to_integral_value() else None
    try:
        if unit == "a":
            return add_years(birth, whole) if whole is not None else _years(birth, age.value + more)
        if unit == "mo":
            return add_months(birth, int(age.value) + more)
        if unit in ("wk", "d"):
            return birth + timedelta(days=float(age.value + more) * (7 if unit == "wk" else 1))
    except (ValueError, OverflowError):
        return None
    return None


def _years(birth: date, years: Decimal) -> date:
    """Return the day at a fractional age; months are the finest that such an age can mean."""
    return add_months(birth, int(years * 12))


def _age_unit(age: Quantity) -> str | None:
    for spelling in (age.code, age.unit):
        folded = spelling.strip().lower() if spelling else ""
        if folded in _AGE_UNITS:
            return folded
        if folded in _UNIT_WORDS:
            return _UNIT_WORDS[folded]
    return None


def _days_of_text(chart: Chart, text: str, birth: Days | None, phrases: Phrases) -> Days | None:
    if is_doubted(text):
        return None
    years = set(_YEAR.findall(text))
    if years:
        moment = chart.moment(years.pop()) if len(years) == 1 and not _AT_OR_BEFORE.search(text) else None
        return moment.days if moment else None
    if birth is None:
        return None
    ages = _ages_of_text(text, phrases)
    if ages is None:
        return None
    return Days(add_years(birth.first, ages[0]), add_years(birth.last, ages[1] + 1) - timedelta(days=1))


def _ages_of_text(text: str, phrases: Phrases) -> tuple[int, int] | None:
    for pattern in (_AGED,) if _SPAN_OF_TIME.search(text) else (_AGED, _YEARS_OLD):
        match = pattern.search(text)
        if match:
            return int(match[1]), int(match[1])
    lowered = text.lower()
    if "infan" in lowered or "toddler" in lowered:
        return 0, phrases.infancy_maximum
    if re.search(r"\bchild(?:hood)?\b", lowered):
        return 0, phrases.childhood_maximum
    if "teen" in lowered or "adolescen" in lowered:
        return phrases.teens_minimum, phrases.teens_maximum
    return None
