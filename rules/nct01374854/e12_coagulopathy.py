"""E12: a history of factor V deficiency, or another coagulopathy by INR > 1.5, aPTT > 40 s or PT > 15 s.

A value beyond its limit excludes, unless an anticoagulant, the laboratory's own range or lupus anticoagulant
explains it: then a clinician decides. INR or PT clears, with the aPTT more surely. Factor V Leiden clots and
does not bleed: it belongs to E13.
"""

from __future__ import annotations

from msgspec.structs import replace

from rules.assessment import Confidence, Evidence, Status
from rules.criterion import Chart, Finding
from rules.decision import Condition, Field, Rule, field
from rules.diagnoses import Course, Diagnosis, all_read, diagnoses, evidence_of
from rules.measurements import first_usable, newest
from rules.medications import Order, Use, orders
from rules.medications import all_read as all_drugs_read
from rules.panel import Part, above, panel_finding, sides
from rules.quantities import plain
from rules.reference_ranges import normal_range
from rules.results import results

_TESTS = ("inr", "aptt", "pt")
_TITLES = {"inr": "INR", "aptt": "aPTT", "pt": "PT"}
_SETS = {"inr": "inr", "aptt": "aptt", "pt": "prothrombin_time"}


def _beyond(test: str) -> Condition:
    return Field(f"{test}_low") > Field(f"{test}_limit")


def _clear(*tests: str) -> tuple[Condition, ...]:
    return tuple(Field(f"{test}_high") <= Field(f"{test}_limit") for test in tests)


def _absent(*tests: str) -> tuple[Condition, ...]:
    return tuple(Field(f"{test}_state").equals("unknown") for test in tests)


_CLEAR = "Inside the limits: {values}."
_NO_DRUG = field.anticoagulant.equals("none")

RULES = (
    Rule("factor-v-deficiency", (field.factor_v.equals("certain"),), Status.MET,
         "Factor V deficiency is recorded: {factor_v}."),
    *(Rule(f"{test}-beyond-with-disorder", (_beyond(test), _NO_DRUG, field.disorder.equals("certain")),
           Status.MET,
           "Beyond the limit: {beyond}; and recorded: {disorders}.") for test in _TESTS),
    *(Rule(f"{test}-beyond", (_beyond(test), _NO_DRUG, Field(f"{test}_explained").fails), Status.MET,
           "Beyond the limit, without an anticoagulant: {beyond}.") for test in _TESTS),
    Rule("factor-v-doubtful", (field.factor_v.equals("doubtful"),), Status.NEEDS_JUDGEMENT,
         "Factor V deficiency is recorded only as not confirmed or as free text: {factor_v}."),
    Rule("disorder", (field.disorder.equals("certain"),), Status.NEEDS_JUDGEMENT,
         "A bleeding disorder is recorded: {disorders}. Tests: {values}."),
    Rule("disorder-doubtful", (field.disorder.equals("doubtful"),), Status.NEEDS_JUDGEMENT,
         "A bleeding disorder is recorded only as not confirmed or as free text: {disorders}."),
    *(Rule(f"{test}-on-anticoagulant", (_beyond(test), field.anticoagulant.equals("taken")),
           Status.NEEDS_JUDGEMENT,
           "Beyond the limit: {beyond}; on an anticoagulant: {anticoagulants} (see E13).")
      for test in _TESTS),
    *(Rule(f"{test}-explained", (_beyond(test), _NO_DRUG), Status.NEEDS_JUDGEMENT,
           "Beyond the limit, but inside the laboratory's own range or with lupus anticoagulant: {beyond}.")
      for test in _TESTS),
    *(Rule(f"{test}-conflict", (Field(f"{test}_state").equals("conflict"),), Status.NEEDS_JUDGEMENT, "{why}.")
      for test in _TESTS),
    *(Rule(f"{test}-unexplained", (_beyond(test),), Status.UNKNOWN,
           "Beyond the limit: {beyond}; whether an anticoagulant is taken is not known: {unseen_drugs}.")
      for test in _TESTS),
    Rule("diagnoses-missing", (field.diagnoses_seen.fails,), Status.UNKNOWN,
         "A bleeding disorder cannot be excluded: {unseen}. Tests: {values}."),
    Rule("clear", _clear(*_TESTS), Status.NOT_MET, _CLEAR),
    Rule("clear-without-pt", (*_clear("inr", "aptt"), *_absent("pt")), Status.NOT_MET, _CLEAR),
    Rule("clear-without-inr", (*_clear("pt", "aptt"), *_absent("inr")), Status.NOT_MET, _CLEAR),
    Rule("clear-without-aptt", (*_clear("inr", "pt"), *_absent("aptt")), Status.NOT_MET,
         f"{_CLEAR} aPTT not measured.", Confidence.MODERATE),
    Rule("inr-alone-clear", (*_clear("inr"), *_absent("aptt", "pt")), Status.NOT_MET,
         f"{_CLEAR} aPTT not measured.", Confidence.MODERATE),
    Rule("pt-alone-clear", (*_clear("pt"), *_absent("aptt", "inr")), Status.NOT_MET,
         f"{_CLEAR} aPTT not measured.", Confidence.MODERATE),
    Rule("unknown", (), Status.UNKNOWN, "{known}Open: {why}."),
)  # fmt: skip


def find(chart: Chart) -> Finding:
    """Return the coagulation tests, what may explain them, and the bleeding disorders recorded."""
    lupus = [d for d in diagnoses(chart, chart.value_set("lupus_anticoagulant")) if d.course is not Course.PAST]
    parts = [_part(chart, test) for test in _TESTS]
    factor_v, disorders = _disorders(chart)
    drugs, therapy = _anticoagulants(chart)
    sure = [d for d in factor_v if d.confirmed and d.match.coding]
    seen, drugs_read = all_read(chart, *(chart.value_set(name) for name in _DISEASES)), all_drugs_read(chart)
    inr, aptt, pt = parts
    finding = panel_finding(
        parts,
        inr_explained=_in_own_range(chart, inr),
        aptt_explained=_in_own_range(chart, aptt) or bool(lupus),
        pt_explained=_in_own_range(chart, pt),
        factor_v=_certainty(factor_v),
        disorder=_certainty(disorders),
        anticoagulant="taken" if drugs or therapy else "none" if drugs_read.complete else "unseen",
        diagnoses_seen=seen.counts,
    )
    taken = [o.name for o in drugs] + [d.evidence().display for d in therapy]
    words = {
        **finding.words,
        "factor_v": _names(factor_v),
        "disorders": _names(disorders),
        "anticoagulants": "; ".join(taken),
        "unseen": seen.why,
        "unseen_drugs": drugs_read.why,
    }
    shown = evidence_of([*factor_v, *disorders, *lupus, *therapy])
    return replace(
        finding,
        words=words,
        evidence=(*finding.evidence, *shown, *(o.evidence() for o in drugs), *_activity(chart)),
        confidence=Confidence.HIGH if sure else finding.confidence,
        near_threshold=finding.near_threshold and not sure,
    )


def _part(chart: Chart, test: str) -> Part:
    value_set, limit = chart.value_set(_SETS[test]), chart.limit(test)
    analyte = chart.analyte("inr" if test == "inr" else "coagulation_time")
    selection = newest(
        chart, results(chart, value_set, analyte), sides(limit),
        decide=chart.window("decide"), shown_for=chart.window("shown"), value_sets=[value_set],
    )  # fmt: skip
    unit = "" if test == "inr" else f" {analyte.canonical}"
    return Part(
        test, _TITLES[test], selection, {"limit": limit}, excluding=limit, beyond=above(selection, limit),
        beside=f"limit {plain(limit)}{unit}",
    )  # fmt: skip


def _in_own_range(chart: Chart, part: Part) -> bool:
    """True when the laboratory's own range holds the value: these tests depend on the reagent."""
    if not part.known or part.selection.chosen is None or part.selection.interval is None:
        return False
    analyte = chart.analyte("inr" if part.name == "inr" else "coagulation_time")
    upper = normal_range(chart, part.selection.chosen, analyte).high
    return upper is not None and part.selection.interval.wholly_below(upper, inclusive=True)


_DISEASES = ("factor_v_deficiency", "clotting_factor_deficiency", "coagulopathy", "long_term_anticoagulant",
             "lupus_anticoagulant")  # fmt: skip


def _disorders(chart: Chart) -> tuple[list[Diagnosis], list[Diagnosis]]:
    """Return factor V deficiency and other bleeding disorders, whenever: the record says history."""
    several = diagnoses(chart, chart.value_set("clotting_factor_deficiency"))
    named = [d for d in several if _names_factor_v(chart, d)]
    factor_v = [*diagnoses(chart, chart.value_set("factor_v_deficiency")), *named]
    known = {id(d.condition) for d in factor_v}
    others = [*diagnoses(chart, chart.value_set("coagulopathy")), *(d for d in several if d not in named)]
    return factor_v, [d for d in others if id(d.condition) not in known]


def _names_factor_v(chart: Chart, diagnosis: Diagnosis) -> bool:
    code = diagnosis.condition.code
    texts = [text for text in (code.text, *(c.display for c in code.codings)) if text] if code else []
    named, leiden = chart.value_set("factor_v_named"), chart.value_set("factor_v_leiden")
    return any(named.find_named(text) and not leiden.mentions(text) for text in texts)


def _anticoagulants(chart: Chart) -> tuple[list[Order], list[Diagnosis]]:
    """Return what can prolong the tests: any anticoagulant not stopped, or a code for long-term therapy."""
    sets = [chart.value_set(name) for name in ("anticoagulants_oral", "anticoagulants_parenteral")]
    therapy = diagnoses(chart, chart.value_set("long_term_anticoagulant"))
    return (
        [o for o in orders(chart, *sets) if o.use is not Use.PAST],
        [d for d in therapy if d.course is not Course.PAST],
    )


def _activity(chart: Chart) -> list[Evidence]:
    """Return the newest factor V activity, which is shown and does not decide."""
    value_set = chart.value_set("factor_v_activity")
    found = first_usable(results(chart, value_set, chart.analyte("factor_activity")))
    return [found.evidence()] if found else []


def _certainty(found: list[Diagnosis]) -> str:
    if not found:
        return "none"
    return "certain" if any(d.certain for d in found) else "doubtful"


def _names(found: list[Diagnosis]) -> str:
    return "; ".join(f"{d.evidence().display}, {d.evidence().value}" for d in found)
