"""I8: HbA1c at or above the limit at the time of enrolment.

The record gives no unit; it is read as percent NGSP. Results in mmol/mol are converted by the master
equation, so that 58 mmol/mol, which tables print as 7.5 %, is just below the limit: near, not decisive.
"""

from __future__ import annotations

from msgspec.structs import replace

from rules.assessment import Confidence, Status
from rules.criterion import Chart, Coverage, Finding
from rules.decision import Rule, field
from rules.diagnoses import diagnoses
from rules.measurements import newest, numeric_finding
from rules.pregnancy import may_be_pregnant
from rules.procedures import procedures, when_done
from rules.quantities import Interval
from rules.results import results
from rules.timeline import Timeline

RULES = (
    Rule("conflict", (field.state.equals("conflict"),), Status.NEEDS_JUDGEMENT, "HbA1c: {why}."),
    Rule(
        "unit-doubtful",
        (
            field.unit_assumed.holds,
            field.value_low >= field.doubtful_from,
            field.value_high <= field.doubtful_to,
        ),
        Status.NEEDS_JUDGEMENT,
        "HbA1c {value} on {date} was reported without a unit and lies too near the limit to assume one.",
        Confidence.LOW,
    ),
    Rule(
        "at-or-above",
        (field.value_low >= field.minimum,),
        Status.MET,
        "HbA1c {value} on {date}, at or above {minimum}.",
    ),
    Rule(
        "below",
        (field.value_high < field.minimum,),
        Status.NOT_MET,
        "HbA1c {value} on {date}, below {minimum}.",
    ),
    Rule(
        "straddles",
        (field.state.equals("value"),),
        Status.UNKNOWN,
        "HbA1c {value} on {date} does not tell whether {minimum} is reached.",
    ),
    Rule("unknown", (), Status.UNKNOWN, "HbA1c: {why}."),
)

TIMELINE = Timeline("hba1c", ("hba1c",), limit="minimum", windows=("decide",))


def find(chart: Chart) -> Finding:
    """Return the newest HbA1c within the window, in percent NGSP."""
    minimum = chart.limit("minimum")

    def outcome(value: Interval) -> tuple[bool, bool]:
        return value.wholly_above(minimum, inclusive=True), value.wholly_below(minimum)

    hba1c = chart.value_set("hba1c")
    selection = newest(
        chart,
        results(chart, hba1c, chart.analyte("hba1c")),
        outcome,
        decide=chart.window("decide"),
        shown_for=chart.window("shown"),
        value_sets=[hba1c],
    )
    molar = chart.analyte("hba1c").units["mmol/mol"]
    doubtful, margin = chart.limit("assumed_molar"), chart.limit("assumed_molar_margin")
    finding = numeric_finding(
        chart,
        selection,
        "minimum",
        derived={
            "doubtful_from": molar.apply(doubtful - margin),
            "doubtful_to": molar.apply(doubtful + margin),
        },
        unit_assumed=selection.confidence is Confidence.LOW,
    )
    return replace(finding, notes=(*finding.notes, *_cautions(chart)))


def _cautions(chart: Chart) -> list[str]:
    """Say that HbA1c may mislead; what is behind it stays in the chart, for it can be sensitive."""
    misleading = [d for d in diagnoses(chart, chart.value_set("hba1c_caution")) if d.certain and d.current]
    if misleading or _transfused(chart) or may_be_pregnant(chart, chart.window("pregnancy")):
        return ["HbA1c can mislead with a red-cell or kidney condition, transfusion or pregnancy: see chart."]
    return []


def _transfused(chart: Chart) -> bool:
    done, window = procedures(chart, chart.value_set("blood_transfusion")), chart.window("transfusion")
    return any(when_done(chart, one, window) is Coverage.INSIDE for one in done)
