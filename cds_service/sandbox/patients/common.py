"""The parts of a chart that most stories share, so that each story shows only what makes it one."""

from __future__ import annotations

from typing import NamedTuple

from cds_service.sandbox import codes
from cds_service.sandbox.builders import Chart


class Blood(NamedTuple):
    """One result of a usual blood draw: code, value, UCUM unit, reference limits."""

    code: codes.Code
    value: str
    unit: str
    low: str | None
    high: str | None


NORMAL_BLOOD = (
    Blood(codes.CREATININE, "0.8", "mg/dL", "0.5", "1.2"),
    Blood(codes.EGFR, "101", "mL/min/{1.73_m2}", "60", None),
    Blood(codes.HEMOGLOBIN, "14.2", "g/dL", "12.0", "17.0"),
    Blood(codes.LEUKOCYTES, "6.4", "10*3/uL", "4.0", "11.0"),
    Blood(codes.LYMPHOCYTES, "2.1", "10*3/uL", "1.0", "4.0"),
    Blood(codes.NEUTROPHILS, "3.7", "10*3/uL", "1.8", "7.5"),
    Blood(codes.PLATELETS, "248", "10*3/uL", "150", "400"),
    Blood(codes.LDL, "92", "mg/dL", None, "130"),
    Blood(codes.TRIGLYCERIDES_FASTING, "84", "mg/dL", None, "150"),
    Blood(codes.ALT, "19", "U/L", "7", "40"),
    Blood(codes.AST, "21", "U/L", "8", "40"),
    Blood(codes.ALP, "70", "U/L", "40", "120"),
    Blood(codes.BILIRUBIN, "0.6", "mg/dL", "0.2", "1.2"),
)


def type_1_on_insulin(chart: Chart, onset: dict[str, str] | None, recorded: str | None = None) -> None:
    """Type 1 diabetes on the problem list and a basal-bolus regimen: criterion I4 is met."""
    chart.condition(codes.T1DM, onset=onset, recorded=recorded)
    basal_bolus(chart)


def basal_bolus(chart: Chart, basal: str = "18", bolus: str = "6") -> None:
    """Glargine once and aspart three times a day, in units: `basal` + 3 x `bolus` a day."""
    chart.medication(codes.GLARGINE, dose=(basal, "[U]"))
    chart.medication(codes.ASPART, dose=(bolus, "[U]"), per_day=3)


def clinic_visit(chart: Chart, days: int = 12, height_cm: int = 170, weight_kg: str = "66.5") -> str:
    """An outpatient visit with normal blood pressure and body size; returns the encounter's reference."""
    visit = chart.encounter(days)
    chart.blood_pressure(118, 74, days=days, encounter=visit)
    chart.body_size(height_cm, weight_kg, days=days)
    return visit


def normal_labs(chart: Chart, days: int = 12) -> None:
    """Creatinine, blood count, fasting lipids, liver tests and hs-CRP, inside all of the trial's limits."""
    for result in NORMAL_BLOOD:
        chart.lab(result.code, result.value, result.unit, days=days, low=result.low, high=result.high)
    hs_crp(chart, "0.6", days=days)


def hs_crp(chart: Chart, mg_per_litre: str, days: int) -> None:
    chart.lab(codes.HS_CRP, mg_per_litre, "mg/L", days=days, high="3.0")


def hba1c(chart: Chart, percent: str, days: int = 30) -> None:
    chart.lab(codes.HBA1C, percent, "%", days=days, low="4.0", high="5.6")


def no_c_peptide_left(chart: Chart, days: int = 90) -> None:
    """C-peptide below the assay's limit while glucose is high: meets I7, fasting or not."""
    chart.lab(codes.C_PEPTIDE, "0.1", "ng/mL", days=days, comparator="<", low="0.8", high="3.9")
    chart.lab(codes.GLUCOSE, "148", "mg/dL", days=days, low="70", high="99")


def fits_but_for_the_story(chart: Chart, years: int = 9) -> None:
    """Diabetes for `years`, C-peptide and HbA1c as the trial wants: the ground for a story's one obstacle."""
    type_1_on_insulin(chart, {"onsetDateTime": chart.day(years=years, days=40)}, chart.day(years=years, days=30))
    clinic_visit(chart)
    hba1c(chart, "8.6")
    no_c_peptide_left(chart)
