"""People whom the trial is not about: too old or young, no longer alive, opted out."""

from __future__ import annotations

from datetime import UTC, date, tzinfo

from fhir_core.fhirabstractmodel import FHIRAbstractModel

from cds_service.sandbox.builders import Chart
from cds_service.sandbox.patients.common import fits_but_for_the_story, hba1c, type_1_on_insulin
from cds_service.sandbox.synthetic import SyntheticPatient


# not-applicable: 70 is over 65, by the header and the text alike (gate 2).
def age_seventy(on: date, zone: tzinfo = UTC) -> list[FHIRAbstractModel]:
    chart = Chart("age-seventy", on, zone)
    chart.patient("Otto", "male", born=chart.day(years=70, days=100))
    type_1_on_insulin(chart, {"onsetDateTime": chart.year(41)})
    hba1c(chart, "8.0")
    return chart.resources


# not-applicable: 16, which is under 18 (gate 2), though everything else would fit.
def age_sixteen(on: date, zone: tzinfo = UTC) -> list[FHIRAbstractModel]:
    chart = Chart("age-sixteen", on, zone)
    chart.patient("Juno", "female", born=chart.day(years=16, days=200))
    fits_but_for_the_story(chart)
    return chart.resources


# not-applicable: deceased (gate 1).
def deceased(on: date, zone: tzinfo = UTC) -> list[FHIRAbstractModel]:
    chart = Chart("deceased", on, zone)
    chart.patient("Mori", "male", born=chart.day(years=30, days=10), died=chart.moment(days=20))
    type_1_on_insulin(chart, {"onsetDateTime": chart.month(years=11)})
    hba1c(chart, "9.1", days=40)
    return chart.resources


# not-applicable: an active consent in research scope denies (gate 1).
def opted_out(on: date, zone: tzinfo = UTC) -> list[FHIRAbstractModel]:
    chart = Chart("opted-out", on, zone)
    chart.patient("Nora", "female", born=chart.day(years=29, days=25))
    fits_but_for_the_story(chart)
    chart.research_refusal(days=300)
    return chart.resources


PATIENTS = (
    SyntheticPatient("age-seventy", "T1DM, aged 70", "not-applicable", age_seventy),
    SyntheticPatient("age-sixteen", "T1DM, aged 16", "not-applicable", age_sixteen),
    SyntheticPatient("deceased", "T1DM, died last month", "not-applicable", deceased),
    SyntheticPatient("opted-out", "Fits, but refused the use of the record for research", "not-applicable", opted_out),
)
