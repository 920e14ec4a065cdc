"""E13: a condition that requires long-term anticoagulation, or an INR above 1.5.

A current long-term anticoagulant excludes; an indication without a drug, an antiplatelet drug and aspirin
that is not surely low-dose go to a clinician. Short courses, flushes and injections for a hospital stay do
not count. The INR is not needed to clear, but one that cannot be judged leaves the question open.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from msgspec.structs import replace

from rules.assessment import Basis, Confidence, Evidence, Status
from rules.causes import Cause
from rules.courses import Course, course
from rules.criterion import Chart, Finding
from rules.decision import Rule, field
from rules.diagnoses import Course as When
from rules.diagnoses import Diagnosis, all_read, diagnoses, evidence_of
from rules.dosing import Measure, comparable, daily_amount, times_a_day
from rules.measurements import Selection, near, newest
from rules.medications import Order, Use, orders, visibility
from rules.panel import sides
from rules.quantities import Interval, TooFine, plain, scaled
from rules.results import results
from rules.strengths import milligrams, names

RULES = (
    Rule("coded-as-long-term", (field.coded.holds,), Status.MET, "Long-term anticoagulation: {codes}."),
    Rule("oral-anticoagulant", (field.oral_without_end.holds,), Status.MET,
         "An oral anticoagulant without a stated end: {drugs}."),
    Rule("long-term", (field.length_low >= field.long_term,), Status.MET,
         "An anticoagulant for {long_term} days or more: {drugs}."),
    Rule("repeats", (field.repeats.holds,), Status.MET, "An anticoagulant with repeats: {drugs}."),
    Rule("inr-above", (field.inr_low > field.inr_limit,), Status.MET, "INR {inr}, above {inr_limit}."),
    Rule("inr-conflict", (field.inr_state.equals("conflict"),), Status.NEEDS_JUDGEMENT, "INR: {why}."),
    Rule("doubtful", (field.doubtful.holds,), Status.NEEDS_JUDGEMENT,
         "An anticoagulant on hold, or ordered long ago or past its end: {drugs}."),
    Rule("code-doubtful", (field.coded_doubtfully.holds,), Status.NEEDS_JUDGEMENT,
         "Long-term anticoagulation, not confirmed or by text only: {codes}."),
    Rule("length-open", (field.open_ended.holds,), Status.NEEDS_JUDGEMENT,
         "An injected anticoagulant, length not stated: {drugs}."),
    Rule("longer-than-a-short-course", (field.length_high > field.short_course,), Status.NEEDS_JUDGEMENT,
         "An anticoagulant for more than {short_course} days and not surely {long_term}: {drugs}."),
    Rule("indication", (field.indication.holds,), Status.NEEDS_JUDGEMENT,
         "A condition that may require anticoagulation, without a long-term drug: {indications}."),
    Rule("antiplatelet", (field.antiplatelet.holds,), Status.NEEDS_JUDGEMENT,
         "An antiplatelet drug, no anticoagulant: {antiplatelets}."),
    Rule("aspirin", (field.aspirin.holds,), Status.NEEDS_JUDGEMENT,
         "Aspirin that is not surely {aspirin_limit} or less: {aspirin}."),
    Rule("inr-open", (field.inr_usable.fails,), Status.UNKNOWN, "INR: {why}."),
    Rule("inr-straddles", (field.inr_high > field.inr_limit,), Status.UNKNOWN,
         "INR {inr} does not tell whether it is above {inr_limit}."),
    Rule("inr-without-an-upper-end", (field.inr_bounded.fails,), Status.UNKNOWN,
         "INR {inr} does not tell whether it is above {inr_limit}."),
    Rule("diagnoses-missing", (field.diagnoses_seen.fails,), Status.UNKNOWN,
         "A reason for anticoagulation cannot be excluded: {unseen}."),
    Rule("medications-missing", (field.medications_seen.fails,), Status.UNKNOWN,
         "Whether an anticoagulant is taken is not known: {invisible}."),
    Rule("short-course", (field.short.holds,), Status.NOT_MET,
         "Only a short course, a flush or an injection for a hospital stay: {left_out}.",
         Confidence.MODERATE),
    Rule("none", (), Status.NOT_MET,
         "No anticoagulant among the medications recorded here, and no reason for one. INR: {inr_or_why}.",
         Confidence.LOW, Basis.ABSENCE),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Drugs:
    """Current anticoagulants, sorted by what they mean."""

    counted: list[Course]
    oral: frozenset[str]
    """References of the oral ones."""
    passing: list[Order]
    """Flushes and injections for a hospital stay."""

    def is_oral(self, found: Course) -> bool:
        return found.order.resource.reference in self.oral


def find(chart: Chart) -> Finding:
    """Return the current anticoagulants with their lengths, the INR, and the reasons for anticoagulation."""
    drugs, inr = _drugs(chart), _inr(chart)
    codes = [d for d in diagnoses(chart, chart.value_set("long_term_anticoagulant")) if d.course is not When.PAST]
    indications = diagnoses(chart, chart.value_set("anticoagulation_indications"))
    antiplatelets = [o for o in orders(chart, chart.value_set("p2y12_inhibitors")) if o.use is not Use.PAST]
    aspirin = [o for o in _aspirin(chart) if not _is_low_dose(chart, o)]
    sure = [d for d in codes if d.certain]
    certain = [c for c in drugs.counted if not _is_doubtful(c)]
    endless = [c for c in certain if drugs.is_oral(c) and not c.planned]
    measured = [c for c in certain if c not in endless]
    seen, visible = all_read(chart, *(chart.value_set(name) for name in _DISEASES)), visibility(chart)
    limits = {name: chart.limit(name) for name in ("long_term", "short_course")}
    longest = comparable(_longest(measured)) if measured else None
    repeated = any(c.repeats for c in certain)
    by_drug = bool(
        sure or endless or repeated or (longest and longest.wholly_above(limits["long_term"], inclusive=True))
    )
    return Finding(
        fact={
            **scaled({"length": longest}, limits),
            **_inr_fields(chart, inr),
            "coded": bool(sure),
            "coded_doubtfully": bool(codes),
            "oral_without_end": bool(endless),
            "repeats": repeated,
            "open_ended": any(c.days.high is None for c in measured),
            "doubtful": any(_is_doubtful(c) and _may_be_long(chart, c) for c in drugs.counted),
            "indication": bool(indications),
            "antiplatelet": bool(antiplatelets),
            "aspirin": bool(aspirin),
            "short": bool(drugs.counted or drugs.passing),
            "diagnoses_seen": seen.counts,
            "medications_seen": visible.complete,
        },
        words={
            **{name: str(int(limit)) for name, limit in limits.items()},
            **_inr_words(chart, inr),
            "drugs": "; ".join(map(str, drugs.counted)),
            "left_out": "; ".join([*map(str, drugs.counted), *(o.name for o in drugs.passing)]),
            "codes": _names(codes),
            "indications": _names(indications),
            "antiplatelets": "; ".join(o.name for o in antiplatelets),
            "aspirin": "; ".join(o.name for o in aspirin),
            "aspirin_limit": f"{plain(chart.limit('aspirin'))} {chart.this.limits['aspirin'].unit}",
            "unseen": seen.why,
            "invisible": visible.why,
        },
        evidence=(*_evidence(drugs), *inr.evidence(), *evidence_of([*codes, *indications]),
                  *(o.evidence() for o in (*antiplatelets, *_aspirin(chart)))),
        confidence=_confidence(bool(sure), certain) if by_drug else inr.confidence,
        near_threshold=not by_drug and inr.state == "value" and near(inr.chosen, chart.limit("inr")),
    )  # fmt: skip


def _confidence(coded: bool, drugs: Sequence[Course]) -> Confidence:
    """A drug that only words name is weak evidence."""
    named = not coded and bool(drugs) and all(c.order.by_words_alone for c in drugs)
    return Confidence.LOW if named else Confidence.HIGH


_DISEASES = ("long_term_anticoagulant", "anticoagulation_indications")


def _drugs(chart: Chart) -> _Drugs:
    oral = _current(chart, "anticoagulants_oral")
    known = frozenset(o.resource.reference for o in oral)
    injected = [o for o in _current(chart, "anticoagulants_parenteral") if o.resource.reference not in known]
    passing = [o for o in injected if _is_flush(chart, o) or _is_for_a_stay(chart, o)]
    return _Drugs([course(chart, o) for o in (*oral, *injected) if o not in passing], known, passing)


def _current(chart: Chart, name: str) -> list[Order]:
    return [o for o in orders(chart, chart.value_set(name)) if o.use is not Use.PAST]


def _is_flush(chart: Chart, order: Order) -> bool:
    flush = chart.value_set("heparin_flush")
    return any(flush.mentions(text) for text in (*names(order), *(d.text for d in order.dosages)))


def _is_for_a_stay(chart: Chart, order: Order) -> bool:
    category = order.resource.category
    categories = category if isinstance(category, list) else [category] if category else []
    hospital = chart.value_set("inpatient_order")
    return any(hospital.find(c) or hospital.find_words(c.text) for c in categories)


def _is_doubtful(found: Course) -> bool:
    """True for an order on hold, lapsed, or past its own end: it may not be taken."""
    return not found.order.active or found.over


def _may_be_long(chart: Chart, found: Course) -> bool:
    return not found.days.wholly_below(chart.limit("short_course"), inclusive=True)


def _longest(found: Sequence[Course]) -> Interval:
    """Return the length of the longest course: its bounds are the greatest of all bounds."""
    highs = [c.days.high for c in found]
    known = [high for high in highs if high is not None]
    return Interval(max(c.days.low or Fraction(0) for c in found), max(known) if len(known) == len(highs) else None)


# -- aspirin ---------------------------------------------------------------------------------------------


def _aspirin(chart: Chart) -> list[Order]:
    return [o for o in orders(chart, chart.value_set("aspirin")) if o.use is not Use.PAST]


def _is_low_dose(chart: Chart, order: Order) -> bool:
    """True when the daily dose is surely low.

    Where no dose is told, one tablet each time is taken as meant, unless the instructions speak of more.
    """
    strength = milligrams(chart, order)
    if any(d.dose_and_rate or d.max_dose_per_period for d in order.dosages):
        per = {"{tbl}": strength} if strength else {}
        given = daily_amount(chart, order.dosages, Measure(chart.analyte("aspirin_dose"), per))
    elif strength and not any(_MORE_THAN_ONE.search(_ONE.sub("", d.text or "")) for d in order.dosages):
        times = [t for d in order.dosages if (t := times_a_day(chart, d.timing)) and t.high is not None]
        given = Interval(Fraction(0), strength * max(sum((t.high for t in times if t.high), Fraction(0)), Fraction(1)))
    else:
        return False
    return given.wholly_below(chart.limit("aspirin"), inclusive=True)


_ONE = re.compile(
    r"\b(?:\d+\s*(?:oz|ounces?)|every\s+24\s*h(?:(?:ou)?rs?)?|q\s?24\s?h)\b"
    r"|\bat\s+\d{1,2}(?::\d\d)?\s*[ap]\.?m\b(?!.*(?:\band\b|[ap]\.?m\b))(?<!and at)",
    re.IGNORECASE,
)
"""Numbers in instructions for one tablet a day: "with 8 oz water", "every 24 hours", "at 8 am" and no other time."""
_MORE_THAN_ONE = re.compile(
    r"\b(?:[2-9]|two|three|four|twice|times|b\.?i\.?d|t\.?i\.?d|q\.?i\.?d|every\s+\d+|q\s?\d+\s?h)\b", re.IGNORECASE
)
"""Words of instructions for more than one tablet a day: "take 4 tablets", "twice daily"."""


# -- the INR ---------------------------------------------------------------------------------------------


def _inr(chart: Chart) -> Selection:
    value_set = chart.value_set("inr")
    return newest(
        chart, results(chart, value_set, chart.analyte("inr")), sides(chart.limit("inr")),
        decide=chart.window("inr"), shown_for=chart.window("shown"), value_sets=[value_set],
    )  # fmt: skip


def _inr_fields(chart: Chart, inr: Selection) -> dict[str, int | str | bool | None]:
    """Return the INR's fields; none at all, or only an old one, leaves the question to the drugs."""
    limit = {"inr_limit": chart.limit("inr")}
    usable = inr.state == "value" or inr.cause in (Cause.NONE, Cause.STALE)
    try:
        numbers = scaled({"inr": inr.interval}, limit)
    except TooFine:
        numbers, usable = scaled({"inr": None}, limit), False
    bounded = inr.interval is None or inr.interval.high is not None
    return {"inr_state": inr.state, "inr_usable": usable, "inr_bounded": bounded, **numbers}


def _inr_words(chart: Chart, inr: Selection) -> dict[str, str]:
    words = inr.words()
    value = f"{words['value']} on {words['date']}"
    why = inr.why or "the value is too fine to compare"
    return {
        "inr": value,
        "inr_limit": plain(chart.limit("inr")),
        "why": why,
        "inr_or_why": value if inr.state == "value" else why,
    }


def _evidence(drugs: _Drugs) -> list[Evidence]:
    counted = [replace(c.order.evidence(), compared_as=str(c)) for c in drugs.counted]
    return [
        *counted,
        *(replace(o.evidence(), value="flush or hospital stay, not counted") for o in drugs.passing),
    ]


def _names(found: Sequence[Diagnosis]) -> str:
    return "; ".join(f"{d.evidence().display}, {d.evidence().value}" for d in found)
