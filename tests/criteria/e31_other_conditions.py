"""E31: any other condition of concern. Always for a person to judge."""

from tests.criteria.given import case, diagnosis, medication, resource

CRITERION = "E31"
NOTED = {"expect": "needs-judgement", "rule": "noted"}
QUIET = {"expect": "needs-judgement", "rule": "nothing-noted"}
CONTRAST = {"text": "Iodinated contrast media"}

CASES = [
    case("a healthy record", diagnosis("icd10cm:E10.9"), **QUIET, basis="human-only", confidence="low",
         says="1 active problem"),
    case("an empty problem list", **QUIET, says="0 active problems"),
    case("resolved and refuted problems are not counted", diagnosis("icd10cm:I10", clinical="resolved"),
         diagnosis("icd10cm:J45.909", verification="refuted"), **QUIET, says="0 active problems"),
    case("a visit's diagnosis is no problem of the list",
         diagnosis("icd10cm:I10", category="encounter-diagnosis"), **QUIET, says="0 active problems"),
    case("tacrolimus, active", medication("tacrolimus 1 mg capsule"), **NOTED, says="tacrolimus"),
    case("an immunosuppressant by ATC code, on hold", medication("atc:L04AD02", status="on-hold"), **NOTED),
    case("tacrolimus, stopped", medication("tacrolimus 1 mg capsule", status="stopped"), **QUIET),
    case("contrast allergy as a diagnosis", diagnosis("icd10cm:Z91.041"), **NOTED),
    case("contrast allergy as a text", diagnosis(text="Allergy to iodinated contrast"), **NOTED),
    case("contrast allergy in the allergy list",
         resource("AllergyIntolerance", "allergy to contrast", code=CONTRAST),
         **NOTED, says="Allergy: Iodinated contrast media"),
    case("a contrast allergy that was refuted",
         resource("AllergyIntolerance", "allergy to contrast, refuted", code=CONTRAST,
                  verificationStatus={"coding": [{"code": "refuted"}]}), **QUIET),
    case("a contrast allergy that is resolved",
         resource("AllergyIntolerance", "allergy to contrast, resolved", code=CONTRAST,
                  clinicalStatus={"coding": [{"code": "resolved"}]}), **QUIET),
    case("a penicillin allergy",
         resource("AllergyIntolerance", "allergy to penicillin", code={"text": "Penicillin"}),
         **QUIET),
    case("chronic kidney disease", diagnosis("icd10cm:N18.30"), **NOTED),
    case("kidney injury that is over", diagnosis("icd10cm:N17.9", clinical="resolved"), **QUIET),
    case("a kidney transplant, the entry inactive", diagnosis("icd10cm:Z94.0", clinical="inactive"), **NOTED),
    case("a family history code says nothing", diagnosis("icd10cm:Z84.1"), **QUIET),
    case("the diagnoses failed", searches={"problems": "failed"}, expect="needs-judgement",
         rule="data-unavailable", says="Data unavailable: the problems search was failed."),
    case("the medications are forbidden, a transplant is known", diagnosis("icd10cm:Z94.0"),
         searches={"medications": "forbidden"}, **NOTED, says="Data unavailable"),
    case("an empty list of problems", diagnosis(text="No known problems"), expect="needs-judgement",
         says="0 active problems"),
    *[case(f"worth a note: {code}", diagnosis(code), **NOTED)
      for code in ("icd10cm:Z91.041", "icd9:V15.08", "icd10cm:Z94.4", "icd10:Z94.4", "icd9:V42.7", "snomed:709044004",
                   "icd10:N18.3", "icd9:585.3", "icd10:Z99.2", "icd9:V45.11", "icd10:Z94.0", "icd9:V42.0")],
    *[case(f"worth a note: {text}", diagnosis(text=text), **NOTED)
      for text in ("Liver transplant", "Kidney transplant", "Chronic kidney disease", "End stage renal disease")],
    case("a contrast medium by its class in the allergy list", resource("AllergyIntolerance", "allergy to iohexol",
         code={"coding": [{"system": "http://www.whocc.no/atc", "code": "V08AB02"}]}), **NOTED),
]  # fmt: skip
