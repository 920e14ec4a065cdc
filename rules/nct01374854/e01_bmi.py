"""E1: body mass index above 35 kg/m2.

The reported index of the last 180 days, or weight over height squared: any adult height, a weight of the
last 180 days. The newer of the two decides; where they differ by more than 1.0 a unit error is likely and a
person decides. During pregnancy the index is not used; a lost limb is pointed out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from rules.ages import adult_on, birth_days
from rules.arrivals import lost, unread
from rules.assessment import Basis, Confidence, Evidence, Status
from rules.causes import Cause
from rules.criterion import Chart, Coverage, Finding
from rules.decision import FactValue, Rule, field
from rules.diagnoses import diagnoses, evidence_of
from rules.diagnoses import unseen as diagnoses_unseen
from rules.gaps import gaps
from rules.measurements import Selection, near, newest, not_final
from rules.pregnancy import may_be_pregnant
from rules.quantities import Interval, on_grid, plain, scaled
from rules.readings import words
from rules.results import USABLE, Result, effective, results
from rules.sex import Sex, sex_of

KNOWN = field.state.equals("value")
CENTIMETRES = 100
"""In a metre."""

RULES = (
    Rule("pregnancy", (field.pregnant.holds,), Status.UNKNOWN,
         "BMI is not used: an entry related to pregnancy is on file, see chart."),
    Rule("conflict", (field.state.equals("conflict"),), Status.NEEDS_JUDGEMENT, "BMI: {why}."),
    Rule("unit-error-likely", (field.difference_low > field.disagreement,), Status.NEEDS_JUDGEMENT,
         "Reported BMI {reported} and BMI from weight and height {computed} differ by more than "
         "{disagreement}: check the units."),
    Rule("above", (field.bmi_low > field.maximum,), Status.MET,
         "BMI {value} on {date}, above {maximum}."),
    Rule("pregnancy-unseen", (field.bmi_high <= field.maximum, field.pregnancy_seen.fails), Status.UNKNOWN,
         "BMI {value} on {date}, but a pregnancy, which forbids its use, could not be looked for: {unseen}."),
    Rule("not-above", (field.bmi_high <= field.maximum,), Status.NOT_MET,
         "BMI {value} on {date}, not above {maximum}."),
    Rule("straddles", (KNOWN,), Status.UNKNOWN,
         "BMI {value} on {date} does not tell whether {maximum} is exceeded."),
    Rule("unknown", (), Status.UNKNOWN, "BMI: {why}."),
)  # fmt: skip


def find(chart: Chart) -> Finding:
    """Return the newer of the reported and the computed index, in kg/m2."""
    reported, computed = _reported(chart), _computed(chart)
    index = _deciding(reported, computed)
    limbs = diagnoses(chart, chart.value_set("amputation"))
    notes = [*index.notes, *(["Limb loss is recorded: the index reads too low."] if limbs else [])]
    missing = gaps(chart, "diagnoses") if index.state == "value" else ()
    pregnant = may_be_pregnant(chart, chart.window("pregnancy")) or _pregnant_by_status(chart)
    unseen = _pregnancy_unseen(chart)
    return Finding(
        fact={
            "state": index.state,
            "pregnant": pregnant,
            "pregnancy_seen": not unseen,
            **_numbers(chart, reported, computed, index),
        },
        words={
            "value": index.value,
            "date": index.date,
            "why": index.why,
            "unseen": unseen,
            "reported": f"{reported.value} ({reported.date})",
            "computed": f"{computed.value} ({computed.date})",
            **{name: f"{plain(chart.limit(name))} {chart.this.limits[name].unit}" for name in _LIMITS},
        },
        evidence=(*reported.evidence, *computed.evidence, *evidence_of(limbs)),
        notes=(*notes, *(f"Pregnancy and limb loss could not be looked for: {why}." for why in missing)),
        confidence=index.confidence,
        basis=Basis.DERIVED if index is computed and index.state == "value" else None,
        near_threshold=index.near,
    )


_LIMITS = ("maximum", "disagreement")


@dataclass(frozen=True, slots=True)
class _Index:
    """A body mass index, reported or computed, or why there is none."""

    state: str
    why: str = ""
    value: str = "none"
    date: str = "no date"
    interval: Interval | None = None
    evidence: Sequence[Evidence] = ()
    notes: tuple[str, ...] = ()
    confidence: Confidence = Confidence.HIGH
    near: bool = False


def _numbers(chart: Chart, reported: _Index, computed: _Index, index: _Index) -> dict[str, FactValue]:
    difference = _difference(reported.interval, computed.interval)
    intervals = {
        "bmi": on_grid(index.interval) if index.interval else None,
        "difference": on_grid(Interval.exactly(difference)) if difference is not None else None,
    }
    return {**scaled(intervals, {name: chart.limit(name) for name in _LIMITS})}


def _difference(one: Interval | None, other: Interval | None) -> Fraction | None:
    """Return the least by which the two can differ."""
    if one is None or other is None:
        return None
    pairs = ((one.low, other.high), (other.low, one.high))
    return max((low - high for low, high in pairs if low is not None and high is not None), default=Fraction(0))


def _deciding(reported: _Index, computed: _Index) -> _Index:
    """Return the newer of the two, the reported one on the same day; reported ones that conflict go first."""
    known = [index for index in (reported, computed) if index.state == "value"]
    if known and reported.state != "conflict":
        return max(known, key=lambda index: index.date)
    conflict = next((index for index in (reported, computed) if index.state == "conflict"), None)
    if conflict:
        return conflict
    return _Index("unknown", "; ".join(dict.fromkeys((reported.why, computed.why))))


def _outcome(chart: Chart, value: Interval) -> tuple[bool, bool]:
    maximum = chart.limit("maximum")
    return value.wholly_above(maximum), value.wholly_below(maximum, inclusive=True)


def _reported(chart: Chart) -> _Index:
    bmi = chart.value_set("bmi")
    found = newest(
        chart,
        results(chart, bmi, chart.analyte("bmi")),
        lambda value: _outcome(chart, value),
        decide=chart.window("decide"),
        shown_for=chart.window("shown"),
        value_sets=[bmi],
        search="vitals",
    )
    return _Index(
        found.state,
        f"reported index: {found.why}",
        found.words()["value"],
        found.words()["date"],
        found.interval,
        found.evidence(),
        found.notes,
        found.confidence,
        near(found.chosen if found.interval else None, chart.limit("maximum"), laboratory=False),
    )


def _computed(chart: Chart) -> _Index:
    """Return weight over height squared, dated as the weight."""
    height = _height(chart, _weight(chart, None).interval)
    weight = _weight(chart, height.interval)
    shown = (*weight.evidence(), *height.evidence())
    if weight.interval is None or height.interval is None:
        parts = (("weight", weight), ("height", height))
        why = "; ".join(f"{name}: {part.why}" for name, part in parts if part.interval is None)
        conflict = "conflict" in (weight.state, height.state) and "unknown" not in (
            weight.state,
            height.state,
        )
        return _Index("conflict" if conflict else "unknown", why, evidence=shown)
    interval = _bmi(weight.interval, height.interval)
    if not chart.analyte("bmi").is_plausible(interval):
        return _Index("unknown", "weight and height give an index that is not plausible", evidence=shown)
    words_of = (weight.words()["value"], height.words()["value"])
    return _Index(
        "value",
        value=f"{_rounded(interval)} kg/m2 (from {words_of[0]} and {words_of[1]})",
        date=weight.words()["date"],
        interval=interval,
        evidence=shown,
        notes=(*weight.notes, *height.notes),
        confidence=Confidence.MODERATE.at_most(weight.confidence).at_most(height.confidence),
        near=_is_near(weight.chosen, height.chosen, chart.limit("maximum")),
    )


def _rounded(interval: Interval) -> str:
    """Return the index for people, to two decimals."""
    return plain(interval.low, 2) if interval.low is not None and interval.point else words(interval)


def _bmi(weight: Interval, height: Interval) -> Interval:
    """Return kilograms over square metres; heights come in centimetres."""
    low = None if weight.low is None or height.high is None else _index(weight.low, height.high)
    high = None if weight.high is None or not height.low else _index(weight.high, height.low)
    return Interval(low, high, weight.low_open or height.high_open, weight.high_open or height.low_open)


def _index(kilograms: Fraction, centimetres: Fraction) -> Fraction:
    return kilograms * CENTIMETRES**2 / centimetres**2


def _is_near(weight: Result | None, height: Result | None, limit: Fraction) -> bool:
    """True when half of the last digit of weight and height could move the index to the limit."""
    weights, heights = weight.blur if weight else None, height.blur if height else None
    if weights is None or heights is None:
        return False
    return _index(weights[0], heights[1]) <= limit <= _index(weights[1], heights[0])


def _weight(chart: Chart, height: Interval | None) -> Selection:
    weight = chart.value_set("weight")
    return newest(
        chart,
        results(chart, weight, chart.analyte("weight")),
        lambda value: _outcome(chart, _bmi(value, height)) if height else None,
        decide=chart.window("decide"),
        shown_for=chart.window("shown"),
        value_sets=[weight],
        search="vitals",
    )


def _height(chart: Chart, weight: Interval | None) -> Selection:
    """Return the newest height from the adult age on."""
    height = chart.value_set("height")
    found = results(chart, height, chart.analyte("height"))
    birth, years = birth_days(chart), chart.limit("adult")
    adult = [result for result in found if result.when is None or adult_on(birth, result.when.days, years)]
    selection = newest(
        chart,
        adult,
        lambda value: _outcome(chart, _bmi(weight, value)) if weight else None,
        decide=chart.window("height"),
        value_sets=[height],
        search="vitals",
    )
    if selection.cause is Cause.NONE:
        why = f"none from the age of {int(chart.limit('adult'))} on"
        unused = ", only from childhood" if found else not_final(chart, [height])
        return Selection("unknown", None, Cause.NONE, why + unused)
    return selection


def _pregnancy_unseen(chart: Chart) -> str:
    """Say why a pregnancy may be recorded that was not seen; empty for a man, and when all was read."""
    status = lost(chart, "social", "labs") or unread(chart, "Observation", chart.value_set("pregnancy_status"))
    if sex_of(chart) is Sex.MALE:
        return status
    pregnancy = (chart.value_set("pregnancy"), chart.value_set("pregnancy_ended"))
    return diagnoses_unseen(chart, *pregnancy) or status


def _pregnant_by_status(chart: Chart) -> bool:
    """True when the newest pregnancy status of the last months says pregnant."""
    window, pregnant = chart.window("pregnancy"), chart.value_set("pregnancy")
    dated = []
    for found in chart.record.retrieve_observations(chart.value_set("pregnancy_status")):
        when, _ = effective(chart, found.observation)
        usable = (found.observation.status or "").strip().lower() in USABLE
        if usable and when and when.days.first <= chart.on:
            dated.append((when.end, when, pregnant.find(found.value.value_codeable_concept) is not None))
    if not dated:
        return False
    _, when, says_pregnant = max(dated, key=lambda item: (item[0], item[2]))
    return says_pregnant and window.covers(when.days, chart.on) is not Coverage.OUTSIDE
