"""E16: fasting LDL cholesterol or fasting triglycerides above the limit, whatever the treatment.

After a meal LDL changes little and rather falls, triglycerides rise. So a high LDL excludes even if fasting
is not known, while high triglycerides without fasting say nothing; low values clear either way. Both are
needed to clear.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial

from msgspec.structs import replace

from rules.assessment import Confidence, Status
from rules.causes import Cause
from rules.criterion import Chart, Finding
from rules.decision import Rule, field
from rules.fasting import is_fasting, prefer_fasting
from rules.measurements import Selection, first_usable, newest
from rules.medications import Order, orders
from rules.panel import Part, above, panel_finding, sides
from rules.quantities import plain
from rules.readings import Reading
from rules.results import Result, all_results, results
from rules.specimens import Beside

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
    ldl_fasting, triglycerides_fasting = lipids.fasted(ldl, triglycerides)
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
        self._fasting: dict[int, bool] = {}
        found = all_results(chart, self.triglyceride_codes, chart.analyte("triglycerides"))
        self._beside = Beside(chart, found, lambda triglycerides: triglycerides.observation)
        self._fasting_code = {_key(r) for r in found if self.triglyceride_codes[0].find(r.retrieved.value.code)}
        ldl = [self._valid(r) for r in results(chart, chart.value_set("ldl"), chart.analyte("ldl"))]
        self.triglycerides = prefer_fasting(found, self._fasting_triglycerides)
        self.ldl = prefer_fasting(ldl, self._fasting_ldl)

    def fasted(self, ldl: Selection, triglycerides: Selection) -> tuple[bool, bool]:
        """Return for the chosen result of each whether it was fasting."""
        return (
            ldl.chosen is not None and self._fasting_ldl(ldl.chosen),
            triglycerides.chosen is not None and self._fasting_triglycerides(triglycerides.chosen),
        )

    @property
    def ldl_limits(self) -> list[Fraction]:
        """Return the limits that tell LDL values apart: for a fasting one only that of the record."""
        best = first_usable(self.ldl)
        names = ["ldl"] if best and self._fasting_ldl(best) else ["ldl", "ldl_unstated"]
        return [self.chart.limit(name) for name in names]

    def _fasting_triglycerides(self, result: Result) -> bool:
        return self._is_fasting(result, lambda: _key(result) in self._fasting_code)

    def _fasting_ldl(self, result: Result) -> bool:
        """A fasting triglyceride test beside it, by its code, tells for the LDL as well."""
        return self._is_fasting(result, lambda: any(map(self._fasting_by_code, self._beside.of(result.observation))))

    def _fasting_by_code(self, triglycerides: Result) -> bool:
        return _key(triglycerides) in self._fasting_code and self._fasting_triglycerides(triglycerides)

    def _is_fasting(self, result: Result, by_code: Callable[[], bool]) -> bool:
        key = _key(result)
        if key not in self._fasting:
            self._fasting[key] = is_fasting(self.chart, result.observation, by_code=by_code())
        return self._fasting[key]

    def _valid(self, ldl: Result) -> Result:
        """Mark a calculated LDL as no result where the formula does not hold."""
        if not self.chart.value_set("ldl_calculated").find(ldl.retrieved.value.code):
            return ldl
        return ldl.read_by(partial(_checked, ldl, self._beside, self.chart.limit("friedewald")))


def _checked(ldl: Result, triglycerides: Beside[Result], limit: Fraction) -> Reading:
    if not any(t.interval and t.interval.wholly_above(limit) for t in triglycerides.of(ldl.observation)):
        return ldl.reading
    why = f"the calculated LDL of {ldl.date} is not valid with triglycerides above {plain(limit)}"
    return replace(ldl.reading, problem=Cause.INVALID, why=why)


def _key(result: Result) -> int:
    return id(result.retrieved.value)


def _fasting_words(fasting: bool) -> str:
    return "fasting" if fasting else "fasting not known"


def _treatment(drugs: Sequence[Order]) -> list[str]:
    names = sorted({drug.name for drug in drugs})
    return [f"Lipid-lowering treatment: {', '.join(names)}."] if names else []
