"""Diabetes that is not type 1, or is called so by mistake, or may be."""

from __future__ import annotations

from datetime import UTC, date, tzinfo

from fhir_core.fhirabstractmodel import FHIRAbstractModel

from cds_service.sandbox import codes
from cds_service.sandbox.builders import Chart
from cds_service.sandbox.patients.common import basal_bolus, clinic_visit, hba1c, no_c_peptide_left
from cds_service.sandbox.synthetic import SyntheticPatient


# not-applicable: only type 2 codes, so I4 is not met (gate 3).
def type_2_only(on: date, zone: tzinfo = UTC) -> list[FHIRAbstractModel]:
    chart = Chart("type-2-only", on, zone)
    chart.patient("Boris", "male", born=chart.day(years=38, days=60))
    chart.condition(codes.T2DM, onset={"onsetDateTime": chart.year(4)}, recorded=chart.day(years=4))
    chart.condition(codes.HYPERTENSION, recorded=chart.day(years=3))
    chart.medication(codes.METFORMIN, dose=("1000", "mg"), per_day=2)
    clinic_visit(chart, height_cm=178, weight_kg="98")
    hba1c(chart, "7.9")
    return chart.resources


# not-applicable: SNOMED's "MODY, type 1" is a monogenic diabetes, not type 1, and is the only code: I4 is not
# met. Published value sets for type 1 diabetes contain it by mistake.
def mody_as_type_1(on: date, zone: tzinfo = UTC) -> list[FHIRAbstractModel]:
    chart = Chart("mody-as-type-1", on, zone)
    chart.patient("Mona", "female", born=chart.day(years=27, days=80))
    chart.condition(codes.MODY_1, onset={"onsetDateTime": chart.year(8)}, recorded=chart.day(years=8, days=3))
    chart.medication(codes.GLIPIZIDE, dose=("5", "mg"))
    clinic_visit(chart)
    hba1c(chart, "7.8")
    return chart.resources


# not-applicable: the type 1 diagnosis was entered in error and changes nothing; what remains is type 2.
def entered_in_error(on: date, zone: tzinfo = UTC) -> list[FHIRAbstractModel]:
    chart = Chart("entered-in-error", on, zone)
    chart.patient("Erik", "male", born=chart.day(years=36, days=15))
    chart.condition(codes.T1DM, recorded=chart.day(years=2), verification="entered-in-error")
    chart.condition(codes.T2DM, onset={"onsetDateTime": chart.year(3)}, recorded=chart.day(years=2, days=-1))
    chart.medication(codes.METFORMIN, dose=("850", "mg"), per_day=2)
    chart.medication(codes.GLARGINE, dose=("14", "[U]"))
    clinic_visit(chart, height_cm=180, weight_kg="96")
    hba1c(chart, "8.2")
    return chart.resources


# possibly-eligible: latent autoimmune diabetes leaves I4 to a clinician, which is open and not in the way;
# I7 and I8 are met and the unassessed exclusions are unknown.
def lada(on: date, zone: tzinfo = UTC) -> list[FHIRAbstractModel]:
    chart = Chart("lada", on, zone)
    chart.patient("Lada", "female", born=chart.day(years=38, days=120))
    chart.condition(codes.LADA, onset={"onsetDateTime": chart.month(years=4, months=3)}, recorded=chart.day(years=4))
    chart.lab(codes.GAD65_ANTIBODY, "126", "[IU]/mL", days=400, high="5")
    basal_bolus(chart, basal="12", bolus="4")
    clinic_visit(chart)
    hba1c(chart, "8.1")
    no_c_peptide_left(chart, days=60)
    return chart.resources


PATIENTS = (
    SyntheticPatient("type-2-only", "Type 2 diabetes on metformin", "not-applicable", type_2_only),
    SyntheticPatient("mody-as-type-1", "MODY type 1, a look-alike of T1DM", "not-applicable", mody_as_type_1),
    SyntheticPatient("entered-in-error", "T1DM entered in error; has type 2", "not-applicable", entered_in_error),
    SyntheticPatient("lada", "Latent autoimmune diabetes: a clinician must judge", "possibly-eligible", lada),
)
