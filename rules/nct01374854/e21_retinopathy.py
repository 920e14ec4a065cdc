"""E21: active proliferative diabetic retinopathy or macular edema, in either eye.

A current diagnosis, or an examination of the last year that found it, excludes. Disease that is stable, over,
not confirmed or not specified, and laser or injections of the last year, need a clinician. Clear only when
both eyes were examined in the last year; nonproliferative retinopathy does not exclude.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rules.answers import Newest, Reader, answers, newest
from rules.arrivals import lost, unread
from rules.assessment import Basis, Confidence, Evidence, Status
from rules.criterion import Chart, Coverage, Finding
from rules.decision import Rule, field
from rules.diagnoses import Diagnosis, absence, all_read, diagnoses, evidence_of
from rules.diagnosis_states import by_course, named
from rules.encounters import has_words
from rules.medications import Use, orders
from rules.nct01374854.retina_words import Said, read_words
from rules.procedures import Done, procedures, when_done
from rules.resources import Value
from rules.value_sets import ValueSet

_LEFT, _RIGHT = field.left, field.right

RULES = (
    Rule("diagnosis", (field.active.holds,), Status.MET,
         "Proliferative retinopathy or macular edema is recorded: {active}."),
    Rule("graded-proliferative-left", (_LEFT.equals("disease"),), Status.MET,
         "The examination found proliferative retinopathy or macular edema: {grades}."),
    Rule("graded-proliferative-right", (_RIGHT.equals("disease"),), Status.MET,
         "The examination found proliferative retinopathy or macular edema: {grades}."),
    Rule("macula", (field.macula.equals("disease"),), Status.MET,
         "The examination found macular edema or proliferative retinopathy: {grades}."),
    Rule("questionable", (field.questionable.holds,), Status.NEEDS_JUDGEMENT,
         "Stable, over, not confirmed or not specified: {questionable}."),
    Rule("treated", (field.treated.holds,), Status.NEEDS_JUDGEMENT,
         "Laser or injections for the retina in the last {treatment_window}: {treated}."),
    Rule("conflict", (field.conflict.holds,), Status.NEEDS_JUDGEMENT, "Examinations disagree: {why}."),
    Rule("doubtful", (field.doubtful.holds,), Status.NEEDS_JUDGEMENT,
         "The examination does not say plainly whether there is proliferative retinopathy or macular edema: {grades}."),
    Rule("not-all-seen", (field.seen.fails,), Status.UNKNOWN,
         "Retinopathy or macular edema cannot be excluded: {unseen}."),
    Rule("graded", (_LEFT.equals("clear"), _RIGHT.equals("clear")), Status.NOT_MET,
         "Both eyes were examined, no proliferative retinopathy: {grades}.", Confidence.MODERATE),
    Rule("examined", (field.examined.equals("both"), field.diagnoses_recorded.holds), Status.NOT_MET,
         "The retina was examined ({grades}); proliferative retinopathy or macular edema is not recorded.",
         Confidence.MODERATE, Basis.ABSENCE),
    Rule("one-eye", (field.examined.equals("one"),), Status.UNKNOWN,
         "Only one eye was examined in the last {exam_window}: {grades}."),
    Rule("unknown", (), Status.UNKNOWN, "No examination of both eyes that decides: {why}."),
)  # fmt: skip

_EYES = ("left", "right")
_SETS = ("proliferative_retinopathy", "macular_edema", "retinopathy_quiescent", "retinopathy_unspecific")


class Retina(StrEnum):
    """What an examination says of the retina of one eye, or of the macula."""

    DISEASE = "disease"
    """Proliferative retinopathy or macular edema: either may stand in the answer on the other."""
    DOUBTFUL = "doubtful"
    """It names one of them and does not say plainly whether it is there."""
    CLEAR = "clear"
    """No retinopathy, or a grade below proliferative."""
    OTHER = "other"


def find(chart: Chart) -> Finding:
    """Return diagnoses of the retina, treatments, and the examinations of the last year."""
    active, questionable, harmless = _diagnoses(chart)
    read = _reader(chart)
    grades = {eye: _newest(chart, f"retinopathy_grade_{eye}", read) for eye in _EYES}
    macula = _newest(chart, "macula_findings", read)
    exams = _Exams(chart, grades)
    treated = _treatments(chart)
    unseen, recorded = _unseen(chart), absence(chart, *_value_sets(chart))
    shown = [*(n for n in (*grades.values(), macula) if n.shown)]
    return Finding(
        fact={
            "active": bool(active),
            **{eye: grade.says for eye, grade in grades.items()},
            "macula": macula.says,
            "questionable": bool(questionable),
            "treated": bool(treated),
            "doubtful": any(n.says == Retina.DOUBTFUL for n in (*grades.values(), macula)),
            "conflict": any(n.says == "conflict" for n in (*grades.values(), macula)),
            "seen": not unseen,
            "examined": exams.eyes,
            "diagnoses_recorded": recorded.counts,
        },
        words={
            "active": named(active),
            "questionable": named(questionable),
            "treated": "; ".join(_words(item) for item in treated),
            "treatment_window": str(chart.window("treatment")),
            "exam_window": str(chart.window("decide")),
            "grades": "; ".join([*(str(n.shown[0]) for n in shown), *(_words(d.evidence()) for d in exams.done)]),
            "unseen": unseen,
            "why": _why(chart, grades, macula, exams, recorded.why),
        },
        evidence=(
            *evidence_of([*active, *questionable, *harmless]),
            *(item for n in shown for item in n.evidence()),
            *(done.evidence() for done in exams.done),
            *treated,
        ),
    )


def _words(item: Evidence) -> str:
    return item.display + (f", {item.date[:10]}" if item.date else "")


# -- diagnoses and treatments ----------------------------------------------------------------------------


def _value_sets(chart: Chart) -> list[ValueSet]:
    return [chart.value_set(name) for name in _SETS]


def _diagnoses(chart: Chart) -> tuple[list[Diagnosis], list[Diagnosis], list[Diagnosis]]:
    """Return diagnoses that exclude, those for a clinician to weigh, and nonproliferative retinopathy."""
    nonproliferative = chart.value_set("nonproliferative_retinopathy")
    proliferative, edema, quiescent, unspecific = _value_sets(chart)
    active = by_course(_not_denied(diagnoses(chart, edema, proliferative), nonproliferative, edema))
    vague = _not_denied(diagnoses(chart, quiescent, unspecific), nonproliferative, edema)
    contradicted = [
        d for d in active.current
        if (proliferative.find(d.condition.code) and nonproliferative.find(d.condition.code))
        or quiescent.find(d.condition.code)
    ]  # fmt: skip
    current = [d for d in active.current if d not in contradicted]
    excluding = {id(d.condition) for d in current}
    weighed = {id(d.condition): d for d in (*contradicted, *active.questionable, *active.past, *vague)}
    return (
        current,
        [d for key, d in weighed.items() if key not in excluding],
        diagnoses(chart, nonproliferative),
    )


def _not_denied(found: Iterable[Diagnosis], nonproliferative: ValueSet, edema: ValueSet) -> list[Diagnosis]:
    """Leave out diagnoses in words that say "nonproliferative", unless they also speak of macular edema."""
    return [
        d
        for d in found
        if not (d.by_text and nonproliferative.find_text(d.condition.code) and not edema.find_text(d.condition.code))
    ]


def _treatments(chart: Chart) -> list[Evidence]:
    """Return laser, injections and injected drugs of the window, or of a date that does not tell."""
    window = chart.window("treatment")
    done = [d for d in procedures(chart, chart.value_set("retina_laser")) if _recent(when_done(chart, d, window))]
    drugs = [
        order
        for order in orders(chart, chart.value_set("anti_vegf"))
        if order.use is not Use.PAST or order.since is None or _recent(window.covers(order.since.days, chart.on))
    ]
    return [*(d.evidence() for d in done), *(order.evidence() for order in drugs)]


def _recent(coverage: Coverage) -> bool:
    return coverage is not Coverage.OUTSIDE


# -- examinations ----------------------------------------------------------------------------------------


def _newest(chart: Chart, name: str, read: Reader) -> Newest:
    found = answers(chart, chart.value_set(name), read)
    return newest(found, chart.on, chart.window("decide"), chart.window("shown"))


def _reader(chart: Chart) -> Reader:
    """Return how an answer is read: the disease by code or words, then a grade below proliferative."""
    diseases = [chart.value_set(n) for n in ("grade_proliferative", "proliferative_retinopathy", "macular_edema")]
    clear = chart.value_set("grade_not_proliferative")

    def read(value: Value) -> Retina:
        answer, words = value.value_codeable_concept, _text(value)
        said = read_words(words, diseases)
        if said is Said.PRESENT or any(disease.find(answer) for disease in diseases):
            return Retina.DISEASE
        if said is Said.DOUBTFUL:
            return Retina.DOUBTFUL
        return Retina.CLEAR if clear.find(answer) or clear.find_words(words, cues=False) else Retina.OTHER

    return read


def _text(value: Value) -> str | None:
    answer = value.value_codeable_concept
    return value.value_string or (answer.display if answer else None)


@dataclass(slots=True)
class _Exams:
    """Which eyes were examined in the window, by a grade below proliferative or by a procedure."""

    done: list[Done]
    eyes: str
    """both, one, or none."""

    def __init__(self, chart: Chart, grades: dict[str, Newest]) -> None:
        window = chart.window("decide")
        self.done = [
            d
            for d in procedures(chart, chart.value_set("eye_exam"))
            if d.when and when_done(chart, d, window) is Coverage.INSIDE
        ]
        seen = {eye for eye, grade in grades.items() if grade.says == Retina.CLEAR}
        seen |= {eye for done in self.done for eye in _eyes_of(chart, done)}
        self.eyes = {0: "none", 1: "one"}.get(len(seen), "both")


def _eyes_of(chart: Chart, done: Done) -> Sequence[str]:
    """Return the eyes that a procedure was done on: both, unless its body site names one."""
    sites = done.procedure.body_site or ()
    sets = {eye: chart.value_set(f"{eye}_eye") for eye in _EYES}
    named_eyes = [
        eye for eye, sites_of in sets.items() if any(sites_of.find(s) or has_words(s, sites_of) for s in sites)
    ]
    return named_eyes or _EYES


def _why(chart: Chart, grades: dict[str, Newest], macula: Newest, exams: _Exams, unrecorded: str) -> str:
    reasons: Iterable[str] = (
        *(f"{eye} eye: {_reason(grade)}" for eye, grade in grades.items() if grade.says != Retina.CLEAR),
        *([f"macula: {macula.why}"] if macula.says == "conflict" else ()),
        unrecorded if exams.done else f"no other examination of the retina in the last {chart.window('decide')}",
    )
    return "; ".join(reason for reason in reasons if reason)


def _reason(grade: Newest) -> str:
    return grade.why or f"the answer is not understood ({grade.answer.reported if grade.answer else 'none'})"


def _unseen(chart: Chart) -> str:
    """Say why disease, its treatment or its grade may be recorded without having been seen."""
    observed = [
        chart.value_set(name) for name in ("retinopathy_grade_left", "retinopathy_grade_right", "macula_findings")
    ]
    return (
        all_read(chart, *_value_sets(chart)).why
        or lost(chart, "labs", "exams", "medications", "medication-statements", "procedures")
        or unread(chart, "Observation", *observed)
        or unread(chart, "Procedure", chart.value_set("retina_laser"))
        or unread(chart, "MedicationRequest")
        or unread(chart, "MedicationStatement")
    )
