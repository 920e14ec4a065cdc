"""I7: basal C-peptide at or below the limit.

Basal means fasting. Food and glucose only raise C-peptide, so a low value counts whether or not the person
fasted; a high one counts only when fasting is known. The newest value decides: a low one for long, a high
one for a shorter time. Values soon after ketoacidosis, and low ones beside a low glucose, are rejected.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from msgspec.structs import replace

from rules.arrivals import encounter_lost, unread
from rules.assessment import Basis, Confidence, Status
from rules.causes import Cause
from rules.criterion import Chart, Finding
from rules.decision import Rule, field
from rules.diagnoses import Course, all_read, diagnoses
from rules.fasting import is_fasting, prefer_fasting
from rules.ketoacidosis import ketoacidosis_before, undated
from rules.measurements import Selection, first_usable, newest, numeric_finding, usable
from rules.medications import orders
from rules.quantities import Interval
from rules.results import Result, all_results, results
from rules.specimens import Beside
from rules.timeline import Timeline

_VALUE = field.state.equals("value")

RULES = (
    Rule("conflict", (field.state.equals("conflict"),), Status.NEEDS_JUDGEMENT, "C-peptide: {why}."),
    Rule(
        "diagnoses-missing",
        (_VALUE, field.diagnoses_seen.fails),
        Status.UNKNOWN,
        "C-peptide {value} on {date}, but ketoacidosis shortly before cannot be excluded: {unseen}.",
    ),
    Rule(
        "glucose-unread",
        (field.value_high <= field.maximum, field.glucose_read.fails),
        Status.UNKNOWN,
        "C-peptide {value} on {date}, but a low glucose beside it cannot be excluded: {unread}.",
    ),
    Rule(
        "fasting-low",
        (field.fasting.holds, field.value_high <= field.maximum),
        Status.MET,
        "Fasting C-peptide {value} on {date}, at or below {maximum}.",
    ),
    Rule(
        "unstated-low",
        (field.value_high <= field.maximum,),
        Status.MET,
        "C-peptide {value} on {date}, at or below {maximum}; fasting is not known, and a fasting value would "
        "not be higher.",
        Confidence.MODERATE,
        Basis.SURROGATE,
    ),
    Rule(
        "fasting-high",
        (field.fasting.holds, field.value_low > field.maximum),
        Status.NOT_MET,
        "Fasting C-peptide {value} on {date}, above {maximum}.",
    ),
    Rule(
        "unstated-high",
        (field.value_low > field.maximum,),
        Status.UNKNOWN,
        "C-peptide {value} on {date} is above {maximum}, but not known to be fasting, and food raises it.",
    ),
    Rule(
        "straddles",
        (_VALUE,),
        Status.UNKNOWN,
        "C-peptide {value} on {date} does not tell whether it is above {maximum}.",
    ),
    Rule("unknown", (), Status.UNKNOWN, "C-peptide: {why}."),
)

TIMELINE = Timeline(
    "c_peptide", ("c_peptide_fasting", "c_peptide_unstated"), limit="maximum", windows=("decide_low", "decide_high")
)


def find(chart: Chart) -> Finding:
    """Return the newest C-peptide that was not rejected, with what is known of fasting."""
    codes = [chart.value_set("c_peptide_fasting"), chart.value_set("c_peptide_unstated")]
    candidates = all_results(chart, codes, chart.analyte("c_peptide"))
    candidates = prefer_fasting(candidates, lambda result: _fasting(chart, result))
    accepted, passed_over = _without_rejected(chart, candidates)
    selection = newest(
        chart,
        accepted,
        lambda value: (_is_low(chart, value), value.wholly_above(chart.limit("maximum"))),
        decide=chart.window("decide_low" if _has_low(chart, accepted) else "decide_high"),
        shown_for=chart.window("shown"),
        value_sets=codes,
    )
    chosen = selection.chosen
    unseen = all_read(chart, chart.value_set("dka_hhs")).why or _stay_unseen(chart)
    glucose_unread = unread(chart, "Observation", chart.value_set("glucose"))
    finding = numeric_finding(
        chart,
        replace(selection, notes=(*selection.notes, *_notes(chart, selection, passed_over))),
        "maximum",
        fasting=chosen is not None and _fasting(chart, chosen),
        diagnoses_seen=not unseen,
        glucose_read=not glucose_unread,
    )
    evidence = (*finding.evidence, *(r.evidence() for r in passed_over))
    return replace(finding, words={**finding.words, "unseen": unseen, "unread": glucose_unread}, evidence=evidence)


def _fasting(chart: Chart, result: Result) -> bool:
    by_code = chart.value_set("c_peptide_fasting").find(result.retrieved.value.code) is not None
    return is_fasting(chart, result.observation, by_code=by_code)


def _is_low(chart: Chart, value: Interval | None) -> bool:
    return value is not None and value.wholly_below(chart.limit("maximum"), inclusive=True)


def _has_low(chart: Chart, candidates: Sequence[Result]) -> bool:
    best = first_usable(candidates)
    return best is not None and _is_low(chart, best.interval)


# -- rejected values -------------------------------------------------------------------------------------


def _without_rejected(chart: Chart, candidates: Sequence[Result]) -> tuple[list[Result], list[Result]]:
    """Mark rejected values, and pass over those that only say what an accepted one says as well.

    A rejected value never decides; where an accepted older one says something else, neither does that.
    """
    glucoses = results(chart, chart.value_set("glucose"), chart.analyte("glucose"))
    beside = Beside(chart, glucoses, lambda glucose: glucose.observation)
    judged = [_judged(chart, r, beside) for r in candidates]
    confirmed = _has_low(chart, judged)
    passed_over = [r for r in judged if r.problem is Cause.CONFOUNDED and confirmed and _is_low(chart, r.interval)]
    return [r for r in judged if r not in passed_over], passed_over


def _judged(chart: Chart, result: Result, glucoses: Beside[Result]) -> Result:
    reason = _rejection(chart, result, glucoses) if usable(result) else ""
    if not reason:
        return result
    return result.but(problem=Cause.CONFOUNDED, why=f"{result.reported} on {result.date} was taken {reason}")


def _rejection(chart: Chart, result: Result, glucoses: Beside[Result]) -> str:
    after = chart.window("after_dka")
    if ketoacidosis_before(chart, result, after):
        return f"within {after} after ketoacidosis"
    if result.interval is None or result.interval.wholly_above(chart.limit("maximum")):
        return ""
    near = timedelta(hours=float(chart.limit("concurrent_hours")))
    low = (g for g in glucoses.of(result.observation, near) if _is_hypoglycemia(chart, g))
    glucose = next(low, None)
    return f"with a glucose of {glucose.reported}, which suppresses C-peptide" if glucose else ""


def _stay_unseen(chart: Chart) -> str:
    """Say why the stay that would tell how long an episode lasted was lost; empty when none was."""
    episodes = diagnoses(chart, chart.value_set("dka_hhs"))
    return next((why for episode in episodes if (why := encounter_lost(chart, episode.condition))), "")


def _is_hypoglycemia(chart: Chart, glucose: Result) -> bool:
    """True unless the glucose is surely not low."""
    return glucose.interval is not None and not glucose.interval.wholly_above(
        chart.limit("hypoglycemia"), inclusive=True
    )


# -- cautions --------------------------------------------------------------------------------------------


def _notes(chart: Chart, selection: Selection, passed_over: Sequence[Result]) -> Iterator[str]:
    """Say what can have raised or lowered the value; nothing where the record gives no hint of it."""
    yield from (f"Passed over: {r.why}." for r in passed_over)
    value = selection.interval
    if value is None:
        return
    if _is_low(chart, value):
        if any(order.active for order in orders(chart, chart.value_set("biotin"))):
            yield "Biotin is on the medication list; it can lower C-peptide immunoassays falsely."
        if undated(chart):
            yield "Ketoacidosis is recorded without a date: check that it was not shortly before."
    elif _renal_disease(chart):
        yield "Kidney disease is recorded; it raises C-peptide."


def _renal_disease(chart: Chart) -> bool:
    sets = [chart.value_set(name) for name in ("esrd_dialysis", "ckd_or_aki", "ckd_unstated")]
    return any(found.course is not Course.PAST for found in diagnoses(chart, *sets))
