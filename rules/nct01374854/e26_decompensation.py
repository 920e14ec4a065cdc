"""E26: acute or subacute decompensation of diabetes: ketoacidosis or a hyperosmolar state, by its date.

Up to 30 days ago excludes, up to 90 days needs a clinician, and so does an episode without a date that tells,
for old ones stay active on problem lists for years. Coma from low glucose and fresh laboratory signs need a
clinician too. A high glucose or HbA1c alone is no decompensation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction

from rules.answers import Answer, answers
from rules.arrivals import encounter_lost, unread
from rules.assessment import Basis, Confidence, Evidence, Status
from rules.causes import Cause
from rules.criterion import Chart, Coverage, Finding, Window
from rules.dates import Days
from rules.decision import Rule, field
from rules.diagnoses import Diagnosis, absence, diagnoses, evidence_of, has_category
from rules.diagnosis_states import named
from rules.measurements import usable
from rules.occurrences import happened, recorded
from rules.resources import Value
from rules.results import Result, results

RULES = (
    Rule("acute", (field.acute.holds,), Status.MET,
         "Ketoacidosis or a hyperosmolar state in the last {acute_window}: {acute}."),
    Rule("subacute", (field.subacute.holds,), Status.NEEDS_JUDGEMENT,
         "Ketoacidosis or a hyperosmolar state in the last {subacute_window}: {subacute}."),
    Rule("undated", (field.undated.holds,), Status.NEEDS_JUDGEMENT,
         "Ketoacidosis or a hyperosmolar state that may be recent, no date tells: {undated}."),
    Rule("doubtful", (field.doubtful.holds,), Status.NEEDS_JUDGEMENT,
         "Not confirmed, or in words only: {doubtful}."),
    Rule("hypoglycemic-coma", (field.coma.holds,), Status.NEEDS_JUDGEMENT,
         "Coma from low glucose that is or may be of the last {acute_window}: {coma}."),
    Rule("laboratory-signs", (field.signs.equals("yes"),), Status.NEEDS_JUDGEMENT,
         "Laboratory signs of ketoacidosis in the last {labs_window}: {signs}."),
    Rule("imprecise", (field.imprecise.holds,), Status.UNKNOWN,
         "The date of an episode does not tell how long ago it was: {imprecise}."),
    Rule("diagnoses-missing", (field.diagnoses_seen.fails,), Status.UNKNOWN,
         "An episode cannot be excluded: {unseen}."),
    Rule("laboratory-open", (field.signs.equals("open"),), Status.UNKNOWN,
         "Laboratory signs of ketoacidosis cannot be told from the last {labs_window}: {signs}."),
    Rule("laboratory-missing", (field.labs_seen.fails,), Status.UNKNOWN,
         "No episode is recorded; laboratory signs of the last {labs_window} cannot be seen: {labs_unseen}."),
    Rule("none", (), Status.NOT_MET,
         "No ketoacidosis or hyperosmolar state of the last {subacute_window} is recorded{older}.",
         Confidence.LOW, Basis.ABSENCE),
)  # fmt: skip


class Age(StrEnum):
    """How long ago an episode was."""

    ACUTE = "acute"
    SUBACUTE = "subacute"
    OLD = "old"
    UNDATED = "undated"
    """Without a date, only known to be no later than a recent one, or dated before it recurred."""
    IMPRECISE = "imprecise"


@dataclass(frozen=True, slots=True)
class _Episode:
    diagnosis: Diagnosis
    days: Days | None
    age: Age


def find(chart: Chart) -> Finding:
    """Return the episodes by age, comas from low glucose, and the laboratory signs of the last days."""
    sets = [chart.value_set("dka_hhs"), chart.value_set("hypoglycemic_coma")]
    acute_window, subacute_window = chart.window("acute"), chart.window("subacute")
    episodes = [_episode(chart, d, acute_window, subacute_window) for d in diagnoses(chart, sets[0])]
    comas = [_episode(chart, d, acute_window, acute_window) for d in diagnoses(chart, sets[1])]
    sure = [e for e in episodes if e.diagnosis.certain]
    groups = {
        "acute": _of(sure, Age.ACUTE),
        "subacute": _of(sure, Age.SUBACUTE),
        "undated": _of(sure, Age.UNDATED),
        "doubtful": [e for e in _of(episodes, Age.ACUTE, Age.SUBACUTE, Age.UNDATED) if not e.diagnosis.certain],
        "coma": _of(comas, Age.ACUTE, Age.UNDATED),
        "imprecise": _of([*episodes, *comas], Age.IMPRECISE),
    }
    signs, shown = _signs(chart)
    seen, labs_unseen = absence(chart, *sets), _labs_unseen(chart)
    old = [e.diagnosis for e in _of(episodes, Age.OLD)]
    return Finding(
        fact={
            **{name: bool(group) for name, group in groups.items()},
            "signs": signs,
            "diagnoses_seen": seen.counts,
            "labs_seen": not labs_unseen,
        },
        words={
            **{name: named(e.diagnosis for e in group) for name, group in groups.items()},
            "acute_window": str(acute_window),
            "subacute_window": str(subacute_window),
            "labs_window": str(chart.window("labs")),
            "signs": "; ".join(f"{item.display} {item.value}, {item.date}" for item in shown),
            "unseen": seen.why,
            "labs_unseen": labs_unseen,
            "older": f"; older: {named(old)}" if old else "",
        },
        evidence=(
            *evidence_of([e.diagnosis for e in (*episodes, *comas)]),
            *(shown if signs != "no" else ()),
        ),
        recheck_on=_recheck(groups["acute"], acute_window),
    )


def _of(episodes: Iterable[_Episode], *ages: Age) -> list[_Episode]:
    return [episode for episode in episodes if episode.age in ages]


# -- when ------------------------------------------------------------------------------------------------


def _episode(chart: Chart, diagnosis: Diagnosis, acute: Window, subacute: Window) -> _Episode:
    days = _days(chart, diagnosis)
    if days is None:
        return _Episode(diagnosis, None, _not_later(chart, diagnosis, subacute))
    within = subacute.covers(days, chart.on)
    if acute.covers(days, chart.on) is Coverage.INSIDE:
        return _Episode(diagnosis, days, Age.ACUTE)
    if within is Coverage.OUTSIDE and diagnosis.returned:
        return _Episode(diagnosis, None, Age.UNDATED)
    known = {Coverage.INSIDE: Age.SUBACUTE, Coverage.OUTSIDE: Age.OLD, Coverage.STRADDLES: Age.IMPRECISE}
    return _Episode(diagnosis, days, known[within])


def _days(chart: Chart, diagnosis: Diagnosis) -> Days | None:
    """Return the days of an episode: of its onset, else of the start of its encounter.

    The day on which a visit's diagnosis was recorded is that of the visit; on a problem list it is not.
    """
    days = happened(chart, diagnosis)
    if days is None and not encounter_lost(chart, diagnosis.condition):
        days = recorded(chart, diagnosis) if has_category(diagnosis.condition, "encounter-diagnosis") else None
    return days.capped(chart.on) if days else None


def _not_later(chart: Chart, diagnosis: Diagnosis, window: Window) -> Age:
    """Return OLD for an episode recorded or over before the window, whatever its own date."""
    over = chart.moment(diagnosis.condition.abatement_date_time)
    bounds = [moment.days.last for moment in (diagnosis.recorded, over) if moment]
    return Age.OLD if bounds and min(bounds) < window.start(chart.on) else Age.UNDATED


def _recheck(acute: Sequence[_Episode], window: Window) -> date | None:
    """Return the day after the window of the latest acute episode."""
    first = max((e.days.first for e in acute if e.days), default=None)
    return first + timedelta(days=(window.days or 0) + 1) if first else None


# -- laboratory ------------------------------------------------------------------------------------------

_LABS = ("blood_ph", "bicarbonate", "ketones_blood", "ketones_urine", "glucose")


def _labs_unseen(chart: Chart) -> str:
    labs = chart.search("labs")
    if not labs.complete:
        return labs.reason or "the labs are not available to the service"
    return unread(chart, "Observation", *(chart.value_set(name) for name in _LABS))


def _signs(chart: Chart) -> tuple[str, list[Evidence]]:
    """Return whether acid blood goes with ketones or high glucose (yes, no or open), and on what evidence."""
    acid = [*_beyond(chart, "blood_ph", "blood_ph", "ph", low=True),
            *_beyond(chart, "bicarbonate", "bicarbonate", "bicarbonate", low=True)]  # fmt: skip
    fuel = [*_beyond(chart, "ketones_blood", "ketones", "ketones", inclusive=True),
            *_beyond(chart, "glucose", "glucose", "glucose"), *_urine(chart)]  # fmt: skip
    states = [_any(acid), _any(fuel)]
    shown = [evidence for state, evidence in (*acid, *fuel) if state != "no"]
    if "no" in states:
        return "no", shown
    return ("yes" if states == ["yes", "yes"] else "open"), shown


_Sign = tuple[str, Evidence]


def _any(signs: Sequence[_Sign]) -> str:
    states = {state for state, _evidence in signs}
    return next((state for state in ("yes", "open") if state in states), "no")


_SAYS_NOTHING = frozenset({Cause.NO_VALUE, Cause.FUTURE, Cause.UNDATED})


def _beyond(
    chart: Chart, value_set: str, analyte: str, limit: str, *, low: bool = False, inclusive: bool = False
) -> list[_Sign]:
    """Return the results of the last days: whether each lies beyond its limit."""
    window, bound = chart.window("labs"), chart.limit(limit)
    signs = []
    for result in results(chart, chart.value_set(value_set), chart.analyte(analyte)):
        coverage = window.covers(result.when.days, chart.on) if result.when else Coverage.OUTSIDE
        if coverage is Coverage.OUTSIDE or result.problem in _SAYS_NOTHING:
            continue
        signs.append((_state(result, coverage, bound, low, inclusive), result.evidence()))
    return signs


def _state(result: Result, coverage: Coverage, bound: Fraction, low: bool, inclusive: bool) -> str:
    interval = result.interval
    if interval is None:
        return "open"
    beyond = interval.wholly_below if low else interval.wholly_above
    within = interval.wholly_above if low else interval.wholly_below
    if within(bound, not inclusive):
        return "no"
    certain = coverage is Coverage.INSIDE and usable(result)
    return "yes" if certain and beyond(bound, inclusive) else "open"


class _Ketones(StrEnum):
    RAISED = "yes"
    NOT_RAISED = "no"
    UNCLEAR = "open"


def _urine(chart: Chart) -> list[_Sign]:
    """Return what the ketone strips of the last days say."""
    raised, not_raised = chart.value_set("ketones_raised"), chart.value_set("ketones_not_raised")

    def read(value: Value) -> _Ketones:
        answer = value.value_codeable_concept
        text = value.value_string or (answer.display if answer else None)
        for answer_set, meaning in ((not_raised, _Ketones.NOT_RAISED), (raised, _Ketones.RAISED)):
            if answer_set.find(answer) or answer_set.find_words(text, cues=False):
                return meaning
        return _Ketones.UNCLEAR

    return [
        (_strip_state(answer, coverage), answer.evidence())
        for answer in answers(chart, chart.value_set("ketones_urine"), read)
        if answer.says and (coverage := _covers(chart, answer)) is not Coverage.OUTSIDE
    ]


def _strip_state(answer: Answer, coverage: Coverage) -> str:
    certain = coverage is Coverage.INSIDE and not answer.preliminary
    return answer.says if certain or answer.says == _Ketones.NOT_RAISED else _Ketones.UNCLEAR.value


def _covers(chart: Chart, answer: Answer) -> Coverage:
    return chart.window("labs").covers(answer.when.days, chart.on) if answer.when else Coverage.OUTSIDE
