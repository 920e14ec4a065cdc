"""E8: pregnancy, breast-feeding, contraception.

A pregnancy that may be going on, by test, status, due date or diagnosis, excludes; so does breast-feeding.
Contraception and intent can only be asked, so everyone else needs judgement. Only a woman who cannot bear a
child is clear. The women's part also applies to whoever the record shows as pregnant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from msgspec.structs import replace

from rules.answers import Answer, Newest, answers, final, newest, newest_first
from rules.assessment import Basis, Confidence, Evidence, Status
from rules.criterion import Chart, Coverage, Finding, Window
from rules.dates import Days, add_months
from rules.decision import Rule, field
from rules.diagnoses import Course, Diagnosis, all_read, diagnoses
from rules.gaps import gaps
from rules.measurements import near
from rules.procedures import procedures
from rules.qualitative import reading
from rules.quantities import Interval, plain, scaled
from rules.resources import Value
from rules.results import Result, read_result
from rules.sex import Sex, sex_of
from rules.value_sets import ValueSet

RULES = (
    Rule("positive", (field.test.equals("positive"),), Status.MET,
         "Pregnancy: {test}."),
    Rule("level-positive", (field.hcg_low >= field.hcg_positive,), Status.MET,
         "Pregnancy: {test}, at or above {hcg_positive}."),
    Rule("due", (field.due.holds,), Status.MET,
         "Pregnancy: {due}."),
    Rule("pregnancy-recorded", (field.pregnancies >= 1,), Status.MET,
         "A current pregnancy is recorded: {pregnancies}."),
    Rule("breast-feeding", (field.breast_feeding >= 1,), Status.MET,
         "Breast-feeding: {breast_feeding}."),
    Rule("test-conflict", (field.test.equals("conflict"),), Status.NEEDS_JUDGEMENT,
         "Pregnancy: {why_test}."),
    Rule("possible", (field.test.equals("possible"),), Status.NEEDS_JUDGEMENT,
         "Perhaps pregnant: {test}."),
    Rule("level-unclear", (field.test.equals("level"),), Status.NEEDS_JUDGEMENT,
         "Pregnancy cannot be excluded: {test}, not below {hcg_unclear}."),
    Rule("hints", (field.hints >= 1,), Status.NEEDS_JUDGEMENT,
         "For a person to judge: {hints}. {ask}", Confidence.MODERATE),
    Rule("not-all-seen", (field.woman.holds, field.not_childbearing >= 1, field.seen.fails), Status.UNKNOWN,
         "Not able to bear a child ({not_childbearing}), but pregnancy data are missing: {why_unseen}."),
    Rule("not-childbearing", (field.woman.holds, field.not_childbearing >= 1), Status.NOT_MET,
         "Not able to bear a child: {not_childbearing}."),
    Rule("sterilised", (field.sterilised >= 1,), Status.NEEDS_JUDGEMENT,
         "Sterilisation is recorded ({sterilised}); other contraception and intent: ask the person. {ask}",
         Confidence.MODERATE),
    Rule("ask-women", (field.women_apply.holds,), Status.NEEDS_JUDGEMENT,
         "{ask} Contraception and intent: ask the person.", Confidence.LOW, Basis.HUMAN),
    Rule("ask-men", (), Status.NEEDS_JUDGEMENT,
         "Contraception and intent to have a child: ask the person.", Confidence.LOW, Basis.HUMAN),
)  # fmt: skip


class Says(StrEnum):
    """What a pregnancy test or status says."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    POSSIBLE = "possible"
    LEVEL = "level"
    """A measured choriogonadotropin, to be compared with the limits."""
    UNCLEAR = "unclear"


def find(chart: Chart) -> Finding:
    """Return what speaks for a pregnancy or breast-feeding, what against, and what could not be seen."""
    data = _Data(chart)
    test, level = _newest_test(chart, data)
    fresh = _is_fresh(chart, test)
    chosen = level if test.says == Says.LEVEL else None
    unseen = _unseen(chart)
    missing = gaps(chart, "labs", "social", "diagnoses", "procedures")
    limits = {name: chart.limit(name) for name in ("hcg_positive", "hcg_unclear")}
    return Finding(
        fact={
            "test": test.says,
            **scaled({"hcg": chosen.interval if chosen else None}, limits),
            "due": data.due is not None,
            "pregnancies": len(data.pregnancies),
            "breast_feeding": len(data.breast_feeding),
            "hints": len(data.hints),
            "sterilised": len(data.sterilised),
            "woman": sex_of(chart) is not Sex.MALE,
            "not_childbearing": len(data.not_childbearing),
            "seen": not unseen,
            "women_apply": data.women_apply,
        },
        words={
            "test": str(test.answer) if test.answer else "no test",
            "why_test": test.why,
            "due": str(data.due) if data.due else "",
            "pregnancies": _names(data.pregnancies),
            "breast_feeding": "; ".join(item.display for item in data.breast_feeding),
            "hints": "; ".join(item.display for item in data.hints),
            "sterilised": "; ".join(item.display for item in data.sterilised),
            "not_childbearing": "; ".join(item.display for item in data.not_childbearing),
            "ask": _about_the_test(test, fresh),
            "why_unseen": unseen,
            **{name: f"{plain(limit)} {chart.this.limits[name].unit}" for name, limit in limits.items()},
        },
        evidence=(
            *test.evidence(),
            *([data.due.evidence()] if data.due else []),
            *(d.evidence() for d in data.pregnancies),
            *data.breast_feeding,
            *data.hints,
            *data.not_childbearing,
            *data.sterilised,
            *data.shown,
        ),
        notes=tuple(f"Not looked at: {why}." for why in missing),
        confidence=_confidence(data, test),
        near_threshold=chosen is not None and any(near(chosen, limit) for limit in limits.values()),
        recheck_on=_recheck(chart, data, test),
        missing=_missing(data, fresh),
    )


def _names(found: Sequence[Diagnosis]) -> str:
    return "; ".join(f"{i.display}, {i.date[:10] if i.date else 'no date'}" for i in (d.evidence() for d in found))


def _about_the_test(test: Newest, fresh: bool) -> str:
    if fresh:
        return f"No pregnancy: {test.answer}."
    if test.answer is None:
        return "No pregnancy test is recorded."
    return f"No recent pregnancy test: {test.answer} does not count any more."


# -- what the record holds -------------------------------------------------------------------------------


class _Data:
    """Everything the record holds on pregnancy, breast-feeding and the ability to bear a child."""

    def __init__(self, chart: Chart) -> None:
        sets = chart.value_set
        recorded = [d for d in diagnoses(chart, sets("pregnancy")) if d.impossible_onset is None]
        self.ends = _ends(chart)
        self.due = _due(chart, self.ends)
        self.pregnancies = [d for d in recorded if d.certain and _goes_on(chart, d, self.ends)]
        self.status = answers(chart, sets("pregnancy_status"), lambda value: _status(chart, value))
        self.tests = answers(
            chart,
            sets("hcg_qualitative"),
            lambda v: reading(v, sets("positive_results"), sets("negative_results")),
        )
        breast_feeding = _breast_feeding(chart)
        self.breast_feeding = breast_feeding.excluding
        maybe = [d for d in recorded if d not in self.pregnancies and _may_go_on(chart, d, self.ends)]
        self.hints = [*breast_feeding.doubtful, *(d.evidence() for d in maybe), *_hints(chart)]
        self.not_childbearing = _not_childbearing(chart)
        self.sterilised = [d.evidence() for d in diagnoses(chart, sets("sterilisation")) if d.impossible_onset is None]
        self.shown = [a.evidence() for a in answers(chart, sets("pregnancy_intention"), lambda _: Says.UNCLEAR)]
        datum = recorded or self.status or self.tests or self.due or self.breast_feeding
        self.women_apply = bool(datum) or sex_of(chart) is not Sex.MALE or _gender(chart) != Sex.MALE


def _gender(chart: Chart) -> str:
    return (chart.record.patient.gender or "").strip().lower()


def _ends(chart: Chart) -> list[Diagnosis]:
    """Return deliveries and losses: each ends a pregnancy that was recorded before it."""
    return [d for d in diagnoses(chart, chart.value_set("pregnancy_ended")) if d.certain and d.impossible_onset is None]


def _ended_after(day: date, ends: Sequence[Diagnosis]) -> bool:
    return any(end.when is not None and end.when.days.last >= day for end in ends)


def _goes_on(chart: Chart, pregnancy: Diagnosis, ends: Sequence[Diagnosis]) -> bool:
    """True for a pregnancy dated in its longest time and neither over nor ended; old entries linger."""
    if pregnancy.course is Course.PAST or pregnancy.when is None:
        return False
    inside = chart.window("decide_positive").covers(pregnancy.when.days, chart.on) is Coverage.INSIDE
    return inside and not _ended_after(pregnancy.when.days.first, ends)


def _may_go_on(chart: Chart, pregnancy: Diagnosis, ends: Sequence[Diagnosis]) -> bool:
    """True for one that is not sure, or whose date does not tell.

    Without a date any delivery may have ended a sure one; one that is not sure, nobody knows to have been then.
    """
    if pregnancy.course is Course.PAST or _outside(chart, chart.window("decide_positive"), pregnancy):
        return False
    if pregnancy.when is None:
        return not (pregnancy.certain and ends)
    return not _ended_after(pregnancy.when.days.first, ends)


def _status(chart: Chart, value: Value) -> Says:
    answer = value.value_codeable_concept
    if value.value_boolean is not None:
        return Says.POSITIVE if value.value_boolean else Says.NEGATIVE
    words = answer.display if answer else value.value_string
    for says, name in (
        (Says.NEGATIVE, "not_pregnant"),
        (Says.POSSIBLE, "possible_pregnancy"),
        (Says.POSITIVE, "pregnancy_answers"),
    ):  # fmt: skip
        value_set = chart.value_set(name)
        if value_set.find(answer) or value_set.find_words(words, cues=says is Says.POSITIVE):
            return says
    return Says.UNCLEAR


# -- tests -----------------------------------------------------------------------------------------------


def _newest_test(chart: Chart, data: _Data) -> tuple[Newest, Result | None]:
    """Return the newest test, level or status; a positive one that a delivery or loss followed is over."""
    levels = _levels(chart) if data.women_apply else []
    told = [a for a in (*data.tests, *data.status) if a.says != Says.UNCLEAR]
    pool = newest_first([*told, *(a for a, result in levels if not _agrees(chart, a, result, told))])
    pool = [a for a in pool if a.when is None or not _is_over(a, data.ends)]
    test = newest(pool, chart.on, chart.window("decide_positive"))
    result = next((result for answer, result in levels if answer is test.answer), None)
    return test, result


def _agrees(chart: Chart, level: Answer, result: Result, told: Sequence[Answer]) -> bool:
    """True for a high level beside a positive test of the same day: the test stands for both."""
    high = result.interval is not None and result.interval.wholly_above(chart.limit("hcg_positive"), inclusive=True)
    days = [a.when.days for a in told if a.says == Says.POSITIVE and a.when]
    return high and level.when is not None and level.when.days in days


def _is_over(answer: Answer, ends: Sequence[Diagnosis]) -> bool:
    return answer.says != Says.NEGATIVE and answer.when is not None and _ended_after(answer.when.days.first, ends)


def _levels(chart: Chart) -> list[tuple[Answer, Result]]:
    """Return measured levels in a unit that is known, each also as an answer."""
    analyte, found = chart.analyte("hcg"), []
    value_set = chart.value_set("hcg_quantitative")
    read = {id(r.value): read_result(chart, r, analyte) for r in chart.record.retrieve_observations(value_set)}
    for answer in answers(chart, value_set, lambda _: Says.LEVEL):
        result = read.get(id(answer.value))
        if result and result.interval and _fits(result.interval):
            found.append((_leveled(chart, answer, result.interval), result))
    return found


def _fits(interval: Interval) -> bool:
    """True for what the rule engine can compare exactly; laboratories report a few digits."""
    return all(bound is None or bound.denominator <= _FINEST for bound in (interval.low, interval.high))


_FINEST = 10**6


def _leveled(chart: Chart, answer: Answer, level: Interval) -> Answer:
    """Return the level as an answer; one below the lower limit is negative like a test that says so."""
    below = level.wholly_below(chart.limit("hcg_unclear"))
    return replace(answer, says=(Says.NEGATIVE if below else Says.LEVEL).value)


def _is_fresh(chart: Chart, test: Newest) -> bool:
    """True for a negative test of the last days."""
    when = test.answer.when if test.answer else None
    if test.says != Says.NEGATIVE or when is None:
        return False
    return chart.window("decide_negative").covers(when.days, chart.on) is Coverage.INSIDE


# -- due date --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Due:
    """The newest estimated date of delivery."""

    answer: Answer
    days: Days
    text: str

    def __str__(self) -> str:
        return f"due on {self.text}, recorded {self.answer.date}"

    def evidence(self) -> Evidence:
        return self.answer.evidence()


def _due(chart: Chart, ends: Sequence[Diagnosis]) -> _Due | None:
    """Return the newest due date when the pregnancy it means may be going on."""
    found = final(answers(chart, chart.value_set("delivery_date"), lambda _: Says.UNCLEAR))
    for answer in found[:1]:
        moment = chart.moment(answer.value.value_date_time or answer.value.value_string)
        before, after = (chart.window(name).days or 0 for name in ("due_before", "due_after"))
        if moment is None:
            return None
        earliest, latest = chart.on - timedelta(days=before), chart.on + timedelta(days=after)
        began = moment.days.first - timedelta(days=after)
        if earliest <= moment.days.first and moment.days.last <= latest and not _ended_after(began, ends):
            return _Due(answer, moment.days, moment.text)
    return None


# -- breast-feeding, hints, ability to bear a child --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _BreastFeeding:
    """What excludes, and what a person must look at."""

    excluding: list[Evidence]
    doubtful: list[Evidence]


def _breast_feeding(chart: Chart) -> _BreastFeeding:
    window = chart.window("decide_lactation")
    feeding = chart.value_set("breast_feeding")
    found = [
        d for d in diagnoses(chart, feeding, chart.value_set("lactation_visit"))
        if d.course is not Course.PAST and d.impossible_onset is None
    ]  # fmt: skip
    sure = [d for d in found if d.certain and (_inside(chart, window, d) or _says_now(feeding, d))]
    doubtful = [d.evidence() for d in found if d not in sure and not _outside(chart, window, d)]
    status = newest(
        answers(chart, chart.value_set("breast_feeding_status"), lambda value: _feeds(chart, value)),
        chart.on,
        window,
    )
    now = status.evidence() if status.says == Says.POSITIVE else ()
    unsure = status.evidence() if status.says in (Says.UNCLEAR, "conflict") else ()
    return _BreastFeeding([*(d.evidence() for d in sure), *now], [*doubtful, *unsure])


def _says_now(feeding: ValueSet, diagnosis: Diagnosis) -> bool:
    """True for "currently breast-feeding", recorded as current without any date; a visit only tells of its day."""
    return diagnosis.when is None and diagnosis.current and feeding.find(diagnosis.condition.code) is not None


def _inside(chart: Chart, window: Window, diagnosis: Diagnosis) -> bool:
    return diagnosis.when is not None and window.covers(diagnosis.when.days, chart.on) is Coverage.INSIDE


def _outside(chart: Chart, window: Window, diagnosis: Diagnosis) -> bool:
    return diagnosis.when is not None and window.covers(diagnosis.when.days, chart.on) is Coverage.OUTSIDE


def _feeds(chart: Chart, value: Value) -> Says:
    """Return whether a status says currently breast-feeding: true, a code, or words."""
    if value.value_boolean is not None:
        return Says.POSITIVE if value.value_boolean else Says.NEGATIVE
    answer = value.value_codeable_concept
    if chart.value_set("breast_feeding").find(answer):
        return Says.POSITIVE
    words = answer.display if answer else value.value_string
    if chart.value_set("breast_feeding_no").find_words(words, cues=False):
        return Says.NEGATIVE
    return Says.POSITIVE if chart.value_set("breast_feeding_yes").find_words(words) else Says.UNCLEAR


def _hints(chart: Chart) -> list[Evidence]:
    """Return what is doubtful by its nature: possible pregnancy, disorders of lactation."""
    others = diagnoses(chart, *(chart.value_set(name) for name in ("possible_pregnancy", "lactation_disorders")))
    current = [d for d in others if d.course is not Course.PAST and d.impossible_onset is None]
    return [d.evidence() for d in current]


def _not_childbearing(chart: Chart) -> list[Evidence]:
    value_set: ValueSet = chart.value_set("not_childbearing")
    recorded = [d for d in diagnoses(chart, value_set) if d.certain and d.impossible_onset is None]
    done = [p for p in procedures(chart, value_set) if p.certain]
    return [*(d.evidence() for d in recorded), *(p.evidence() for p in done)]


# -- completeness, confidence, recheck --------------------------------------------------------------------

_DISEASES = ("pregnancy", "breast_feeding", "lactation_visit", "possible_pregnancy", "lactation_disorders")
_OBSERVED = (
    "hcg_qualitative",
    "hcg_quantitative",
    "pregnancy_status",
    "delivery_date",
    "breast_feeding_status",
)


def _unseen(chart: Chart) -> str:
    """Say why a sign of pregnancy or breast-feeding may be missing; empty when all was seen."""
    for name in ("labs", "social"):
        search = chart.search(name)
        if not search.complete:
            return search.reason or f"the {name} are not available to the service"
    unreadable = chart.record.unreadable_of("Observation", *map(chart.value_set, _OBSERVED))
    if unreadable:
        return f"{len(unreadable)} result(s) could not be read"
    return all_read(chart, *map(chart.value_set, _DISEASES)).why


def _confidence(data: _Data, test: Newest) -> Confidence:
    """An answer dated only by its issue is moderate; a diagnosis or due date beside it is not needed."""
    if test.answer and test.says in (Says.POSITIVE, Says.LEVEL) and not (data.pregnancies or data.due):
        return test.answer.confidence
    return Confidence.HIGH


def _recheck(chart: Chart, data: _Data, test: Newest) -> date | None:
    """Return the first day on which no sign excludes any more by its date; None where one has no date."""
    pregnancy = timedelta(days=(chart.window("decide_positive").days or 0) + 1)
    days = [d.when.days.last + pregnancy for d in data.pregnancies if d.when]
    if data.due:
        days.append(data.due.days.last + timedelta(days=(chart.window("due_before").days or 0) + 1))
    if test.says in (Says.POSITIVE, Says.LEVEL) and test.answer and test.answer.when:
        days.append(test.answer.when.days.last + pregnancy)
    months = chart.window("decide_lactation").months or 0
    for item in data.breast_feeding:
        moment = chart.moment(item.date)
        if moment is None:
            return None
        days.append(add_months(moment.days.last, months) + timedelta(days=1))
    return max(days, default=None)


def _missing(data: _Data, fresh: bool) -> tuple[str, ...]:
    asked = "the person's answer on contraception and intent"
    return (asked,) if fresh or not data.women_apply else ("a pregnancy test of the last days", asked)
