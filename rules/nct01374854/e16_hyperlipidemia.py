"""E16: fasting LDL cholesterol or fasting triglycerides above the limit, whatever the treatment.

After a meal LDL changes little and rather falls, triglycerides rise. So a high LDL excludes even if fasting
is not known, while high triglycerides without fasting say nothing; low values clear either way. Both are
needed to clear.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace
from fractions import Fraction

from rules.assessment import Confidence, Status
from rules.criterion import Chart, Finding
from rules.decision import Rule, field
from rules.fasting import is_fasting
from rules.measurements import Cause, Result, Selection, all_results, first_usable, newest, results, usable
from rules.medications import Order, orders
from rules.panel import Part, above, panel_finding, sides
from rules.quantities import plain
from rules.specimens import taken_together

_LDL_WITHIN = field.ldl_high <= field.ldl_limit
_TRIGLYCERIDES_WITHIN = field.triglycerides_high <= field.triglycerides_limit

RULES = (
    Rule(
        "fasting-ldl-above",
        (field.ldl_fasting.holds, field.ldl_low > field.ldl_limit),
        Status.MET,
        "Above the limit: {beyond}.",
    ),
    Rule(
        "fasting-triglycerides-above",
        (field.triglycerides_fasting.holds, field.triglycerides_low > field.triglycerides_limit),
        Status.MET,
        "Above the limit: {beyond}.",
    ),
    Rule(
        "ldl-above",
        (field.ldl_low > field.ldl_limit,),
        Status.MET,
        "Above the limit: {beyond}. Fasting is not known; a fasting LDL would not be lower.",
        Confidence.MODERATE,
    ),
    Rule("ldl-conflict", (field.ldl_state.equals("conflict"),), Status.NEEDS_JUDGEMENT, "{why}."),
    Rule(
        "triglycerides-conflict",
        (field.triglycerides_state.equals("conflict"),),
        Status.NEEDS_JUDGEMENT,
        "{why}.",
    ),
    Rule(
        "fasting-within",
        (field.ldl_fasting.holds, _LDL_WITHIN, field.triglycerides_fasting.holds, _TRIGLYCERIDES_WITHIN),
        Status.NOT_MET,
        "Not above the limits: {values}.",
    ),
    Rule(
        "fasting-ldl-within",
        (field.ldl_fasting.holds, _LDL_WITHIN, _TRIGLYCERIDES_WITHIN),
        Status.NOT_MET,
        "Not above the limits: {values}. Fasting triglycerides would be lower still.",
        Confidence.MODERATE,
    ),
    Rule(
        "well-within",
        (field.ldl_high <= field.ldl_unstated, _TRIGLYCERIDES_WITHIN),
        Status.NOT_MET,
        "Not above the limits: {values}. Fasting is not known for all, and would not change this.",
        Confidence.MODERATE,
    ),
    Rule(
        "triglycerides-need-fasting",
        (field.triglycerides_low > field.triglycerides_limit,),
        Status.UNKNOWN,
        "{triglycerides} is above the limit, but not known to be fasting, and food raises it.{open}",
    ),
    Rule(
        "ldl-needs-fasting",
        (field.ldl_fasting.fails, field.ldl_low > field.ldl_unstated, _LDL_WITHIN),
        Status.UNKNOWN,
        "{ldl} is too near the limit to decide without knowing whether it is fasting.{open}",
    ),
    Rule(
        "straddles",
        (field.ldl_state.equals("value"), field.triglycerides_state.equals("value")),
        Status.UNKNOWN,
        "The values do not tell on which side of the limits they lie: {values}.",
    ),
    Rule("unknown", (), Status.UNKNOWN, "{known}Open: {why}."),
)


def find(chart: Chart) -> Finding:
    """Return the newest LDL and the newest triglycerides, each with what is known of fasting."""
    lipids = _Lipids(chart)
    ldl = newest(
        chart, lipids.ldl, sides(*lipids.ldl_limits),
        decide=chart.window("decide"), shown_for=chart.window("shown"), value_sets=[chart.value_set("ldl")],
    )  # fmt: skip
    triglycerides = newest(
        chart, lipids.triglycerides, sides(chart.limit("triglycerides")),
        decide=chart.window("decide"), shown_for=chart.window("shown"), value_sets=lipids.triglyceride_codes,
    )  # fmt: skip
    ldl_fasting, triglycerides_fasting = lipids.fasted(ldl), lipids.fasted(triglycerides)
    drugs = [o for o in orders(chart, chart.value_set("lipid_lowering")) if o.active]
    finding = panel_finding(
        [
            Part(
                "ldl", "LDL", ldl, {"limit": chart.limit("ldl"), "unstated": chart.limit("ldl_unstated")},
                excluding=chart.limit("ldl"), beyond=above(ldl, chart.limit("ldl")),
                beside=_fasting_words(ldl_fasting),
            ),
            Part(
                "triglycerides", "Triglycerides", triglycerides, {"limit": chart.limit("triglycerides")},
                excluding=chart.limit("triglycerides"),
                beyond=triglycerides_fasting and above(triglycerides, chart.limit("triglycerides")),
                beside=_fasting_words(triglycerides_fasting),
            ),
        ],
        notes=_treatment(drugs),
        ldl_fasting=ldl_fasting,
        triglycerides_fasting=triglycerides_fasting,
    )  # fmt: skip
    return replace(finding, evidence=(*finding.evidence, *(drug.evidence() for drug in drugs)))


class _Lipids:
    """The LDL and triglyceride results of one chart, newest first, and which of them were fasting."""

    def __init__(self, chart: Chart) -> None:
        self.chart = chart
        self.triglyceride_codes = [
            chart.value_set("triglycerides_fasting"),
            chart.value_set("triglycerides_unstated"),
        ]
        found = all_results(chart, self.triglyceride_codes, chart.analyte("triglycerides"))
        by_code = [r for r in found if self.triglyceride_codes[0].find(r.retrieved.value.code)]
        coded = {_key(r) for r in by_code}
        fasted = {_key(r) for r in found if is_fasting(chart, r.observation, by_code=_key(r) in coded)}
        coded_fasting = [r for r in by_code if _key(r) in fasted]
        every_ldl = [self._valid(r, found) for r in results(chart, chart.value_set("ldl"), chart.analyte("ldl"))]
        fasted |= {
            _key(r) for r in every_ldl if is_fasting(chart, r.observation, by_code=self._beside(r, coded_fasting))
        }
        self._fasting = fasted
        self.triglycerides = _prefer(found, self._fasting)
        self.ldl = _prefer(every_ldl, self._fasting)

    def fasted(self, selection: Selection) -> bool:
        return selection.chosen is not None and _key(selection.chosen) in self._fasting

    @property
    def ldl_limits(self) -> list[Fraction]:
        """Return the limits that tell LDL values apart: for a fasting one only that of the record."""
        best = first_usable(self.ldl)
        names = ["ldl"] if best and _key(best) in self._fasting else ["ldl", "ldl_unstated"]
        return [self.chart.limit(name) for name in names]

    def _beside(self, result: Result, others: Sequence[Result]) -> bool:
        return any(taken_together(self.chart, result.observation, other.observation) for other in others)

    def _valid(self, ldl: Result, triglycerides: Sequence[Result]) -> Result:
        """Mark a calculated LDL as no result where the formula does not hold."""
        if not self.chart.value_set("ldl_calculated").find(ldl.retrieved.value.code):
            return ldl
        limit = self.chart.limit("friedewald")
        too_high = [t for t in triglycerides if t.interval and t.interval.wholly_above(limit)]
        if not self._beside(ldl, too_high):
            return ldl
        why = f"the calculated LDL of {ldl.date} is not valid with triglycerides above {plain(limit)}"
        return ldl.but(problem=Cause.INVALID, why=why)


def _key(result: Result) -> int:
    return id(result.retrieved.value)


def _prefer(found: Sequence[Result], fasting: Set[int]) -> list[Result]:
    """Of results of one time, a fasting one stands for the others."""
    times = {r.when for r in found if _key(r) in fasting and usable(r)}
    return [r for r in found if _key(r) in fasting or r.when not in times]


def _fasting_words(fasting: bool) -> str:
    return "fasting" if fasting else "fasting not known"


def _treatment(drugs: Sequence[Order]) -> list[str]:
    names = sorted({drug.drug.display for drug in drugs})
    return [f"Lipid-lowering treatment: {', '.join(names)}."] if names else []
