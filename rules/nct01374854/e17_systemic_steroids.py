"""E17: treatment for a condition that requires chronic systemic steroids.

Current systemic glucocorticoids count by their length: planned, else since they were ordered. Dose packs and
tapers are bursts. Steroids that replace what the adrenals lack, and fludrocortisone, go to a clinician. Local
forms and routes do not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from msgspec.structs import replace

from rules.assessment import Basis, Confidence, Evidence, Status
from rules.courses import Course, course
from rules.criterion import Chart, Finding
from rules.datatypes import CodeableConcept
from rules.decision import Rule, field
from rules.diagnoses import Course as When
from rules.diagnoses import Diagnosis, all_read, diagnoses, evidence_of
from rules.dosing import comparable
from rules.medications import Order, Use, orders, visibility
from rules.quantities import Interval, scaled
from rules.resources import Medication, MedicationRequest

RULES = (
    Rule("replacement-coded-as-long-term", (field.coded.holds, field.replacement.holds, field.steroid.fails),
         Status.NEEDS_JUDGEMENT,
         "Long-term steroids that replace adrenal hormones: {replacement}; {diagnoses}."),
    Rule("coded-as-long-term", (field.coded.holds,), Status.MET, "Long-term systemic steroids: {diagnoses}."),
    Rule("chronic", (field.length_low >= field.chronic,), Status.MET,
         "Systemic steroid for {chronic} days or more: {steroids}."),
    Rule("repeats", (field.repeats.holds,), Status.MET, "Systemic steroid with repeats: {steroids}."),
    Rule("replacement", (field.replacement.holds,), Status.NEEDS_JUDGEMENT,
         "A steroid that replaces adrenal hormones: {replacement}; {diagnoses}."),
    Rule("mineralocorticoid", (field.mineralocorticoid.holds,), Status.NEEDS_JUDGEMENT,
         "Fludrocortisone, a mineralocorticoid: {mineralocorticoids}."),
    Rule("doubtful", (field.doubtful.holds,), Status.NEEDS_JUDGEMENT,
         "A systemic steroid on hold, or ordered long ago or past its end: {steroids}."),
    Rule("code-doubtful", (field.coded_doubtfully.holds,), Status.NEEDS_JUDGEMENT,
         "Long-term steroids, not confirmed, by text only or of unstated route: {diagnoses}."),
    Rule("length-open", (field.open_ended.holds,), Status.NEEDS_JUDGEMENT,
         "A systemic steroid, length not stated: {steroids}."),
    Rule("longer-than-a-burst", (field.length_high > field.burst,), Status.NEEDS_JUDGEMENT,
         "A systemic steroid longer than {burst} days and not surely {chronic}: {steroids}."),
    Rule("diagnoses-missing", (field.diagnoses_seen.fails,), Status.UNKNOWN,
         "Long-term steroids may be coded among diagnoses that did not arrive: {unseen}."),
    Rule("medications-missing", (field.medications_seen.fails,), Status.UNKNOWN,
         "Whether a systemic steroid is taken is not known: {invisible}."),
    Rule("burst", (field.steroid.holds,), Status.NOT_MET,
         "Only a burst of up to {burst} days, a dose pack or a taper: {steroids}.", Confidence.MODERATE),
    Rule("none", (), Status.NOT_MET, "No current systemic steroid among the medications recorded here.",
         Confidence.LOW, Basis.ABSENCE),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Steroids:
    """Current steroid orders, sorted by what they mean."""

    treatment: list[Course]
    earlier: list[Course]
    """Orders for treatment that are over, written within the time from which steroids are chronic."""
    replacement: list[Course]
    mineralocorticoid: list[Order]
    local: list[Order]


def find(chart: Chart) -> Finding:
    """Return the current steroids with their lengths, and what the diagnoses say of them."""
    coded = [d for d in diagnoses(chart, chart.value_set("long_term_steroids")) if d.course is not When.PAST]
    unstated = diagnoses(chart, chart.value_set("long_term_steroids_unstated"))
    unstated = [d for d in unstated if d.course is not When.PAST]
    adrenal = [d for d in diagnoses(chart, chart.value_set("adrenal_insufficiency")) if d.course is not When.PAST]
    steroids = _steroids(chart, bool(adrenal))
    sure = [d for d in coded if d.certain]
    certain = [c for c in steroids.treatment if not _is_doubtful(c)]
    seen, visible = all_read(chart, *(chart.value_set(name) for name in _DISEASES)), visibility(chart)
    limits = {name: chart.limit(name) for name in ("chronic", "burst")}
    return Finding(
        fact={
            **scaled({"length": comparable(_length(chart, certain, steroids.earlier)) if certain else None}, limits),
            "coded": bool(sure),
            "coded_doubtfully": bool(coded or unstated),
            "repeats": any(c.repeats and not _is_bounded(c) for c in certain),
            "open_ended": any(c.days.high is None for c in certain),
            "doubtful": any(_is_doubtful(c) and _may_be_long(chart, c) for c in steroids.treatment),
            "steroid": bool(steroids.treatment),
            "replacement": bool(steroids.replacement),
            "mineralocorticoid": bool(steroids.mineralocorticoid),
            "diagnoses_seen": seen.counts,
            "medications_seen": visible.complete,
        },
        words={
            **{name: str(int(limit)) for name, limit in limits.items()},
            "steroids": "; ".join(map(str, (*steroids.treatment, *steroids.earlier))),
            "replacement": "; ".join(map(str, steroids.replacement)),
            "mineralocorticoids": "; ".join(o.name for o in steroids.mineralocorticoid),
            "diagnoses": "; ".join(d.evidence().display for d in (*coded, *unstated, *adrenal)),
            "unseen": seen.why,
            "invisible": visible.why,
        },
        evidence=(*_evidence(steroids), *evidence_of([*coded, *unstated, *_explaining(steroids, adrenal)])),
        confidence=_confidence(bool(sure), certain),
    )


def _confidence(coded: bool, certain: Sequence[Course]) -> Confidence:
    """A drug that only words name is weak evidence; a length that is not planned is less sure than one that is."""
    if coded:
        return Confidence.HIGH
    if certain and all(c.order.by_words_alone for c in certain):
        return Confidence.LOW
    return Confidence.HIGH if any(c.planned for c in certain) else Confidence.MODERATE


_DISEASES = ("long_term_steroids", "long_term_steroids_unstated", "adrenal_insufficiency")


def _steroids(chart: Chart, adrenal_insufficiency: bool) -> _Steroids:
    mineral = [o for o in orders(chart, chart.value_set("mineralocorticoids")) if o.use is not Use.PAST]
    others = {o.resource.reference for o in mineral}
    written = [o for o in orders(chart, chart.value_set("systemic_steroids")) if o.resource.reference not in others]
    found = [o for o in written if o.use is not Use.PAST]
    local = [o for o in found if _is_local(chart, o)]
    systemic = [_course(chart, o) for o in found if o not in local]
    past = [o for o in written if o.use is Use.PAST and _is_recent(chart, o) and not _is_local(chart, o)]
    replacing = {
        o.resource.reference for o in orders(chart, chart.value_set("steroid_replacement"))
        if adrenal_insufficiency or _is_for_adrenals(chart, o)
    }  # fmt: skip
    return _Steroids(
        treatment=[c for c in systemic if c.order.resource.reference not in replacing],
        earlier=[course(chart, o) for o in past if o.resource.reference not in replacing],
        replacement=[c for c in systemic if c.order.resource.reference in replacing],
        mineralocorticoid=mineral,
        local=local,
    )


def _is_recent(chart: Chart, order: Order) -> bool:
    return order.since is not None and (chart.on - order.since.days.last).days <= chart.limit("chronic")


def _is_for_adrenals(chart: Chart, order: Order) -> bool:
    value_set = chart.value_set("adrenal_insufficiency")
    return any(value_set.find(r) or value_set.find_text(r) for r in order.resource.reason_code or ())


def _is_local(chart: Chart, order: Order) -> bool:
    """True for a cream, an inhaler, eye drops, an injection into a joint: by code, route, form or words.

    Instructions do not tell of a drug that is surely systemic, by its route or as a tablet: one taken "for eye
    inflammation" acts in the whole body.
    """
    local, tablets = chart.value_set("local_steroid_use"), chart.value_set("steroid_tablets")
    systemic = chart.value_set("systemic_steroid_routes")
    product = chart.record.resolve(order.resource.medication_reference, Medication, order.resource)
    routes = [d.route for d in order.dosages if d.route]
    concepts = [c for c in (order.drug, *routes, product.form if product else None) if c]
    names, told = [_names(c) for c in concepts], [d.text for d in order.dosages if d.text]
    if any(local.find(c) for c in concepts) or any(local.mentions(name) for name in names):
        return True
    if any(systemic.find(route) or systemic.find_words(_names(route)) for route in routes):
        return False
    if any(tablets.mentions(text) for text in (*names, *told)):
        return False
    return any(local.mentions(text) for text in told)


def _names(concept: CodeableConcept) -> str:
    return " ".join(name for name in (concept.text, *(c.display for c in concept.codings)) if name)


def _course(chart: Chart, order: Order) -> Course:
    """Return the course of an order; a dose pack or a taper without a stated length is a burst."""
    found = course(chart, order)
    if _is_pack(chart, order) and not _is_bounded(found):
        return replace(found, days=Interval(Fraction(0), chart.limit("burst")), planned=True, repeats=False)
    return found


def _is_pack(chart: Chart, order: Order) -> bool:
    packs = chart.value_set("steroid_packs")
    notes = order.resource.note or () if isinstance(order.resource, MedicationRequest) else ()
    texts = [_names(order.drug), *(d.text or "" for d in order.dosages), *(n.text or "" for n in notes)]
    return bool(packs.find(order.drug)) or any(packs.mentions(text) for text in texts)


def _is_bounded(found: Course) -> bool:
    """True when the instructions state the length, so that repeats do not prolong the treatment."""
    return any(
        (repeat := dosage.timing.repeat if dosage.timing else None)
        and (repeat.bounds_period or repeat.bounds_duration or repeat.bounds_range)
        for dosage in found.order.dosages
    )


def _length(chart: Chart, current: Sequence[Course], earlier: Sequence[Course]) -> Interval:
    """Return the length of the longest course; at most that of all that may have followed each other without a pause.

    Supplies of a month each are how a chronic steroid is ordered, too.
    """
    longest = max(c.days.low or Fraction(0) for c in current)
    highs = [c.days.high for c in current]
    if None in highs:
        return Interval(longest, None)
    planned = [c for c in (*current, *earlier) if c.planned and not _is_pack(chart, c.order)]
    together = [_total(run) for run in _runs(chart, planned) if any(c in current for c in run)]
    return Interval(longest, max([*together, *(high for high in highs if high is not None)]))


def _runs(chart: Chart, found: Sequence[Course]) -> list[list[Course]]:
    """Return together the courses that may follow each other; one without a date may follow any."""
    undated = [c for c in found if not c.order.since]
    dated = [(c.order.since.days.first.toordinal(), c) for c in found if c.order.since]
    runs: list[list[Course]] = []
    end = Fraction(0)
    for begins, one in sorted(dated, key=lambda pair: pair[0]):
        if not runs or begins > end + chart.limit("pause"):
            runs.append([*undated])
        runs[-1].append(one)
        end = max(end, begins + (one.days.high or Fraction(0)))
    return runs or [undated]


def _total(run: Sequence[Course]) -> Fraction:
    return sum((c.days.high for c in run if c.days.high is not None), Fraction(0))


def _is_doubtful(found: Course) -> bool:
    """True for an order on hold, lapsed, or past its own end: it may not be taken."""
    return not found.order.active or found.over


def _may_be_long(chart: Chart, found: Course) -> bool:
    return not found.days.wholly_below(chart.limit("burst"), inclusive=True)


def _explaining(steroids: _Steroids, adrenal: Sequence[Diagnosis]) -> Sequence[Diagnosis]:
    return adrenal if steroids.replacement else ()


def _evidence(steroids: _Steroids) -> list[Evidence]:
    """Return the orders, with their lengths; local forms are shown as not counted."""
    courses = (*steroids.treatment, *(steroids.earlier if steroids.treatment else ()), *steroids.replacement)
    shown = [replace(c.order.evidence(), compared_as=str(c)) for c in courses]
    local = [replace(o.evidence(), value="local form or route, not counted") for o in steroids.local]
    return [*shown, *(o.evidence() for o in steroids.mineralocorticoid), *local]
