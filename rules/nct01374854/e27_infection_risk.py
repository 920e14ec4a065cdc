"""E27: an infection that the investigator deems a risk. It always needs judgement.

Listed for that judgement: infections that are current or began in the last weeks, drugs against infection,
and fever of the last days. Infections of a confidential kind, and their drugs, are listed without a name.
"""

from __future__ import annotations

from msgspec.structs import replace

from rules.assessment import Basis, Confidence, Evidence, Status
from rules.criterion import Chart, Coverage, Finding
from rules.decision import Rule, field
from rules.diagnoses import Course, Diagnosis, diagnoses, has_category
from rules.gaps import gaps
from rules.medications import Use, orders
from rules.results import Result, results

CONFIDENTIAL = "An infection of a confidential kind: see chart"
CONFIDENTIAL_DRUG = "A drug for an infection of a confidential kind: see chart"
_CONFIDENTIAL_DRUGS = ("tb_drugs", "rifampicin", "hiv_drugs", "hcv_drugs")

RULES = (
    Rule("listed", (field.listed >= 1,), Status.NEEDS_JUDGEMENT,
         "For the investigator to judge; found in the record: {listed}.", Confidence.LOW, Basis.HUMAN),
    Rule("data-unavailable", (field.gaps >= 1,), Status.NEEDS_JUDGEMENT,
         "For the investigator to judge; nothing was found in the part of the record that is available.",
         Confidence.LOW, Basis.HUMAN),
    Rule("none-found", (), Status.NEEDS_JUDGEMENT,
         "For the investigator to judge; no infection, anti-infective drug or fever of the kinds looked for was "
         "found in the record.",
         Confidence.LOW, Basis.HUMAN),
)  # fmt: skip


def find(chart: Chart) -> Finding:
    """Return what the record holds of current infection, for the investigator."""
    listed = [*_infections(chart), *_drugs(chart), *_fever(chart)]
    missing = gaps(chart, "diagnoses", "medications", "medication-statements", "vitals")
    return Finding(
        fact={"listed": len(listed), "gaps": len(missing)},
        words={"listed": "; ".join(dict.fromkeys(_words(item) for item in listed))},
        evidence=tuple(listed),
        notes=tuple(f"Data unavailable: {why}." for why in missing),
    )


def _words(item: Evidence) -> str:
    details = ", ".join(part for part in (item.value, item.date and item.date[:10]) if part)
    return f"{item.display} ({details})" if details else item.display


def _infections(chart: Chart) -> list[Evidence]:
    confidential = [d for d in diagnoses(chart, chart.value_set("infections_confidential")) if _is_listed(chart, d)]
    hidden = [d.condition for d in confidential]
    named = [d for d in diagnoses(chart, chart.value_set("infections")) if _is_listed(chart, d)]
    return [
        *(d.evidence() for d in named if d.condition not in hidden),
        *(replace(d.evidence(), display=CONFIDENTIAL) for d in confidential),
    ]


def _is_listed(chart: Chart, diagnosis: Diagnosis) -> bool:
    """Begun in the last weeks; or current: at any age, but as the diagnosis of a visit only while recent."""
    when = diagnosis.when
    if diagnosis.impossible_onset:
        return False
    if when and chart.window("acute").covers(when.days, chart.on) is not Coverage.OUTSIDE:
        return True
    if diagnosis.course is Course.PAST:
        return False
    of_a_visit = has_category(diagnosis.condition, "encounter-diagnosis") and not diagnosis.on_problem_list
    if when is None or (diagnosis.current and not of_a_visit):
        return True
    return chart.window("active").covers(when.days, chart.on) is not Coverage.OUTSIDE


def _drugs(chart: Chart) -> list[Evidence]:
    taken, confidential = (Use.ACTIVE, Use.ON_HOLD), orders(chart, *map(chart.value_set, _CONFIDENTIAL_DRUGS))
    hidden = [order.resource for order in confidential]
    named = orders(chart, chart.value_set("antibacterials"), chart.value_set("other_anti_infectives"))
    return [
        *(order.evidence() for order in named if order.use in taken and order.resource not in hidden),
        *(replace(o.evidence(), display=CONFIDENTIAL_DRUG) for o in confidential if o.use in taken),
    ]


def _fever(chart: Chart) -> list[Evidence]:
    found = results(chart, chart.value_set("body_temperature"), chart.analyte("temperature"))
    return [result.evidence() for result in found if _is_fever(chart, result)]


def _is_fever(chart: Chart, result: Result) -> bool:
    if result.interval is None or result.when is None:
        return False
    recent = chart.window("fever").covers(result.when.days, chart.on) is not Coverage.OUTSIDE
    return recent and result.interval.wholly_above(chart.limit("fever"), inclusive=True)
