"""E7: cardiovascular disease: heart failure now, or an acute coronary syndrome in the last six months.

Both exclude. Other cardiovascular disease, an older or undated syndrome, and heart failure that is over need
judgement; hypertension alone is no finding. A syndrome is dated by its onset, else by its encounter: the day
of recording is only an upper bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from rules.assessment import Basis, Confidence, Status
from rules.criterion import Chart, Coverage, Finding
from rules.decision import Rule, field
from rules.diagnoses import Diagnosis, absence, diagnoses
from rules.diagnosis_groups import grouped_finding
from rules.diagnosis_states import by_course
from rules.occurrences import happened, recheck, timing

RULES = (
    Rule("heart-failure", (field.failing >= 1,), Status.MET,
         "Heart failure is recorded as current: {failing}."),
    Rule("recent-coronary-syndrome", (field.recent >= 1,), Status.MET,
         "An acute coronary syndrome in the last {window}: {recent}."),
    Rule("older-coronary-syndrome", (field.older >= 1,), Status.NEEDS_JUDGEMENT,
         "An acute coronary syndrome that is older than {window}, or of unknown date: {older}."),
    Rule("past-heart-failure", (field.failed >= 1,), Status.NEEDS_JUDGEMENT,
         "Heart failure is recorded, not as current: {failed}."),
    Rule("other-disease", (field.other >= 1,), Status.NEEDS_JUDGEMENT,
         "Other cardiovascular disease is recorded: {other}."),
    Rule("doubtful", (field.doubtful >= 1,), Status.NEEDS_JUDGEMENT,
         "Cardiovascular disease, not confirmed or only as free text: {doubtful}.", Confidence.LOW),
    Rule("date-open", (field.straddling >= 1,), Status.UNKNOWN,
         "The date does not tell whether a coronary syndrome lies in the last {window}: {straddling}."),
    Rule("not-all-seen", (field.absent.fails,), Status.UNKNOWN,
         "No cardiovascular disease among the diagnoses that could be read: {why}.", Confidence.LOW),
    Rule("none", (), Status.NOT_MET,
         "No cardiovascular disease is recorded.", Confidence.LOW, Basis.ABSENCE),
)  # fmt: skip


def find(chart: Chart) -> Finding:
    """Return current and past heart failure, coronary syndromes by their date, and other disease."""
    sets = [chart.value_set(name) for name in _DISEASES]
    failure = by_course(diagnoses(chart, chart.value_set("heart_failure")))
    syndromes = _Syndromes(chart)
    other = by_course(diagnoses(chart, chart.value_set("other_cardiovascular"), chart.value_set("old_infarction")))
    groups: dict[str, list[Diagnosis]] = {
        "failing": failure.current,
        "recent": syndromes.recent,
        "older": syndromes.older,
        "failed": [*failure.untold, *failure.past],
        "other": [*other.current, *other.untold, *other.past],
        "doubtful": [d for d in diagnoses(chart, *sets) if not d.certain],
        "straddling": syndromes.straddling,
    }
    return grouped_finding(
        groups,
        absence(chart, *sets),
        words={"window": str(chart.window("acs"))},
        recheck_on=None if failure.current else _recheck(chart, syndromes.recent),
    )


_DISEASES = ("heart_failure", "acute_coronary", "old_infarction", "other_cardiovascular")


class _Syndromes:
    """Acute coronary syndromes, sorted by where their date lies with regard to the window."""

    def __init__(self, chart: Chart) -> None:
        self.recent: list[Diagnosis] = []
        self.older: list[Diagnosis] = []
        self.straddling: list[Diagnosis] = []
        places = {Coverage.INSIDE: self.recent, Coverage.STRADDLES: self.straddling}
        for syndrome in diagnoses(chart, chart.value_set("acute_coronary")):
            if syndrome.certain and not chart.value_set("old_infarction").find(syndrome.condition.code):
                place = timing(chart, happened(chart, syndrome), chart.window("acs"))
                (places.get(place, self.older) if place else self.older).append(syndrome)


def _recheck(chart: Chart, recent: Sequence[Diagnosis]) -> date | None:
    return recheck(chart, [happened(chart, syndrome) for syndrome in recent], chart.window("acs"))
