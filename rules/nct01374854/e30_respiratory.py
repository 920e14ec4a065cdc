"""E30: respiratory insufficiency.

Chronic or unspecified failure, oxygen at home, a ventilator, and acute failure that is going on exclude.
Acute failure that is long over does not count, a more recent one needs a clinician, and so do chronic failure
marked as over, an outpatient oxygen saturation below the limit, and lung disease coded as severe.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from rules.arrivals import encounter_lost, lost, unread
from rules.assessment import Basis, Confidence, Status
from rules.causes import Cause
from rules.criterion import Chart, Coverage, Finding
from rules.dates import Days
from rules.decision import Rule, field
from rules.diagnoses import Diagnosis, absence, diagnoses, evidence_of
from rules.diagnosis_states import by_course, named
from rules.encounters import Stay, class_among, stays
from rules.measurements import Selection, newest, numeric_finding
from rules.panel import sides
from rules.quantities import on_grid
from rules.resources import Encounter
from rules.results import Result, results

RULES = (
    Rule("chronic", (field.chronic.holds,), Status.MET,
         "Chronic respiratory failure, or oxygen or a ventilator at home: {chronic}."),
    Rule("acute", (field.acute.holds,), Status.MET, "Acute respiratory failure, current: {acute}."),
    Rule("unspecified", (field.unspecified.holds,), Status.MET,
         "Respiratory failure is recorded: {unspecified}."),
    Rule("acute-recent", (field.acute_recent.holds,), Status.NEEDS_JUDGEMENT,
         "Acute respiratory failure, over for less than {resolved_window}, or it may be: {acute_recent}."),
    Rule("questionable", (field.questionable.holds,), Status.NEEDS_JUDGEMENT,
         "Respiratory failure marked as over, not confirmed, or of unknown course: {questionable}."),
    Rule("saturation-low", (field.value_high < field.saturation,), Status.NEEDS_JUDGEMENT,
         "Oxygen saturation {value} on {date}, below {saturation}.", Confidence.MODERATE, Basis.SURROGATE),
    Rule("saturation-conflict", (field.state.equals("conflict"),), Status.NEEDS_JUDGEMENT,
         "Oxygen saturation: {why}.", Confidence.MODERATE, Basis.SURROGATE),
    Rule("hypoxemia", (field.hypoxemia.holds,), Status.NEEDS_JUDGEMENT,
         "Low oxygen or failure after a procedure is recorded: {hypoxemia}."),
    Rule("severe-lung-disease", (field.severe.holds,), Status.NEEDS_JUDGEMENT,
         "Lung disease coded as severe: {severe}."),
    Rule("acute-imprecise", (field.acute_imprecise.holds,), Status.UNKNOWN,
         "The date does not tell whether acute respiratory failure is over for {resolved_window}: "
         "{acute_imprecise}."),
    Rule("not-all-seen", (field.seen.fails,), Status.UNKNOWN,
         "Respiratory failure cannot be excluded: {unseen}."),
    Rule("saturation-within", (field.value_low >= field.saturation,), Status.NOT_MET,
         "No respiratory failure is recorded{over}; oxygen saturation {value} on {date}.",
         Confidence.LOW, Basis.ABSENCE),
    Rule("saturation-straddles", (field.state.equals("value"),), Status.UNKNOWN,
         "Oxygen saturation {value} on {date} does not tell whether it is below {saturation}."),
    Rule("saturation-unusable", (field.saturation_unusable.holds,), Status.UNKNOWN,
         "Oxygen saturation: {why}."),
    Rule("none", (), Status.NOT_MET, "No respiratory failure is recorded{over}.",
         Confidence.LOW, Basis.ABSENCE),
)  # fmt: skip

_FAILURE = ("respiratory_failure_chronic", "respiratory_failure_acute", "respiratory_failure_unspecified")
_OTHER = ("hypoxemia", "severe_lung_disease")


def find(chart: Chart) -> Finding:
    """Return the kinds of respiratory failure recorded, and the newest outpatient oxygen saturation."""
    found = {name: by_course(group) for name, group in _kinds(chart).items()}
    chronic, acute, unspecified = (found[name] for name in _FAILURE)
    hypoxemia, severe = (by_course(diagnoses(chart, chart.value_set(name))) for name in _OTHER)
    over = {age: [d for d in acute.past if _over(chart, d) is age] for age in Coverage}
    groups = {
        "chronic": [*chronic.current, *chronic.untold],
        "acute": acute.current,
        "unspecified": unspecified.current,
        "acute_recent": [*over[Coverage.INSIDE], *acute.questionable],
        "questionable": [*chronic.past, *chronic.doubtful, *unspecified.past, *unspecified.questionable],
        "acute_imprecise": over[Coverage.STRADDLES],
        "hypoxemia": [*hypoxemia.current, *hypoxemia.questionable],
        "severe": [*severe.current, *severe.questionable],
    }
    old = over[Coverage.OUTSIDE]
    unseen = _unseen(chart)
    finding = numeric_finding(chart, _saturation(chart), "saturation", seen=not unseen)
    failing = any(groups[name] for name in ("chronic", "acute", "unspecified"))
    unusable = finding.fact["state"] == "unknown" and finding.fact["cause"] != Cause.NONE.value
    return replace(
        finding,
        fact={
            **finding.fact,
            **{name: bool(group) for name, group in groups.items()},
            "saturation_unusable": unusable,
        },
        words={
            **finding.words,
            **{name: named(group) for name, group in groups.items()},
            "resolved_window": str(chart.window("resolved")),
            "unseen": unseen,
            "over": f" but what is over: {named(old)}" if old else "",
        },
        evidence=(*evidence_of([*(d for group in groups.values() for d in group), *old]), *finding.evidence),
        confidence=Confidence.HIGH if failing else finding.confidence,
        near_threshold=not failing and finding.near_threshold,
    )


def _kinds(chart: Chart) -> dict[str, list[Diagnosis]]:
    """Return the diagnoses of failure, each under the most definite kind that it is coded as."""
    sorted_out: dict[str, list[Diagnosis]] = {}
    taken: set[int] = set()
    for name in _FAILURE:
        new = [d for d in diagnoses(chart, chart.value_set(name)) if id(d.condition) not in taken]
        taken |= {id(d.condition) for d in new}
        sorted_out[name] = new
    return sorted_out


def _over(chart: Chart, acute: Diagnosis) -> Coverage:
    """Return whether acute failure that is over ended less than the window ago (inside), or longer.

    Without an end, its own date stands in: acute failure does not last. Without any date it may be recent.
    """
    days = _end(chart, acute)
    length = chart.window("resolved").days or 0
    if days is None or (chart.on - days.first).days < length:
        return Coverage.INSIDE
    return Coverage.OUTSIDE if (chart.on - days.last).days >= length else Coverage.STRADDLES


def _end(chart: Chart, diagnosis: Diagnosis) -> Days | None:
    condition = diagnosis.condition
    encounter = chart.record.encounter_of(condition)
    periods = (condition.abatement_period, encounter.period if encounter else None)
    texts = (condition.abatement_date_time, *(period.end for period in periods if period))
    own = None if encounter_lost(chart, condition) else diagnosis.when
    moments = (*(chart.moment(text) for text in texts), own)
    return next((moment.days for moment in moments if moment), None)


# -- oxygen saturation -----------------------------------------------------------------------------------


def _saturation(chart: Chart) -> Selection:
    """Return the newest saturation of the window that was not taken in hospital."""
    window, codes = chart.window("saturation"), chart.value_set("oxygen_saturation")
    visits = stays(chart)
    found = [
        r.but(interval=on_grid(r.interval)) if r.interval else r
        for r in results(chart, codes, chart.analyte("oxygen_saturation"))
        if r.when and window.covers(r.when.days, chart.on) is not Coverage.OUTSIDE
        and r.problem not in (Cause.FUTURE, Cause.NO_VALUE) and not _in_hospital(chart, r, visits)
    ]  # fmt: skip
    return newest(chart, found, sides(chart.limit("saturation")), decide=window, value_sets=[codes], search="vitals")


def _in_hospital(chart: Chart, result: Result, visits: Sequence[Stay]) -> bool:
    """True when the visit it refers to, or else a stay that surely covers it, is no outpatient visit."""
    observation = result.observation
    visit = chart.record.resolve(observation.encounter, Encounter, observation)
    if visit is not None:
        return _no_outpatient(chart, visit)
    return any(_no_outpatient(chart, stay.encounter) and _covers(stay, result) for stay in visits)


def _no_outpatient(chart: Chart, visit: Encounter) -> bool:
    return class_among(visit, {"excluded": chart.value_set("bp_excluded_encounters")}) is not None


def _covers(stay: Stay, result: Result) -> bool:
    if result.when is None or stay.start is None or stay.start.end > result.when.start:
        return False
    return stay.ongoing or (stay.end is not None and stay.end.start >= result.when.end)


def _unseen(chart: Chart) -> str:
    """Say why respiratory failure, or a low saturation, may be recorded without having been seen."""
    vitals = chart.search("vitals")
    if not vitals.complete:
        vitals_unseen = vitals.reason or "the vitals are not available to the service"
    else:
        vitals_unseen = unread(chart, "Observation", chart.value_set("oxygen_saturation"))
    codes = (chart.value_set(name) for name in (*_FAILURE, *_OTHER))
    return absence(chart, *codes).why or vitals_unseen or lost(chart, "labs")
