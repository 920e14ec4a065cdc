"""E24: aneurysm of the abdominal aorta, or of the thoraco-abdominal one.

An aneurysm of unspecified site, an abdominal dissection, an ectasia, an aneurysm that was repaired or is
called past, and a single inpatient diagnosis need judgement. A thoracic aneurysm is no finding.
"""

from __future__ import annotations

from rules.arrivals import lost, unread
from rules.assessment import Basis, Confidence, Status
from rules.corroboration import rests_on_one_stay
from rules.criterion import Chart, Finding
from rules.decision import Rule, field
from rules.diagnoses import Absence, Diagnosis, absence, diagnoses, evidence_of
from rules.diagnosis_groups import grouped_finding
from rules.diagnosis_states import by_course, named
from rules.procedures import procedures

RULES = (
    Rule("aneurysm", (field.aneurysm >= 1,), Status.MET,
         "An abdominal aortic aneurysm is recorded: {aneurysm}."),
    Rule("one-hospital-stay", (field.single >= 1,), Status.NEEDS_JUDGEMENT,
         "An aneurysm rests on one stay, or an encounter not at hand, which can code suspicion: {single}."),
    Rule("past", (field.past >= 1,), Status.NEEDS_JUDGEMENT,
         "An abdominal aortic aneurysm is recorded as past: {past}."),
    Rule("repaired", (field.repairs >= 1,), Status.NEEDS_JUDGEMENT,
         "A repair of the abdominal aorta is recorded, or a code that can mean one: {repairs}."),
    Rule("site-or-kind-open", (field.uncertain >= 1,), Status.NEEDS_JUDGEMENT,
         "A disease of the aorta that may be an abdominal aneurysm: {uncertain}."),
    Rule("doubtful", (field.doubtful >= 1,), Status.NEEDS_JUDGEMENT,
         "A disease of the aorta, not confirmed or only as free text: {doubtful}.", Confidence.LOW),
    Rule("not-all-seen", (field.absent.fails,), Status.UNKNOWN,
         "No abdominal aneurysm in the part of the record that could be read: {why}.", Confidence.LOW),
    Rule("none", (), Status.NOT_MET,
         "No abdominal aortic aneurysm is recorded.", Confidence.LOW, Basis.ABSENCE),
)  # fmt: skip


def find(chart: Chart) -> Finding:
    """Return aneurysms, repairs, and what may be an abdominal aneurysm."""
    sets = [chart.value_set(name) for name in ("abdominal_aneurysm", "aorta_uncertain", "aortic_repair")]
    aneurysms = by_course(diagnoses(chart, chart.value_set("abdominal_aneurysm")))
    present = [*aneurysms.current, *aneurysms.untold]
    single = present if rests_on_one_stay(chart, [*present, *aneurysms.past]) else []
    repairs = procedures(chart, chart.value_set("aortic_repair"))
    groups: dict[str, list[Diagnosis]] = {
        "aneurysm": [d for d in present if d not in single],
        "single": single,
        "past": aneurysms.past,
        "uncertain": [d for d in diagnoses(chart, chart.value_set("aorta_uncertain")) if d.certain],
        "doubtful": [d for d in diagnoses(chart, *sets) if not d.certain],
    }
    noted = [d for d in diagnoses(chart, chart.value_set("aortic_repair")) if d.certain]
    why = (
        absence(chart, *sets).why
        or lost(chart, "procedures")
        or unread(chart, "Procedure", chart.value_set("aortic_repair"))
    )
    repaired = [*(done.name for done in repairs), *([named(noted)] if noted else [])]
    return grouped_finding(
        groups,
        Absence(not why, why),
        fact={"repairs": len(repaired)},
        words={"repairs": "; ".join(repaired)},
        evidence=(*evidence_of(noted), *(done.evidence() for done in repairs)),
        notes=(f"A repair is recorded as well: {'; '.join(repaired)}.",) if repaired and present else (),
    )
