"""E25: a stroke at any time of life: infarct, intracranial haemorrhage, or their sequelae.

Only a TIA, a code that stands for TIA and stroke alike, an infarct seen only on imaging, and a single
inpatient diagnosis need judgement. The text beside the mixed code decides where it says stroke and not TIA.
Stenosis without infarct and bleeding after an injury are no findings.
"""

from __future__ import annotations

import re

from rules.assessment import Basis, Confidence, Status
from rules.corroboration import rests_on_one_stay
from rules.criterion import Chart, Finding
from rules.decision import Rule, field
from rules.diagnoses import Diagnosis, absence, diagnoses
from rules.diagnosis_groups import grouped_finding

RULES = (
    Rule("stroke", (field.stroke >= 1,), Status.MET, "A stroke is recorded: {stroke}."),
    Rule("perinatal-stroke", (field.perinatal >= 1,), Status.MET,
         "A stroke around birth is recorded; the record of the trial does not except it: {perinatal}."),
    Rule("one-hospital-stay", (field.single >= 1,), Status.NEEDS_JUDGEMENT,
         "A stroke rests on one stay, or an encounter not at hand, which can code suspicion: {single}."),
    Rule("stroke-or-tia", (field.mixed >= 1,), Status.NEEDS_JUDGEMENT,
         "A code or entry that does not tell a stroke from a TIA: {mixed}."),
    Rule("silent-infarct", (field.silent >= 1,), Status.NEEDS_JUDGEMENT,
         "An infarct that caused no symptoms is recorded: {silent}."),
    Rule("tia", (field.tia >= 1,), Status.NEEDS_JUDGEMENT,
         "A transient ischaemic attack is recorded, and no stroke: {tia}."),
    Rule("doubtful", (field.doubtful >= 1,), Status.NEEDS_JUDGEMENT,
         "A stroke or TIA, not confirmed or only as free text: {doubtful}.", Confidence.LOW),
    Rule("not-all-seen", (field.absent.fails,), Status.UNKNOWN,
         "No stroke among the diagnoses that could be read: {why}.", Confidence.LOW),
    Rule("none", (), Status.NOT_MET, "No stroke is recorded.", Confidence.LOW, Basis.ABSENCE),
)  # fmt: skip


def find(chart: Chart) -> Finding:
    """Return strokes, whatever their course, and what may be one."""
    sets = [chart.value_set(name) for name in _EVENTS]
    everything = diagnoses(chart, *sets)
    kinds: dict[str, list[Diagnosis]] = {name: [] for name in _KINDS}
    for diagnosis in everything:
        if diagnosis.certain:
            kinds[_kind_of(chart, diagnosis)].append(diagnosis)
    single = kinds["stroke"] if rests_on_one_stay(chart, [*kinds["stroke"], *kinds["perinatal"]]) else []
    groups: dict[str, list[Diagnosis]] = {
        **kinds,
        "stroke": [d for d in kinds["stroke"] if d not in single],
        "single": single,
        "doubtful": [d for d in everything if not d.certain],
    }
    return grouped_finding(groups, absence(chart, *sets))


_KINDS = ("stroke", "perinatal", "mixed", "silent", "tia")
_EVENTS = ("stroke", "stroke_or_tia_history", "perinatal_stroke", "tia")


def _kind_of(chart: Chart, diagnosis: Diagnosis) -> str:
    is_stroke, is_mixed, is_perinatal, is_tia = (
        chart.value_set(name).find(diagnosis.condition.code) for name in _EVENTS
    )
    text = diagnosis.condition.code.text if diagnosis.condition.code else None
    if chart.value_set("silent_infarct").mentions(text):
        return "silent"
    if is_perinatal:
        return "perinatal"
    if is_tia:
        return "mixed" if is_stroke else "tia"
    return "mixed" if is_mixed and not is_stroke and not _says_stroke(chart, text) else "stroke"


def _says_stroke(chart: Chart, text: str | None) -> bool:
    """True when the person's own text says stroke and not TIA; what follows "without" is denied."""
    said = re.split(r"\bwithout\b", text or "", flags=re.IGNORECASE)[0]
    says_tia = chart.value_set("tia").mentions(said)
    return not says_tia and chart.value_set("stroke_words").find_named(said) is not None
