"""Eight years of quarterly visits: more than 400 resources, so that searches come in pages."""

from __future__ import annotations

from datetime import UTC, date, tzinfo

from fhir_core.fhirabstractmodel import FHIRAbstractModel

from cds_service.sandbox import codes
from cds_service.sandbox.builders import Chart
from cds_service.sandbox.patients.common import (
    NORMAL_BLOOD,
    hba1c,
    hs_crp,
    no_c_peptide_left,
    type_1_on_insulin,
)
from cds_service.sandbox.synthetic import SyntheticPatient

VISITS = 36
DAYS_BETWEEN_VISITS = 84
LAST_VISIT = 9
# The newest first, then round and round; the newest decides.
HBA1C_OVER_TIME = ("8.7", "7.3", "8.1", "7.0", "9.2")
BLOOD_EACH_VISIT = tuple(
    result
    for result in NORMAL_BLOOD
    if result.code in (codes.CREATININE, codes.HEMOGLOBIN, codes.LDL, codes.ALT, codes.AST, codes.PLATELETS)
)


# possibly-eligible: the newest HbA1c (8.7 %) meets I8 and the only C-peptide meets I7. The hs-CRP of 11 mg/L
# a year ago and the older HbA1c below 7.5 % are out of date and must not decide.
def build(on: date, zone: tzinfo = UTC) -> list[FHIRAbstractModel]:
    chart = Chart("long-chart", on, zone)
    chart.patient("Lorena", "female", born=chart.day(years=28, days=70))
    type_1_on_insulin(chart, {"onsetDateTime": chart.day(years=12, days=8)}, chart.day(years=12))
    chart.condition(codes.HYPOTHYROIDISM, recorded=chart.day(years=7))
    for visit in range(VISITS):
        _quarterly_visit(chart, visit)
    no_c_peptide_left(chart, days=200)
    hs_crp(chart, "0.9", days=LAST_VISIT)
    hs_crp(chart, "11", days=365)
    return chart.resources


def _quarterly_visit(chart: Chart, visit: int) -> None:
    days = LAST_VISIT + visit * DAYS_BETWEEN_VISITS
    encounter = chart.encounter(days)
    chart.blood_pressure(114 + visit % 9, 70 + visit % 7, days=days, encounter=encounter)
    chart.body_size(165, str(61 + visit % 4), days=days)
    hba1c(chart, HBA1C_OVER_TIME[visit % len(HBA1C_OVER_TIME)], days=days)
    for result in BLOOD_EACH_VISIT:
        chart.lab(result.code, result.value, result.unit, days=days, low=result.low, high=result.high)


PATIENTS = (SyntheticPatient("long-chart", "Eight years of visits, over 400 resources", "possibly-eligible", build),)
