"""Type 1 diabetes that fits but for one finding. Each has exactly one obstacle."""

from __future__ import annotations

from datetime import UTC, date, tzinfo

from fhir_core.fhirabstractmodel import FHIRAbstractModel

from cds_service.sandbox import codes
from cds_service.sandbox.builders import Chart
from cds_service.sandbox.patients.common import (
    clinic_visit,
    fits_but_for_the_story,
    hba1c,
    hs_crp,
    no_c_peptide_left,
    normal_labs,
    type_1_on_insulin,
)
from cds_service.sandbox.synthetic import SyntheticPatient


# not-eligible: fasting C-peptide 0.9 ng/mL 40 days ago is far above 0.3, so I7 is not met.
def c_peptide_preserved(on: date, zone: tzinfo = UTC) -> list[FHIRAbstractModel]:
    chart = Chart("c-peptide-preserved", on, zone)
    chart.patient("Pia", "female", born=chart.day(years=24, days=9))
    type_1_on_insulin(chart, {"onsetDateTime": chart.day(years=5, days=12)}, chart.day(years=5))
    clinic_visit(chart)
    hba1c(chart, "8.0")
    chart.lab(codes.C_PEPTIDE_FASTING, "0.9", "ng/mL", days=40, low="0.8", high="3.9")
    return chart.resources


# not-eligible: onset 13 months ago is less than two years, so I6 is not met until the second anniversary.
def recent_onset(on: date, zone: tzinfo = UTC) -> list[FHIRAbstractModel]:
    chart = Chart("recent-onset", on, zone)
    chart.patient("Neo", "male", born=chart.day(years=22, days=33))
    type_1_on_insulin(chart, {"onsetDateTime": chart.day(months=13)}, chart.day(months=13, days=-2))
    clinic_visit(chart)
    hba1c(chart, "7.9")
    no_c_peptide_left(chart, days=30)
    return chart.resources


# not-eligible: admitted two days ago and still in hospital, so E20 is met.
def inpatient_now(on: date, zone: tzinfo = UTC) -> list[FHIRAbstractModel]:
    chart = Chart("inpatient-now", on, zone)
    chart.patient("Ines", "female", born=chart.day(years=28, days=150))
    fits_but_for_the_story(chart)
    chart.encounter(2, kind=codes.INPATIENT, status="in-progress", reason="Elective knee surgery")
    return chart.resources


# not-eligible: hs-CRP 4.8 mg/L nine days ago is over 3.00 mg/L, so E3 is met.
def hs_crp_high(on: date, zone: tzinfo = UTC) -> list[FHIRAbstractModel]:
    chart = Chart("hs-crp-high", on, zone)
    chart.patient("Hugo", "male", born=chart.day(years=33, days=77))
    fits_but_for_the_story(chart)
    normal_labs(chart, days=40)
    hs_crp(chart, "4.8", days=9)
    return chart.resources


# not-eligible: ketoacidosis within 30 days (E26). It was treated in the emergency department without admission,
# so E20 is not met. The C-peptide taken two days after it does not count (I7 unknown: within 14 days of
# ketoacidosis); HbA1c 10.9 % meets I8.
def dka_last_week(on: date, zone: tzinfo = UTC) -> list[FHIRAbstractModel]:
    chart = Chart("dka-last-week", on, zone)
    chart.patient("Keto", "male", born=chart.day(years=26, days=210))
    type_1_on_insulin(chart, {"onsetDateTime": chart.day(years=6, days=45)}, chart.day(years=6, days=40))
    clinic_visit(chart, days=20)
    emergency = chart.encounter(7, kind=codes.EMERGENCY, reason="Ketoacidosis", hours=11)
    chart.condition(
        codes.KETOACIDOSIS,
        onset={"onsetDateTime": chart.day(days=7)},
        recorded=chart.day(days=7),
        listed_as="encounter-diagnosis",
        encounter=emergency,
    )
    chart.lab(codes.BICARBONATE, "11", "mmol/L", days=7, low="22", high="29")
    chart.lab(codes.C_PEPTIDE, "0.2", "ng/mL", days=5, low="0.8", high="3.9")
    hba1c(chart, "10.9", days=7)
    return chart.resources


# not-eligible: pregnant (E8). All inclusions are met.
def pregnancy(on: date, zone: tzinfo = UTC) -> list[FHIRAbstractModel]:
    chart = Chart("pregnancy", on, zone)
    chart.patient("Petra", "female", born=chart.day(years=30, days=5))
    fits_but_for_the_story(chart)
    chart.condition(codes.T1DM_IN_PREGNANCY, recorded=chart.day(days=60), listed_as="encounter-diagnosis")
    chart.coded(codes.PREGNANCY_STATUS, codes.PREGNANT[0], days=12, group="social-history")
    due = chart.day(days=-110)
    chart.observation(codes.DELIVERY_DATE_ESTIMATED, {"valueDateTime": due}, days=12, group="social-history")
    return chart.resources


PATIENTS = (
    SyntheticPatient("c-peptide-preserved", "Fasting C-peptide 0.9 ng/mL", "not-eligible", c_peptide_preserved),
    SyntheticPatient("recent-onset", "T1DM for 13 months only", "not-eligible", recent_onset),
    SyntheticPatient("inpatient-now", "Fits, but is in hospital now", "not-eligible", inpatient_now),
    SyntheticPatient("hs-crp-high", "Fits, but hs-CRP is 4.8 mg/L", "not-eligible", hs_crp_high),
    SyntheticPatient("dka-last-week", "Ketoacidosis last week; C-peptide since", "not-eligible", dka_last_week),
    SyntheticPatient("pregnancy", "Fits, but is pregnant", "not-eligible", pregnancy),
)
