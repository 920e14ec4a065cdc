"""Whether a specimen was taken fasting: by the test's code, an answer beside it, the specimen, or words.

What contradicts itself (a fasting test with the answer "no", "fasting?") is not known to be fasting.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

from rules.criterion import Chart, once
from rules.datatypes import CodeableConcept, Quantity
from rules.measurements import usable
from rules.quantities import Interval
from rules.record import Retrieved
from rules.resources import Observation, Value
from rules.results import IGNORED, Result, at_one_time
from rules.specimens import Beside
from rules.value_sets import ValueSet


def is_fasting(chart: Chart, observation: Observation, *, by_code: bool) -> bool:
    """Return True when something says that the specimen was fasting and nothing says that it was not.

    ``by_code``: the test itself is defined for fasting specimens. Uses the value sets ``fasting_status``,
    ``fasting_yes``, ``fasting_no`` and ``fasting_words`` and the limit ``fasting_hours``.
    """
    said = [by_code or None, *_answers(chart, observation), *_specimen(chart, observation)]
    said += [_words(chart, text) for text in _texts(observation)]
    return True in said and False not in said


def prefer_fasting(found: Iterable[Result], fasting: Callable[[Result], bool]) -> list[Result]:
    """Leave out results of exactly the time of a usable fasting one that are not known to be fasting themselves.

    ``found`` is sorted by time; ``fasting`` is asked only where there is a choice.
    """
    kept: list[Result] = []
    for same in at_one_time(found):
        times = {r.when for r in same if fasting(r) and usable(r)} if len(same) > 1 else set()
        kept += [r for r in same if r.when not in times or fasting(r)]
    return kept


def _answers(chart: Chart, observation: Observation) -> Iterator[bool | None]:
    """Answers to "fasting?" as a component, or as an Observation of the same specimen or time."""
    statuses = _statuses(chart, chart.value_set("fasting_status"))
    for found in (*statuses.part_of(observation), *statuses.of(observation)):
        if (found.observation.status or "").strip().lower() not in IGNORED:
            yield _answer(chart, found.value)


@once
def _statuses(chart: Chart, asked: ValueSet) -> Beside[Retrieved]:
    return Beside(chart, chart.record.retrieve_observations(asked), lambda found: found.observation)


def _answer(chart: Chart, value: Value) -> bool | None:
    if value.value_boolean is not None:
        return value.value_boolean
    if value.value_quantity:
        return _long_enough(chart, value.value_quantity)
    concept = value.value_codeable_concept or CodeableConcept(text=value.value_string)
    return _concept(chart, concept)


def _concept(chart: Chart, concept: CodeableConcept) -> bool | None:
    yes, no = chart.value_set("fasting_yes"), chart.value_set("fasting_no")
    if no.find(concept) or yes.find(concept):
        return no.find(concept) is None
    if yes.find_words(concept.text):
        return True
    return _words(chart, concept.text)


def _words(chart: Chart, text: str | None) -> bool | None:
    """Read a note: "fasting" is yes; "non-fasting", "random", "not fasting", "fasting?" and "fasting 2 h" are no.

    "Fasting status unknown", "fasting some hours" and "reference range for fasting samples" are neither.
    """
    if chart.value_set("fasting_no").find_words(text):
        return False
    words = chart.value_set("fasting_words")
    if text is None or not words.mentions(text):
        return None
    if not words.find_words(text):
        return False if words.find_words(text, cues=False) else None
    if _UNTOLD.search(text):
        return None
    return _stated_hours(text, chart.limit("fasting_hours"))


_UNTOLD = re.compile(r"\b(?:unknown|unk|unspecified|unclear|uncertain|unsure|n/a)\b", re.IGNORECASE)


# -- hours in words --------------------------------------------------------------------------------------

_NUMERALS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBER = rf"(?:\d{{1,3}}(?:[.,]\d{{1,3}})?|{'|'.join(_NUMERALS)})"


def _from(place: str) -> str:
    """Return the pattern of a number, or of a range of which the low end is kept by the name ``place``."""
    return (
        rf"(?P<{place}_below>(?:<=?|\u2264|less than|under|below|up to|at most|almost|nearly)\s?)?"
        rf"(?<![\w.,])(?P<{place}>{_NUMBER})(?:\s?(?:-|\u2013|to|and|or)\s?{_NUMBER})?(?!\d)"
    )


_HOURS, _MINUTES = "h|hrs?|hours?", "mins?|minutes?"
_DURATION = re.compile(
    rf"{_from('first')}\s?-?\s?(?:{_HOURS}|(?P<first_minutes>{_MINUTES}))(?![^\W\d_])"
    rf"|\b(?:{_HOURS}|(?P<last_minutes>{_MINUTES}))\b(?:\W|fasting|fasted|without food){{0,6}}?{_from('last')}",
    re.IGNORECASE,
)
"""A number or a range with its unit after it ("6-10 hours") or before it ("hours fasting: 2"); its low end counts."""
_CLOCK = re.compile(rf"\b(?:\d{{1,2}}:\d\d|[012]\d{{3}}(?=\s?(?:{_HOURS})\b))(?:\s?(?:{_HOURS})\b)?", re.IGNORECASE)
_UNIT = re.compile(rf"\b(?:hrs?|hours?|{_MINUTES})\b", re.IGNORECASE)


def _stated_hours(text: str, limit: Fraction) -> bool | None:
    """Return whether all hours that a note on fasting states reach ``limit``; None for such as cannot be read."""
    text = _CLOCK.sub(" ", text)
    if not all(_reaches(duration, limit) for duration in _DURATION.finditer(text)):
        return False
    return None if _UNIT.search(_DURATION.sub(" ", text)) else True


def _reaches(duration: re.Match[str], limit: Fraction) -> bool:
    place = "first" if duration["first"] else "last"
    number = duration[place].casefold()
    value = Fraction(_NUMERALS.index(number) if number in _NUMERALS else number.replace(",", "."))
    hours = value / 60 if duration[f"{place}_minutes"] else value
    return hours >= limit and not duration[f"{place}_below"]


# -- the specimen ----------------------------------------------------------------------------------------


def _specimen(chart: Chart, observation: Observation) -> Iterator[bool | None]:
    specimen = chart.record.specimen(observation)
    collection = specimen.collection if specimen else None
    if collection and collection.fasting_status_codeable_concept:
        yield _concept(chart, collection.fasting_status_codeable_concept)
    if collection and collection.fasting_status_duration:
        yield _long_enough(chart, collection.fasting_status_duration)


def _long_enough(chart: Chart, duration: Quantity) -> bool | None:
    analyte = chart.analyte("fasting_duration")
    spellings = (duration.code, duration.unit)
    unit = next((u for spelling in spellings if (u := chart.units.canonical(spelling))), None)
    conversion = analyte.conversion(unit, None) if unit else None
    if duration.value is None or conversion is None:
        return None
    try:
        hours = Interval.of(duration.value, duration.comparator).mapped(conversion)
    except ValueError:  # a comparator nobody defines
        return None
    if hours.wholly_above(chart.limit("fasting_hours"), inclusive=True):
        return True
    return False if hours.wholly_below(chart.limit("fasting_hours")) else None


def _texts(observation: Observation) -> Iterator[str]:
    yield from (note.text for note in observation.note or () if note.text)
    if observation.code and observation.code.text:
        yield observation.code.text
