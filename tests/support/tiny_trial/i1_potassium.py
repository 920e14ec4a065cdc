"""I1: potassium below the limit."""

from rules.assessment import Status
from rules.criterion import Chart, Finding
from rules.decision import Rule, field
from rules.measurements import newest, numeric_finding
from rules.results import results

RULES = (
    Rule("low", (field.value_high < field.maximum,), Status.MET, "Potassium {value}, below {maximum}."),
    Rule("not-low", (field.value_low >= field.maximum,), Status.NOT_MET, "Potassium {value}."),
    Rule("unknown", (), Status.UNKNOWN, "Potassium: {why}."),
)


def find(chart: Chart) -> Finding:
    """Return the newest potassium of the window."""
    found = results(chart, chart.value_set("potassium"), chart.analyte("potassium"))
    selection = newest(
        chart,
        found,
        lambda value: value.wholly_below(chart.limit("maximum")),
        decide=chart.window("decide"),
    )
    return numeric_finding(chart, selection, "maximum")
