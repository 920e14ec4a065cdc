"""E14: acute or chronic pancreatitis.

Chronic pancreatitis ever excludes. An acute one excludes while it is current or within six months; older,
over without a date, or still called active after six months it needs judgement, and so does a single
inpatient diagnosis. A high lipase or amylase is shown as a hint and decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from rules.assessment import Basis, Confidence, Status
from rules.corroboration import rests_on_one_stay
from rules.criterion import Chart, Coverage, Finding
from rules.dates import Days
from rules.decision import Rule, field
from rules.diagnoses import Diagnosis, absence, diagnoses
from rules.diagnosis_groups import grouped_finding
from rules.measurements import usable
from rules.occurrences import ended, happened, recheck, recorded, timing
from rules.quantities import plain
from rules.reference_ranges import normal_range
from rules.results import Result, results

RULES = (
    Rule("chronic", (field.chronic >= 1,), Status.MET,
         "Chronic pancreatitis is recorded: {chronic}."),
    Rule("acute", (field.acute >= 1,), Status.MET,
         "Acute pancreatitis in the last {window}: {acute}."),
    Rule("acute-without-date", (field.current >= 1,), Status.MET,
         "Acute pancreatitis is recorded as current, its beginning not: {current}.", Confidence.MODERATE),
    Rule("one-hospital-stay", (field.single >= 1,), Status.NEEDS_JUDGEMENT,
         "Acute pancreatitis rests on one stay, or an encounter not at hand, which can code suspicion: {single}."),
    Rule("earlier", (field.earlier >= 1,), Status.NEEDS_JUDGEMENT,
         "Acute pancreatitis longer than {window} ago, or of unknown date: {earlier}."),
    Rule("other-pancreas", (field.other >= 1,), Status.NEEDS_JUDGEMENT,
         "Another disease of the pancreas is recorded: {other}."),
    Rule("doubtful", (field.doubtful >= 1,), Status.NEEDS_JUDGEMENT,
         "Disease of the pancreas, not confirmed or only as free text: {doubtful}.", Confidence.LOW),
    Rule("date-open", (field.straddling >= 1,), Status.UNKNOWN,
         "The date does not tell whether an acute pancreatitis lies in the last {window}: {straddling}."),
    Rule("not-all-seen", (field.absent.fails,), Status.UNKNOWN,
         "No pancreatitis among the diagnoses that could be read: {why}.", Confidence.LOW),
    Rule("none-but-a-hint", (field.hints >= 1,), Status.NOT_MET,
         "No pancreatitis is recorded, but more than {multiple} times the upper limit of normal: {hints}.",
         Confidence.LOW, Basis.ABSENCE),
    Rule("none", (), Status.NOT_MET, "No pancreatitis is recorded.", Confidence.LOW, Basis.ABSENCE),
)  # fmt: skip


def find(chart: Chart) -> Finding:
    """Return chronic and acute pancreatitis, the acute one by its date, and other diseases."""
    sets = [chart.value_set(name) for name in _DISEASES]
    chronic = [d for d in diagnoses(chart, chart.value_set("chronic_pancreatitis")) if d.certain]
    acute = _Acute(chart, chronic)
    groups: dict[str, list[Diagnosis]] = {
        "chronic": chronic,
        "acute": acute.recent,
        "current": acute.current,
        "single": acute.single,
        "earlier": acute.earlier,
        "other": [d for d in diagnoses(chart, chart.value_set("other_pancreas")) if d.certain],
        "doubtful": [d for d in diagnoses(chart, *sets) if not d.certain],
        "straddling": acute.straddling,
    }
    hints = _hints(chart)
    return grouped_finding(
        groups,
        absence(chart, *sets),
        fact={"hints": len(hints)},
        words={
            "window": str(chart.window("acute")),
            "hints": "; ".join(f"{_name(hint)} {hint.reported} on {hint.date}" for hint in hints),
            "multiple": plain(chart.limit("enzyme_multiple")),
        },
        evidence=tuple(hint.evidence() for hint in hints),
        notes=_QUESTIONS_TYPE if chronic else (),
        recheck_on=None if chronic else recheck(
            chart, [_date(chart, d) for d in (*acute.recent, *acute.current)], chart.window("acute")
        ),
    )  # fmt: skip


_DISEASES = ("chronic_pancreatitis", "acute_pancreatitis", "other_pancreas")
_QUESTIONS_TYPE = ("Diabetes can be a consequence of chronic pancreatitis: see the history of diabetes.",)


class _Acute:
    """Acute pancreatitis, sorted by how it can count; each diagnosis stands in one list."""

    def __init__(self, chart: Chart, chronic: Sequence[Diagnosis]) -> None:
        known = [d.condition for d in chronic]
        found = [
            d for d in diagnoses(chart, chart.value_set("acute_pancreatitis"))
            if d.certain and d.condition not in known
        ]  # fmt: skip
        self.recent: list[Diagnosis] = []
        self.current: list[Diagnosis] = []
        self.earlier: list[Diagnosis] = []
        self.straddling: list[Diagnosis] = []
        for diagnosis in found:
            self._place(chart, diagnosis).append(diagnosis)
        self.single: list[Diagnosis] = []
        if rests_on_one_stay(chart, [*chronic, *found]):
            self.single = [*self.recent, *self.current]
            self.recent, self.current = [], []

    def _place(self, chart: Chart, diagnosis: Diagnosis) -> list[Diagnosis]:
        place = timing(chart, _date(chart, diagnosis), chart.window("acute"))
        places = {Coverage.INSIDE: self.recent, Coverage.STRADDLES: self.straddling}
        if place:
            return places.get(place, self.earlier)
        if not diagnosis.current:
            return self.earlier
        noted = timing(chart, recorded(chart, diagnosis), chart.window("acute"))
        return {Coverage.OUTSIDE: self.earlier, Coverage.STRADDLES: self.straddling}.get(
            noted or Coverage.INSIDE, self.current
        )


def _date(chart: Chart, diagnosis: Diagnosis) -> Days | None:
    """Return the end of the episode where that is dated, else when it happened."""
    return ended(chart, diagnosis) or happened(chart, diagnosis)


def _hints(chart: Chart) -> list[Result]:
    """Return enzymes of the last months above the multiple of their upper limit of normal."""
    found = results(chart, chart.value_set("pancreatic_enzymes"), chart.analyte("enzyme"))
    return [result for result in found if usable(result) and _is_high(chart, result)]


def _is_high(chart: Chart, result: Result) -> bool:
    upper = normal_range(chart, result, chart.analyte("enzyme")).high
    if upper is None or result.interval is None or result.when is None:
        return False
    recent = timing(chart, result.when.days, chart.window("acute")) is Coverage.INSIDE
    return recent and result.interval.wholly_above(upper * chart.limit("enzyme_multiple"))


def _name(result: Result) -> str:
    return result.retrieved.match.row.display
