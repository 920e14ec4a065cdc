"""E23: ALT, AST, alkaline phosphatase or bilirubin > 1.5 x the upper limit; evaluated on 15 June 2025."""

from typing import Any

from tests.criteria.given import Given, case, diagnosis, lab, patient

CRITERION = "E23"

DAY = "2025-05-20"
WOMAN = patient(gender="female")


def alt(value: str, high: str | None = None, **more: Any) -> Given:
    return lab("1742-6", value, DAY, high=high, **more)


def ast(value: str, high: str | None = None, **more: Any) -> Given:
    return lab("1920-8", value, DAY, high=high, **more)


def alp(value: str, high: str | None = None, **more: Any) -> Given:
    return lab("6768-6", value, DAY, high=high, **more)


def bilirubin(value: str, high: str | None = None, **more: Any) -> Given:
    return lab("1975-2", value, DAY, high=high, **more)


def written(code: str, value: str, *texts: str) -> Given:
    return lab(code, value, DAY, referenceRange=[{"text": text} for text in texts])


ALT, AST, ALP, BILI = (
    alt("20 U/L", "40"),
    ast("20 U/L", "35"),
    alp("70 U/L", "120"),
    bilirubin("0.6 mg/dL", "1.2"),
)
AT_THE_LIMIT = {
    "alt": alt("60 U/L", "40"), "ast": ast("52.5 U/L", "35"), "alp": alp("180 U/L", "120"),
    "bilirubin": bilirubin("1.8 mg/dL", "1.2"),
}  # fmt: skip
GILBERT = diagnosis("icd10cm:E80.4")
RAISED = bilirubin("2.0 mg/dL", "1.2")

CASES = [
    case("all four normal", ALT, AST, ALP, BILI, expect="not-met", rule="clear", confidence="high"),
    case("ALT and AST normal, the others not measured", ALT, AST, expect="not-met",
         rule="transaminases-clear",
         confidence="moderate", says="Alkaline phosphatase, Total bilirubin: no result"),
    case("bilirubin not measured", ALT, AST, ALP, expect="not-met", rule="clear-without-bilirubin",
         confidence="moderate"),
    case("alkaline phosphatase not measured", ALT, AST, BILI, expect="not-met", rule="clear-without-alp",
         confidence="moderate"),
    case("ALT alone normal does not clear", alt("60 U/L", "40"), expect="unknown", rule="unknown",
         says="AST, Alkaline phosphatase, Total bilirubin: no result"),
    case("AST alone normal does not clear", AST, ALP, BILI, expect="unknown", says="ALT: no result"),
    case("ALT and bilirubin not measured", AST, ALP, expect="unknown"),
    case("AST and bilirubin not measured", ALT, ALP, expect="unknown"),
    case("ALT and alkaline phosphatase not measured", AST, BILI, expect="unknown"),
    case("AST and alkaline phosphatase not measured", ALT, BILI, expect="unknown"),
    *(case(f"{', '.join(names)} at 1.5 times, the others not measured",
         *(AT_THE_LIMIT[name] for name in names),
           expect="not-met")
      for names in (("alt", "ast", "alp"), ("alt", "ast", "bilirubin"), ("alt", "ast"))),
    # the multiple
    case("ALT 60 with a limit of 40 is 1.5 times", alt("60 U/L", "40"), AST, ALP, BILI, expect="not-met",
         near=True),
    case("ALT 61 with a limit of 40", alt("61 U/L", "40"), AST, ALP, BILI, expect="met", rule="alt-above"),
    case("ALT 61 with a limit of 40 alone excludes", alt("61 U/L", "40"), expect="met", confidence="high"),
    case("ALT 60.5 with a limit of 40 is near", alt("60.5 U/L", "40"), expect="met", near=True),
    case("ALT 65 with a limit of 40 is not near", alt("65 U/L", "40"), expect="met", near=False),
    case("AST 1.1 ukat/L is 66, limit 35 U/L", ast("1.1 ukat/L", "35 U/L"), expect="met", rule="ast-above",
         says="muscle"),
    case("AST 0.8 ukat/L against 0.6 ukat/L", ALT, ast("0.8 ukat/L", "0.6"), ALP, BILI, expect="not-met"),
    case("AST at 1.5 times", ALT, ast("60 U/L", "40"), ALP, BILI, expect="not-met"),
    case("AST 1000 nkat/L is 60, limit 35 U/L", ast("1000 nkat/L", "35 U/L"), expect="met"),
    case("alkaline phosphatase 190, limit 120", alp("190 U/L", "120"), expect="met", rule="alp-above"),
    case("alkaline phosphatase 180, limit 120", ALT, AST, alp("180 U/L", "120"), BILI, expect="not-met"),
    case("bilirubin 34.3 umol/L, limit 20", lab("14631-6", "34.3 umol/L", DAY, high="20"), expect="met",
         rule="bilirubin-above"),
    case("bilirubin 34.3 µmol/L with the micro sign", lab("14631-6", "34.3 µmol/L", DAY, high="20"), expect="met"),
    case("bilirubin 30 umol/L, limit 20", ALT, AST, ALP, lab("14631-6", "30 umol/L", DAY, high="20"),
         expect="not-met", near=True),
    case("bilirubin 1.8 mg/dL, limit 1.2", ALT, AST, ALP, bilirubin("1.8 mg/dL", "1.2"), expect="not-met"),
    case("bilirubin in mg/dL, limit in umol/L", ALT, AST, ALP, bilirubin("2.0 mg/dL", "20 umol/L"),
         expect="met"),
    case("IU per litre in two spellings", lab("1742-6", "61 [iU]/L", DAY, high="40 IU/L"), expect="met"),
    case("above 100 U/L, limit 40", alt(">100 U/L", "40"), expect="met"),
    case("below 5 U/L", alt("<5 U/L", "40"), AST, ALP, BILI, expect="not-met"),
    case("above 50 U/L may be either side", alt(">50 U/L", "40"), AST, ALP, BILI, expect="unknown",
         says="ALT does not tell"),
    # Gilbert
    case("bilirubin raised alone with Gilbert syndrome", ALT, AST, ALP, RAISED, GILBERT,
         expect="needs-judgement",
         rule="gilbert"),
    case("34.3 umol/L with Gilbert syndrome", lab("14631-6", "34.3 umol/L", DAY, high="20"), GILBERT,
         expect="needs-judgement"),
    case("Gilbert syndrome by text", RAISED, diagnosis(text="Gilbert's syndrome"), expect="needs-judgement"),
    case("Gilbert syndrome refuted", RAISED, diagnosis("icd10cm:E80.4", verification="refuted"),
         expect="met"),
    case("bilirubin and ALT raised with Gilbert syndrome", alt("90 U/L", "40"), RAISED, GILBERT, expect="met",
         rule="alt-above"),
    case("bilirubin normal with Gilbert syndrome", ALT, AST, ALP, BILI, GILBERT, expect="not-met"),
    case("bilirubin at 1.5 times with Gilbert syndrome", ALT, AST, ALP, bilirubin("1.8 mg/dL", "1.2"),
         GILBERT,
         expect="not-met"),
    case("bilirubin raised alone, diagnoses forbidden", RAISED, searches={"problems": "forbidden"},
         expect="unknown", rule="bilirubin-above-alone", says="the problems search was forbidden"),
    case("bilirubin at 1.5 times, diagnoses forbidden", ALT, AST, ALP, bilirubin("1.8 mg/dL", "1.2"),
         searches={"problems": "forbidden"}, expect="not-met"),
    case("bilirubin normal, diagnoses forbidden", ALT, AST, ALP, BILI, searches={"problems": "forbidden"},
         expect="not-met"),
    # no range
    case("ALT 70 without a range", alt("70 U/L"), AST, ALP, BILI, expect="unknown", rule="unknown",
         says="cannot be judged without the laboratory's upper limit"),
    case("ALT 30 without a range", alt("30 U/L"), AST, ALP, BILI, expect="not-met", confidence="moderate"),
    case("ALT 70 without a range, alone", alt("70 U/L"), expect="unknown"),
    case("ALT 30 without a range clears its own part only", alt("30 U/L"), expect="unknown",
         says="AST, Alkaline phosphatase, Total bilirubin: no result"),
    case("ALT 49.5 without a range is 1.5 x the lowest limit", alt("49.5 U/L"), AST, ALP, BILI,
         expect="not-met"),
    case("ALT 49.6 without a range", alt("49.6 U/L"), AST, ALP, BILI, expect="unknown"),
    case("ALT 90 without a range is 1.5 x the highest limit", alt("90 U/L"), AST, ALP, BILI,
         expect="unknown"),
    case("ALT 91 without a range", alt("91 U/L"), AST, ALP, BILI, expect="needs-judgement",
         rule="alt-above-usual"),
    case("AST 48 without a range", ALT, ast("48 U/L"), ALP, BILI, expect="not-met"),
    case("AST 49 without a range", ALT, ast("49 U/L"), ALP, BILI, expect="unknown"),
    case("AST 75 without a range", ALT, ast("75 U/L"), ALP, BILI, expect="unknown"),
    case("AST 76 without a range", ALT, ast("76 U/L"), ALP, BILI, expect="needs-judgement",
         rule="ast-above-usual"),
    case("alkaline phosphatase 172 without a range", ALT, AST, alp("172 U/L"), BILI, expect="not-met"),
    case("alkaline phosphatase 173 without a range", ALT, AST, alp("173 U/L"), BILI, expect="unknown"),
    case("alkaline phosphatase 225 without a range", ALT, AST, alp("225 U/L"), BILI, expect="unknown"),
    case("alkaline phosphatase 226 without a range", ALT, AST, alp("226 U/L"), BILI, expect="needs-judgement",
         rule="alp-above-usual"),
    case("bilirubin 1.5 without a range", ALT, AST, ALP, bilirubin("1.5 mg/dL"), expect="not-met"),
    case("bilirubin 1.6 without a range", ALT, AST, ALP, bilirubin("1.6 mg/dL"), expect="unknown"),
    case("bilirubin 1.95 without a range", ALT, AST, ALP, bilirubin("1.95 mg/dL"), expect="unknown"),
    case("bilirubin 2.0 without a range", ALT, AST, ALP, bilirubin("2.0 mg/dL"), expect="needs-judgement",
         rule="bilirubin-above-usual"),
    case("flagged high without a range says nothing of 1.5 times",
         alt("70 U/L", interpretation=[{"coding": [{"code": "H"}]}]), AST, ALP, BILI, expect="unknown"),
    case("ALT 70 and alkaline phosphatase in doubt, bilirubin absent", ALT, AST, alp("200 U/L"),
         expect="unknown"),
    case("bilirubin in doubt, alkaline phosphatase absent", ALT, AST, bilirubin("1.7 mg/dL"),
         expect="unknown"),
    # ranges
    case("a written range", written("1742-6", "61 U/L", "0-40"), expect="met", rule="alt-above"),
    case("a written upper limit", written("1742-6", "61 U/L", "<40 U/L"), expect="met"),
    case("a written upper limit in another unit", written("1742-6", "61 U/L", "up to 0.67 ukat/L"),
         expect="met"),
    case("a written range with a unit that has no rule", written("1742-6", "61 U/L", "0-40 mmol/L"), AST,
         expect="unknown"),
    case("the range of the own sex", WOMAN, lab("1742-6", "55 U/L", DAY, referenceRange=[
        {"high": {"value": 35}, "appliesTo": [{"text": "women"}]},
        {"high": {"value": 50}, "appliesTo": [{"text": "men"}]}]), expect="met"),
    case("an upper limit of zero counts as none", alt("30 U/L", "0"), AST, ALP, BILI, expect="not-met",
         confidence="moderate"),
    # look-alikes
    case("GGT 300 only", lab("2324-2", "300 U/L", DAY, high="60"), expect="unknown"),
    case("GGT 300 beside normal tests", ALT, AST, ALP, BILI, lab("2324-2", "300 U/L", DAY, high="60"),
         expect="not-met"),
    case("direct bilirubin is not total bilirubin", ALT, AST, ALP,
         lab("1968-7", "3.0 mg/dL", DAY, high="0.3"),
         expect="not-met", rule="clear-without-bilirubin"),
    case("alkaline phosphatase in pregnancy", WOMAN, alp("250 U/L", "120"),
         diagnosis("icd10cm:Z34.02", recorded="2025-05-01"), expect="met", says="rises in pregnancy"),
    # what cannot be used
    case("nothing measured", expect="unknown", rule="unknown",
         says="ALT, AST, Alkaline phosphatase, Total bilirubin: no result"),
    case("ALT 90 days old", lab("1742-6", "61 U/L", "2025-03-17", high="40"), expect="met"),
    case("ALT 91 days old", lab("1742-6", "61 U/L", "2025-03-16", high="40"), AST, ALP, BILI,
         expect="unknown",
         says="older than 90 days"),
    case("ALT of March 2025", lab("1742-6", "61 U/L", "2025-03", high="40"), expect="unknown",
         says="does not tell"),
    case("alkaline phosphatase stale counts as absent", ALT, AST,
         lab("6768-6", "300 U/L", "2025-01-01", high="120"),
         BILI, expect="not-met", rule="clear-without-alp"),
    case("bilirubin unusable counts as absent", ALT, AST, ALP, bilirubin("0.6 g/dL", "1.2"), expect="not-met",
         rule="clear-without-bilirubin"),
    case("ALT preliminary", alt("61 U/L", "40", status="preliminary"), AST, expect="unknown",
         says="preliminary"),
    case("a newer preliminary ALT differs", lab("1742-6", "20 U/L", "2025-05-01", high="40"), AST, ALP, BILI,
         alt("90 U/L", "40", status="preliminary"), expect="needs-judgement", rule="alt-conflict"),
    case("ALT dated tomorrow", lab("1742-6", "90 U/L", "2025-06-16", high="40"), AST, expect="unknown",
         says="in the future"),
    case("ALT entered in error", alt("61 U/L", "40", status="entered-in-error"), AST, expect="unknown"),
    case("ALT without a unit", alt("61"), AST, expect="unknown", says="no unit"),
    case("ALT in an unknown unit", alt("61 mg/dL"), AST, expect="unknown", says="not recognised"),
    case("two ALT of one day on both sides", alt("20 U/L", "40"), alt("90 U/L", "40"), AST,
         expect="needs-judgement",
         rule="alt-conflict"),
    case("two AST of one day on both sides", ALT, ast("20 U/L", "40"), ast("90 U/L", "40"),
         expect="needs-judgement",
         rule="ast-conflict"),
    case("two alkaline phosphatases of one day on both sides", ALT, AST, alp("70 U/L", "120"),
         alp("300 U/L", "120"),
         expect="needs-judgement", rule="alp-conflict"),
    case("two bilirubins of one day on both sides", ALT, AST, bilirubin("0.6 mg/dL", "1.2"), RAISED,
         expect="needs-judgement", rule="bilirubin-conflict"),
    case("ALT raised beside two AST that disagree", alt("90 U/L", "40"), ast("20 U/L", "40"),
         ast("90 U/L", "40"),
         expect="met", rule="alt-above"),
    case("labs forbidden", searches={"labs": "forbidden"}, expect="unknown", says="forbidden"),
    case("labs truncated", ALT, AST, ALP, BILI, searches={"labs": "truncated"}, expect="unknown"),
    *[case(f"bilirubin alone with Gilbert syndrome as {code}", ALT, AST, bilirubin("2.0 mg/dL", "1.2"),
           diagnosis(code), expect="needs-judgement", rule="gilbert")
      for code in ("icd10cm:E80.4", "icd10:E80.4", "icd9:277.4", "snomed:27503000")],
    case("GGT is shown and does not decide", ALT, AST, lab("2324-2", "300 U/L", DAY), expect="not-met",
         shows="300 U/L"),
    case("a direct bilirubin under the code of the total as well", ALT, AST, lab("1975-2 1968-7", "3 mg/dL", DAY),
         expect="not-met"),
    case("bilirubin 1.5 without a range", ALT, AST, bilirubin("1.5 mg/dL"), expect="not-met"),
    case("bilirubin 1.51 without a range", ALT, AST, bilirubin("1.51 mg/dL"), expect="unknown"),
    case("bilirubin 1.95 without a range", ALT, AST, bilirubin("1.95 mg/dL"), expect="unknown"),
    case("bilirubin 1.96 without a range", ALT, AST, bilirubin("1.96 mg/dL"), expect="needs-judgement",
         rule="bilirubin-above-usual"),
    case("a raised ALP 294 days after a pregnancy began", WOMAN, diagnosis("icd10cm:Z33.1", onset="2024-08-25"),
         alp("200 U/L", "120"), expect="met", says="rises in pregnancy"),
    case("a raised ALP 295 days after a pregnancy began", WOMAN, diagnosis("icd10cm:Z33.1", onset="2024-08-24"),
         alp("200 U/L", "120"), expect="met", omits="rises in pregnancy"),
    case("sex for clinical use chooses the range", patient(gender="female", extension=[{
         "url": "http://hl7.org/fhir/StructureDefinition/patient-sexParameterForClinicalUse", "extension": [{
             "url": "value", "valueCodeableConcept": {"coding": [{"code": "male-typical"}]}}]}]),
         lab("1742-6", "55 U/L", DAY, referenceRange=[
             {"high": {"value": 30, "unit": "U/L"}, "appliesTo": [{"text": "women"}]},
             {"high": {"value": 40, "unit": "U/L"}, "appliesTo": [{"text": "men"}]}]), AST, expect="not-met"),
]  # fmt: skip
