"""Numeric results: retrieve, check status, parse, convert, and pick the one that decides.

The rules of hygiene are those of the clinical reference, section 1.3: only final, amended and corrected
results count, a preliminary one is shown, a result of another specimen or body is not this person's, an
undated, future or uninterpretable result decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from rules.assessment import Confidence, Evidence
from rules.codes import LOINC, ValueSet, canonical_system
from rules.criterion import Chart, Coverage, Finding, Window
from rules.dates import Moment, between
from rules.decision import FactValue
from rules.quantities import Analyte, Conversion, Interval, TooFine, half_step, parse_number, plain, scaled
from rules.record import Retrieved, Search, SearchState
from rules.resources import Observation, Period, Quantity, Ratio, Value
from rules.words import count

TRAPS = "traps_"
"""How the value sets of look-alike codes are named."""

USABLE = frozenset({"final", "amended", "corrected"})
IGNORED = frozenset({"registered", "cancelled", "entered-in-error", "unknown"})


class Cause(StrEnum):
    """Why a result or a criterion is unknown; also what metrics count."""

    NONE = "no-data"
    STALE = "stale"
    UNDATED = "undated"
    IMPRECISE_DATE = "imprecise-date"
    FUTURE = "future-date"
    PRELIMINARY = "preliminary"
    NO_VALUE = "no-value"
    UNPARSABLE = "unparsable"
    UNIT_MISSING = "unit-missing"
    UNIT_UNKNOWN = "unit-unknown"
    IMPLAUSIBLE = "implausible"
    TOO_FINE = "not-comparable"
    UNREADABLE = "unreadable"
    SEARCH = "search-incomplete"
    CONFOUNDED = "confounded"
    """Taken under circumstances in which the value misleads."""
    INVALID = "invalid-method"
    """Computed where the computation does not hold, which laboratories also report as no value."""


_NOT_A_RESULT = frozenset({Cause.NO_VALUE, Cause.FUTURE, Cause.UNDATED, Cause.INVALID})
"""A result with one of these says nothing; a usable one beside it decides even when it is older."""


@dataclass(frozen=True, slots=True)
class Result:
    """One numeric result, read as far as it could be."""

    retrieved: Retrieved
    code: str
    display: str
    reported: str
    when: Moment | None
    interval: Interval | None = None
    """In the analyte's canonical unit; None when ``problem`` says why."""
    printed: Decimal | None = None
    """The number as reported, for an exact value."""
    canonical: bool = True
    """Reported in the canonical unit."""
    unit: str | None = None
    """Canonical spelling of the unit it was reported in."""
    conversion: Conversion | None = None
    """From that unit to the analyte's canonical one."""
    compared: str | None = None
    preliminary: bool = False
    confidence: Confidence = Confidence.HIGH
    problem: Cause | None = None
    why: str = ""

    @property
    def observation(self) -> Observation:
        return self.retrieved.observation

    @property
    def blur(self) -> tuple[Fraction, Fraction] | None:
        """The value minus and plus half of its last reported digit, in the canonical unit."""
        if self.printed is None or self.conversion is None:
            return None
        value, half = Fraction(self.printed), half_step(self.printed)
        return self.conversion.apply(value - half), self.conversion.apply(value + half)

    @property
    def date(self) -> str:
        """The day in the site's zone, or as much of it as is recorded."""
        if self.when is None:
            return "no date"
        return self.when.days.first.isoformat() if self.when.days.exact else self.when.text[:10]

    def evidence(self) -> Evidence:
        return Evidence(
            self.observation.reference,
            self.display,
            self.reported + (" (preliminary)" if self.preliminary else ""),
            self.compared,
            self.when.text if self.when else None,
        )


def results(chart: Chart, value_set: ValueSet, analyte: Analyte) -> list[Result]:
    """Return this person's results in ``value_set``, newest first, with those that cannot be used.

    A result that also carries a code of the criterion's traps (a goal, another specimen) is not one of them.
    """
    traps = [look_alike for name, look_alike in chart.this.value_sets.items() if name.startswith(TRAPS)]
    retrieved = (
        r for r in chart.record.retrieve_observations(value_set) if not any(t.find(r.value.code) for t in traps)
    )
    return newest_first(result for r in retrieved if (result := read_result(chart, r, analyte)))


def newest_first(found: Iterable[Result]) -> list[Result]:
    """Return results in the order in which `newest` takes them."""
    return sorted(found, key=_recency, reverse=True)


def all_results(chart: Chart, value_sets: Iterable[ValueSet], analyte: Analyte) -> list[Result]:
    """Return the results of several value sets, newest first, each only once."""
    found = {id(r.retrieved.value): r for v in reversed(list(value_sets)) for r in results(chart, v, analyte)}
    return newest_first(found.values())


def _recency(result: Result) -> tuple[float, float, bool, str]:
    when = result.when
    if when is None:
        return (0.0, 0.0, result.canonical, result.observation.reference)
    return (when.end.timestamp(), when.start.timestamp(), result.canonical, result.observation.reference)


def read_result(chart: Chart, retrieved: Retrieved, analyte: Analyte) -> Result | None:
    """Return one result as far as it can be read; None when its status or its subject rule it out."""
    observation, value = retrieved.observation, retrieved.value
    status = (observation.status or "").strip().lower()
    if not (status in USABLE or status == "preliminary") or not is_own(chart, observation):
        return None
    coding = retrieved.match.coding
    when, confidence = effective(chart, observation)
    base = Result(
        retrieved,
        code=(coding.code or "").strip() if coding else "",
        display=value.code.display if value.code else retrieved.match.row.display,
        reported=shown(value),
        when=when,
        preliminary=status == "preliminary",
        confidence=confidence,
    )
    if when is None:
        return replace(base, problem=Cause.UNDATED, why="the result has no date")
    if when.days.first > chart.on:
        return replace(base, problem=Cause.FUTURE, why=f"the result is dated in the future ({base.date})")
    return _measured(chart, base, value, analyte)


def is_own(chart: Chart, observation: Observation) -> bool:
    """False for a result about somebody or something else: a focus, a donor's or a fetal specimen."""
    is_person = chart.record.is_person
    if any(f.reference and not is_person(f.reference) for f in observation.focus or ()):
        return False
    specimen = chart.record.specimen(observation)
    subject = specimen.subject.reference if specimen and specimen.subject else None
    return not subject or is_person(subject)


def effective(chart: Chart, observation: Observation) -> tuple[Moment | None, Confidence]:
    """Return when the observation was made; ``issued`` stands in for it with less confidence."""
    for text in (observation.effective_date_time, observation.effective_instant):
        moment = chart.moment(text)
        if moment:
            return moment, Confidence.HIGH
    if observation.effective_period:
        moment = _period_end(chart, observation.effective_period)
        if moment:
            return moment, Confidence.HIGH
    return chart.moment(observation.issued), Confidence.MODERATE


def _period_end(chart: Chart, period: Period) -> Moment | None:
    end, start = chart.moment(period.end), chart.moment(period.start)
    if end or not start:
        return end
    last = max(chart.on, start.days.first)
    return between(start.days.first, last, chart.zone, f"{start.text}/")


def shown(value: Value) -> str:
    """Return the value as received, for people."""
    quantity = value.value_quantity
    if quantity and quantity.value is not None:
        return _shown_quantity(quantity)
    if value.value_range:
        bounds = (value.value_range.low, value.value_range.high)
        return " to ".join(_shown_quantity(q) if q and q.value is not None else "?" for q in bounds)
    if value.value_ratio:
        parts = (value.value_ratio.numerator, value.value_ratio.denominator)
        return " : ".join(_shown_quantity(q) if q and q.value is not None else "?" for q in parts)
    for simple in (value.value_string, value.value_integer, value.value_boolean, value.value_date_time):
        if simple is not None:
            return str(simple)
    if value.value_codeable_concept:
        return value.value_codeable_concept.display
    if value.data_absent_reason:
        return f"no value ({value.data_absent_reason.display})"
    return "no value"


def _shown_quantity(quantity: Quantity) -> str:
    return f"{quantity.comparator or ''}{quantity.value} {quantity.unit or quantity.code or ''}".strip()


@dataclass(frozen=True, slots=True)
class _Raw:
    """A number as reported, before its unit is understood."""

    low: Decimal | None
    high: Decimal | None
    comparator: str | None
    spellings: tuple[str, ...]

    def interval(self) -> Interval:
        if self.low is not None and self.low == self.high:
            return Interval.of(self.low, self.comparator)
        return Interval(
            None if self.low is None else Fraction(self.low),
            None if self.high is None else Fraction(self.high),
        )


def _number_of(value: Value) -> _Raw | None:
    quantity = value.value_quantity
    if quantity and quantity.value is not None:
        return _Raw(quantity.value, quantity.value, quantity.comparator, _spellings(quantity))
    if value.value_range and (value.value_range.low or value.value_range.high):
        low, high = value.value_range.low, value.value_range.high
        spellings = _spellings(low or high)
        return _Raw(low.value if low else None, high.value if high else None, None, spellings)
    if value.value_ratio:
        return _number_of_ratio(value.value_ratio)
    if value.value_integer is not None:
        number = Decimal(value.value_integer)
        return _Raw(number, number, None, ())
    concept = value.value_codeable_concept
    text = value.value_string or (concept.display if concept else None)
    parsed = parse_number(text) if text else None
    if parsed is None:
        return None
    number, comparator, unit = parsed
    return _Raw(number, number, comparator, (unit,) if unit else ())


def _number_of_ratio(ratio: Ratio) -> _Raw | None:
    """Read 350 mg : 1 g as 350 mg/g, and 310 mg : 24 h as 310 mg/(24.h)."""
    above, below = ratio.numerator, ratio.denominator
    if above is None or above.value is None or below is None or (below.value or 0) <= 0 or below.comparator:
        return None
    amount = "" if below.value == 1 else f"{below.value}."
    spellings = tuple(
        f"{one}/({amount}{other})" if amount else f"{one}/{other}"
        for one, other in zip(_spellings(above), _spellings(below), strict=False)
    )
    return _Raw(above.value, above.value, above.comparator, spellings)


def _spellings(quantity: Quantity | None) -> tuple[str, ...]:
    """UCUM code first, then the printed unit."""
    return tuple(s for s in (quantity.code, quantity.unit) if s and s.strip()) if quantity else ()


def _measured(chart: Chart, base: Result, value: Value, analyte: Analyte) -> Result:
    raw = _number_of(value)
    if raw is None:
        empty = not (value.value_string or value.value_codeable_concept or value.value_ratio)
        cause = Cause.NO_VALUE if empty else Cause.UNPARSABLE
        return replace(base, problem=cause, why=f"the result cannot be read as a number: {base.reported}")
    try:
        reported = raw.interval()
    except ValueError:
        return replace(base, problem=Cause.UNPARSABLE, why=f"the comparator is not known: {base.reported}")
    return _converted(chart, base, raw, reported, analyte)


def _converted(chart: Chart, base: Result, raw: _Raw, reported: Interval, analyte: Analyte) -> Result:
    unit, confidence, note = _unit(chart, base.code, raw, reported, analyte)
    range_high = _range_high(chart, base, unit) if unit in analyte.by_range else None
    conversion = analyte.conversion(unit, base.code, range_high) if unit else None
    if unit and _codes_contradict(base, unit, analyte):
        return replace(base, problem=Cause.UNIT_UNKNOWN, why=f"its codes give {base.reported} different meanings")
    if conversion is None or unit is None:
        cause = Cause.UNIT_UNKNOWN if raw.spellings else Cause.UNIT_MISSING
        return replace(base, problem=cause, why=note or f"the unit is not recognised: {base.reported}")
    interval = reported.mapped(conversion)
    if not analyte.is_plausible(interval):
        return replace(base, problem=Cause.IMPLAUSIBLE, why=f"the value is not plausible: {base.reported}")
    canonical = unit == analyte.canonical and conversion.changes_nothing
    return replace(
        base,
        interval=interval,
        printed=raw.low if reported.point else None,
        canonical=canonical,
        unit=unit,
        conversion=conversion,
        compared=None if canonical else f"{words(interval)} {analyte.canonical}",
        confidence=base.confidence.at_most(confidence),
        why=note,
    )


def _codes_contradict(base: Result, unit: str, analyte: Analyte) -> bool:
    """True when one result carries codes under which its unit means different things."""
    concept = base.retrieved.value.code
    if concept is None or not analyte.by_code:
        return False
    codes = {c.code.strip() for c in concept.codings if c.code and canonical_system(c.system) == LOINC}
    return len({analyte.conversion(unit, code) for code in codes}) > 1


def _range_high(chart: Chart, base: Result, unit: str | None) -> Fraction | None:
    """Return the upper end of the reference range as reported, where its unit is that of the value."""
    for reference in base.retrieved.value.reference_range or ():
        high = reference.high
        if high and high.value is not None:
            spellings = _spellings(high)
            if not spellings or any(chart.units.canonical(spelling) == unit for spelling in spellings):
                return Fraction(high.value)
    return None


def _unit(
    chart: Chart, code: str, raw: _Raw, reported: Interval, analyte: Analyte
) -> tuple[str | None, Confidence, str]:
    """Return the canonical spelling of the unit, how sure it is, and a remark."""
    for spelling in raw.spellings:
        unit = chart.units.canonical(spelling)
        if unit and analyte.conversion(unit, code):
            return unit, Confidence.HIGH, ""
    if raw.spellings:
        return None, Confidence.HIGH, f"the unit is not recognised for {analyte.name}: {raw.spellings[-1]}"
    assumed = analyte.unit_for(reported.low, code) if reported.point and reported.low is not None else None
    if assumed:
        return assumed.unit, assumed.confidence, f"reported without a unit, taken as {assumed.unit}"
    return None, Confidence.HIGH, "the result has no unit"


def words(interval: Interval) -> str:
    """Return an interval in the canonical unit for people: ``7.4578``, ``<0.1``, ``30 to 40``."""
    if interval.low is not None and interval.low == interval.high:
        return plain(interval.low)
    if interval.low is None and interval.high is not None:
        return f"{'<' if interval.high_open else '≤'}{plain(interval.high)}"
    if interval.high is None and interval.low is not None:
        return f"{'>' if interval.low_open else '≥'}{plain(interval.low)}"
    if interval.low is not None and interval.high is not None:
        return f"{plain(interval.low)} to {plain(interval.high)}"
    return "any value"


# -- choosing the result that decides --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Selection:
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

    ``candidates`` come from `results`, newest first. ``shown_for`` is how long an older one is still shown.
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
    final = [r for r in candidates if usable(r)]
    if not final:
        return _none_usable(candidates, chart, shown_for)
    best = final[0]
    obstacle = next((r for r in candidates if r.problem and r.problem not in _NOT_A_RESULT and _after(r, best)), None)
    if obstacle:
        why = f"the newest result cannot be used: {obstacle.why}"
        return Selection("unknown", None, obstacle.problem, why, (obstacle, best))
    coverage = decide.covers(_days(best, chart), chart.on)
    if coverage is not Coverage.INSIDE:
        return _stale(chart, best, coverage, decide, shown_for)
    return _contested(best, final, candidates, classify)


def _contested(best: Result, final: Sequence[Result], candidates: Sequence[Result], classify: Classify) -> Selection:
    """Compare the best with results as new as it, and with a newer preliminary one."""
    outcome = classify(_interval(best))
    rivals = [r for r in final if r is not best and _as_new(r, best) and not _same_in_other_unit(best, r)]
    differing = tuple(r for r in rivals if classify(_interval(r)) != outcome)
    if differing:
        exact = all(r.when and r.when.days.exact for r in (best, *differing))
        state, cause = ("conflict", None) if exact else ("unknown", Cause.IMPRECISE_DATE)
        why = "results of the same time disagree" if exact else "the dates do not tell which result is newest"
        return Selection(state, best, cause, why, (best, *differing))
    newer = tuple(r for r in candidates if r.preliminary and r.problem is None and _after(r, best))
    if any(classify(_interval(r)) != outcome for r in newer):
        why = f"a newer preliminary result differs from {best.reported} on {best.date}"
        return Selection("conflict", best, None, why, (best, *newer))
    notes = (best.why,) if best.why else ()
    return Selection("value", best, None, "", (best, *newer), notes, best.confidence)


def first_usable(candidates: Iterable[Result]) -> Result | None:
    """Return the first result that is final and was understood: the newest of those from `results`."""
    return next((r for r in candidates if usable(r)), None)


def usable(result: Result) -> bool:
    """True for a final result that was understood."""
    return result.problem is None and not result.preliminary


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


def _as_new(result: Result, best: Result) -> bool:
    return bool(result.when and best.when and result.when.end >= best.when.start)


def _same_in_other_unit(best: Result, other: Result) -> bool:
    """A laboratory that reports one measurement in two units: the canonical one decides."""
    return best.canonical and not other.canonical and best.when == other.when


def near(result: Result | None, limit: Fraction, *, laboratory: bool = True) -> bool:
    """True when ``limit`` lies within half of the last reported digit, or within 1 % for a laboratory result."""
    if result is None or result.interval is None or not result.interval.point:
        return False
    return _blurred(result.blur, limit) or (laboratory and within_one_percent(result.interval, limit))


def _blurred(blur: tuple[Fraction, Fraction] | None, limit: Fraction) -> bool:
    return blur is not None and blur[0] <= limit <= blur[1]


def within_one_percent(interval: Interval, limit: Fraction) -> bool:
    """True when a point value lies within 1 % of ``limit``."""
    return interval.low is not None and interval.point and abs(interval.low - limit) <= abs(limit) / 100


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
