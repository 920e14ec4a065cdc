"""Results and statuses that answer in words rather than numbers: what they say, and which is the newest.

The hygiene is that of `rules.measurements`: only final, amended and corrected observations of this person
decide, a preliminary one is shown, and one dated in the future is not used.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from enum import StrEnum

from msgspec import Struct

from rules.assessment import Confidence, Evidence
from rules.criterion import Chart, Coverage, Window
from rules.dates import Moment
from rules.readings import shown
from rules.resources import Observation, Value
from rules.results import USABLE, effective, is_own
from rules.value_sets import ValueSet


class Answer(Struct, frozen=True):
    """One observation, and what it says."""

    observation: Observation
    value: Value
    says: str
    """A word of the criterion, such as ``positive``; empty when there is no value at all."""
    display: str
    when: Moment | None
    preliminary: bool
    confidence: Confidence

    @property
    def reported(self) -> str:
        return shown(self.value)

    @property
    def date(self) -> str:
        return self.when.text[:10] if self.when else "no date"

    def evidence(self) -> Evidence:
        reported = self.reported + (" (preliminary)" if self.preliminary else "")
        return Evidence(self.observation.reference, self.display, reported, None, self.when.text if self.when else None)

    def __str__(self) -> str:
        return f"{self.display}: {self.reported} ({self.date})"


Reader = Callable[[Value], StrEnum]


def answers(chart: Chart, value_set: ValueSet, read: Reader) -> list[Answer]:
    """Return this person's observations in ``value_set``, newest first, those without a date last."""
    found = []
    for retrieved in chart.record.retrieve_observations(value_set):
        observation, value = retrieved.observation, retrieved.value
        status = (observation.status or "").strip().lower()
        when, confidence = effective(chart, observation)
        future = when is not None and when.days.first > chart.on
        if future or status not in (*USABLE, "preliminary") or not is_own(chart, observation):
            continue
        display = value.code.display if value.code else retrieved.match.row.display
        says = "" if is_empty(value) else read(value).value
        found.append(Answer(observation, value, says, display, when, status == "preliminary", confidence))
    return newest_first(found)


def newest_first(found: Sequence[Answer]) -> list[Answer]:
    return sorted(found, key=_recency, reverse=True)


def _recency(answer: Answer) -> tuple[float, float, str]:
    when = answer.when
    times = (when.end.timestamp(), when.start.timestamp()) if when else (0.0, 0.0)
    return (*times, answer.observation.reference)


def is_empty(value: Value) -> bool:
    """True when an observation reports nothing: no value of any form, and no flag."""
    quantity = value.value_quantity
    values = (
        quantity.value if quantity else None, value.value_codeable_concept, value.value_string,
        value.value_boolean, value.value_integer, value.value_range, value.value_date_time,
    )  # fmt: skip
    return all(part is None for part in values) and not value.interpretation


def final(found: Sequence[Answer]) -> list[Answer]:
    """Return the answers that count: final ones with a value."""
    return [answer for answer in found if answer.says and not answer.preliminary]


class Newest(Struct, frozen=True):
    """The newest answer, or why none decides."""

    says: str
    """What the deciding answer says; ``conflict`` or ``unknown`` when none decides."""
    answer: Answer | None
    why: str = ""
    shown: tuple[Answer, ...] = ()

    def evidence(self) -> tuple[Evidence, ...]:
        return tuple(answer.evidence() for answer in self.shown)


def newest(found: Sequence[Answer], on: date, decide: Window, shown_for: Window | None = None) -> Newest:
    """Return the newest of ``found`` (newest first) if it lies in the window ``decide``.

    What is older than ``shown_for`` is not even shown.
    """
    if shown_for:
        found = [a for a in found if not a.when or shown_for.covers(a.when.days, on) is not Coverage.OUTSIDE]
    dated = [answer for answer in final(found) if answer.when]
    if not dated:
        return _none(found, decide)
    best, rest = dated[0], dated[1:]
    rivals = tuple(a for a in rest if _as_new(a, best) and a.says != best.says)
    if rivals:
        exact = all(a.when and a.when.days.exact for a in (best, *rivals))
        why = "answers of the same time disagree" if exact else "the dates do not tell which is newest"
        return Newest("conflict" if exact else "unknown", best, why, (best, *rivals))
    coverage = decide.covers(best.when.days, on) if best.when else Coverage.OUTSIDE
    if coverage is Coverage.STRADDLES:
        return Newest("unknown", best, f"the date {best.date} does not tell whether it is within {decide}", (best,))
    if coverage is Coverage.OUTSIDE:
        return Newest("unknown", best, f"the newest ({best.reported}, {best.date}) is older than {decide}", (best,))
    newer = tuple(a for a in found if a.preliminary and a.says and _after(a, best))
    if any(a.says != best.says for a in newer):
        why = f"a newer preliminary answer differs from {best.reported} on {best.date}"
        return Newest("conflict", best, why, (best, *newer))
    return Newest(best.says, best, "", (best, *newer))


def _none(found: Sequence[Answer], decide: Window) -> Newest:
    if not found:
        return Newest("unknown", None, f"none in the last {decide}")
    first = found[0]
    if not first.says:
        why = f"nothing is reported: {first.reported}"
    elif first.preliminary:
        why = f"only a preliminary answer: {first.reported}"
    else:
        why = f"an answer without a date: {first.reported}"
    return Newest("unknown", None, why, (first,))


def _as_new(answer: Answer, best: Answer) -> bool:
    return bool(answer.when and best.when and answer.when.end >= best.when.start)


def _after(answer: Answer, best: Answer) -> bool:
    return bool(answer.when and best.when and answer.when.start > best.when.end)
