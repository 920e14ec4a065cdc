"""H3: the registry's structured field "Accepts Healthy Volunteers: No". It informs; I4 decides.

A person with type 1 diabetes is no healthy volunteer. Where none is recorded the field is moot, for I4
already keeps the person out; where the diagnoses are not complete it is unknown, as I4 is.
"""

from __future__ import annotations

from rules.assessment import Basis, Confidence, Status
from rules.criterion import Chart, Finding
from rules.decision import Rule, field
from rules.diagnoses import all_read, diagnoses, evidence_of

RULES = (
    Rule("diabetes", (field.type_1.equals("confirmed"),), Status.MET,
         "Type 1 diabetes is recorded: no healthy volunteer."),
    Rule("doubtful", (field.type_1.equals("doubtful"),), Status.NEEDS_JUDGEMENT,
         "Type 1 diabetes is recorded only as doubtful, atypical or free text: see I4.", Confidence.LOW),
    Rule("diagnoses-incomplete", (field.conditions_known.fails,), Status.UNKNOWN,
         "No type 1 diabetes among the diagnoses that could be read: {why}."),
    Rule("moot", (), Status.NOT_MET,
         "No type 1 diabetes is recorded, so that I4 is not met and this field is moot.",
         Confidence.LOW, Basis.ABSENCE),
)  # fmt: skip


def find(chart: Chart) -> Finding:
    """Return whether type 1 diabetes is recorded, and how surely."""
    typical = diagnoses(chart, chart.value_set("t1dm"))
    atypical = diagnoses(chart, chart.value_set("t1dm_review"))
    certain = [diagnosis for diagnosis in typical if diagnosis.certain]
    known = all_read(chart, chart.value_set("t1dm"))
    doubtful = "doubtful" if typical or atypical else "none"
    return Finding(
        fact={"type_1": "confirmed" if certain else doubtful, "conditions_known": known.counts},
        words={"why": known.why},
        evidence=evidence_of((*typical, *atypical)),
    )
