"""Charts from Germany and the United Kingdom: SI units, national codes."""

from __future__ import annotations

from datetime import UTC, date, tzinfo

from fhir_core.fhirabstractmodel import FHIRAbstractModel

from cds_service.sandbox import codes
from cds_service.sandbox.builders import Chart
from cds_service.sandbox.patients.common import basal_bolus, clinic_visit
from cds_service.sandbox.synthetic import SyntheticPatient


# possibly-eligible: 0.05 nmol/L fasting is 0.15 ng/mL (I7 met), 68 mmol/mol is 8.4 % (I8 met), creatinine
# 71 umol/L is 0.8 mg/dL, LDL 2.4 mmol/L is 93 mg/dL; nothing excludes.
def german(on: date, zone: tzinfo = UTC) -> list[FHIRAbstractModel]:
    chart = Chart("si-german", on, zone)
    chart.patient("Gerda", "female", born=chart.day(years=29, days=11), language="de")
    chart.condition(
        codes.T1DM_GERMAN,
        onset={"onsetDateTime": chart.month(years=10)},
        recorded=chart.day(years=9, months=11),
    )
    chart.medication(codes.GLARGINE_ATC, dose=("20", "[U]"))
    chart.medication(codes.LISPRO_ATC, dose=("5", "[U]"), per_day=3)
    clinic_visit(chart, height_cm=168, weight_kg="64")
    chart.lab(codes.HBA1C_IFCC, "68", "mmol/mol", days=21, low="20", high="42")
    chart.lab(codes.C_PEPTIDE_MOLAR_FASTING, "0.05", "nmol/L", days=80, low="0.27", high="1.27")
    chart.lab(codes.GLUCOSE_MOLAR, "7.9", "mmol/L", days=80, low="3.9", high="5.6")
    chart.lab(codes.HS_CRP, "0.8", "mg/L", days=15, high="3.0")
    chart.lab(codes.CREATININE_MOLAR, "71", "umol/L", days=15, low="45", high="84")
    chart.lab(codes.LDL_MOLAR, "2.4", "mmol/L", days=15, high="3.4")
    chart.lab(codes.TRIGLYCERIDES_MOLAR, "1.1", "mmol/L", days=15, high="1.7")
    chart.lab(codes.ALT, "0.35", "ukat/L", days=15, low="0.17", high="0.58")
    chart.lab(codes.AST, "0.38", "ukat/L", days=15, low="0.17", high="0.58")
    chart.lab(codes.BILIRUBIN_MOLAR, "9", "umol/L", days=15, high="21")
    chart.lab(codes.HEMOGLOBIN, "13.6", "g/dL", days=15, low="12.0", high="15.5")
    chart.lab(codes.LYMPHOCYTES, "1.9", "/nL", days=15, low="1.0", high="4.0")
    chart.lab(codes.NEUTROPHILS, "3.9", "/nL", days=15, low="1.8", high="7.5")
    chart.lab(codes.PLATELETS, "260", "/nL", days=15, low="150", high="400")
    return chart.resources


# possibly-eligible: SNOMED codes alone; 40 pmol/L from a fasting sample is 0.12 ng/mL (I7 met), 70 mmol/mol
# is 8.6 % (I8 met).
def british(on: date, zone: tzinfo = UTC) -> list[FHIRAbstractModel]:
    chart = Chart("si-british", on, zone)
    chart.patient("Brita", "female", born=chart.day(years=35, days=160), language="en-GB")
    chart.condition(codes.T1DM_SNOMED, onset={"onsetAge": _years(19)}, recorded=chart.day(years=15))
    basal_bolus(chart)
    clinic_visit(chart)
    chart.lab(codes.HBA1C, "70", "mmol/mol", days=33, low="20", high="41")
    fasting = chart.fasting_specimen(days=120)
    chart.lab(codes.C_PEPTIDE_MOLAR, "40", "pmol/L", days=120, low="370", high="1470", specimen=fasting)
    chart.lab(codes.CREATININE_MOLAR, "68", "umol/L", days=33, low="45", high="84")
    chart.lab(codes.HEMOGLOBIN, "134", "g/L", days=33, low="115", high="165")
    chart.lab(codes.PLATELETS, "231", "10*9/L", days=33, low="150", high="400")
    return chart.resources


def _years(count: int) -> dict[str, object]:
    return {"value": count, "unit": "years", "system": "http://unitsofmeasure.org", "code": "a"}


PATIENTS = (
    SyntheticPatient("si-german", "Germany: ICD-10-GM, mmol/mol, ukat/L", "possibly-eligible", german),
    SyntheticPatient("si-british", "United Kingdom: SNOMED CT, pmol/L, g/L", "possibly-eligible", british),
)
