"""The textbook candidate: every criterion that data can settle speaks for her."""

from __future__ import annotations

from datetime import UTC, date, tzinfo

from fhir_core.fhirabstractmodel import FHIRAbstractModel

from cds_service.sandbox import codes
from cds_service.sandbox.builders import Chart
from cds_service.sandbox.patients.common import (
    basal_bolus,
    clinic_visit,
    hba1c,
    no_c_peptide_left,
    normal_labs,
)
from cds_service.sandbox.synthetic import SyntheticPatient


# potentially-eligible: I1 (32), I4, I5 (19), I6 (12 y), I7 (< 0.1 ng/mL) and I8 (8.4 %) are met, every exclusion
# that a record can clear is cleared, and only what a person must judge stays open (I2 I3 E8 E19 E27 E31).
def build(on: date, zone: tzinfo = UTC) -> list[FHIRAbstractModel]:
    chart = Chart("golden-ada", on, zone)
    chart.patient("Ada", "female", born=chart.day(years=32, days=74))
    chart.condition(
        codes.T1DM,
        onset={"onsetDateTime": chart.month(years=12, months=9)},
        recorded=chart.day(years=12, months=8),
    )
    basal_bolus(chart)
    clinic_visit(chart, days=10)
    hba1c(chart, "8.4", days=30)
    no_c_peptide_left(chart, days=90)
    normal_labs(chart, days=10)
    _kidney_protein_and_clotting(chart)
    _infections_excluded(chart)
    _eyes_tobacco_pregnancy(chart)
    return chart.resources


def _kidney_protein_and_clotting(chart: Chart) -> None:
    chart.lab(codes.ALBUMIN_CREATININE_RATIO, "8", "mg/g", days=60, high="30")
    chart.lab(codes.TOTAL_PROTEIN, "7.1", "g/dL", days=10, low="6.0", high="8.3")
    chart.lab(codes.ALBUMIN, "4.3", "g/dL", days=10, low="3.5", high="5.2")
    chart.lab(codes.INR, "1.0", "{INR}", days=10, low="0.9", high="1.1")
    chart.lab(codes.PROTHROMBIN_TIME, "12.4", "s", days=10, low="11.0", high="13.5")
    chart.lab(codes.APTT, "29", "s", days=10, low="25", high="35")


def _infections_excluded(chart: Chart) -> None:
    for test in (codes.HIV_SCREEN, codes.HCV_ANTIBODY, codes.HBV_SURFACE_ANTIGEN, codes.TB_IGRA):
        chart.coded(test, codes.NEGATIVE, days=30)


def _eyes_tobacco_pregnancy(chart: Chart) -> None:
    for eye in (codes.LEFT_EYE_RETINOPATHY, codes.RIGHT_EYE_RETINOPATHY):
        chart.coded(eye, codes.NO_RETINOPATHY, days=150, group="exam")
    chart.coded(codes.TOBACCO_STATUS, codes.NEVER_SMOKER, days=60, group="social-history")
    chart.coded(codes.URINE_HCG, codes.NEGATIVE, days=2)


PATIENTS = (
    SyntheticPatient("golden-ada", "T1DM 12 years, HbA1c 8.4 %, no C-peptide left", "potentially-eligible", build),
)
