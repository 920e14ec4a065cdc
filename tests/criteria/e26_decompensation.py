"""E26: acute or subacute decompensation of diabetes; evaluated on 15 June 2025."""

from typing import Any

from tests.criteria.given import Given, case, diagnosis, encounter, lab

CRITERION = "E26"

DKA = "icd10cm:E10.10"
T1DM = diagnosis("icd10cm:E10.9", onset="2012-09-01")
HOUR = "2025-06-14T08:00:00Z"
VISIT = {"reference": "Encounter/visit"}


def dka(onset: str | None = None, **more: Any) -> Given:
    return diagnosis(DKA, onset=onset, **more)


def at_visit(**more: Any) -> Given:
    return dka(category="encounter-diagnosis", encounter=VISIT, **more)


def ph(value: str, when: str = HOUR, **more: Any) -> Given:
    return lab("2746-6", value, when, **more)


def bicarbonate(value: str, when: str = HOUR, **more: Any) -> Given:
    return lab("1963-8", value, when, **more)


def ketones(value: str, when: str = HOUR, **more: Any) -> Given:
    return lab("6873-4", value, when, **more)


def glucose(value: str, when: str = HOUR, **more: Any) -> Given:
    return lab("2345-7", value, when, **more)


def strip(answer: str, when: str = HOUR, **more: Any) -> Given:
    return lab("33903-6", answer, when, text=True, **more)


CASES = [
    # the date decides
    case("ketoacidosis at a visit on 1 June", at_visit(), encounter("IMP", "2025-06-01", "2025-06-03",
         id="visit"),
         expect="met", rule="acute", recheck="2025-07-02", confidence="high"),
    case("ketoacidosis 30 days ago", dka("2025-05-16"), expect="met", recheck="2025-06-16"),
    case("ketoacidosis 31 days ago", dka("2025-05-15"), expect="needs-judgement", rule="subacute"),
    case("ketoacidosis 60 days ago", dka("2025-04-16"), expect="needs-judgement", rule="subacute"),
    case("ketoacidosis 90 days ago", dka("2025-03-17"), expect="needs-judgement", rule="subacute"),
    case("ketoacidosis 91 days ago", dka("2025-03-16"), expect="not-met", rule="none", confidence="low",
         basis="absence-of-record"),
    case("ketoacidosis of 2012, still active on the problem list", dka("2012-05-01"), expect="not-met",
         rule="none",
         says="older"),
    case("ketoacidosis yesterday, resolved", dka("2025-06-14", clinical="resolved"), expect="met"),
    case("the latest of two episodes tells when to look again", dka("2025-05-20"), dka("2025-06-02"),
         expect="met",
         recheck="2025-07-03"),
    case("ketoacidosis without any date", dka(), expect="needs-judgement", rule="undated"),
    case("ketoacidosis without a date, resolved", dka(clinical="resolved"), expect="needs-judgement"),
    case("ketoacidosis without a date, over since 2015", dka(clinical="resolved",
         abatementDateTime="2015-02-01"),
         expect="not-met"),
    case("on the problem list since last week, onset not told", dka(recorded="2025-06-08"),
         expect="needs-judgement", rule="undated"),
    case("on the problem list for 90 days, onset not told", dka(recorded="2025-03-17"),
         expect="needs-judgement"),
    case("on the problem list for 91 days, onset not told", dka(recorded="2025-03-16"), expect="not-met"),
    case("a visit's diagnosis recorded last week", dka(recorded="2025-06-08", category="encounter-diagnosis"),
         expect="met", rule="acute"),
    case("a visit's diagnosis of 60 days ago", dka(recorded="2025-04-16", category="encounter-diagnosis"),
         expect="needs-judgement", rule="subacute"),
    case("admitted 45 days ago, discharged 20 days ago", at_visit(),
         encounter("IMP", "2025-05-01", "2025-05-26", id="visit"), expect="needs-judgement", rule="subacute"),
    case("admitted 97 days ago, discharged 87 days ago: the admission dates it", at_visit(),
         encounter("IMP", "2025-03-10", "2025-03-20", id="visit"), expect="not-met", says="older"),
    case("onset 97 days ago, over 87 days ago: the onset dates it",
         dka("2025-03-10", clinical="resolved", abatementDateTime="2025-03-20"), expect="not-met"),
    case("ketoacidosis of 2012, coded again at a visit last week", at_visit(onset="2012-05-01"),
         encounter("AMB", "2025-06-08", "2025-06-08", id="visit"), expect="not-met", rule="none"),
    case("ketoacidosis of 2012 that recurs: nothing dates this episode", dka("2012-05-01", clinical="recurrence"),
         expect="needs-judgement", rule="undated"),
    case("ketoacidosis that recurs, dated last week", dka("2025-06-08", clinical="relapse"), expect="met"),
    case("the visit that dates it was lost", at_visit(recorded="2025-06-01"),
         searches={"encounters": "failed"}, expect="needs-judgement", rule="undated"),
    case("the visit that dates it is not in the record", at_visit(recorded="2025-06-01"), expect="met"),
    case("onset in May 2025 is 15 to 45 days ago", dka("2025-05"), expect="needs-judgement", rule="subacute"),
    case("onset in June 2025", dka("2025-06"), expect="met", recheck="2025-07-02"),
    case("onset in March 2025 may be over 90 days ago", dka("2025-03"), expect="unknown", rule="imprecise"),
    case("onset in 2025 may be any", dka("2025"), expect="unknown", rule="imprecise"),
    case("onset in the future is no date", dka("2025-07-01"), expect="needs-judgement", rule="undated"),
    # which diagnoses
    case("hyperosmolar state of type 2", diagnosis("icd10cm:E11.00", onset="2025-06-01"), expect="met"),
    case("ketoacidosis of another kind", diagnosis("icd10cm:E13.10", onset="2025-06-01"), expect="met"),
    case("diabetic ketoacidosis by SNOMED code", diagnosis("snomed:420422005", onset="2025-06-01"),
         expect="met"),
    case("hyperosmolar coma by SNOMED code", diagnosis("snomed:190330002", onset="2025-06-01"), expect="met"),
    case("coma in WHO ICD-10", diagnosis("icd10:E10.0", onset="2025-06-01"), expect="met"),
    case("ketoacidosis in WHO ICD-10", diagnosis("icd10:E10.1", onset="2025-06-01"), expect="met"),
    case("ketoacidosis in ICD-9-CM", diagnosis("icd9:250.13", onset="2025-06-01"), expect="met"),
    case("other coma in ICD-9-CM", diagnosis("icd9:250.33", onset="2025-06-01"), expect="met"),
    case("hyperglycemia is no decompensation", diagnosis("icd10cm:E10.65", onset="2025-06-01"),
         expect="not-met"),
    case("a high HbA1c is no decompensation", T1DM, lab("4548-4", "13.1 %", "2025-06-10"), expect="not-met"),
    case("a code that is not verified is not matched", T1DM, diagnosis("snomed:441656006",
         onset="2025-06-01"),
         expect="not-met"),
    *(case(f"in words, last week: {words}", T1DM, diagnosis(text=words, onset="2025-06-08"), expect="needs-judgement",
           rule="doubtful")
      for words in ("Ketoacidosis due to type 1 diabetes mellitus", "Diabetic ketoacidosis without coma")),
    *(case(f"in words, last week: {words}", T1DM, diagnosis(text=words, onset="2025-06-08"), expect="not-met")
      for words in ("Alcoholic ketoacidosis", "Diabetes without ketoacidosis",
                    "Diabetic ketoacidosis prevention education")),
    case("its text denies the coma alone", T1DM, diagnosis("icd10cm:E10.10", text="No coma, DKA", onset="2025-06-08"),
         expect="met"),
    case("suspected ketoacidosis last week", dka("2025-06-08", verification="provisional"),
         expect="needs-judgement", rule="doubtful"),
    case("suspected ketoacidosis 60 days ago", dka("2025-04-16", verification="provisional"),
         expect="needs-judgement", rule="doubtful"),
    case("suspected ketoacidosis without a date", dka(verification="provisional"), expect="needs-judgement",
         rule="doubtful"),
    case("suspected ketoacidosis years ago", dka("2012-05-01", verification="provisional"), expect="not-met"),
    case("ketoacidosis in words last week", diagnosis(text="Diabetic ketoacidosis", onset="2025-06-08"),
         expect="needs-judgement", rule="doubtful"),
    case("ketoacidosis ruled out in words", T1DM, diagnosis(text="DKA ruled out", onset="2025-06-08"),
         expect="not-met"),
    case("ketoacidosis refuted", T1DM, dka("2025-06-08", verification="refuted"), expect="not-met"),
    case("ketoacidosis entered in error alone does not satisfy the absence rule",
         dka("2025-06-08", verification="entered-in-error", clinical=None), expect="unknown",
         rule="diagnoses-missing"),
    # coma from low glucose
    case("hypoglycemic coma 30 days ago", diagnosis("icd10cm:E10.641", onset="2025-05-16"),
         expect="needs-judgement", rule="hypoglycemic-coma"),
    case("hypoglycemic coma 31 days ago", diagnosis("icd10cm:E10.641", onset="2025-05-15"), expect="not-met"),
    case("hypoglycemic coma by SNOMED code", diagnosis("snomed:421437000", onset="2025-06-01"),
         expect="needs-judgement"),
    case("hypoglycemic coma without a date", diagnosis("icd10cm:E10.641"), expect="needs-judgement",
         rule="hypoglycemic-coma"),
    case("hypoglycemic coma recorded 31 days ago", diagnosis("icd10cm:E10.641", recorded="2025-05-15"),
         expect="not-met"),
    case("hypoglycemic coma in May 2025 may be over 30 days ago", diagnosis("icd10cm:E10.641",
         onset="2025-05"),
         expect="unknown", rule="imprecise"),
    case("hypoglycemia without coma", diagnosis("icd10cm:E10.649", onset="2025-06-01"), expect="not-met"),
    # laboratory signs
    case("pH 7.29 with ketones 3.0", T1DM, ph("7.29"), ketones("3.0 mmol/L"), expect="needs-judgement",
         rule="laboratory-signs", says="7.29"),
    case("pH 7.30 is not below", T1DM, ph("7.30"), ketones("3.0 mmol/L"), expect="not-met"),
    case("pH with its unit", T1DM, ph("7.2 [pH]"), ketones("3.0 mmol/L"), expect="needs-judgement"),
    case("pH 7.2 with ketones 2.9", T1DM, ph("7.2"), ketones("2.9 mmol/L"), expect="not-met"),
    case("pH 7.2 with ketones of 3200 umol/L", T1DM, ph("7.2"), ketones("3200 umol/L"),
         expect="needs-judgement"),
    case("pH 7.2 with ketones of 31 mg/dL is 2.98", T1DM, ph("7.2"), ketones("31 mg/dL"), expect="not-met"),
    case("pH 7.2 with ketones of 32 mg/dL is 3.07", T1DM, ph("7.2"), ketones("32 mg/dL"),
         expect="needs-judgement"),
    case("bicarbonate 17 with glucose 251", T1DM, bicarbonate("17 mmol/L"), glucose("251 mg/dL"),
         expect="needs-judgement", rule="laboratory-signs"),
    case("bicarbonate 17 mEq/L with glucose 14 mmol/L is 252", T1DM, bicarbonate("17 meq/L"),
         glucose("14 mmol/L"),
         expect="needs-judgement"),
    case("bicarbonate 17.9 is below", T1DM, bicarbonate("17.9 mmol/L"), glucose("400 mg/dL"),
         expect="needs-judgement"),
    case("bicarbonate 18 is not below", T1DM, bicarbonate("18 mmol/L"), glucose("400 mg/dL"),
         expect="not-met"),
    case("glucose 250 is not above", T1DM, bicarbonate("17 mmol/L"), glucose("250 mg/dL"), expect="not-met"),
    case("glucose 400 alone", T1DM, glucose("400 mg/dL"), expect="not-met"),
    case("bicarbonate 12 alone", T1DM, bicarbonate("12 mmol/L"), expect="not-met"),
    case("bicarbonate below 10 with ketones above 6", T1DM, bicarbonate("<10 mmol/L"), ketones(">6 mmol/L"),
         expect="needs-judgement"),
    case("bicarbonate below 20 may be either side", T1DM, bicarbonate("<20 mmol/L"), ketones("6 mmol/L"),
         expect="unknown", rule="laboratory-open"),
    case("pH 7.2 with moderate ketones in urine", T1DM, ph("7.2"), strip("Moderate"),
         expect="needs-judgement"),
    case("pH 7.2 with ketones 3+ in urine", T1DM, ph("7.2"), strip("3+"), expect="needs-judgement"),
    case("pH 7.2 with a trace of ketones in urine", T1DM, ph("7.2"), strip("trace"), expect="not-met"),
    case("pH 7.2 with no ketones in urine, by code", T1DM, ph("7.2"), lab("33903-6", None, HOUR,
         valueCodeableConcept={"coding": [{"system": "http://snomed.info/sct", "code": "260385009"}]}),
         expect="not-met"),
    case("pH 7.2 with ketones in urine, by code", T1DM, ph("7.2"), lab("33903-6", None, HOUR,
         valueCodeableConcept={"coding": [{"system": "http://snomed.info/sct", "code": "10828004"}]}),
         expect="needs-judgement"),
    case("pH 7.2 with ketones in urine nobody can read", T1DM, ph("7.2"), strip("see comment"),
         expect="unknown",
         rule="laboratory-open"),
    case("pH 7.2 with preliminary ketones in urine", T1DM, ph("7.2"), strip("3+", status="preliminary"),
         expect="unknown", rule="laboratory-open"),
    case("pH 7.2 with ketones in urine a week ago", T1DM, ph("7.2"), strip("3+", "2025-06-08"),
         expect="not-met"),
    case("signs of three days ago", T1DM, ph("7.2", "2025-06-12"), ketones("4 mmol/L", "2025-06-12"),
         expect="needs-judgement"),
    case("signs of four days ago", T1DM, ph("7.2", "2025-06-11"), ketones("4 mmol/L", "2025-06-11"),
         expect="not-met"),
    case("signs of a month that does not tell", T1DM, ph("7.2", "2025-06"), ketones("4 mmol/L", "2025-06"),
         expect="unknown", rule="laboratory-open"),
    case("signs without a date say nothing", T1DM, ph("7.2", None), ketones("4 mmol/L", None),
         expect="not-met"),
    case("signs of the future are not used", T1DM, ph("7.2", "2025-06-20"), ketones("4 mmol/L", "2025-06-20"),
         expect="not-met"),
    case("preliminary pH", T1DM, ph("7.2", status="preliminary"), ketones("4 mmol/L"), expect="unknown",
         rule="laboratory-open"),
    case("pH entered in error", T1DM, ph("7.2", status="entered-in-error"), ketones("4 mmol/L"),
         expect="not-met"),
    case("ketones without a unit", T1DM, ph("7.2"), ketones("4"), expect="unknown", rule="laboratory-open"),
    case("ketones in an unknown unit", T1DM, ph("7.2"), ketones("4 g/mol"), expect="unknown"),
    case("implausible bicarbonate", T1DM, bicarbonate("0.5 mmol/L"), ketones("4 mmol/L"), expect="unknown"),
    case("signs gone the next day still need judgement", T1DM, ph("7.2", "2025-06-12"), ketones("4 mmol/L",
         "2025-06-12"), ph("7.38", "2025-06-14"), ketones("0.3 mmol/L", "2025-06-14"),
         expect="needs-judgement"),
    # what cannot be seen
    case("type 1 diabetes and no episode", T1DM, expect="not-met", rule="none", confidence="low",
         basis="absence-of-record"),
    case("nothing recorded", expect="unknown", rule="diagnoses-missing", says="no diagnoses are recorded"),
    case("diagnoses forbidden", searches={"problems": "forbidden"}, expect="unknown",
         rule="diagnoses-missing",
         says="forbidden"),
    case("encounter diagnoses truncated", T1DM, searches={"diagnoses": "truncated"}, expect="unknown"),
    case("recent episode though the problem list failed", at_visit(onset="2025-06-01"),
         searches={"problems": "failed"}, expect="met"),
    case("labs forbidden", T1DM, searches={"labs": "forbidden"}, expect="unknown", rule="laboratory-missing",
         says="forbidden"),
    case("labs truncated", T1DM, searches={"labs": "truncated"}, expect="unknown", rule="laboratory-missing"),
    case("recent episode though the labs failed", dka("2025-06-01"), searches={"labs": "failed"},
         expect="met"),
]  # fmt: skip
