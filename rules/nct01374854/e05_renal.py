"""E5: renal dysfunction: serum creatinine above the limit for the sex.

End-stage kidney disease excludes whatever the creatinine. Other evidence of dysfunction beside a creatinine
inside the limit (chronic kidney disease, acute injury, transplant, a low eGFR) needs a clinician.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec.structs import replace

from rules.assessment import Confidence, Evidence, Status
from rules.causes import Cause
from rules.criterion import Chart, Coverage, Finding
from rules.decision import Rule, field
from rules.diagnoses import Course, Diagnosis, all_read, diagnoses, evidence_of
from rules.ketoacidosis import ketoacidosis_before
from rules.measurements import Selection, near, newest, numeric_finding
from rules.panel import sides
from rules.quantities import plain
from rules.results import Result, results
from rules.sex import Sex, sex_of

_VALUE = field.state.equals("value")
_MALE, _FEMALE, _OTHER = (field.sex.equals(sex.value) for sex in (Sex.MALE, Sex.FEMALE, Sex.UNKNOWN))

RULES = (
    Rule(
        "end-stage",
        (field.end_stage.holds,),
        Status.MET,
        "End-stage kidney disease or dialysis: {diagnoses}.",
    ),
    Rule(
        "male-above",
        (_MALE, field.value_low > field.male),
        Status.MET,
        "Creatinine {value} on {date}, above {male} (men).",
    ),
    Rule(
        "female-above",
        (_FEMALE, field.value_low > field.female),
        Status.MET,
        "Creatinine {value} on {date}, above {female} (women).",
    ),
    Rule(
        "either-above",
        (field.value_low > field.male,),
        Status.MET,
        "Creatinine {value} on {date}, above the limit of either sex.",
    ),
    Rule("conflict", (field.state.equals("conflict"),), Status.NEEDS_JUDGEMENT, "Creatinine: {why}."),
    Rule(
        "renal-diagnosis",
        (field.renal_diagnosis.holds,),
        Status.NEEDS_JUDGEMENT,
        "Kidney disease is recorded: {diagnoses}. Creatinine: {creatinine}.",
    ),
    Rule(
        "low-egfr",
        (field.low_egfr.holds,),
        Status.NEEDS_JUDGEMENT,
        "eGFR {egfr} is below {egfr_limit}. Creatinine: {creatinine}.",
    ),
    Rule(
        "egfr-conflict",
        (field.egfr_conflict.holds,),
        Status.NEEDS_JUDGEMENT,
        "eGFR: {egfr}, on both sides of {egfr_limit}. Creatinine: {creatinine}.",
    ),
    Rule(
        "between-sexes",
        (_OTHER, field.value_low > field.female, field.value_high <= field.male),
        Status.NEEDS_JUDGEMENT,
        "Creatinine {value} on {date} lies between the limits for women ({female}) and men ({male}), and the "
        "record does not say which applies.",
    ),
    Rule(
        "diagnoses-missing",
        (field.diagnoses_seen.fails,),
        Status.UNKNOWN,
        "Kidney disease cannot be excluded: {unseen}. Creatinine: {creatinine}.",
    ),
    Rule(
        "egfr-unread",
        (field.egfr_read.fails,),
        Status.UNKNOWN,
        "A low eGFR cannot be excluded: {egfr}. Creatinine: {creatinine}.",
    ),
    Rule(
        "male-within",
        (_MALE, field.value_high <= field.male),
        Status.NOT_MET,
        "Creatinine {value} on {date}, not above {male} (men).",
    ),
    Rule(
        "female-within",
        (_FEMALE, field.value_high <= field.female),
        Status.NOT_MET,
        "Creatinine {value} on {date}, not above {female} (women).",
    ),
    Rule(
        "either-within",
        (field.value_high <= field.female,),
        Status.NOT_MET,
        "Creatinine {value} on {date}, not above the limit of either sex.",
    ),
    Rule(
        "straddles",
        (_VALUE,),
        Status.UNKNOWN,
        "Creatinine {value} on {date} does not tell whether it is above the limit.",
    ),
    Rule("unknown", (), Status.UNKNOWN, "Creatinine: {why}."),
)


def find(chart: Chart) -> Finding:
    """Return the newest creatinine, the sex, and the other evidence of renal dysfunction."""
    sex = sex_of(chart)
    creatinine, egfr = _newest(chart, "creatinine", _results(chart, "creatinine"), *_limits(sex)), _egfr(chart)
    end_stage, other = _end_stage(chart), _other_disease(chart)
    sure = [d for d in end_stage if d.certain and d.course is not Course.PAST]
    seen = all_read(chart, *(chart.value_set(name) for name in _DISEASES))
    finding = numeric_finding(
        chart,
        replace(creatinine, notes=(*creatinine.notes, *_notes(chart, creatinine))),
        "male",
        "female",
        sex=sex.value,
        end_stage=bool(sure),
        renal_diagnosis=bool(end_stage or other),
        low_egfr=egfr.interval is not None and egfr.interval.wholly_below(chart.limit("egfr")),
        egfr_conflict=egfr.state == "conflict",
        egfr_read=egfr.state != "unknown" or egfr.cause in _NO_EGFR,
        diagnoses_seen=seen.counts,
    )
    disease = [*end_stage, *other]
    words = {
        **finding.words,
        "creatinine": _in_words(creatinine),
        "diagnoses": _names(sure or disease),
        "egfr": _in_words(egfr),
        "egfr_limit": f"{plain(chart.limit('egfr'))} {chart.this.limits['egfr'].unit}",
        "unseen": seen.why,
    }
    return replace(
        finding,
        words=words,
        evidence=(*finding.evidence, *egfr.evidence(), *evidence_of(disease)),
        confidence=Confidence.HIGH if sure else finding.confidence,
        near_threshold=not sure and _near(chart, creatinine, sex),
    )


_NO_EGFR = (Cause.NONE, Cause.STALE, Cause.NO_VALUE, Cause.UNDATED, Cause.FUTURE, Cause.SEARCH)
"""Then there is none that could speak against the creatinine, or the creatinine is not known either."""
_DISEASES = ("esrd_dialysis", "kidney_transplant", "ckd_or_aki", "ckd_unstated")


def _egfr(chart: Chart) -> Selection:
    """Return the newest eGFR of the window; an older one is only shown, for it decides nothing, read or not."""
    found = [result for result in _results(chart, "egfr") if not _NOT_CALCULATED.match(result.reported)]
    window = chart.window("decide")
    recent = [r for r in found if r.when is None or window.covers(r.when.days, chart.on) is not Coverage.OUTSIDE]
    selection = _newest(chart, "egfr", recent, "egfr")
    if selection.cause is Cause.NONE:
        return replace(selection, shown=_newest(chart, "egfr", found, "egfr").shown)
    return selection


_NOT_CALCULATED = re.compile(
    r"\W*(?:not (?:calculated|reported|done|performed|applicable|available)|unable to calculate|n/a)\b", re.IGNORECASE
)
"""A text in the place of a value that says that there is none."""


def _results(chart: Chart, name: str) -> list[Result]:
    return results(chart, chart.value_set(name), chart.analyte(name))


def _newest(chart: Chart, name: str, found: Sequence[Result], *limits: str) -> Selection:
    value_set = chart.value_set(name)
    return newest(
        chart,
        found,
        sides(*(chart.limit(limit) for limit in limits)),
        decide=chart.window("decide"),
        shown_for=chart.window("shown"),
        value_sets=[value_set],
    )


def _end_stage(chart: Chart) -> list[Diagnosis]:
    return diagnoses(chart, chart.value_set("esrd_dialysis"))


def _other_disease(chart: Chart) -> list[Diagnosis]:
    """Return a transplant whenever it was, and other kidney disease that is not over."""
    transplants = diagnoses(chart, chart.value_set("kidney_transplant"))
    kidney = diagnoses(chart, chart.value_set("ckd_or_aki"), chart.value_set("ckd_unstated"))
    return [*transplants, *(d for d in kidney if d.course is not Course.PAST)]


def _near(chart: Chart, creatinine: Selection, sex: Sex) -> bool:
    known = creatinine.state == "value"
    return known and any(near(creatinine.chosen, chart.limit(limit)) for limit in _limits(sex))


def _limits(sex: Sex) -> list[str]:
    """Return the names of the limits that apply: both where the sex is not known."""
    return [sex.value] if sex is not Sex.UNKNOWN else ["male", "female"]


def _notes(chart: Chart, creatinine: Selection) -> list[str]:
    chosen = creatinine.chosen
    if chosen and ketoacidosis_before(chart, chosen, chart.window("during_dka")):
        return ["The creatinine was taken during or just after ketoacidosis, which can disturb the test."]
    return []


def _in_words(selection: Selection) -> str:
    words = selection.words()
    return f"{words['value']} on {words['date']}" if selection.state == "value" else selection.why


def _names(found: Sequence[Diagnosis]) -> str:
    items: list[Evidence] = [diagnosis.evidence() for diagnosis in found]
    return "; ".join(f"{item.display}, {item.value}" + (f", {item.date}" if item.date else "") for item in items)
