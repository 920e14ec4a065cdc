"""E5: renal dysfunction, creatinine > 1.5 mg/dL (men), > 1.4 mg/dL (women); evaluated on 15 June 2025."""

from typing import Any

from tests.criteria.given import Given, case, diagnosis, lab, patient

CRITERION = "E5"

CREATININE, EGFR = "2160-0", "62238-1"
DAY = "2025-05-20"
MAN, WOMAN = patient(gender="male"), patient(gender="female")
OTHER, UNSTATED = patient(gender="other"), patient(gender=None)


def creatinine(value: str, when: str = DAY, **more: Any) -> Given:
    return lab(CREATININE, value, when, **more)


def clinical_use(gender: str, *codes: str) -> Given:
    url = "http://hl7.org/fhir/StructureDefinition/patient-sexParameterForClinicalUse"
    system = "http://terminology.hl7.org/CodeSystem/sex-parameter-for-clinical-use"
    extensions = [
        {"url": url, "extension": [{"url": "value", "valueCodeableConcept": {"coding": [{"system": system,
        "code": c}]}}]}
        for c in codes
    ]  # fmt: skip
    return patient(gender=gender, extension=extensions)


CASES = [
    # men
    case("man, 1.5 mg/dL is at the limit", MAN, creatinine("1.5 mg/dL"), expect="not-met",
         rule="male-within"),
    case("man, 1.51 mg/dL is above", MAN, creatinine("1.51 mg/dL"), expect="met", rule="male-above",
         near=True),
    case("man, 1.6 mg/dL", MAN, creatinine("1.6 mg/dL"), expect="met", near=False),
    case("man, 133 umol/L is 1.504", MAN, creatinine("133 umol/L"), expect="met", near=True),
    case("man, 133 µmol/L with the micro sign", MAN, creatinine("133 µmol/L"), expect="met"),
    case("man, 132 umol/L is 1.493", MAN, creatinine("132 umol/L"), expect="not-met", near=True),
    case("man, 0.14 mmol/L is 1.58", MAN, creatinine("0.14 mmol/L"), expect="met"),
    case("man, 15 mg/L is 1.5", MAN, creatinine("15 mg/L"), expect="not-met"),
    case("man, 1.45 mg/dL", MAN, creatinine("1.45 mg/dL"), expect="not-met", rule="male-within", near=False),
    case("man, 1.4 mg/dL is not near the limit for women", MAN, creatinine("1.40 mg/dL"), expect="not-met",
         near=False),
    # women
    case("woman, 1.4 mg/dL is at the limit", WOMAN, creatinine("1.4 mg/dL"), expect="not-met",
         rule="female-within"),
    case("woman, 124 umol/L is 1.402", WOMAN, creatinine("124 umol/L"), expect="met", near=True,
         rule="female-above"),
    case("woman, 1.45 mg/dL", WOMAN, creatinine("1.45 mg/dL"), expect="met", near=False),
    case("woman, 1.5 mg/dL", WOMAN, creatinine("1.50 mg/dL"), expect="met", near=False),
    # sex not known
    case("sex not recorded, 1.4 mg/dL", UNSTATED, creatinine("1.4 mg/dL"), expect="not-met",
         rule="either-within"),
    case("sex not recorded, 1.45 mg/dL", UNSTATED, creatinine("1.45 mg/dL"), expect="needs-judgement",
         rule="between-sexes"),
    case("gender recorded as unknown, 1.45 mg/dL", patient(gender="unknown"), creatinine("1.45 mg/dL"),
         expect="needs-judgement", rule="between-sexes"),
    case("other sex, 1.5 mg/dL", OTHER, creatinine("1.5 mg/dL"), expect="needs-judgement",
         rule="between-sexes"),
    case("other sex, 1.6 mg/dL", OTHER, creatinine("1.6 mg/dL"), expect="met", rule="either-above"),
    case("other sex, below 1.5 mg/dL may be any of three", OTHER, creatinine("<1.5 mg/dL"), expect="unknown",
         rule="straddles"),
    case("sex for clinical use wins over the gender", clinical_use("male", "female-typical"),
         creatinine("1.45 mg/dL"),
         expect="met", rule="female-above"),
    case("sex for clinical use male", clinical_use("female", "male-typical"), creatinine("1.45 mg/dL"),
         expect="not-met", rule="male-within"),
    case("sex for clinical use not specified", clinical_use("male", "specified"), creatinine("1.45 mg/dL"),
         expect="needs-judgement"),
    case("two sexes for clinical use", clinical_use("male", "female-typical", "male-typical"),
         creatinine("1.45 mg/dL"), expect="needs-judgement"),
    # end stage
    case("woman, 0.9 mg/dL and end-stage disease", WOMAN, creatinine("0.9 mg/dL"), diagnosis("icd10cm:N18.6"),
         expect="met", rule="end-stage", confidence="high"),
    case("dialysis without any creatinine", diagnosis("icd10cm:Z99.2"), expect="met", rule="end-stage"),
    case("end-stage disease by SNOMED CT", diagnosis("snomed:46177005"), expect="met"),
    case("end-stage disease decides when the labs failed", diagnosis("icd10cm:N18.6"),
         searches={"labs": "failed"},
         expect="met"),
    case("end-stage disease beside a creatinine near the limit is not softened", creatinine("1.5 mg/dL"),
         diagnosis("icd10cm:N18.6"), expect="met", near=False),
    case("suspected end-stage disease", creatinine("0.9 mg/dL"),
         diagnosis("icd10cm:N18.6", verification="provisional"),
         expect="needs-judgement", rule="renal-diagnosis"),
    case("end-stage disease marked as resolved", creatinine("0.9 mg/dL"),
         diagnosis("icd10cm:N18.6", clinical="resolved"),
         expect="needs-judgement"),
    case("end-stage disease by text only", creatinine("0.9 mg/dL"), diagnosis(text="ESRD"),
         expect="needs-judgement"),
    case("end-stage disease refuted", creatinine("0.9 mg/dL"),
         diagnosis("icd10cm:N18.6", verification="refuted"),
         expect="not-met"),
    # other evidence
    case("man, 1.2 mg/dL with an eGFR of 55", MAN, creatinine("1.2 mg/dL"),
         lab(EGFR, "55 mL/min/{1.73_m2}", DAY),
         expect="needs-judgement", rule="low-egfr"),
    case("eGFR of 60", creatinine("1.2 mg/dL"), lab(EGFR, "60 mL/min/{1.73_m2}", DAY), expect="not-met"),
    case("eGFR reported as above 60", creatinine("1.2 mg/dL"), lab(EGFR, ">60 mL/min/{1.73_m2}", DAY),
         expect="not-met"),
    case("eGFR reported as above 90 in text", creatinine("1.2 mg/dL"),
         lab(EGFR, ">90 mL/min/1.73m2", DAY, text=True), expect="not-met"),
    case("two eGFR of one day on both sides", creatinine("1.2 mg/dL"),
         lab("48642-3", "55 mL/min/{1.73_m2}", DAY),
         lab("48643-1", "66 mL/min/{1.73_m2}", DAY), expect="needs-judgement", rule="egfr-conflict",
         says="disagree"),
    case("an eGFR that could not be read", creatinine("1.2 mg/dL"),
         lab(EGFR, "55 mL/min/{1.73_m2}", DAY, issued=["?"]), expect="unknown", rule="egfr-unread",
         says="could not be read"),
    case("an eGFR that could not be read beside a creatinine above the limit", creatinine("1.8 mg/dL"),
         lab(EGFR, "55 mL/min/{1.73_m2}", DAY, issued=["?"]), expect="met"),
    case("eGFR of 55 a year ago does not count", creatinine("1.2 mg/dL"),
         lab(EGFR, "55 mL/min/{1.73_m2}", "2024-05-20"), expect="not-met"),
    case("eGFR of 55 without a creatinine", lab(EGFR, "55 mL/min/{1.73_m2}", DAY), expect="needs-judgement"),
    case("chronic kidney disease stage 3", creatinine("1.2 mg/dL"), diagnosis("icd10cm:N18.31"),
         expect="needs-judgement", rule="renal-diagnosis"),
    case("chronic kidney disease stage 2 is no evidence", creatinine("1.2 mg/dL"), diagnosis("icd10cm:N18.2"),
         expect="not-met"),
    case("chronic kidney disease of unstated stage", creatinine("1.2 mg/dL"), diagnosis("icd10cm:N18.9"),
         expect="needs-judgement"),
    case("SNOMED chronic kidney disease", creatinine("1.2 mg/dL"), diagnosis("snomed:709044004"),
         expect="needs-judgement"),
    case("diabetic kidney disease as a complication", creatinine("1.2 mg/dL"), diagnosis("icd10cm:E10.22"),
         expect="needs-judgement"),
    *[case(f"diabetic kidney disease as the complication code {code}", creatinine("1.2 mg/dL"),
           diagnosis(f"snomed:{code}"), expect="needs-judgement", rule="renal-diagnosis")
      for code in ("421893009", "96441000119101", "128001000119105", "71701000119105")],
    case("diabetic kidney disease, and a creatinine above", creatinine("1.8 mg/dL"),
         diagnosis("icd10cm:E10.22"),
         expect="met", rule="male-above"),
    case("kidney disease without a creatinine", diagnosis("icd10cm:N18.31"), expect="needs-judgement"),
    case("acute kidney injury, active", creatinine("1.2 mg/dL"), diagnosis("icd10cm:N17.9"),
         expect="needs-judgement"),
    case("acute kidney injury, resolved", creatinine("1.2 mg/dL"),
         diagnosis("icd10cm:N17.9", clinical="resolved"),
         expect="not-met"),
    case("kidney transplant", creatinine("1.2 mg/dL"), diagnosis("icd10cm:Z94.0"), expect="needs-judgement"),
    case("kidney disease by text only", creatinine("1.2 mg/dL"), diagnosis(text="Chronic kidney disease"),
         expect="needs-judgement"),
    case("kidney disease in the family", creatinine("1.2 mg/dL"),
         diagnosis(text="family history of chronic kidney disease"), expect="not-met"),
    case("creatinine in the days of ketoacidosis is flagged", creatinine("1.8 mg/dL"),
         diagnosis("icd10cm:E10.10", onset="2025-05-19"), expect="met", says="ketoacidosis"),
    # what cannot be seen
    case("diagnoses forbidden", creatinine("1.0 mg/dL"), searches={"problems": "forbidden"}, expect="unknown",
         rule="diagnoses-missing", says="the problems search was forbidden"),
    case("diagnoses forbidden, creatinine above", creatinine("1.8 mg/dL"), searches={"problems": "forbidden"},
         expect="met"),
    case("nothing measured", expect="unknown", rule="unknown", says="no result in the last 365 days"),
    case("labs forbidden", searches={"labs": "forbidden"}, expect="unknown", says="forbidden"),
    case("labs truncated", creatinine("1.0 mg/dL"), searches={"labs": "truncated"}, expect="unknown"),
    case("90 days old still decides", creatinine("1.0 mg/dL", "2025-03-17"), expect="not-met"),
    case("91 days old is stale", creatinine("1.0 mg/dL", "2025-03-16"), expect="unknown",
         says="older than 90 days"),
    case("March 2025 does not tell", creatinine("1.0 mg/dL", "2025-03"), expect="unknown",
         says="does not tell"),
    case("without a unit", creatinine("1.0"), expect="unknown", says="no unit"),
    case("unknown unit", creatinine("1.0 g/dL"), expect="unknown", says="not recognised"),
    case("implausible", creatinine("60 mg/dL"), expect="unknown", says="not plausible"),
    case("preliminary alone", creatinine("1.0 mg/dL", status="preliminary"), expect="unknown",
         says="preliminary"),
    case("a newer preliminary one differs", creatinine("1.0 mg/dL", "2025-05-01"),
         creatinine("1.9 mg/dL", status="preliminary"), expect="needs-judgement", rule="conflict"),
    case("woman, two of one day, both above", WOMAN, creatinine("1.45 mg/dL"), creatinine("1.6 mg/dL"),
         expect="met"),
    case("two of one day on both sides", creatinine("1.0 mg/dL"), creatinine("1.9 mg/dL"),
         expect="needs-judgement",
         rule="conflict"),
    case("at most 1.5 mg/dL", creatinine("<=1.5 mg/dL"), expect="not-met"),
    case("above 1.5 mg/dL", creatinine(">1.5 mg/dL"), expect="met"),
    case("above 1 mg/dL may be either side", creatinine(">1 mg/dL"), expect="unknown", rule="straddles"),
    case("man, below 2 mg/dL may be either side", creatinine("<2 mg/dL"), expect="unknown"),
    case("woman, below 2 mg/dL may be either side", WOMAN, creatinine("<2 mg/dL"), expect="unknown",
         rule="straddles"),
    case("other sex, above 1.45 mg/dL may be over both limits", OTHER, creatinine(">1.45 mg/dL"),
         expect="unknown",
         rule="straddles"),
    case("dated tomorrow", creatinine("1.9 mg/dL", "2025-06-16"), expect="unknown", says="in the future"),
    case("entered in error", creatinine("1.9 mg/dL", status="entered-in-error"), expect="unknown"),
    # codes
    case("molar code", lab("14682-9", "80 umol/L", DAY), expect="not-met"),
    case("creatinine in blood", lab("38483-4", "0.9 mg/dL", DAY), expect="not-met"),
    case("creatinine in urine is no serum creatinine", lab("2161-8", "90 mg/dL", DAY), expect="unknown",
         says="no result"),
    case("creatinine before dialysis does not count", lab("11042-9", "6 mg/dL", DAY), expect="unknown"),
    case("eGFR of 59.5", creatinine("1.2 mg/dL"), lab(EGFR, "59.5 mL/min/{1.73_m2}", DAY), expect="needs-judgement",
         rule="low-egfr"),
    case("creatinine three days after ketoacidosis", creatinine("1.2 mg/dL", "2025-05-20"),
         diagnosis("icd10cm:E10.10", onset="2025-05-17", clinical="resolved"), expect="not-met", says="ketoacidosis"),
    case("creatinine four days after ketoacidosis", creatinine("1.2 mg/dL", "2025-05-20"),
         diagnosis("icd10cm:E10.10", onset="2025-05-16", clinical="resolved"), expect="not-met",
         omits="ketoacidosis"),
    case("a urine creatinine under a serum code as well", lab("2160-0 2161-8", "1.2 mg/dL", DAY), expect="unknown"),
    *[case(f"end-stage disease as {code}", MAN, creatinine("1.0 mg/dL"), diagnosis(code), expect="met",
           rule="end-stage")
      for code in ("icd10cm:N18.6", "icd10cm:Z99.2", "icd10:Z99.2", "icd9:585.6", "icd9:V45.11", "snomed:46177005")],
    case("end-stage disease in words", MAN, creatinine("1.0 mg/dL"), diagnosis(text="ESRD"), expect="needs-judgement"),
    *[case(f"kidney disease as {code}", MAN, creatinine("1.0 mg/dL"), diagnosis(code), expect="needs-judgement",
           rule="renal-diagnosis")
      for code in ("icd10cm:N18.30", "icd10:N18.3", "icd9:585.3", "icd9:584.9", "snomed:433144002", "icd10cm:N18.9",
                   "icd10:N18.9", "icd9:585.9", "snomed:709044004", "icd10cm:Z94.0", "icd10:Z94.0", "icd9:V42.0",
                   "snomed:236436003")],
    *[case(f"kidney disease in the words {text!r}", MAN, creatinine("1.0 mg/dL"), diagnosis(text=text),
           expect="needs-judgement", rule="renal-diagnosis")
      for text in ("Chronic kidney disease", "Kidney transplant")],
    *[case(f"sex for clinical use {code}, creatinine 1.45 mg/dL", clinical_use(gender, code), creatinine("1.45 mg/dL"),
           expect=expect) for gender, code, expect in (("male", "female-typical", "met"),
                                                       ("female", "male-typical", "not-met"))],
]  # fmt: skip
