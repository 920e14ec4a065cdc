"""Type 1 diabetes whose chart is thin, imprecise or sits on a limit: open, not excluded."""

from __future__ import annotations

from datetime import UTC, date, tzinfo

from fhir_core.fhirabstractmodel import FHIRAbstractModel

from cds_service.sandbox import codes
from cds_service.sandbox.builders import Chart
from cds_service.sandbox.patients.common import (
    clinic_visit,
    fits_but_for_the_story,
    hba1c,
    no_c_peptide_left,
    normal_labs,
    type_1_on_insulin,
)
from cds_service.sandbox.synthetic import SyntheticPatient


# insufficient-data: nothing speaks against, but neither C-peptide (I7) nor HbA1c (I8) is on record.
def no_key_labs(on: date, zone: tzinfo = UTC) -> list[FHIRAbstractModel]:
    chart = Chart("no-key-labs", on, zone)
    chart.patient("Nia", "female", born=chart.day(years=21, days=66))
    type_1_on_insulin(chart, {"onsetDateTime": chart.day(years=7)}, chart.day(years=7))
    clinic_visit(chart)
    return chart.resources


# possibly-eligible: HbA1c 8.9 % meets I8; C-peptide was never measured, so I7 is unknown.
def missing_c_peptide(on: date, zone: tzinfo = UTC) -> list[FHIRAbstractModel]:
    chart = Chart("missing-c-peptide", on, zone)
    chart.patient("Cleo", "female", born=chart.day(years=25, days=17))
    type_1_on_insulin(chart, {"onsetDateTime": chart.day(years=8, days=3)}, chart.day(years=8))
    clinic_visit(chart)
    hba1c(chart, "8.9")
    normal_labs(chart)
    return chart.resources


# possibly-eligible: the onset is a calendar year only, the twentieth before this one, so the duration may lie
# on either side of 20 years: I6 is unknown (on two days of the year it is not even that). The rest is met.
def year_only_onset(on: date, zone: tzinfo = UTC) -> list[FHIRAbstractModel]:
    chart = Chart("year-only-onset", on, zone)
    chart.patient("Yuri", "male", born=chart.day(years=34, days=140))
    type_1_on_insulin(chart, {"onsetDateTime": chart.year(20)}, chart.day(years=6))
    clinic_visit(chart)
    hba1c(chart, "8.3")
    no_c_peptide_left(chart)
    return chart.resources


# possibly-eligible: the diagnosis has only the date it was recorded, ten years ago at age 20. Onset was
# then or earlier, so I5 is met; the duration is ten years or more, so I6 is unknown.
def recorded_date_only(on: date, zone: tzinfo = UTC) -> list[FHIRAbstractModel]:
    chart = Chart("recorded-date-only", on, zone)
    chart.patient("Rita", "female", born=chart.day(years=30, days=90))
    type_1_on_insulin(chart, None, chart.day(years=10))
    clinic_visit(chart)
    hba1c(chart, "8.8")
    no_c_peptide_left(chart)
    return chart.resources


# possibly-eligible: HbA1c came as the text "8.4 %" and meets I8. C-peptide is the text "<0.1" without a unit;
# whether it counts or leaves I7 unknown, the verdict is the same. Creatinine has no code and cannot count.
def text_only_labs(on: date, zone: tzinfo = UTC) -> list[FHIRAbstractModel]:
    chart = Chart("text-only-labs", on, zone)
    chart.patient("Tex", "male", born=chart.day(years=27, days=19))
    type_1_on_insulin(chart, {"onsetDateTime": chart.day(years=11)}, chart.day(years=11))
    clinic_visit(chart)
    chart.text_lab(codes.HBA1C, "8.4 %", days=25)
    chart.text_lab(codes.C_PEPTIDE, "<0.1", days=25)
    chart.text_lab(codes.HS_CRP, "0.7 mg/L", days=14)
    chart.text_lab(codes.HEMOGLOBIN, "15.0 g/dL", days=14)
    chart.observation(codes.CREATININE, {"code": {"text": "Creatinine"}, "valueString": "0.9 mg/dL"}, days=14)
    return chart.resources


# possibly-eligible: 58 mmol/mol is 7.458 %, under 7.5 % but within its rounding, so the failed I8 does not
# decide (borderline); I7 is met.
def near_threshold(on: date, zone: tzinfo = UTC) -> list[FHIRAbstractModel]:
    chart = Chart("near-threshold", on, zone)
    chart.patient("Nelly", "female", born=chart.day(years=31, days=44))
    type_1_on_insulin(chart, {"onsetDateTime": chart.day(years=13)}, chart.day(years=13))
    clinic_visit(chart)
    chart.lab(codes.HBA1C, "58", "mmol/mol", days=20, low="20", high="42")
    no_c_peptide_left(chart)
    return chart.resources


# possibly-eligible: at 44 the registry's header (18-40) and its text (18-65) differ, so I1 is left to the
# study team; onset at 34 meets I5, ten years meet I6; I7 and I8 are met.
def age_forty_four(on: date, zone: tzinfo = UTC) -> list[FHIRAbstractModel]:
    chart = Chart("age-forty-four", on, zone)
    chart.patient("Vera", "female", born=chart.day(years=44, days=50))
    fits_but_for_the_story(chart, years=10)
    return chart.resources


PATIENTS = (
    SyntheticPatient("no-key-labs", "T1DM without C-peptide and HbA1c", "insufficient-data", no_key_labs),
    SyntheticPatient("missing-c-peptide", "HbA1c 8.9 %, C-peptide never taken", "possibly-eligible", missing_c_peptide),
    SyntheticPatient("year-only-onset", "Onset known to the year, 20 years ago", "possibly-eligible", year_only_onset),
    SyntheticPatient(
        "recorded-date-only", "No onset, only the date of recording", "possibly-eligible", recorded_date_only
    ),
    SyntheticPatient("text-only-labs", "Results as text: '8.4 %', '<0.1'", "possibly-eligible", text_only_labs),
    SyntheticPatient("near-threshold", "HbA1c 58 mmol/mol, a hair below 7.5 %", "possibly-eligible", near_threshold),
    SyntheticPatient("age-forty-four", "Aged 44: header and text disagree", "possibly-eligible", age_forty_four),
)
