"""E18: symptomatic stones of the gallbladder.

Stones with cholecystitis, now, exclude. Stones without it need judgement, for one code stands for silent
stones and for biliary colic; stones of the bile duct, too. Where the gallbladder was removed after the
stones were found, they are gone.
"""

from __future__ import annotations

from collections.abc import Sequence

from rules.arrivals import lost, unread
from rules.assessment import Basis, Confidence, Status
from rules.criterion import Chart, Finding
from rules.dates import Days
from rules.decision import Rule, field
from rules.diagnoses import Diagnosis, absence, diagnoses, evidence_of
from rules.diagnosis_groups import grouped_finding
from rules.diagnosis_states import by_course, named
from rules.occurrences import happened, recorded
from rules.procedures import Done, procedures

RULES = (
    Rule("with-cholecystitis", (field.inflamed >= 1,), Status.MET,
         "Gallbladder stones with cholecystitis, recorded as current: {inflamed}."),
    Rule("stones", (field.stones >= 1,), Status.NEEDS_JUDGEMENT,
         "Gallbladder stones; whether they cause symptoms now is not coded: {stones}."),
    Rule("duct-stones", (field.duct >= 1,), Status.NEEDS_JUDGEMENT,
         "Stones of the bile duct, not of the gallbladder: {duct}."),
    Rule("doubtful", (field.doubtful >= 1,), Status.NEEDS_JUDGEMENT,
         "Gallstones, not confirmed or only as free text: {doubtful}.", Confidence.LOW),
    Rule("not-all-seen", (field.absent.fails,), Status.UNKNOWN,
         "No gallstones among the diagnoses that could be read: {why}.", Confidence.LOW),
    Rule("removed", (field.removed >= 1,), Status.NOT_MET,
         "Gallstones are recorded, and the gallbladder was removed: {removed}."),
    Rule("none", (), Status.NOT_MET, "No gallstones are recorded.", Confidence.LOW, Basis.ABSENCE),
)  # fmt: skip


def find(chart: Chart) -> Finding:
    """Return gallstones by kind, without those that a removal of the gallbladder has ended."""
    sets = [chart.value_set(name) for name in ("gallstones_inflamed", "gallstones", "bile_duct_stones")]
    with_cholecystitis, without, duct = sets
    removals = _Removals(chart)
    left = [d for d in diagnoses(chart, *sets) if not removals.end(chart, d)]
    removed = [d for d in diagnoses(chart, *sets) if removals.end(chart, d)]
    cholecystitis = by_course(diagnoses(chart, chart.value_set("acute_cholecystitis"))).current
    inflamed = [
        d for d in left
        if d.certain and d.current
        and (with_cholecystitis.find(d.condition.code) or (cholecystitis and without.find(d.condition.code)))
    ]  # fmt: skip
    groups: dict[str, list[Diagnosis]] = {
        "inflamed": inflamed,
        "stones": [d for d in left if d.certain and d not in inflamed and not duct.find(d.condition.code)],
        "duct": [d for d in left if d.certain and d not in inflamed and duct.find(d.condition.code)],
        "doubtful": [d for d in left if not d.certain],
        "removed": removed,
    }
    beside = [*(cholecystitis if left else ()), *(_beside(chart) if left else ())]
    return grouped_finding(
        groups,
        absence(chart, *sets),
        evidence=(*evidence_of([*beside, *removals.noted]), *(done.evidence() for done in removals.done)),
        notes=(f"Recorded as well: {named(beside)}.",) if beside else (),
    )


def _beside(chart: Chart) -> list[Diagnosis]:
    """Return what is shown beside stones and decides nothing: colic, and an organ that was removed."""
    return diagnoses(chart, chart.value_set("biliary_colic"), chart.value_set("digestive_organ_absent"))


class _Removals:
    """Removals of the gallbladder, as procedures or as diagnoses that tell of one."""

    def __init__(self, chart: Chart) -> None:
        value_set = chart.value_set("cholecystectomy")
        self.done: list[Done] = [done for done in procedures(chart, value_set) if done.certain]
        self.noted = [d for d in diagnoses(chart, value_set) if d.certain]
        days = [done.when.days if done.when else None for done in self.done]
        self._days: Sequence[Days | None] = [*days, *(_latest(chart, d) for d in self.noted)]

    def end(self, chart: Chart, stones: Diagnosis) -> bool:
        """True when one of the removals is not known to be earlier than ``stones``."""
        if _date_missing(chart, stones):
            return False
        found = happened(chart, stones)
        return any(not (found and removal and removal.last < found.first) for removal in self._days)


def _latest(chart: Chart, diagnosis: Diagnosis) -> Days | None:
    return happened(chart, diagnosis) or recorded(chart, diagnosis)


def _date_missing(chart: Chart, stones: Diagnosis) -> bool:
    """True when the encounter that dates the stones is there and did not arrive."""
    if happened(chart, stones) or stones.condition.encounter is None:
        return False
    return bool(lost(chart, "encounters") or unread(chart, "Encounter"))
