"""E6: more than 300 mg of protein a day; evaluated on 15 June 2025."""

from typing import Any

from tests.criteria.given import Given, case, diagnosis, lab

CRITERION = "E6"

DAY, EARLIER = "2025-05-20", "2025-02-20"


def protein(value: str, when: str = DAY, **more: Any) -> Given:
    return lab("2889-4", value, when, **more)


def albumin(value: str, when: str = DAY, **more: Any) -> Given:
    return lab("14956-7", value, when, **more)


def acr(value: str, when: str = DAY, **more: Any) -> Given:
    return lab("9318-7", value, when, **more)


def pcr(value: str, when: str = DAY, **more: Any) -> Given:
    return lab("2890-2", value, when, **more)


def dipstick(answer: str, when: str = DAY, **more: Any) -> Given:
    return lab("20454-5", answer, when, text=True, **more)


def coded(system: str, code: str, display: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": display}]}


LOINC, SNOMED = "http://loinc.org", "http://snomed.info/sct"
NEPHROPATHY = diagnosis("icd10cm:E10.21")


def ratio(above: str, below: str) -> dict[str, dict[str, object]]:
    """A Ratio of two amounts written like ``350 mg``."""
    parts = {"numerator": above.split(), "denominator": below.split()}
    return {name: {"value": int(value), "unit": unit} for name, (value, unit) in parts.items()}


CASES = [
    # 24-hour protein
    case("0.31 g in 24 hours is 310 mg", protein("0.31 g/(24.h)"), expect="met", rule="protein-above",
         basis="direct", confidence="high", near=False),
    case("0.31 g/24h in another spelling", protein("0.31 g/24h"), expect="met"),
    case("301 mg is above, within 1 % of the limit", protein("301 mg/(24.h)"), expect="met", near=True),
    case("305 mg is above", protein("305 mg/(24.h)"), expect="met", near=False),
    case("300 mg is at the limit", protein("300 mg/(24.h)"), expect="not-met", rule="protein-within",
         near=True,
         basis="direct", confidence="high"),
    case("300 mg/24h in another spelling", protein("300 mg/24h"), expect="not-met", rule="protein-within"),
    case("0.3 g is at the limit", protein("0.3 g/d"), expect="not-met"),
    case("209 ug/min is 301", protein("209 ug/min"), expect="met"),
    case("208 ug/min is 299.5", protein("208 ug/min"), expect="not-met"),
    case("20 mg of protein", protein("20 mg/(24.h)"), expect="not-met", rule="protein-within"),
    case("below 140 mg", protein("<140 mg/(24.h)"), expect="not-met"),
    case("above 300 mg", protein(">300 mg/(24.h)"), expect="met"),
    case("at least 300 mg may be the limit itself", protein(">=300 mg/(24.h)"), expect="unknown",
         rule="straddles"),
    case("above 200 mg may be either side", protein(">200 mg/(24.h)"), expect="unknown", rule="straddles"),
    # 24-hour albumin
    case("albumin above 300 mg in 24 hours", albumin("310 mg/(24.h)"), expect="met", rule="surrogate-above",
         basis="surrogate", confidence="moderate"),
    case("albumin of 300 mg", albumin("300 mg/(24.h)"), expect="needs-judgement", rule="surrogate-between"),
    case("albumin of 30 mg", albumin("30 mg/(24.h)"), expect="needs-judgement"),
    case("albumin of 29 mg", albumin("29 mg/(24.h)"), expect="not-met", rule="surrogate-clear"),
    case("albumin of 20 ug/min is 28.8 mg", lab("1755-8", "20 ug/min", DAY), expect="not-met"),
    case("albumin of 21 ug/min is 30.2 mg", lab("1755-8", "21 ug/min", DAY), expect="needs-judgement"),
    # albumin/creatinine
    case("ACR 35 mg/mmol is 309 mg/g", acr("35 mg/mmol"), expect="met", rule="surrogate-above",
         basis="surrogate",
         confidence="moderate", near=False),
    case("ACR 34 mg/mmol is 300.6 mg/g", acr("34 mg/mmol"), expect="met", near=True),
    case("ACR 33 mg/mmol is 292 mg/g", acr("33 mg/mmol"), expect="needs-judgement"),
    case("ACR 310 mg/g", acr("310 mg/g"), expect="met"),
    case("ACR 300 mg/g", acr("300 mg/g"), expect="needs-judgement", rule="surrogate-between"),
    case("ACR 30 mg/g", acr("30 mg/g"), expect="needs-judgement"),
    case("ACR 29.9 mg/g", acr("29.9 mg/g"), expect="not-met", rule="surrogate-clear"),
    case("ACR 25 mg/g", acr("25 mg/g"), expect="not-met", basis="surrogate", confidence="moderate"),
    case("ACR 25 ug/mg", acr("25 ug/mg{creat}"), expect="not-met"),
    case("ACR below 5 mg/g", acr("<5 mg/g"), expect="not-met", rule="surrogate-clear"),
    case("ACR below 30 mg/g", acr("<30 mg/g"), expect="not-met"),
    case("ACR at most 30 mg/g may need judgement", acr("<=30 mg/g"), expect="unknown", rule="straddles"),
    case("ACR above 300 mg/g", acr(">300 mg/g"), expect="met"),
    case("ACR above 100 mg/g may be either side", acr(">100 mg/g"), expect="unknown", rule="straddles"),
    case("ACR 0.35 g/g", acr("0.35 g/g"), expect="met"),
    case("ACR 0.035 g/mmol", acr("0.035 g/mmol"), expect="met"),
    case("ACR 3 g/mol is 26.5 mg/g", acr("3 g/mol"), expect="not-met"),
    case("ACR with many digits", acr("8.466078572847419 mg/g"), expect="not-met"),
    case("ACR by the code for a molar ratio", lab("14585-4", "3 mg/mmol", DAY), expect="not-met"),
    case("ACR by an ambiguous ratio code with a unit", lab("30000-4", "25 mg/g", DAY), expect="not-met"),
    case("ACR by an ambiguous ratio code without a unit", lab("30000-4", "25", DAY), expect="unknown",
         says="no unit"),
    case("the newest of three ratios decides, and they differ", acr("25 mg/g"), acr("90 mg/g", EARLIER),
         acr("20 mg/g", "2025-01-10"), expect="not-met", says="do not agree"),
    case("the newest of two ratios is high", acr("350 mg/g"), acr("20 mg/g", EARLIER), expect="met",
         says="do not agree"),
    case("a fourth ratio is not looked at", acr("25 mg/g"), acr("24 mg/g", EARLIER), acr("20 mg/g",
         "2025-01-10"),
         acr("90 mg/g", "2024-09-01"), expect="not-met", says="below 30 mg/g."),
    # protein/creatinine
    case("PCR 320 mg/g", pcr("320 mg/g"), expect="needs-judgement", rule="surrogate-between"),
    case("PCR 45 mg/mmol is 398 mg/g", pcr("45 mg/mmol"), expect="needs-judgement"),
    case("PCR 510 mg/g", pcr("510 mg/g"), expect="met", rule="surrogate-above"),
    case("PCR 500 mg/g", pcr("500 mg/g"), expect="needs-judgement", near=True),
    case("PCR 57 mg/mmol is 504 mg/g", pcr("57 mg/mmol"), expect="met", near=True),
    case("PCR 150 mg/g", pcr("150 mg/g"), expect="needs-judgement"),
    case("PCR 149 mg/g", pcr("149 mg/g"), expect="not-met", rule="surrogate-clear"),
    case("PCR 16 mg/mmol is 141 mg/g", pcr("16 mg/mmol"), expect="not-met"),
    # which test decides
    case("of one day, 24-hour protein goes before PCR", protein("200 mg/(24.h)"), pcr("600 mg/g"),
         expect="not-met",
         rule="protein-within"),
    case("of one day, PCR goes before 24-hour albumin", pcr("120 mg/g"), albumin("310 mg/(24.h)"),
         expect="not-met"),
    case("of one day, 24-hour albumin goes before ACR", albumin("310 mg/(24.h)"), acr("20 mg/g"),
         expect="met"),
    case("of one day, ACR goes before the dipstick", acr("20 mg/g"), dipstick("2+"), expect="not-met"),
    case("a newer ACR goes before an older 24-hour protein", acr("20 mg/g"), protein("310 mg/(24.h)",
         EARLIER),
         expect="not-met"),
    case("a newer 24-hour protein goes before an older ACR", protein("310 mg/(24.h)"), acr("20 mg/g",
         EARLIER),
         expect="met"),
    case("a newer test that cannot be read", acr("20", DAY), protein("200 mg/(24.h)", EARLIER),
         expect="unknown",
         says="no unit"),
    case("two ratios of one day on both sides", acr("20 mg/g"), acr("400 mg/g"), expect="needs-judgement",
         rule="conflict"),
    case("a newer preliminary ratio differs", acr("20 mg/g", EARLIER), acr("400 mg/g", status="preliminary"),
         expect="needs-judgement", rule="conflict"),
    case("a newer preliminary 24-hour protein differs", acr("20 mg/g", EARLIER),
         protein("400 mg/(24.h)", status="preliminary"), expect="needs-judgement", rule="conflict"),
    case("a newer preliminary 24-hour protein agrees", acr("20 mg/g", EARLIER),
         protein("100 mg/(24.h)", status="preliminary"), expect="not-met"),
    case("an older preliminary 24-hour protein", acr("20 mg/g"),
         protein("400 mg/(24.h)", EARLIER, status="preliminary"), expect="not-met"),
    # dipstick
    case("dipstick negative", dipstick("Negative"), expect="not-met", rule="dipstick-clear", confidence="low",
         basis="surrogate"),
    case("dipstick NEG", dipstick("NEG"), expect="not-met"),
    case("dipstick trace", dipstick("Trace"), expect="not-met"),
    case("dipstick +/-", dipstick("+/-"), expect="not-met"),
    case("dipstick (+)", dipstick("(+)"), expect="not-met"),
    case("dipstick negative by SNOMED code", lab("20454-5", None, DAY, valueCodeableConcept=coded(
        "http://snomed.info/sct", "167273002", "Urine protein test = negative")), expect="not-met"),
    case("dipstick negative as a general answer", lab("57735-3", None, DAY, valueCodeableConcept=coded(
        "http://snomed.info/sct", "260385009", "Negative")), expect="not-met"),
    case("dipstick 2+", dipstick("2+"), expect="unknown", rule="dipstick-raised", says="2+"),
    case("dipstick 1+", dipstick("1+"), expect="unknown", rule="dipstick-raised"),
    case("dipstick +", dipstick("+"), expect="unknown", rule="dipstick-raised"),
    case("dipstick ++ by SNOMED code", lab("20454-5", None, DAY, valueCodeableConcept=coded(
        "http://snomed.info/sct", "167276005", "Urine protein test = ++")), expect="unknown",
        rule="dipstick-raised"),
    case("dipstick 15 mg/dL is a trace", lab("5804-0", "15 mg/dL", DAY), expect="not-met",
         rule="dipstick-clear"),
    case("dipstick 29 mg/dL is a trace", lab("5804-0", "29 mg/dL", DAY), expect="not-met"),
    case("dipstick 30 mg/dL is 1+", lab("5804-0", "30 mg/dL", DAY), expect="unknown", rule="dipstick-raised"),
    case("dipstick 0.3 g/L is 1+", lab("5804-0", "0.3 g/L", DAY), expect="unknown", rule="dipstick-raised"),
    case("dipstick 100 mg/L is a trace", lab("5804-0", "100 mg/L", DAY), expect="not-met"),
    case("dipstick at most 40 mg/dL", lab("5804-0", "<=40 mg/dL", DAY), expect="unknown", rule="straddles"),
    case("dipstick in words nobody knows", dipstick("see comment"), expect="unknown", says="cannot be read"),
    case("dipstick raised after a low ratio", dipstick("2+"), acr("20 mg/g", EARLIER), expect="unknown",
         rule="raised-since", says="2+"),
    case("dipstick raised after a low 24-hour protein", dipstick("2+"), protein("200 mg/(24.h)", EARLIER),
         expect="unknown", rule="raised-since"),
    case("dipstick raised after a high ratio", dipstick("2+"), acr("400 mg/g", EARLIER), expect="met"),
    case("dipstick raised before a low ratio", dipstick("2+", EARLIER), acr("20 mg/g"), expect="not-met"),
    case("dipstick negative after a high ratio does not clear it", dipstick("Negative"), acr("400 mg/g",
         EARLIER),
         expect="met"),
    case("dipstick negative after a low ratio", dipstick("Negative"), acr("20 mg/g", EARLIER),
         expect="not-met",
         rule="surrogate-clear"),
    case("dipstick negative beside a stale ratio", dipstick("Negative"), acr("400 mg/g", "2024-01-20"),
         expect="not-met", rule="dipstick-clear"),
    case("dipstick negative with a nephropathy", dipstick("Negative"), NEPHROPATHY, expect="needs-judgement",
         rule="diagnosis"),
    case("dipstick negative, diagnoses forbidden", dipstick("Negative"), searches={"problems": "forbidden"},
         expect="unknown", rule="dipstick-diagnoses-missing", says="forbidden"),
    case("dipstick raised, diagnoses forbidden", dipstick("2+"), searches={"problems": "forbidden"},
         expect="unknown", rule="dipstick-raised"),
    case("dipstick at most 30 mg/dL, diagnoses forbidden", lab("5804-0", "<=30 mg/dL", DAY),
         searches={"problems": "forbidden"}, expect="unknown", rule="straddles"),
    case("dipstick of last year is stale", dipstick("Negative", "2024-06-01"), expect="unknown"),
    # diagnoses
    case("nephropathy only", NEPHROPATHY, expect="needs-judgement", rule="diagnosis"),
    case("other kidney complication", diagnosis("icd10cm:E10.29"), expect="needs-judgement"),
    case("proteinuria", diagnosis("icd10cm:R80.9"), expect="needs-judgement"),
    case("nephrotic syndrome", diagnosis("icd10cm:N04.9"), expect="needs-judgement"),
    case("nephrotic syndrome in WHO ICD-10", diagnosis("icd10:N04.9"), expect="needs-judgement"),
    case("proteinuria of type 1 diabetes by SNOMED code", diagnosis("snomed:243421000119104"),
         expect="needs-judgement"),
    case("persistent proteinuria by SNOMED code", diagnosis("snomed:420514000"), expect="needs-judgement"),
    case("suspected proteinuria", diagnosis("icd10cm:R80.9", verification="provisional"),
         expect="needs-judgement"),
    case("proteinuria in words", diagnosis(text="Persistent proteinuria"), expect="needs-judgement"),
    case("proteinuria resolved", diagnosis("icd10cm:R80.9", clinical="resolved"), expect="unknown"),
    case("proteinuria refuted", diagnosis("icd10cm:R80.9", verification="refuted"), expect="unknown"),
    case("proteinuria denied in words", diagnosis(text="no proteinuria"), expect="unknown"),
    case("orthostatic proteinuria does not count", diagnosis("icd10cm:R80.2"), expect="unknown",
         rule="unknown"),
    case("orthostatic proteinuria with a general code", diagnosis("icd10cm:R80.2", "snomed:29738008"),
         expect="unknown"),
    case("orthostatic proteinuria in words", diagnosis(text="Orthostatic proteinuria"), expect="unknown"),
    case("gestational proteinuria does not count", diagnosis("icd10cm:O12.13"), expect="unknown"),
    case("nephropathy beside a low ratio: the number decides", NEPHROPATHY, acr("20 mg/g"), expect="not-met"),
    case("nephropathy beside a high ratio: the number decides", NEPHROPATHY, acr("400 mg/g"), expect="met"),
    case("nephropathy beside a stale ratio", NEPHROPATHY, acr("20 mg/g", "2024-01-20"),
         expect="needs-judgement",
         rule="diagnosis"),
    case("nephropathy beside a ratio without a unit", NEPHROPATHY, acr("20"), expect="needs-judgement"),
    case("nephropathy with the labs forbidden", NEPHROPATHY, searches={"labs": "forbidden"},
         expect="needs-judgement"),
    # what cannot be seen
    case("nothing recorded", expect="unknown", rule="unknown", says="no result in the last 730 days"),
    case("365 days old still decides", acr("20 mg/g", "2024-06-15"), expect="not-met"),
    case("366 days old is stale", acr("20 mg/g", "2024-06-14"), expect="unknown", says="older than 365 days"),
    case("730 days old is still shown", acr("20 mg/g", "2023-06-16"), expect="unknown",
         says="older than 365 days"),
    case("731 days old is not shown", acr("20 mg/g", "2023-06-15"), expect="unknown",
         says="no result in the last 730 days"),
    case("June 2024 does not tell", acr("20 mg/g", "2024-06"), expect="unknown", says="does not tell"),
    case("labs forbidden", searches={"labs": "forbidden"}, expect="unknown", says="forbidden"),
    case("labs truncated", acr("20 mg/g"), searches={"labs": "truncated"}, expect="unknown"),
    case("without a unit", acr("20"), expect="unknown", says="no unit"),
    case("unknown unit", protein("20 mg/dL"), expect="unknown", says="not recognised"),
    case("too large to compare", protein("<1000000000000000000000000 mg/(24.h)"), expect="unknown"),
    case("implausible", protein("60 g/(24.h)"), expect="unknown", says="not plausible"),
    case("preliminary alone", acr("20 mg/g", status="preliminary"), expect="unknown", says="preliminary"),
    case("entered in error", acr("400 mg/g", status="entered-in-error"), expect="unknown"),
    case("of the future", acr("20 mg/g", "2025-07-01"), expect="unknown", says="future"),
    case("urine creatinine is no protein", lab("2161-8", "90 mg/dL", DAY), expect="unknown",
         says="no result"),
    case("a ratio of two amounts", lab("9318-7", None, DAY, valueRatio=ratio("350 mg", "1 g")), expect="met",
         says="350 mg : 1 g"),
    case("an amount in 24 hours as a ratio", lab("2889-4", None, DAY, valueRatio=ratio("290 mg", "24 h")),
         expect="not-met"),
    # how many of the last results are compared
    case("the third last of the ratios disagrees", acr("20 mg/g"), acr("21 mg/g", "2025-04-20"),
         acr("90 mg/g", "2025-03-20"), expect="not-met", says="The last 3 results do not agree"),
    case("the fourth last does not matter", acr("20 mg/g"), acr("21 mg/g", "2025-04-20"), acr("22 mg/g", "2025-03-20"),
         acr("90 mg/g", "2025-02-20"), expect="not-met", omits="do not agree"),
    # answers and diagnoses in every code system
    *[case(f"a strip answered by the code {code}",
           lab("20454-5", None, DAY, valueCodeableConcept=coded(system, code, "")), expect=expect, rule=rule)
      for system, code, expect, rule in (
          (LOINC, "LA6577-6", "not-met", "dipstick-clear"), (SNOMED, "167273002", "not-met", "dipstick-clear"),
          (LOINC, "LA6576-8", "unknown", "dipstick-raised"), (SNOMED, "167275009", "unknown", "dipstick-raised"))],
    *[case(f"proteinuria as {code}", diagnosis(code), expect="needs-judgement", rule="diagnosis")
      for code in ("icd10cm:R80.9", "icd10cm:N04.9", "icd10cm:E10.29", "icd10:R80", "icd9:791.0", "snomed:29738008",
                   "snomed:420514000", "snomed:71721000119101", "snomed:264867001")],
    *[case(f"a harmless kind as {code}", diagnosis(code), expect="unknown", rule="unknown")
      for code in ("icd10cm:R80.2", "icd10cm:O12.10", "icd10:O12.1")],
    case("gestational by its WHO code, beside the ICD-10-CM code R80.9", diagnosis("icd10cm:R80.9", "icd10:O12.1"),
         expect="unknown", rule="unknown"),
]  # fmt: skip
