"""E10: active abuse of alcohol or drugs, smoking included.

The newest smoking status decides for tobacco; a tobacco problem excludes too, unless a newer status denies
it. Abuse of or dependence on alcohol or drugs excludes while it is not in remission. Screening scores, other
nicotine, drugs for dependence and treated opioid use disorder need judgement.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rules.answers import Newest, answers, newest
from rules.assessment import Confidence, Evidence, Status
from rules.criterion import Chart, Coverage, Finding
from rules.datatypes import LONGEST_VALUE
from rules.dates import Moment
from rules.decision import FactValue, Rule, field
from rules.diagnoses import Course, Diagnosis, absence, diagnoses
from rules.measurements import Selection
from rules.measurements import newest as newest_result
from rules.medications import Use, all_read, orders
from rules.panel import sides
from rules.quantities import TooFine, scaled
from rules.resources import Value
from rules.results import results
from rules.sex import Sex, sex_of
from rules.value_sets import ValueSet

RULES = (
    Rule("smokes", (field.smoking.equals("current"),), Status.MET,
         "Smokes: {smoking}."),
    Rule("tobacco-problem", (field.tobacco >= 1,), Status.MET,
         "Tobacco use or dependence is recorded: {tobacco}."),
    Rule("disorder", (field.disorders >= 1,), Status.MET,
         "Abuse of or dependence on alcohol or drugs is recorded: {disorders}."),
    Rule("smoking-conflict", (field.smoking.equals("conflict"),), Status.NEEDS_JUDGEMENT,
         "Smoking status: {why_smoking}."),
    Rule("smoking-unclear", (field.smoking.equals("unclear"),), Status.NEEDS_JUDGEMENT,
         "The smoking status does not tell whether or what is smoked now: {smoking}."),
    Rule("other-nicotine", (field.smoking.equals("other"),), Status.NEEDS_JUDGEMENT,
         "Nicotine other than by smoking: {smoking}."),
    Rule("older-tobacco-problem", (field.denied >= 1,), Status.NEEDS_JUDGEMENT,
         "Tobacco use is on file, but a status that may be newer denies it: {denied}; {smoking}."),
    Rule("alcohol-score", (field.score_low >= field.score_from,), Status.NEEDS_JUDGEMENT,
         "Alcohol screening score {score}, at or above {score_from}."),
    Rule("drinks", (field.drinks_low > 0,), Status.NEEDS_JUDGEMENT,
         "Alcohol is drunk: {drinks}."),
    Rule("hints", (field.hints >= 1,), Status.NEEDS_JUDGEMENT,
         "For a person to judge: {hints}.", Confidence.MODERATE),
    Rule("not-all-seen", (field.seen.fails,), Status.UNKNOWN,
         "Smoking: {smoking}. Abuse of alcohol or drugs cannot be excluded: {why_unseen}."),
    Rule("does-not-smoke", (field.smoking.equals("none"),), Status.NOT_MET,
         "Does not smoke: {smoking}. No abuse of alcohol or drugs is recorded.", Confidence.MODERATE),
    Rule("smoking-not-known", (), Status.UNKNOWN, "Smoking status: {why_smoking}."),
)  # fmt: skip


class Smoking(StrEnum):
    """What a smoking status says."""

    CURRENT = "current"
    NONE = "none"
    OTHER = "other"
    UNCLEAR = "unclear"
    NOT_KNOWN = "not-known"


_SETS = {
    Smoking.NOT_KNOWN: "smoking_not_known",
    Smoking.OTHER: "other_nicotine",
    Smoking.NONE: "smoking_none",
    Smoking.CURRENT: "smoking_current",
    Smoking.UNCLEAR: "smoking_unclear",
}
"""In the order in which words are tried: "former cigarette smoker" is no current smoker."""

_DENIALS = (Smoking.NONE, Smoking.NOT_KNOWN)


class Alcohol(StrEnum):
    """What a history of alcohol use says."""

    SOME = "some"
    NONE = "none"


def find(chart: Chart) -> Finding:
    """Return the newest smoking status, recorded problems and disorders, and hints for a person."""
    statuses = answers(chart, chart.value_set("smoking_status"), lambda value: says(chart, value))
    smoking = newest(statuses, chart.on, chart.window("decide"), chart.window("shown"))
    problems = _Problems(chart, newest(statuses, chart.on, chart.window("decide")))
    score, drinks = _number(chart, "audit_c"), _number(chart, "drinks_per_day", "drinks")
    hints = [*problems.hints, *_drugs(chart), *_alcohol_use(chart)]
    seen = _unseen(chart)
    return Finding(
        fact={
            "smoking": smoking.says,
            "tobacco": len(problems.tobacco),
            "denied": len(problems.denied),
            "disorders": len(problems.disorders),
            "hints": len(hints),
            "seen": not seen,
            **_numbers(chart, score, drinks),
        },
        words={
            "smoking": str(smoking.answer) if smoking.answer else f"no status ({smoking.why})",
            "why_smoking": smoking.why or f"{smoking.answer} tells nothing",
            "tobacco": _names(problems.tobacco),
            "denied": _names(problems.denied),
            "disorders": _names(problems.disorders),
            "hints": "; ".join(f"{hint.display}, {hint.value}" for hint in hints),
            "score": score.words()["value"],
            "score_from": str(chart.limit(_score_limit(chart))),
            "drinks": f"{drinks.words()['value']} ({drinks.words()['date']})",
            "why_unseen": seen,
        },
        evidence=(
            *smoking.evidence(),
            *(d.evidence() for d in (*problems.tobacco, *problems.denied, *problems.disorders)),
            *score.evidence(),
            *drinks.evidence(),
            *hints,
        ),
        confidence=_confidence(chart, smoking, problems),
    )


def _names(found: Sequence[Diagnosis]) -> str:
    items = [d.evidence() for d in found]
    return "; ".join(f"{i.display}, {i.value}" + (f", {i.date[:10]}" if i.date else "") for i in items)


# -- smoking ---------------------------------------------------------------------------------------------


def says(chart: Chart, value: Value) -> Smoking:
    """Return what a status says: by its code, else by its words; codes that disagree are unclear."""
    if value.value_boolean is not None:
        return Smoking.UNCLEAR if value.value_boolean else Smoking.NONE
    answer = value.value_codeable_concept
    coded = [meaning for meaning, name in _SETS.items() if chart.value_set(name).find(answer)]
    if coded:
        return coded[0] if len(coded) == 1 else Smoking.UNCLEAR
    words = (answer.display if answer else value.value_string) or ""
    said = _in_words(chart, words)
    return _beside_none(chart, words) if said is Smoking.NONE else said


def _beside_none(chart: Chart, words: str) -> Smoking:
    """Return what a status says of which a part denies smoking: each part must, or it is for a person to weigh."""
    parts = {_in_words(chart, part) for part in _PART.split(words)} & {Smoking.CURRENT, Smoking.OTHER, Smoking.UNCLEAR}
    if parts == {Smoking.OTHER}:
        return Smoking.OTHER
    return Smoking.UNCLEAR if parts or _NOT_QUIT.search(words) else Smoking.NONE


_PART = re.compile(r"[;,.]|\b(?:but|now)\b", re.IGNORECASE)
"""Where one part of a status ends: "former cigarette smoker, cigar smoker" says two things."""
_NOT_QUIT = re.compile(
    r"(?:\b(?:never|not|to)|n['\u2019]t)\s+(?:(?:yet|ever|fully|really|completely)\s+)?(?:quit|stop(?:ped)?)\b",
    re.IGNORECASE,
)
"""Who has "not quit smoking" or "wants to quit smoking" smokes."""


def _in_words(chart: Chart, words: str) -> Smoking:
    return next((meaning for meaning in _SETS if _has_words(chart, meaning, words)), Smoking.NOT_KNOWN)


def _has_words(chart: Chart, meaning: Smoking, words: str | None) -> bool:
    found = chart.value_set(_SETS[meaning]).find_words(words, cues=meaning not in _DENIALS)
    return found is not None


# -- diagnoses -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Diagnoses that exclude, and those that a person must look at."""

    excluding: list[Diagnosis]
    doubtful: list[Diagnosis]


def _sorted(chart: Chart, *value_sets: ValueSet) -> _Sorted:
    """Sort problems that are not over: certain and current ones exclude, the others are doubtful.

    An entry that has a code of remission as well, or whose text speaks of it, contradicts itself.
    """
    found = [d for d in diagnoses(chart, *value_sets) if d.course is not Course.PAST and d.impossible_onset is None]
    agreed = [d for d in found if d.certain and not _is_remitted(chart, d)]
    sure = [d for d in agreed if d.current or _recent(chart, d)]
    return _Sorted(sure, [d for d in found if d not in sure])


def _is_remitted(chart: Chart, diagnosis: Diagnosis) -> bool:
    """True for a code of remission, or a clause that speaks of it or of the past of the disorder itself."""
    remission, code = chart.value_set("substance_remission"), diagnosis.condition.code
    over = _SMOKED if chart.value_set("tobacco_problem").find(code) else _ABUSED
    clauses = _CLAUSE.split(code.text or "") if code else []
    return remission.find(code) is not None or any(
        (remission.mentions(clause) and not _NOT.search(clause)) or over.search(clause[:LONGEST_VALUE])
        for clause in clauses
    )


_CLAUSE = re.compile("[;,.]")
_NOT = re.compile(r"\b(?:no|not|never)\b", re.IGNORECASE)
_WAS = r"\b(?:history of|h/o|hx of|former)\b(?:\W*\Z|.*\b(?:dependen|addict|abus|misus|use\b|user|{}))"
_ABUSED = re.compile(_WAS.format("alcoholi|drink"), re.IGNORECASE | re.DOTALL)
_SMOKED = re.compile(_WAS.format("smok"), re.IGNORECASE | re.DOTALL)
"""A "history of overdose", or a former smoker with alcohol dependence, is no end of the dependence."""


def _recent(chart: Chart, diagnosis: Diagnosis) -> bool:
    when = diagnosis.when
    return when is not None and chart.window("decide").covers(when.days, chart.on) is Coverage.INSIDE


class _Problems:
    """Recorded tobacco problems and substance disorders, sorted by what they mean."""

    def __init__(self, chart: Chart, smoking: Newest) -> None:
        sets = chart.value_set
        tobacco = _sorted(chart, sets("tobacco_problem"), sets("smoking_current"))
        other = _sorted(chart, sets("other_nicotine"), sets("smoking_unclear"))
        drugs = _sorted(chart, sets("substance_disorder"))
        opioids = _sorted(chart, sets("opioid_disorder"))
        treated = opioids.excluding if _treats_opioids(chart) else []
        caffeine = [d for d in drugs.excluding if _is_caffeine(chart, d)]
        self.denied = [d for d in tobacco.excluding if _denied_later(d, smoking)]
        self.tobacco = [d for d in tobacco.excluding if d not in self.denied]
        self.disorders = [d for d in (*drugs.excluding, *opioids.excluding) if d not in caffeine and d not in treated]
        doubtful = [*tobacco.doubtful, *other.excluding, *other.doubtful, *drugs.doubtful, *opioids.doubtful]
        self.hints: list[Evidence] = [d.evidence() for d in (*doubtful, *treated, *caffeine)]


def _denied_later(problem: Diagnosis, smoking: Newest) -> bool:
    """True when the newest status denies smoking and the problem was not certainly recorded after it."""
    answer = smoking.answer
    if answer is None or answer.says != Smoking.NONE or answer.when is None:
        return False
    asserted: Moment | None = problem.recorded or problem.encountered or problem.onset
    return asserted is None or asserted.days.first <= answer.when.days.last


def _is_caffeine(chart: Chart, diagnosis: Diagnosis) -> bool:
    code = diagnosis.condition.code
    names: Iterable[str | None] = (code.text, *(c.display for c in code.codings)) if code else ()
    return any(chart.value_set("caffeine").mentions(name) for name in names)


def _treats_opioids(chart: Chart) -> bool:
    return any(order.use is not Use.PAST for order in orders(chart, chart.value_set("opioid_treatment")))


# -- hints -----------------------------------------------------------------------------------------------


def _drugs(chart: Chart) -> list[Evidence]:
    found = orders(chart, chart.value_set("dependence_drugs"))
    return [order.evidence() for order in found if order.use is not Use.PAST]


def _alcohol_use(chart: Chart) -> list[Evidence]:
    """Return the newest history of alcohol use unless it says none."""

    def read(value: Value) -> Alcohol:
        none, answer = chart.value_set("alcohol_none"), value.value_codeable_concept
        words = answer.display if answer else value.value_string
        denied = none.find(answer) or none.find_words(words, cues=False) or value.value_boolean is False
        return Alcohol.NONE if denied else Alcohol.SOME

    found = newest(answers(chart, chart.value_set("alcohol_use"), read), chart.on, chart.window("decide"))
    return list(found.evidence()) if found.says in (Alcohol.SOME, "conflict") else []


def _number(chart: Chart, name: str, analyte: str | None = None) -> Selection:
    value_set = chart.value_set(name)
    return newest_result(
        chart,
        results(chart, value_set, chart.analyte(analyte or name)),
        sides(chart.limit(_score_limit(chart))),
        decide=chart.window("decide"),
        shown_for=chart.window("shown"),
        value_sets=[value_set],
        search="social",
    )


def _score_limit(chart: Chart) -> str:
    """Return the limit for the sex; the lower one where the sex is not known."""
    return "audit_c_male" if sex_of(chart) is Sex.MALE else "audit_c_female"


def _numbers(chart: Chart, score: Selection, drinks: Selection) -> dict[str, FactValue]:
    limit = {"score_from": chart.limit(_score_limit(chart))}
    try:
        return {**scaled({"score": score.interval, "drinks": drinks.interval}, limit)}
    except TooFine:
        return {**scaled({"score": None, "drinks": None}, limit)}


# -- completeness ----------------------------------------------------------------------------------------

_DISEASES = ("tobacco_problem", "smoking_current", "other_nicotine", "smoking_unclear", "substance_disorder",
             "opioid_disorder")  # fmt: skip
_OBSERVED = ("smoking_status", "audit_c", "drinks_per_day", "alcohol_use")


def _unseen(chart: Chart) -> str:
    """Say why something that excludes may be missing; empty when all was seen."""
    social = chart.search("social")
    if not social.complete:
        return social.reason or "the social history is not available to the service"
    unreadable = chart.record.unreadable_of("Observation", *map(chart.value_set, _OBSERVED))
    if unreadable:
        return f"{len(unreadable)} entry(ies) of the social history could not be read"
    return absence(chart, *map(chart.value_set, _DISEASES)).why or all_read(chart).why


def _confidence(chart: Chart, smoking: Newest, problems: _Problems) -> Confidence:
    """A status in words alone is weak; with a diagnosis it need not be strong."""
    answer = smoking.answer
    if problems.tobacco or problems.disorders or answer is None:
        return Confidence.HIGH
    coded = any(chart.value_set(n).find(answer.value.value_codeable_concept) for n in _SETS.values())
    stated = coded or answer.value.value_boolean is not None
    return answer.confidence.at_most(Confidence.HIGH if stated else Confidence.LOW)
