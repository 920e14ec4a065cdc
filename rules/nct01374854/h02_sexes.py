"""H2: the registry's structured field "Sexes: All". It is met by everybody, whatever sex is recorded."""

from __future__ import annotations

from rules.assessment import Evidence, Status
from rules.criterion import Chart, Finding
from rules.decision import Rule

RULES = (Rule("all", (), Status.MET, "The study takes all sexes (recorded: {gender})."),)


def find(chart: Chart) -> Finding:
    """Return the recorded administrative gender, for information."""
    patient = chart.record.patient
    gender = patient.gender or "not recorded"
    return Finding(
        fact={"gender": gender},
        words={"gender": gender},
        evidence=(Evidence(patient.reference, "Administrative gender", gender),),
    )
