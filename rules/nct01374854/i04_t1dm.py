"""I4: a clinical history compatible with type 1 diabetes. It is also the gate of the whole service.

Kinds of diabetes are counted by distinct code days. A single type 1 code is weak evidence; a majority of
type 1 codes, with insulin and nothing that speaks for another kind, is strong. Mixed pictures go to a
clinician. Without any type 1 diagnosis the trial does not apply.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from rules.arrivals import lost, unread
from rules.assessment import Confidence, Evidence, Status
from rules.criterion import Chart, Finding
from rules.dates import add_years
from rules.decision import FactValue, Rule, field
from rules.diagnoses import Course, Diagnosis, diagnoses, evidence_of, unseen
from rules.medications import Order, orders, visibility
from rules.nct01374854.t1dm_onset import neonatal_diagnosis
from rules.qualitative import Reading, reading
from rules.quantities import Interval, scaled
from rules.resources import Observation
from rules.results import USABLE, Result, effective, is_own, results
from rules.words import count

TYPE_1 = field.type_1
CONFIRMED = TYPE_1.equals("confirmed")

RULES = (
    Rule("mixed-codes", (field.mixed_codes.holds,), Status.NEEDS_JUDGEMENT,
         "One diagnosis carries codes of different kinds of diabetes.", Confidence.MODERATE),
    Rule("atypical", (field.atypical.holds,), Status.NEEDS_JUDGEMENT,
         "A slow or atypical form of autoimmune diabetes is recorded: {kinds}.", Confidence.MODERATE),
    Rule("doubtful", (TYPE_1.equals("doubtful"),), Status.NEEDS_JUDGEMENT,
         "Type 1 diabetes is recorded only as not confirmed or as free text.", Confidence.LOW),
    Rule("pancreas", (CONFIRMED, field.pancreas_surgery.holds), Status.NEEDS_JUDGEMENT,
         "Type 1 diabetes, with a transplant or removal of the pancreas recorded."),
    Rule("other-kind", (CONFIRMED, field.other_kind.equals("present")), Status.NEEDS_JUDGEMENT,
         "Type 1 and another kind of diabetes are recorded: {kinds}."),
    Rule("not-the-majority", (CONFIRMED, field.share_high <= field.majority), Status.NEEDS_JUDGEMENT,
         "Type 1 diabetes coded on {days_1}, type 2 or unspecified on {days_2}: no majority for type 1."),
    Rule("against-drugs", (CONFIRMED, field.other_drugs.holds), Status.NEEDS_JUDGEMENT,
         "Type 1 diabetes, but treated with {drugs}."),
    Rule("against-no-insulin", (CONFIRMED, field.insulin.fails, field.untreated_by_insulin.holds),
         Status.NEEDS_JUDGEMENT, "Type 1 diabetes, but drugs for diabetes without insulin: {drugs}."),
    Rule("against-c-peptide", (field.c_peptide_high.holds,), Status.NEEDS_JUDGEMENT,
         "Type 1 diabetes, but a C-peptide that shows preserved secretion years later."),
    Rule("not-all-seen", (CONFIRMED, field.all_seen.fails), Status.NEEDS_JUDGEMENT,
         "Type 1 diabetes is recorded; what might contradict it could not all be seen: {why_unseen}.",
         Confidence.MODERATE),
    Rule("single-code", (CONFIRMED, field.single_code.holds, field.insulin.fails), Status.NEEDS_JUDGEMENT,
         "Type 1 diabetes is coded once, outside the active problem list, and no insulin is visible."),
    Rule("single-code-with-insulin", (CONFIRMED, field.single_code.holds), Status.MET,
         "Type 1 diabetes is coded once, outside the active problem list; insulin is used.", Confidence.MODERATE),
    Rule("history-of-other-kind", (CONFIRMED, field.other_kind.equals("past")), Status.MET,
         "Type 1 diabetes; another kind was recorded in the past: {kinds}.", Confidence.MODERATE),
    Rule("insulin-not-visible", (CONFIRMED, field.insulin.fails), Status.MET,
         "Type 1 diabetes, coded on {days_1}; insulin is not visible{why_no_insulin}.", Confidence.MODERATE),
    Rule("type-1", (CONFIRMED,), Status.MET,
         "Type 1 diabetes, coded on {days_1} (type 2 or unspecified: {days_2}), on insulin."),
    Rule("conditions-incomplete", (field.conditions_known.fails,), Status.UNKNOWN,
         "No type 1 diabetes among the diagnoses that could be read: {why}.", Confidence.LOW),
    Rule("unspecified-autoimmune", (field.unspecified.holds, field.insulin.holds, field.proof.holds),
         Status.NEEDS_JUDGEMENT, "Diabetes of unstated type on insulin, with {proof}.", Confidence.LOW),
    Rule("unspecified-open", (field.unspecified.holds, field.could_be_lifted.holds),
         Status.UNKNOWN, "Diabetes of unstated type; {why_open}.", Confidence.LOW),
    Rule("no-type-1", (), Status.NOT_MET, "No clinical type 1 diabetes is recorded ({recorded})."),
)  # fmt: skip


def find(chart: Chart) -> Finding:
    """Return how the recorded kinds of diabetes, the drugs and the laboratory fit type 1 diabetes."""
    kinds = _Kinds(chart)
    drugs = _Drugs(chart)
    c_peptide = _c_peptide(chart)
    antibodies = _antibodies(chart)
    known, why = _conditions_known(chart)
    why_unseen = unseen(chart, *chart.this.value_sets.values()) or _labs_unseen(chart) or _surgery_unseen(chart)
    insulin = bool(drugs.insulin or kinds.insulin_use)
    proof = [*antibodies, *(r.evidence() for r in c_peptide if _below(chart, r))]
    fact: dict[str, FactValue] = {
        "type_1": kinds.type_1,
        "mixed_codes": kinds.mixed,
        "atypical": bool(kinds.atypical),
        "pancreas_surgery": bool(kinds.pancreas or _procedures(chart)),
        "other_kind": kinds.other_kind,
        **_share(chart, kinds),
        "single_code": not kinds.on_active_problem_list and len(kinds.days_1) < chart.limit("code_days"),
        "insulin": insulin,
        "other_drugs": bool(drugs.against or (kinds.oral_use and not drugs.neutral)),
        "untreated_by_insulin": drugs.visible and bool(drugs.neutral),
        "c_peptide_high": _high_years_later(chart, kinds.certain, c_peptide),
        "all_seen": not why_unseen,
        "conditions_known": known,
        "unspecified": bool(kinds.unspecified),
        "proof": bool(proof),
        "could_be_lifted": _could_be_lifted(chart, insulin, drugs.visible),
    }
    return Finding(
        fact=fact,
        words={
            "kinds": ", ".join(sorted({d.evidence().display for d in (*kinds.atypical, *kinds.other)})),
            "days_1": count(len(kinds.days_1), "day"),
            "days_2": count(len(kinds.days_2), "day"),
            "drugs": ", ".join(sorted({o.name for o in (*drugs.against, *drugs.neutral)})) or "other drugs",
            "why": why,
            "why_unseen": why_unseen,
            "why_no_insulin": f": {drugs.why}" if drugs.why else "",
            "why_open": "treatment, antibodies and C-peptide are not all available to the service",
            "proof": "antibodies" if antibodies else "a low C-peptide",
            "recorded": kinds.summary(),
        },
        evidence=(*kinds.evidence(), *drugs.evidence(), *antibodies, *(r.evidence() for r in c_peptide[:1])),
        notes=_notes(chart, kinds, _supports(chart, kinds, drugs, antibodies, c_peptide)),
    )


def _supports(
    chart: Chart, kinds: _Kinds, drugs: _Drugs, antibodies: Sequence[Evidence], c_peptide: Sequence[Result]
) -> list[str]:
    """Return what else supports type 1 diabetes, insulin apart. It does not decide."""
    found = {
        "positive islet antibodies": antibodies,
        "a low C-peptide": c_peptide and _below(chart, c_peptide[0]),
        "glucagon ordered": drugs.glucagon,
        "ketoacidosis or a hyperosmolar state recorded": diagnoses(chart, chart.value_set("dka_hhs")),
        "a diagnosis that presupposes it": kinds.indirect,  # it is not named, for it is sensitive
    }
    return [words for words, there in found.items() if there]


def _notes(chart: Chart, kinds: _Kinds, supports: Sequence[str]) -> list[str]:
    """Return remarks on a recorded type 1 diabetes."""
    notes = []
    if neonatal_diagnosis(chart, kinds.certain):
        notes.append("Onset is recorded in the first months of life, which suggests another kind.")
    if kinds.certain and supports:
        notes.append(f"Also in support: {', '.join(supports)}.")
    return notes


class _Kinds:
    """The recorded diagnoses of diabetes, sorted by kind."""

    def __init__(self, chart: Chart) -> None:
        sets = chart.value_set
        found = diagnoses(chart, sets("t1dm_review"))
        self.atypical: list[Diagnosis] = [d for d in found if d.confirmed]
        atypical = {d.condition.reference for d in found}
        type_1 = [d for d in diagnoses(chart, sets("t1dm")) if d.condition.reference not in atypical]
        self.certain = [d for d in type_1 if d.certain]
        self.doubtful = [d for d in (*type_1, *found) if not d.certain and d not in self.atypical]
        self.type_2 = [d for d in diagnoses(chart, sets("t2dm")) if d.certain]
        self.other = [d for d in diagnoses(chart, sets("other_diabetes")) if d.confirmed or d.course is not Course.PAST]
        self.presymptomatic = diagnoses(chart, sets("presymptomatic_t1dm"))
        self.unspecified = [d for d in diagnoses(chart, sets("unspecified_diabetes")) if d.confirmed]
        self.gestational = diagnoses(chart, sets("gestational_diabetes"))
        self.indirect = diagnoses(chart, sets("t1dm_indirect"))
        used = diagnoses(chart, sets("insulin_use"))
        self.insulin_use = [d for d in used if d.certain and d.course is not Course.PAST]
        self.oral_use = [d for d in diagnoses(chart, sets("oral_hypoglycemic_use")) if d.certain and d.current]
        self.pancreas = diagnoses(chart, sets("pancreas_surgery"))
        self.mixed = any(_is_mixed(chart, d) for d in self.certain)
        self.days_1, self.days_2 = _code_days(self.certain), _code_days(self.type_2)

    @property
    def type_1(self) -> str:
        if self.certain:
            return "confirmed"
        return "doubtful" if self.doubtful else "none"

    @property
    def on_active_problem_list(self) -> bool:
        return any(d.current and d.on_problem_list for d in self.certain)

    @property
    def other_kind(self) -> str:
        if not self.other:
            return "none"
        return "past" if all(d.course is Course.PAST for d in self.other) else "present"

    def evidence(self) -> tuple[Evidence, ...]:
        shown = (*self.certain, *self.doubtful, *self.atypical, *self.other, *self.type_2, *self.presymptomatic,
                 *self.unspecified, *self.insulin_use, *self.oral_use, *self.pancreas)  # fmt: skip
        return tuple(dict.fromkeys(evidence_of(shown)))

    def summary(self) -> str:
        if self.presymptomatic:
            return "only a presymptomatic stage"
        for found, words in ((self.type_2, "type 2 or unspecified"), (self.other, "another kind of diabetes"),
                             (self.unspecified, "diabetes of unstated type"),
                             (self.gestational, "gestational diabetes")):  # fmt: skip
            if found:
                return f"{words} only"
        return "no diabetes among the diagnoses"


def _is_mixed(chart: Chart, diagnosis: Diagnosis) -> bool:
    """True when one Condition carries a type 1 code and a code, or a name, of another kind."""
    concept = diagnosis.condition.code
    kinds = [chart.value_set(name) for name in ("t2dm", "other_diabetes", "t1dm_review", "presymptomatic_t1dm")]
    return any(kind.find(concept) or (concept and kind.find_named(concept.text)) for kind in kinds)


def _code_days(found: Sequence[Diagnosis]) -> set[str]:
    """Return the distinct days: recorded, else onset, else the encounter's start; undated ones count once."""
    days = set()
    for diagnosis in found:
        moment = diagnosis.recorded or diagnosis.onset or diagnosis.encountered
        days.add(str(moment.days) if moment else "undated")
    return days


def _share(chart: Chart, kinds: _Kinds) -> dict[str, int | None]:
    total = len(kinds.days_1) + len(kinds.days_2)
    share = Interval.exactly(Fraction(len(kinds.days_1), total)) if total else None
    return scaled({"share": share}, {"majority": chart.limit("share")})


class _Drugs:
    """Drugs for diabetes that are taken now."""

    def __init__(self, chart: Chart) -> None:
        self.insulin = _taken(chart, "insulin")
        insulin = {order.resource.reference for order in self.insulin}
        self.against = [
            order
            for order in (*_taken(chart, "sglt2_glp1"), *_taken(chart, "glucose_lowering_other"))
            if order.resource.reference not in insulin
        ]
        self.neutral = _taken(chart, "metformin_pramlintide")
        self.glucagon = _taken(chart, "glucagon")
        seen = visibility(chart)
        self.visible, self.why = seen.complete, seen.why

    def evidence(self) -> tuple[Evidence, ...]:
        return tuple(order.evidence() for order in (*self.insulin, *self.against, *self.neutral, *self.glucagon))


def _taken(chart: Chart, name: str) -> list[Order]:
    return [order for order in orders(chart, chart.value_set(name)) if order.active]


def _conditions_known(chart: Chart) -> tuple[bool, str]:
    """Return whether a type 1 diagnosis that is there would have been seen."""
    for name in ("problems", "diagnoses"):
        search = chart.search(name)
        if not search.complete and not (name == "diagnoses" and search.state in ("not-asked", "unsupported")):
            return False, search.reason or f"the {name} are not available to the service"
    if chart.record.unreadable_of("Condition", chart.value_set("t1dm")):
        return False, "a diagnosis could not be read"
    return True, ""


def _labs_unseen(chart: Chart) -> str:
    """Say why a C-peptide that speaks against type 1 may be missing."""
    return lost(chart, "labs")


def _surgery_unseen(chart: Chart) -> str:
    """Say why a transplant or removal of the pancreas may be missing."""
    return lost(chart, "procedures") or unread(chart, "Procedure", chart.value_set("pancreas_surgery"))


def _could_be_lifted(chart: Chart, insulin: bool, drugs_visible: bool) -> bool:
    """True when data that are not here yet could still turn unstated diabetes into a question for a clinician."""
    return (insulin or not drugs_visible) and not chart.search("labs").complete


def _procedures(chart: Chart) -> bool:
    surgery = chart.value_set("pancreas_surgery")
    return any(
        (p.status or "").strip().lower() == "completed" and (surgery.find(p.code) or surgery.find_text(p.code))
        for p in chart.record.procedures
    )


def _c_peptide(chart: Chart) -> list[Result]:
    """Return usable C-peptide results, newest first."""
    sets = (chart.value_set("c_peptide_fasting"), chart.value_set("c_peptide_unstated"))
    found = [r for value_set in sets for r in results(chart, value_set, chart.analyte("c_peptide"))]
    usable = [r for r in found if r.interval and not r.preliminary and r.when]
    return sorted(usable, key=lambda r: (r.when.end if r.when else 0, r.observation.reference), reverse=True)


def _below(chart: Chart, result: Result) -> bool:
    return result.interval is not None and result.interval.wholly_below(chart.limit("c_peptide_support"))


def _high_years_later(chart: Chart, certain: Sequence[Diagnosis], found: Sequence[Result]) -> bool:
    """True when the newest C-peptide is high, at least three years after the disease was there."""
    if not found or found[0].interval is None or found[0].when is None:
        return False
    if not found[0].interval.wholly_above(chart.limit("c_peptide_against")):
        return False
    since = _first_seen(certain)
    years = int(chart.limit("c_peptide_against_duration"))
    return since is not None and add_years(since, years) <= found[0].when.days.first


def _first_seen(certain: Sequence[Diagnosis]) -> date | None:
    return min((d.when.days.last for d in certain if d.when), default=None)


def _antibodies(chart: Chart) -> list[Evidence]:
    """Return positive islet antibodies, whenever they were measured."""
    positive, negative = chart.value_set("positive_results"), chart.value_set("negative_results")
    found = chart.record.retrieve_observations(chart.value_set("diabetes_autoantibodies"))
    return [
        Evidence(r.observation.reference, r.match.row.display, "positive", None, r.observation.effective_date_time)
        for r in found
        if (r.observation.status or "").strip().lower() in USABLE
        and is_own(chart, r.observation)
        and not _is_future(chart, r.observation)
        and reading(r.value, positive, negative) is Reading.POSITIVE
    ]


def _is_future(chart: Chart, observation: Observation) -> bool:
    when, _confidence = effective(chart, observation)
    return when is not None and when.days.first > chart.on
