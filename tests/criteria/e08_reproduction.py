"""E8: pregnancy, breast-feeding, contraception. Data can exclude; only inability to bear a child clears."""

from typing import Any

from tests.criteria.given import Given, case, diagnosis, lab, observation, patient, resource

CRITERION = "E8"
SNOMED, LOINC = "http://snomed.info/sct", "http://loinc.org"
WOMAN, MAN = patient(gender="female"), patient(gender="male")
CALM = diagnosis("icd10cm:E10.9")


def hcg(answer: str, when: str | None, code: str = "2106-3", **more: Any) -> Given:
    """A pregnancy test that answers in words."""
    return lab(code, answer, when, text=True, **more)


def coded(code: str, answer: str, when: str | None = "2025-06-01", **more: Any) -> Given:
    concept = {"coding": [{"system": SNOMED, "code": answer}]}
    element = observation(code, None, when, category="social-history", valueCodeableConcept=concept, **more)
    return Given(element, f"{code} {answer} on {when}")


def valued(code: str, when: str | None = "2025-06-01", **value: Any) -> Given:
    element = observation(code, None, when, category="social-history", **value)
    return Given(element, f"{code} {' '.join(map(str, value.values()))} on {when}")


def due(day: str, when: str | None = "2025-03-01", code: str = "11778-8") -> Given:
    return valued(code, when, valueDateTime=day)


def hysterectomy(status: str = "completed") -> Given:
    return resource("Procedure", f"hysterectomy 2019, {status}", status=status,
    performedDateTime="2019-05-01",
                    code={"coding": [{"system": SNOMED, "code": "236886002"}]})  # fmt: skip


POSITIVE = {"expect": "met", "rule": "positive"}
LEVEL = {"expect": "met", "rule": "level-positive"}
DUE = {"expect": "met", "rule": "due"}
RECORDED = {"expect": "met", "rule": "pregnancy-recorded"}
FEEDING = {"expect": "met", "rule": "breast-feeding"}
ASK = {"expect": "needs-judgement", "rule": "ask-women"}
ASK_MAN = {"expect": "needs-judgement", "rule": "ask-men"}
HINTS = {"expect": "needs-judgement", "rule": "hints"}
CONFLICT = {"expect": "needs-judgement", "rule": "test-conflict"}
CLEAR = {"expect": "not-met", "rule": "not-childbearing"}
UNSEEN = {"expect": "unknown", "rule": "not-all-seen"}

CASES = [
    case("hCG in urine positive 3 days ago", WOMAN, hcg("Positive", "2025-06-12"), **POSITIVE,
         recheck="2026-04-03",
         confidence="high"),
    case("hCG in urine negative 3 days ago: contraception is left", WOMAN, hcg("Negative", "2025-06-12"),
         **ASK,
         says="No pregnancy", basis="human-only", confidence="low"),
    case("negative 60 days ago: too old", WOMAN, hcg("Negative", "2025-04-16"), **ASK,
         says="No recent pregnancy test"),
    case("negative 7 days ago", WOMAN, hcg("Negative", "2025-06-08"), **ASK, says="No pregnancy:"),
    case("negative 8 days ago", WOMAN, hcg("Negative", "2025-06-07"), **ASK, says="No recent pregnancy test"),
    case("no test", WOMAN, CALM, **ASK, says="No pregnancy test is recorded"),
    case("a man", MAN, CALM, **ASK_MAN),
    case("gender not recorded", patient(gender=None), CALM, **ASK),
    *[case(f"the test {code} counts", WOMAN, hcg("POS", "2025-06-01", code), **POSITIVE)
      for code in ("2118-8", "2110-5", "2112-1", "80384-1", "80385-8")],
    case("positive, by SNOMED code", WOMAN, coded("2106-3", "10828004"), **POSITIVE),
    case("positive 294 days ago, nothing since", WOMAN, hcg("Positive", "2024-08-25"), **POSITIVE),
    case("positive 295 days ago", WOMAN, hcg("Positive", "2024-08-24"), **ASK),
    case("positive in a year that straddles the window", WOMAN, hcg("Positive", "2024"), **ASK),
    case("positive, then negative", WOMAN, hcg("Positive", "2025-04-01"), hcg("Negative", "2025-06-10"),
         **ASK),
    case("negative, then positive", WOMAN, hcg("Negative", "2025-04-01"), hcg("Positive", "2025-06-10"),
         **POSITIVE),
    case("positive, then a delivery", WOMAN, hcg("Positive", "2024-10-01"),
         diagnosis("icd10cm:Z37.0", onset="2025-06-01", category="encounter-diagnosis"), **ASK),
    case("positive, then a loss", WOMAN, hcg("Positive", "2025-04-01"),
         diagnosis("icd10cm:O03.9", onset="2025-05-01", category="encounter-diagnosis"), **ASK),
    case("a delivery, then positive", WOMAN, diagnosis("icd10cm:Z37.0", onset="2024-09-01"),
         hcg("Positive", "2025-06-01"), **POSITIVE),
    case("positive and negative on one day", WOMAN, hcg("Positive", "2025-06-10"), hcg("Negative",
         "2025-06-10"),
         **CONFLICT, says="disagree"),
    case("a newer preliminary positive", WOMAN, hcg("Negative", "2025-06-10"),
         hcg("Positive", "2025-06-12", status="preliminary"), **CONFLICT),
    case("a preliminary positive alone", WOMAN, hcg("Positive", "2025-06-12", status="preliminary"), **ASK),
    case("a positive entered in error", WOMAN, hcg("Positive", "2025-06-12", status="entered-in-error"),
         **ASK),
    case("a positive of the future", WOMAN, hcg("Positive", "2025-06-16"), **ASK),
    case("a test that cannot be understood", WOMAN, hcg("see comment", "2025-06-12"), **ASK),

    case("level of 12 mIU/mL", WOMAN, lab("21198-7", "12 m[IU]/mL", "2025-06-12"), expect="needs-judgement",
         rule="level-unclear"),
    case("level of 25 mIU/mL", WOMAN, lab("21198-7", "25 m[IU]/mL", "2025-06-12"), **LEVEL, near=True),
    case("level of 24.9 mIU/mL", WOMAN, lab("19080-1", "24.9 m[IU]/mL", "2025-06-12"),
         expect="needs-judgement",
         rule="level-unclear"),
    case("level of 5 mIU/mL", WOMAN, lab("45194-8", "5 m[IU]/mL", "2025-06-12"), expect="needs-judgement",
         rule="level-unclear"),
    case("level of 4.9 mIU/mL", WOMAN, lab("83086-9", "4.9 m[IU]/mL", "2025-06-12"), **ASK,
         says="No pregnancy:"),
    case("level of 25 IU/L", WOMAN, lab("21198-7", "25 [IU]/L", "2025-06-12"), **LEVEL),
    case("level of 0.025 IU/mL", WOMAN, lab("21198-7", "0.025 [IU]/mL", "2025-06-12"), **LEVEL),
    case("level of 0.0249 IU/mL", WOMAN, lab("21198-7", "0.0249 [IU]/mL", "2025-06-12"),
         expect="needs-judgement"),
    case("level below 5", WOMAN, lab("21198-7", "<5 m[IU]/mL", "2025-06-12"), **ASK, says="No pregnancy:"),
    case("level below 10 does not tell", WOMAN, lab("21198-7", "<10 m[IU]/mL", "2025-06-12"),
         expect="needs-judgement", rule="level-unclear"),
    case("level above 1000", WOMAN, lab("21198-7", ">1000 m[IU]/mL", "2025-06-12"), **LEVEL),
    case("level in a unit that is not known", WOMAN, lab("21198-7", "900 mg/L", "2025-06-12"), **ASK),
    case("level finer than can be compared", WOMAN, lab("21198-7", "900.123456789 m[IU]/mL", "2025-06-12"),
         **ASK),
    case("a high level beside a positive test", WOMAN, lab("21198-7", "900 m[IU]/mL", "2025-06-12"),
         hcg("Positive", "2025-06-12"), **POSITIVE),
    case("a high level beside a negative test", WOMAN, lab("21198-7", "900 m[IU]/mL", "2025-06-12"),
         hcg("Negative", "2025-06-12"), **CONFLICT),
    case("a tumour marker in a man", MAN, lab("21198-7", "900 m[IU]/mL", "2025-06-12"), **ASK_MAN),
    case("AFP is no pregnancy test", WOMAN, lab("1834-1", "900 ng/mL", "2025-06-12"), **ASK),

    case("status pregnant", WOMAN, coded("82810-3", "77386006"), **POSITIVE),
    case("status pregnant, recorded for a man", MAN, coded("82810-3", "77386006"), **POSITIVE),
    case("status not pregnant", WOMAN, coded("82810-3", "60001007", "2025-06-12"), **ASK,
         says="No pregnancy:"),
    case("status not pregnant, recorded for a man", MAN, coded("82810-3", "60001007"), **ASK),
    case("status possibly pregnant", WOMAN, coded("82810-3", "102874004"), expect="needs-judgement",
         rule="possible"),
    case("status in words: pregnant", WOMAN, valued("82810-3", valueString="Pregnant"), **POSITIVE),
    case("status in words: not pregnant", WOMAN, valued("82810-3", valueString="Not pregnant"), **ASK),
    case("status true", WOMAN, valued("82810-3", valueBoolean=True), **POSITIVE),
    case("status unknown", WOMAN, valued("82810-3", valueString="Unknown"), **ASK),
    case("pregnant, then not", WOMAN, coded("82810-3", "77386006", "2025-04-01"), coded("82810-3",
         "60001007"), **ASK),

    case("due 2025-09-01", WOMAN, due("2025-09-01"), **DUE, recheck="2025-09-16"),
    case("due 14 days ago", WOMAN, due("2025-06-01"), **DUE),
    case("due 15 days ago", WOMAN, due("2025-05-31"), **ASK),
    case("due in 294 days", WOMAN, due("2026-04-05", code="11779-6"), **DUE),
    case("due in 295 days", WOMAN, due("2026-04-06", code="11780-4"), **ASK),
    case("a due date that was corrected", WOMAN, due("2025-05-01", "2025-01-01"), due("2025-07-01"), **DUE),
    case("due soon, but delivered", WOMAN, due("2025-06-20"), diagnosis("icd10cm:Z37.0", onset="2025-06-10"),
         **ASK),
    case("due, a delivery of the pregnancy before", WOMAN, due("2025-09-01"),
         diagnosis("icd10cm:Z37.0", onset="2024-11-10"), **DUE),
    case("a due date that cannot be read", WOMAN, valued("11778-8", valueString="autumn"), **ASK),

    case("pregnancy on the problem list", WOMAN, diagnosis("icd10cm:O09.93", onset="2025-03-01"), **RECORDED,
         recheck="2025-12-21", says="O09.93"),
    *[case(f"{code} is a pregnancy", WOMAN, diagnosis(code, onset="2025-03-01"), **RECORDED)
      for code in ("icd10cm:Z33.1", "icd10cm:Z34.01", "icd10cm:Z3A.12", "icd10cm:O24.011", "icd10cm:O26.891",
                   "icd10cm:O30.001", "icd10cm:O10.011", "icd10cm:O13.1", "icd10cm:Z32.01", "icd10:Z33",
                   "icd10:O24.0", "icd9:V22.1", "snomed:77386006", "snomed:255409004")],
    *[case(f"{code} is no pregnancy", WOMAN, CALM, diagnosis(code, onset="2025-03-01"), **ASK)
      for code in ("icd10cm:O24.43", "icd10cm:O10.03", "icd10cm:O90.6", "icd10cm:Z32.02", "icd10cm:O03.4",
                   "icd10:O90.3", "snomed:60001007")],
    case("pregnancy of 294 days", WOMAN, diagnosis("icd10cm:O09.93", onset="2024-08-25"), **RECORDED),
    case("pregnancy of 295 days lingers", WOMAN, diagnosis("icd10cm:O09.93", onset="2024-08-24"), **ASK),
    case("pregnancy still active after a delivery", WOMAN, diagnosis("icd10cm:O09.93", onset="2023-06-01"),
         diagnosis("icd10cm:Z37.0", onset="2024-01", category="encounter-diagnosis"), **ASK),
    case("pregnancy without a date, and a delivery", WOMAN, diagnosis("icd10cm:O09.93"),
         diagnosis("icd10cm:Z37.0", onset="2024-01", category="encounter-diagnosis"), **ASK),
    case("pregnancy, then O80", WOMAN, diagnosis("icd10cm:O09.93", onset="2024-09-15"),
         diagnosis("icd10cm:O80", onset="2025-06-01"), **ASK),
    case("pregnancy, then a delivery that was refuted", WOMAN, diagnosis("icd10cm:O09.93",
         onset="2024-09-15"),
         diagnosis("icd10cm:Z37.0", onset="2025-06-01", verification="refuted"), **RECORDED),
    case("pregnancy without a date", WOMAN, diagnosis("icd10cm:Z33.1"), **HINTS),
    case("pregnancy without a date, and a delivery", WOMAN, diagnosis("icd10cm:Z33.1"),
         diagnosis("icd10cm:Z37.0", onset="2024-01"), **ASK),
    case("pregnancy of 2024, which may be going on", WOMAN, diagnosis("icd10cm:Z33.1", onset="2024"), **HINTS),
    case("pregnancy of 2024, and a delivery since", WOMAN, diagnosis("icd10cm:Z33.1", onset="2024"),
         diagnosis("icd10cm:Z37.0", onset="2025-02"), **ASK),
    case("pregnancy without a date contradicts a removed uterus", WOMAN, diagnosis("icd10cm:Z33.1"),
         diagnosis("icd10cm:Z90.710"), **HINTS),
    case("a provisional pregnancy without a date, a delivery years ago, and a removed uterus", WOMAN,
         diagnosis("icd10cm:Z33.1", verification="provisional"), diagnosis("icd10cm:Z37.0", onset="2010-05-01"),
         diagnosis("icd10cm:Z90.710"), **HINTS),
    case("pregnancy, resolved", WOMAN, diagnosis("icd10cm:O09.93", onset="2025-03-01", clinical="resolved"),
         **ASK),
    case("pregnancy, provisional", WOMAN, diagnosis("icd10cm:O09.93", onset="2025-03-01",
         verification="provisional"),
         **HINTS),
    case("pregnancy, provisional, a year ago", WOMAN,
         diagnosis("icd10cm:O09.93", onset="2024-03-01", verification="provisional"), **ASK),
    case("possible pregnancy as a problem", WOMAN, diagnosis("snomed:102874004"), **HINTS),
    case("pregnancy from next week on", WOMAN, CALM, diagnosis("icd10cm:Z33.1", onset="2025-06-20"), **ASK),
    case("pregnancy of a trans man", MAN, diagnosis("icd10cm:Z33.1", onset="2025-05-01"), **RECORDED),
    case("pregnancy of the partner, in words", MAN, CALM, diagnosis(text="Partner is pregnant"), **ASK_MAN),

    case("breast-feeding by SNOMED", WOMAN, diagnosis("snomed:866041003", onset="2025-02-01"), **FEEDING,
         recheck="2026-02-02"),
    case("breast-feeding visit 12 months ago", WOMAN, diagnosis("icd10cm:Z39.1", onset="2024-06-15"),
         **FEEDING),
    case("breast-feeding visit 12 months and a day ago", WOMAN, diagnosis("icd10cm:Z39.1",
         onset="2024-06-14"), **ASK),
    case("breast-feeding visit in ICD-9", WOMAN, diagnosis("icd9:V24.1", onset="2025-01-01"), **FEEDING),
    case("currently breast-feeding, without a date", WOMAN, diagnosis("snomed:866041003"), **FEEDING),
    case("breast-feeding of a visit, without date or status", WOMAN, diagnosis("snomed:866041003", clinical=None,
         category="encounter-diagnosis"), **HINTS),
    case("breast-feeding visit without a date", WOMAN, diagnosis("icd10cm:Z39.1"), **HINTS),
    case("breast-feeding, resolved", WOMAN, diagnosis("snomed:866041003", onset="2025-02-01",
         clinical="resolved"),
         **ASK),
    case("breast-feeding status true", WOMAN, valued("63895-7", valueBoolean=True), **FEEDING),
    case("breast-feeding status false", WOMAN, valued("63895-7", valueBoolean=False), **ASK),
    case("breast-feeding status by code", WOMAN, coded("63895-7", "1260078007"), **FEEDING),
    case("breast-feeding status in words", WOMAN, valued("63895-7", valueString="Currently breast-feeding"),
         **FEEDING),
    case("breast-feeding status: stopped", WOMAN, valued("63895-7", valueString="Stopped breastfeeding"),
         **ASK),
    case("breast-feeding status: not", WOMAN, valued("63895-7", valueString="Not breastfeeding"), **ASK),
    case("breast-feeding status not understood", WOMAN, valued("63895-7", valueString="see note"), **HINTS),
    case("breast-feeding status of 13 months", WOMAN, valued("63895-7", "2024-05-15", valueBoolean=True),
         **ASK),
    case("two signs of breast-feeding, one without an end", WOMAN, diagnosis("snomed:866041003",
         onset="2025-02-01"),
         valued("63895-7", valueBoolean=True), **FEEDING, recheck="2026-06-02"),
    case("a disorder of lactation", WOMAN, diagnosis("icd10cm:O92.79"), **HINTS),

    case("hysterectomy as a procedure", WOMAN, CALM, hysterectomy(), **CLEAR, confidence="high",
         basis="direct"),
    case("hysterectomy that was not done", WOMAN, CALM, hysterectomy("not-done"), **ASK),
    *[case(f"{code} means no child can be borne", WOMAN, diagnosis(code), **CLEAR)
      for code in ("icd10cm:Z90.710", "icd10cm:Z90.722", "icd10cm:Z78.0", "snomed:236886002")],
    case("hysterectomy in words only", WOMAN, diagnosis(text="Hysterectomy"), **ASK),
    case("hysterectomy of a trans man", MAN, CALM, hysterectomy(), **ASK_MAN),
    case("hysterectomy, but a positive test", WOMAN, hysterectomy(), hcg("Positive", "2025-06-12"),
         **POSITIVE),
    case("tubal ligation is contraception", WOMAN, diagnosis("icd10cm:Z98.51"), expect="needs-judgement",
         rule="sterilised"),
    case("tubal ligation, later hysterectomy", WOMAN, diagnosis("icd10cm:Z98.51"), hysterectomy(), **CLEAR),
    case("vasectomy", MAN, diagnosis("icd10cm:Z98.52"), expect="needs-judgement", rule="sterilised"),
    case("intention to become pregnant is shown", WOMAN, valued("86645-9",
         valueString="Wants to become pregnant"),
         **ASK),

    case("hysterectomy, the laboratory data are forbidden", WOMAN, CALM, hysterectomy(),
         searches={"labs": "forbidden"},
         **UNSEEN),
    case("hysterectomy, the social history failed", WOMAN, CALM, hysterectomy(),
         searches={"social": "failed"}, **UNSEEN),
    case("hysterectomy, the problem list was cut off", WOMAN, CALM, hysterectomy(),
         searches={"problems": "truncated"},
         **UNSEEN),
    case("hysterectomy, a result that cannot be read", WOMAN, CALM, hysterectomy(),
         valued("2106-3", issued=["?"]), **UNSEEN, says="could not be read"),
    case("hysterectomy of a trans man, the laboratory data are forbidden", MAN, CALM, hysterectomy(),
         searches={"labs": "forbidden"}, **ASK_MAN),
    case("the laboratory data are forbidden", WOMAN, CALM, searches={"labs": "forbidden"}, **ASK,
         says="Not looked at"),
    case("the laboratory data were cut off, a positive test arrived", WOMAN, hcg("Positive", "2025-06-12"),
         searches={"labs": "truncated"}, **POSITIVE),
]  # fmt: skip
