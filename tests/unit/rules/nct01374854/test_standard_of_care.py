"""Which tests of routine care are overdue: a table for clinicians, on 15 June 2025.

The person has had type 1 diabetes since March 2012 unless a line says otherwise. Whatever is uncertain gives no test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

import pytest

from rules.assess import assess, reference_executor
from rules.standard_of_care import OverdueTest, overdue_tests
from rules.trial import Trial
from rules.trial_folder import load_trial
from tests.criteria.given import TODAY, Given, diagnosis, lab, medication, patient, resource
from tests.criteria.tables import record

TESTS = {"hba1c", "creatinine", "albumin_creatinine_ratio", "lipids", "eye_exam"}
T1DM = diagnosis("icd10cm:E10.9", onset="2012-03-01")
INSULIN = medication("atc:A10AE04", text="Insulin glargine")
USUAL = (T1DM, INSULIN)


def order(*codes: str, text: str | None = None, status: str = "active") -> Given:
    """A ServiceRequest; ``codes`` are written ``system|code``."""
    listed = [dict(zip(("system", "code"), code.split("|"), strict=True)) for code in codes]
    code: dict[str, Any] = {**({"coding": listed} if listed else {}), **({"text": text} if text else {})}
    resource = {"resourceType": "ServiceRequest", "id": f"order-{len(codes)}-{text}", "status": status}
    resource["subject"] = {"reference": "Patient/p1"}
    if code:
        resource["code"] = code
    return Given(resource, f"{status} order {text or ', '.join(codes) or 'without a code'}")


@dataclass(frozen=True)
class Line:
    name: str
    given: tuple[Given, ...]
    overdue: frozenset[str]
    searches: Mapping[str, str] = field(default_factory=dict)


def line(name: str, *given: Given, overdue: set[str], **searches: str) -> Line:
    states = {search.replace("_", "-"): state for search, state in searches.items()}
    return Line(name, given, frozenset(overdue), states)


def a1c(value: str, on: str | None, **more: Any) -> Given:
    return lab("4548-4", f"{value} %", on, **more)


def eyes(on: str) -> Given:
    code = {"coding": [{"system": "http://snomed.info/sct", "code": "308110009"}]}
    return resource("Procedure", f"eyes examined on {on}", status="completed", code=code, performedDateTime=on)


LINES = (
    line("nothing was ever done", *USUAL, overdue=TESTS),
    # HbA1c: every six months at goal, every three above it
    line("HbA1c at goal, six months ago to the day", *USUAL, a1c("6.8", "2024-12-15"), overdue=TESTS - {"hba1c"}),
    line("HbA1c at goal, a day more than six months ago", *USUAL, a1c("6.8", "2024-12-14"), overdue=TESTS),
    line("HbA1c above goal, three months ago to the day", *USUAL, a1c("8.4", "2025-03-15"), overdue=TESTS - {"hba1c"}),
    line("HbA1c above goal, a day more than three months ago", *USUAL, a1c("8.4", "2025-03-14"), overdue=TESTS),
    line("HbA1c of 7.0 % counts as above goal", *USUAL, a1c("7.0", "2025-03-14"), overdue=TESTS),
    line("HbA1c of 6.9 % does not", *USUAL, a1c("6.9", "2025-03-14"), overdue=TESTS - {"hba1c"}),
    line("HbA1c in mmol/mol, above goal", *USUAL, lab("59261-8", "68 mmol/mol", "2025-03-14"), overdue=TESTS),
    line("an older HbA1c above goal, a newer one at goal", *USUAL, a1c("9", "2024-06-01"), a1c("6.5", "2025-01-10"),
         overdue=TESTS - {"hba1c"}),
    line("HbA1c of a month that touches the interval", *USUAL, a1c("6.8", "2024-12"), overdue=TESTS - {"hba1c"}),
    line("HbA1c without a date", *USUAL, lab("4548-4", "6.8 %", None), overdue=TESTS - {"hba1c"}),
    line("HbA1c in a unit nobody knows was still done", *USUAL, lab("4548-4", "6.8 furlong", "2025-06-01"),
         overdue=TESTS - {"hba1c"}),
    line("HbA1c still at the laboratory", *USUAL, a1c("6.8", "2025-06-14", status="registered"),
         overdue=TESTS - {"hba1c"}),
    line("HbA1c cancelled", *USUAL, a1c("6.8", "2025-06-14", status="cancelled"), overdue=TESTS),
    line("HbA1c entered in error", *USUAL, a1c("6.8", "2025-06-14", status="entered-in-error"), overdue=TESTS),
    # once a year
    line("creatinine a year ago", *USUAL, lab("2160-0", "0.8 mg/dL", "2024-06-15"), overdue=TESTS - {"creatinine"}),
    line("creatinine more than a year ago", *USUAL, lab("2160-0", "0.8 mg/dL", "2024-06-14"), overdue=TESTS),
    line("eGFR alone does", *USUAL, lab("62238-1", "95 mL/min/{1.73_m2}", "2025-01-10"),
         overdue=TESTS - {"creatinine"}),
    line("albumin/creatinine ratio this year", *USUAL, lab("9318-7", "8 mg/g", "2025-01-10"),
         overdue=TESTS - {"albumin_creatinine_ratio"}),
    line("LDL this year", *USUAL, lab("13457-7", "92 mg/dL", "2025-01-10"), overdue=TESTS - {"lipids"}),
    line("triglycerides alone are no lipid panel", *USUAL, lab("2571-8", "92 mg/dL", "2025-01-10"), overdue=TESTS),
    line("eyes examined this year", *USUAL, eyes("2025-01-10"),
         overdue=TESTS - {"eye_exam"}),
    line("eyes examined two years ago", *USUAL, eyes("2023-01-10"), overdue=TESTS),
    # kidneys and eyes from five years after the onset
    line("diabetes for exactly five years", diagnosis("icd10cm:E10.9", onset="2020-06-15"), INSULIN, overdue=TESTS),
    line("diabetes for a day less than five years", diagnosis("icd10cm:E10.9", onset="2020-06-16"), INSULIN,
         overdue={"hba1c", "lipids"}),
    line("onset in a year that leaves it open", diagnosis("icd10cm:E10.9", onset="2020"), INSULIN,
         overdue={"hba1c", "lipids"}),
    line("onset not known, recorded lately", diagnosis("icd10cm:E10.9", recorded="2024-05-01"), INSULIN,
         overdue={"hba1c", "lipids"}),
    # orders
    line("HbA1c on order", *USUAL, order("http://loinc.org|4548-4"), overdue=TESTS - {"hba1c"}),
    line("HbA1c on order under another code", *USUAL, order("http://loinc.org|17856-6"), overdue=TESTS - {"hba1c"}),
    line("ordered by name alone", *USUAL, order(text="Hemoglobin A1c, blood"), overdue=TESTS - {"hba1c"}),
    line("local code with a name", *USUAL, order("urn:lab|1234", text="Urine microalbumin/creat"),
         overdue=TESTS - {"albumin_creatinine_ratio"}),
    line("a panel that holds creatinine", *USUAL, order("http://loinc.org|24323-8"), overdue=TESTS - {"creatinine"}),
    line("a referral to ophthalmology", *USUAL, order(text="Referral to Ophthalmology"), overdue=TESTS - {"eye_exam"}),
    line("on hold is on order", *USUAL, order("http://loinc.org|4548-4", status="on-hold"),
         overdue=TESTS - {"hba1c"}),
    line("a draft is on order", *USUAL, order("http://loinc.org|4548-4", status="draft"), overdue=TESTS - {"hba1c"}),
    line("completed is not", *USUAL, order("http://loinc.org|4548-4", status="completed"), overdue=TESTS),
    line("an order of something else", *USUAL, order("http://loinc.org|57021-8", text="CBC"), overdue=TESTS),
    line("an order that cannot be told may be any", *USUAL, order("urn:lab|1234"), overdue=set()),
    line("an order without a code", *USUAL, order(), overdue=set()),
    line("orders were not asked for", *USUAL, overdue=set(), service_requests="not-asked"),
    line("the server does not offer orders", *USUAL, overdue=set(), service_requests="unsupported"),
    line("the server held orders back", *USUAL, overdue=set(), service_requests="suppressed"),
    # what could not be seen
    line("laboratory refused", *USUAL, overdue={"eye_exam"}, labs="forbidden"),
    line("laboratory cut short", *USUAL, overdue={"eye_exam"}, labs="truncated"),
    line("procedures refused", *USUAL, overdue=TESTS - {"eye_exam"}, procedures="forbidden"),
    # C-peptide: only where the type of diabetes is in doubt
    line("a slow autoimmune form", diagnosis("icd10cm:E10.9", onset="2012-03-01"),
         diagnosis("snomed:426875007"), INSULIN, overdue=TESTS | {"c_peptide"}),
    line("a slow autoimmune form with a C-peptide", diagnosis("icd10cm:E10.9", onset="2012-03-01"),
         diagnosis("snomed:426875007"), INSULIN, lab("1986-9", "0.2 ng/mL", "2022-01-01"), overdue=TESTS),
)  # fmt: skip


@pytest.fixture(scope="module")
def trial() -> Trial:
    return load_trial("rules.nct01374854")


def overdue(trial: Trial, given: tuple[Given, ...], searches: Mapping[str, str]) -> tuple[OverdueTest, ...]:
    chart = record((patient(birth="1990-01-01"), *given), searches)
    assessment = assess(chart, trial, reference_executor(trial), TODAY, UTC)
    return overdue_tests(chart, trial, {r.id: r for r in assessment.criteria}, TODAY, UTC)


@pytest.mark.parametrize("case", LINES, ids=lambda case: case.name)
def test_line(case: Line, trial: Trial) -> None:
    assert {test.id for test in overdue(trial, case.given, case.searches)} == case.overdue


def test_what_is_told_about_a_test(trial: Trial) -> None:
    found = {test.id: test for test in overdue(trial, (*USUAL, a1c("8.4", "2025-01-10")), {})}
    assert found["hba1c"].says == "Last on 2025-01-10."
    assert found["hba1c"].reason == "Usual every 6 months, or 3 months above the goal."
    assert found["lipids"].says == "None in this record."
    assert (found["lipids"].order.code, found["lipids"].indication.code) == ("24331-1", "46635009")
    assert "not ordered for the study" in found["lipids"].note


def test_nothing_is_declared_that_only_a_study_asks_for(trial: Trial) -> None:
    """Clinical reference §6: hs-CRP, serology, coagulation and 24-hour protein wait for consent."""
    assert trial.standard_of_care is not None
    assert {test.id for test in trial.standard_of_care.tests} == TESTS | {"c_peptide"}
    assert next(t for t in trial.standard_of_care.tests if t.id == "c_peptide").only_if is not None


def test_every_interval_cites_its_source(trial: Trial) -> None:
    assert trial.standard_of_care is not None
    windows = [test.every for test in trial.standard_of_care.tests]
    windows += [test.above_goal.window for test in trial.standard_of_care.tests if test.above_goal]
    assert all(window.source for window in windows)
