"""The newest of several results: the one that decides, or why none does.

What a result is and which of them count at all: `rules.results`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from rules.assessment import Confidence, Evidence
from rules.causes import Cause
from rules.criterion import Chart, Coverage, Finding, Window
from rules.decision import FactValue
from rules.quantities import Interval, TooFine, decimals, plain, scaled
from rules.results import USABLE, Result, is_own
from rules.searches import Search, SearchState
from rules.value_sets import ValueSet
from rules.words import count

_NOT_A_RESULT = frozenset({Cause.NO_VALUE, Cause.FUTURE, Cause.UNDATED, Cause.INVALID})
"""A result with one of these says nothing; a usable one beside it decides even when it is older."""


class Selection(Struct, frozen=True):
    """The result that decides, or why none does."""

    state: str
    """value, conflict (needs a clinician), or unknown."""
    chosen: Result | None
    cause: Cause | None = None
    why: str = ""
    shown: tuple[Result, ...] = ()
    notes: tuple[str, ...] = ()
    confidence: Confidence = Confidence.HIGH

    @property
    def interval(self) -> Interval | None:
        return self.chosen.interval if self.chosen and self.state == "value" else None

    def evidence(self) -> tuple[Evidence, ...]:
        return tuple(result.evidence() for result in self.shown)

    def words(self) -> dict[str, str]:
        """Words for a decision table: value, date, why."""
        chosen = self.chosen
        value = chosen.reported if chosen else "no value"
        if chosen and chosen.compared:
            value = f"{value} (= {chosen.compared})"
        return {"value": value, "date": chosen.date if chosen else "no date", "why": self.why}


Classify = Callable[[Interval], Any]
"""Tells which outcome a value leads to; two values conflict when their outcomes differ."""


def newest(
    chart: Chart,
    candidates: Sequence[Result],
    classify: Classify,
    *,
    decide: Window,
    shown_for: Window | None = None,
    value_sets: Iterable[ValueSet] = (),
    search: str = "labs",
) -> Selection:
    """Return the newest usable result if it lies in the window ``decide``, else why there is none.

    ``candidates`` come from `results`: newest first, and read no further than it takes. ``shown_for`` is how
    long an older one is still shown.
    """
    codes = tuple(value_sets)
    selection = _newest(chart, candidates, classify, decide, shown_for or decide)
    if selection.cause is Cause.NONE:
        selection = replace(selection, why=selection.why + not_final(chart, codes))
    return _limited_by_search(chart, selection, chart.search(search), codes)


def not_final(chart: Chart, value_sets: Iterable[ValueSet]) -> str:
    """Say of which statuses there are results that are never used (cancelled, registered); empty when there are none.

    One entered in error says nothing, not even that.
    """
    found = [r.observation for value_set in value_sets for r in chart.record.retrieve_observations(value_set)]
    statuses = {(o.status or "no status").strip().lower() for o in found if is_own(chart, o)}
    unused = sorted(statuses - USABLE - {"preliminary", "entered-in-error"})
    return f" (one of status {' and one of '.join(unused)} is not used)" if unused else ""


def _newest(
    chart: Chart, candidates: Sequence[Result], classify: Classify, decide: Window, shown_for: Window
) -> Selection:
    place = next((place for place, result in enumerate(candidates) if usable(result)), None)
    if place is None:
        return _none_usable(candidates, chart, shown_for)
    before, best, behind = candidates[:place], candidates[place], candidates[place + 1 :]
    newer = [result for result in before if _after(result, best)]
    obstacle = next((r for r in newer if r.problem and r.problem not in _NOT_A_RESULT), None)
    if obstacle:
        why = f"the newest result cannot be used: {obstacle.why}"
        return Selection("unknown", None, obstacle.problem, why, (obstacle, best))
    coverage = decide.covers(_days(best, chart), chart.on)
    if coverage is not Coverage.INSIDE:
        return _stale(chart, best, coverage, decide, shown_for)
    rivals = [r for r in _as_new(best, behind) if usable(r) and not _same_in_other_unit(best, r)]
    return _contested(best, rivals, [r for r in newer if r.preliminary and r.problem is None], classify)


def _as_new(best: Result, behind: Iterable[Result]) -> Iterator[Result]:
    """Yield those of the results behind the best that can be as new as it, for dates are imprecise."""
    for result in behind:
        if result.when and best.when:
            if result.when.end < best.when.start:
                return  # so is every one behind it
            yield result


def _contested(best: Result, rivals: Sequence[Result], newer: Sequence[Result], classify: Classify) -> Selection:
    """Compare the best with results as new as it, and with newer preliminary ones."""
    notes = (best.why,) if best.why else ()
    if not rivals and not newer:
        return Selection("value", best, None, "", (best,), notes, best.confidence)
    outcome = classify(_interval(best))
    differing = tuple(r for r in rivals if classify(_interval(r)) != outcome)
    if differing:
        exact = all(r.when and r.when.days.exact for r in (best, *differing))
        state, cause = ("conflict", None) if exact else ("unknown", Cause.IMPRECISE_DATE)
        why = "results of the same time disagree" if exact else "the dates do not tell which result is newest"
        return Selection(state, best, cause, why, (best, *differing))
    if any(classify(_interval(r)) != outcome for r in newer):
        why = f"a newer preliminary result differs from {best.reported} on {best.date}"
        return Selection("conflict", best, None, why, (best, *newer))
    return Selection("value", best, None, "", (best, *newer), notes, best.confidence)


def first_usable(candidates: Iterable[Result]) -> Result | None:
    """Return the first result that is final and was understood: the newest of those from `results`."""
    return next((r for r in candidates if usable(r)), None)


def usable(result: Result) -> bool:
    """True for a final result that was understood."""
    return not result.preliminary and result.problem is None


def _none_usable(candidates: Sequence[Result], chart: Chart, shown_for: Window) -> Selection:
    earliest = shown_for.start(chart.on)
    candidates = [r for r in candidates if r.when is None or r.when.days.last >= earliest]
    if not candidates:
        return Selection("unknown", None, Cause.NONE, f"no result in the last {shown_for}")
    first = next((r for r in candidates if r.preliminary and r.problem is None), candidates[0])
    if first.problem is None:
        return Selection("unknown", None, Cause.PRELIMINARY, f"only a preliminary result: {first.reported}", (first,))
    return Selection("unknown", None, first.problem, first.why, (first,))


def _stale(chart: Chart, best: Result, coverage: Coverage, decide: Window, shown_for: Window) -> Selection:
    if coverage is Coverage.STRADDLES:
        why = f"the date {best.date} does not tell whether the result is within {decide}"
        return Selection("unknown", best, Cause.IMPRECISE_DATE, why, (best,))
    if shown_for.covers(_days(best, chart), chart.on) is Coverage.OUTSIDE:
        return Selection("unknown", None, Cause.NONE, f"no result in the last {shown_for}")
    why = f"the newest result ({best.reported}, {best.date}) is older than {decide}"
    return Selection("unknown", best, Cause.STALE, why, (best,))


def _limited_by_search(
    chart: Chart, selection: Selection, search: Search, value_sets: tuple[ValueSet, ...]
) -> Selection:
    unreadable = chart.record.unreadable_of("Observation", *value_sets)
    if unreadable:
        why = f"{count(len(unreadable), 'result')} could not be read"
        return replace(selection, state="unknown", cause=Cause.UNREADABLE, why=why)
    if search.complete:
        return selection
    if search.state is SearchState.SUPPRESSED and selection.state != "unknown":
        return replace(selection, confidence=selection.confidence.at_most(Confidence.MODERATE))
    why = search.reason or "the data are not available to the service"
    if selection.shown:
        why = f"{why}; a newer result may exist"
    return replace(selection, state="unknown", cause=Cause.SEARCH, why=why)


def _interval(result: Result) -> Interval:
    if result.interval is None:
        raise ValueError("a result without a usable value was compared")
    return result.interval


def _days(result: Result, chart: Chart) -> Any:
    if result.when is None:
        raise ValueError("a result without a date was compared")
    return result.when.days.capped(chart.on)


def _after(result: Result, best: Result) -> bool:
    return bool(result.when and best.when and result.when.start > best.when.end)


def _same_in_other_unit(best: Result, other: Result) -> bool:
    """A laboratory that reports one measurement in two units: the canonical one decides.

    Values that rounding does not explain are two measurements.
    """
    if not best.canonical or other.canonical or best.when != other.when:
        return False
    (low, high), (other_low, other_high) = _span(best), _span(other)
    return not (_lies_below(high, other_low) or _lies_below(other_high, low))


def _span(result: Result) -> tuple[Fraction | None, Fraction | None]:
    """Return the ends between which a value may lie before it was rounded; None is no end."""
    interval = _interval(result)
    return result.blur or (interval.low, interval.high)


def _lies_below(high: Fraction | None, low: Fraction | None) -> bool:
    return high is not None and low is not None and high < low


def near(result: Result | None, limit: Fraction, *, laboratory: bool = True) -> bool:
    """True when ``limit`` lies within half of the last reported digit, or within 1 % for a laboratory result."""
    interval = result.interval if result else None
    if result is None or interval is None or interval.low is None or not interval.point:
        return False
    # Whole numbers throughout: this is asked of every value, and fractions are slow.
    (value, denominator), (limit_value, limit_denominator) = interval.low.as_integer_ratio(), limit.as_integer_ratio()
    common = denominator * limit_denominator
    distance = abs(value * limit_denominator - limit_value * denominator)
    if laboratory and 100 * distance <= abs(limit_value) * denominator:
        return True
    printed, conversion = result.reading.printed, result.reading.conversion
    if printed is None or conversion is None:
        return False
    slope, divisor = conversion.slope.as_integer_ratio()
    digits: int = 10 ** decimals(printed)
    return 2 * digits * divisor * distance <= slope * common


def numeric_finding(
    chart: Chart,
    selection: Selection,
    *limits: str,
    derived: Mapping[str, Fraction] | None = None,
    **fields: FactValue,
) -> Finding:
    """Return the finding of a criterion that compares one value with declared limits.

    The fact has ``state``, ``cause``, ``value_low``, ``value_high``, one field a limit, ``derived`` limits
    on the same scale, and ``fields``.
    """
    values = {name: chart.limit(name) for name in limits}
    compared = {**values, **(derived or {})}
    try:
        numbers = scaled({"value": selection.interval}, compared)
    except TooFine as error:
        selection = replace(selection, state="unknown", cause=Cause.TOO_FINE, why=str(error))
        numbers = scaled({"value": None}, compared)
    cause = selection.cause.value if selection.cause else None
    limit_words = {name: f"{plain(chart.limit(name))} {chart.this.limits[name].unit}" for name in limits}
    chosen = selection.chosen if selection.state == "value" else None
    return Finding(
        fact={"state": selection.state, "cause": cause, **numbers, **fields},
        words={**selection.words(), **limit_words},
        evidence=selection.evidence(),
        notes=selection.notes,
        confidence=selection.confidence,
        near_threshold=any(near(chosen, value, laboratory=chart.this.laboratory) for value in values.values()),
    )
