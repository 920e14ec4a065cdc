"""E3: C-reactive protein by a high-sensitivity method above the limit.

The record says ng/ml, which no assay can measure; it is read as mg/L. A high-sensitivity result in the
window decides; a conventional one stands in only where there is none, and only if it lies wholly on one side.
"""

from __future__ import annotations

from datetime import date, timedelta

from msgspec.structs import replace

from rules.assessment import Basis, Confidence, Status
from rules.causes import Cause
from rules.criterion import Chart, Finding
from rules.decision import Rule, field
from rules.measurements import Selection, newest, numeric_finding
from rules.panel import sides
from rules.quantities import plain
from rules.results import results

_VALUE = field.state.equals("value")
_REPEAT = "above {maximum}; above {acute} an acute illness is likely: repeat after recovery."

RULES = (
    Rule("conflict", (field.state.equals("conflict"),), Status.NEEDS_JUDGEMENT, "CRP: {why}."),
    Rule(
        "acute",
        (field.high_sensitivity.holds, field.value_low > field.acute),
        Status.MET,
        f"hs-CRP {{value}} on {{date}}, {_REPEAT}",
    ),
    Rule(
        "conventional-acute",
        (field.value_low > field.acute,),
        Status.MET,
        f"Conventional CRP {{value}} on {{date}}, {_REPEAT}",
        Confidence.MODERATE,
        Basis.SURROGATE,
    ),
    Rule(
        "above",
        (field.high_sensitivity.holds, field.value_low > field.maximum),
        Status.MET,
        "hs-CRP {value} on {date}, above {maximum}.",
    ),
    Rule(
        "conventional-above",
        (field.value_low > field.maximum,),
        Status.MET,
        "Conventional CRP {value} on {date}, above {maximum}; no hs-CRP.",
        Confidence.MODERATE,
        Basis.SURROGATE,
    ),
    Rule(
        "within",
        (field.high_sensitivity.holds, field.value_high <= field.maximum),
        Status.NOT_MET,
        "hs-CRP {value} on {date}, not above {maximum}.",
    ),
    Rule(
        "conventional-within",
        (field.value_high <= field.maximum,),
        Status.NOT_MET,
        "Conventional CRP {value} on {date}, not above {maximum}; no hs-CRP.",
        Confidence.MODERATE,
        Basis.SURROGATE,
    ),
    Rule(
        "straddles",
        (_VALUE,),
        Status.UNKNOWN,
        "CRP {value} on {date} does not tell whether it is above {maximum}.",
    ),
    Rule("unknown", (), Status.UNKNOWN, "hs-CRP: {why}."),
)

_NONE_IN_WINDOW = frozenset({Cause.NONE, Cause.STALE, Cause.FUTURE, Cause.UNDATED, Cause.NO_VALUE})


def find(chart: Chart) -> Finding:
    """Return the newest hs-CRP in the window, else the newest conventional CRP, in mg/L."""
    selection, high_sensitivity = _newest(chart, "hs_crp"), True
    if selection.cause in _NONE_IN_WINDOW:
        conventional = _newest(chart, "crp")
        if conventional.state != "unknown" or (conventional.shown and not selection.shown):
            selection, high_sensitivity = conventional, False
    acute = chart.limit("acute")
    finding = numeric_finding(chart, selection, "maximum", derived={"acute": acute}, high_sensitivity=high_sensitivity)
    return replace(
        finding,
        words={**finding.words, "acute": f"{plain(acute)} {chart.this.limits['acute'].unit}"},
        near_threshold=finding.near_threshold or _rounded_factor_matters(chart, selection),
        recheck_on=_repeat_on(chart, selection),
    )


def _newest(chart: Chart, name: str) -> Selection:
    value_set = chart.value_set(name)
    return newest(
        chart,
        results(chart, value_set, chart.analyte("crp")),
        sides(chart.limit("maximum")),
        decide=chart.window("decide"),
        shown_for=chart.window("shown"),
        value_sets=[value_set],
    )


def _rounded_factor_matters(chart: Chart, selection: Selection) -> bool:
    """Molar results round the limit are borderline: the factor itself is rounded."""
    chosen, low = selection.chosen, chart.this.limits["molar_near_low"]
    if selection.interval is None or chosen is None or chosen.conversion is None or chosen.unit != low.unit:
        return False
    nearest = chosen.conversion.apply(low.value), chosen.conversion.apply(chart.limit("molar_near_high"))
    return not (selection.interval.wholly_below(nearest[0]) or selection.interval.wholly_above(nearest[1]))


def _repeat_on(chart: Chart, selection: Selection) -> date | None:
    """Return when a repeat is worth while, for a value that speaks of an acute illness."""
    value, chosen = selection.interval, selection.chosen
    if value is None or chosen is None or chosen.when is None or not value.wholly_above(chart.limit("acute")):
        return None
    return chosen.when.days.last + timedelta(days=chart.window("repeat").days or 0)
