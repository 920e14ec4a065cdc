"""E15: symptomatic peptic ulcer disease.

Codes show symptoms only as bleeding or perforation: an active ulcer with one of them within six months
excludes, any other active ulcer needs judgement. A resolved ulcer or a history of one does not count, and a
drug for the stomach alone says nothing.
"""

from __future__ import annotations

from rules.assessment import Basis, Confidence, Status
from rules.criterion import Chart, Coverage, Finding
from rules.dates import Days
from rules.decision import Rule, field
from rules.diagnoses import Course, Diagnosis, absence, diagnoses
from rules.diagnosis_groups import grouped_finding
from rules.occurrences import happened, recheck, recorded, timing

RULES = (
    Rule("bleeding-or-perforated", (field.complicated >= 1,), Status.MET,
         "An active ulcer with bleeding or perforation, not known to be older than {window}: {complicated}."),
    Rule("active", (field.active >= 1,), Status.NEEDS_JUDGEMENT,
         "An ulcer is recorded; whether it causes symptoms now is not coded: {active}."),
    Rule("doubtful", (field.doubtful >= 1,), Status.NEEDS_JUDGEMENT,
         "An ulcer, not confirmed or only as free text: {doubtful}.", Confidence.LOW),
    Rule("date-open", (field.straddling >= 1,), Status.UNKNOWN,
         "The date does not tell whether bleeding or perforation lies in the last {window}: {straddling}."),
    Rule("not-all-seen", (field.absent.fails,), Status.UNKNOWN,
         "No active ulcer among the diagnoses that could be read: {why}.", Confidence.LOW),
    Rule("past", (field.past >= 1,), Status.NOT_MET, "An ulcer is recorded as past only: {past}."),
    Rule("none", (), Status.NOT_MET, "No peptic ulcer is recorded.", Confidence.LOW, Basis.ABSENCE),
)  # fmt: skip


def find(chart: Chart) -> Finding:
    """Return ulcers, sorted by course and by the date of bleeding or perforation."""
    sets = [chart.value_set("ulcer_complicated"), chart.value_set("peptic_ulcer")]
    ulcers = diagnoses(chart, *sets)
    history = diagnoses(chart, chart.value_set("peptic_ulcer_history"))
    groups: dict[str, list[Diagnosis]] = {
        "complicated": [],
        "active": [],
        "doubtful": [d for d in ulcers if not d.certain and d.course is not Course.PAST],
        "straddling": [],
        "past": [d for d in history if d.certain],
    }
    for ulcer in ulcers:
        if ulcer.certain:
            groups[_group_of(chart, ulcer)].append(ulcer)
    return grouped_finding(
        groups,
        absence(chart, *sets),
        words={"window": str(chart.window("complicated"))},
        recheck_on=recheck(chart, [_date(chart, d) for d in groups["complicated"]], chart.window("complicated")),
    )


def _group_of(chart: Chart, ulcer: Diagnosis) -> str:
    if ulcer.course is Course.PAST:
        return "past"
    if not ulcer.current or not chart.value_set("ulcer_complicated").find(ulcer.condition.code):
        return "active"
    place = timing(chart, _date(chart, ulcer), chart.window("complicated"))
    return {Coverage.OUTSIDE: "active", Coverage.STRADDLES: "straddling"}.get(place or Coverage.INSIDE, "complicated")


def _date(chart: Chart, ulcer: Diagnosis) -> Days | None:
    return happened(chart, ulcer) or recorded(chart, ulcer)
