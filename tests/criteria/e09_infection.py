"""E9: active infection, among them hepatitis C, HIV and tuberculosis. A positive test counts for life."""

from typing import Any

from tests.criteria.given import Given, case, diagnosis, lab, medication, resource

CRITERION = "E9"
SNOMED = "http://snomed.info/sct"
CALM = diagnosis("icd10cm:E10.9")


def result(code: str, answer: str, when: str | None = "2025-06-01", **more: Any) -> Given:
    """A test that answers in words."""
    return lab(code, answer, when, text=True, **more)


def vaccine(code: str, status: str = "completed", when: str | None = "1995-03-01") -> Given:
    elements: dict[str, Any] = {"occurrenceDateTime": when} if when else {}
    coding = {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": code}]}
    return resource("Immunization", f"vaccine CVX {code}, {status}, {when}", status=status,
    vaccineCode=coding,
                    **elements)  # fmt: skip


HIV, HCV, TB = result("56888-1", "Negative"), result("13955-0", "Non-reactive"), result("71773-6", "Negative")
VIRUSES = (CALM, HIV, HCV)
NEGATIVE = (*VIRUSES, TB)
BCG, SKIN = vaccine("19"), "39263-9"

CLEAR = {"expect": "not-met", "rule": "negative"}
UNTESTED = {"expect": "unknown", "rule": "untested"}
UNSEEN = {"expect": "unknown", "rule": "not-all-seen"}
HIV_MET = {"expect": "met", "rule": "hiv"}
HCV_MET = {"expect": "met", "rule": "hepatitis-c"}
HBV_MET = {"expect": "met", "rule": "hepatitis-b"}
TB_MET = {"expect": "met", "rule": "tuberculosis"}
TREATED = {"expect": "met", "rule": "treatment"}
ASSAY = {"expect": "met", "rule": "release-assay"}
SCREEN = {"expect": "needs-judgement", "rule": "screen-not-confirmed"}
NO_BCG = {"expect": "needs-judgement", "rule": "skin-test-bcg-not-known"}
DOUBTFUL = {"expect": "needs-judgement", "rule": "doubtful"}
ACUTE = {"expect": "needs-judgement", "rule": "acute-infection"}
EXPLAINED = {"expect": "not-met", "rule": "skin-test-by-bcg"}

CASES = [
    case("HIV, hepatitis C and tuberculosis tests negative", *NEGATIVE, **CLEAR, confidence="high",
         basis="direct"),
    case("no serology at all", CALM, **UNTESTED, says="HIV screen: none in the last 90 days"),
    case("no HIV test", CALM, HCV, TB, **UNTESTED, says="Not excluded: HIV screen"),
    case("no hepatitis C test", CALM, HIV, TB, **UNTESTED, says="Not excluded: hepatitis C antibody"),
    case("no tuberculosis test", *VIRUSES, **UNTESTED, says="Not excluded: tuberculosis test"),
    case("HIV negative 90 days ago", CALM, HCV, TB, result("56888-1", "Negative", "2025-03-17"), **CLEAR),
    case("HIV negative 91 days ago", CALM, HCV, TB, result("56888-1", "Negative", "2025-03-16"), **UNTESTED),
    case("hepatitis C negative 90 days ago", CALM, HIV, TB, result("13955-0", "Negative", "2025-03-17"),
         **CLEAR),
    case("hepatitis C negative 91 days ago", CALM, HIV, TB, result("13955-0", "Negative", "2025-03-16"),
         **UNTESTED),
    case("release assay negative 365 days ago", *VIRUSES, result("71773-6", "Negative", "2024-06-15"),
         **CLEAR),
    case("release assay negative 366 days ago", *VIRUSES, result("71773-6", "Negative", "2024-06-14"),
         **UNTESTED),
    case("a negative test in a month that straddles the window", CALM, HCV, TB, result("56888-1", "Negative",
         "2025-03"),
         **UNTESTED),
    case("HIV screen preliminary", CALM, HCV, TB, result("56888-1", "Negative", status="preliminary"),
         **UNTESTED,
         says="only a preliminary answer"),
    case("HIV screen without a value", CALM, HCV, TB, lab("56888-1", None, "2025-06-01"), **UNTESTED),
    case("HIV screen of the future", CALM, HCV, TB, result("56888-1", "Negative", "2025-06-16"), **UNTESTED),
    case("RNA alone does not clear HIV", CALM, HCV, TB, result("20447-9", "Not detected"), **UNTESTED),

    case("HIV disease", diagnosis("icd10cm:B20"), **HIV_MET, confidence="high"),
    *[case(f"{code} is HIV", *NEGATIVE, diagnosis(code), **HIV_MET)
      for code in ("icd10cm:Z21", "icd10cm:O98.711", "icd10cm:B97.35", "icd10:B24", "icd10:B22.2", "icd9:042",
                   "icd9:V08", "snomed:86406008", "snomed:165816005")],
    case("HIV, called resolved", diagnosis("icd10cm:B20", clinical="resolved"), **HIV_MET),
    case("HIV screen reactive, NAT not detected", CALM, result("56888-1", "Reactive"), result("20447-9",
         "Not detected"),
         **SCREEN),
    case("HIV screen reactive, no confirmation", CALM, result("58900-2", "Reactive"), **SCREEN),
    case("HIV screen weakly reactive", CALM, result("31201-7", "Weakly reactive"), **SCREEN),
    case("HIV screen reactive years ago, negative now", *NEGATIVE, result("7918-6", "Positive", "2015-01-01"),
         **SCREEN),
    case("HIV screen reactive, RNA detected", CALM, result("56888-1", "Reactive"), result("25836-8",
         "Detected"), **HIV_MET),
    case("HIV RNA detected", CALM, result("20447-9", "Detected"), **HIV_MET),
    case("HIV RNA 1500 copies", CALM, lab("20447-9", "1500 {copies}/mL", "2025-06-01"), **HIV_MET),
    case("HIV RNA below 20 copies", *NEGATIVE, lab("20447-9", "<20 {copies}/mL", "2025-06-01"), **CLEAR),
    case("HIV RNA of no copies", *NEGATIVE, lab("20447-9", "0 {copies}/mL", "2025-06-01"), **CLEAR),
    case("HIV immunoblot positive", CALM, result("5221-7", "Positive"), **HIV_MET),
    case("a reactive screen without a date", *NEGATIVE, result("56888-1", "Reactive", None), **SCREEN),
    case("a newer preliminary reactive screen", *NEGATIVE, result("56888-1", "Reactive", "2025-06-10",
         status="preliminary"),
         **DOUBTFUL),
    case("an older preliminary reactive screen", *NEGATIVE, result("56888-1", "Reactive", "2025-05-10",
         status="preliminary"),
         **CLEAR),
    case("a preliminary reactive screen alone", CALM, HCV, TB, result("56888-1", "Reactive",
         status="preliminary"),
         **UNTESTED),
    case("a reactive screen entered in error", *NEGATIVE, result("56888-1", "Reactive",
         status="entered-in-error"), **CLEAR),
    case("a reactive screen of the future", *NEGATIVE, result("56888-1", "Reactive", "2025-07-01"), **CLEAR),
    case("HIV indeterminate, newest", CALM, HCV, TB, result("56888-1", "Indeterminate"), **UNTESTED,
         says="does not tell"),
    case("inconclusive laboratory evidence of HIV", *NEGATIVE, diagnosis("icd10cm:R75"), **DOUBTFUL),
    case("prophylaxis alone (PrEP)", *NEGATIVE, medication("atc:J05AR03"), **CLEAR),
    case("prophylaxis alone, not tested", CALM, medication("atc:J05AR03"), **UNTESTED),
    case("a combination for HIV without a diagnosis", *NEGATIVE, medication("atc:J05AR20"), **DOUBTFUL),
    case("a combination for HIV, stopped", *NEGATIVE, medication("atc:J05AR20", status="stopped"), **CLEAR),
    case("HIV only suspected", *NEGATIVE, diagnosis("icd10cm:B20", verification="provisional"), **DOUBTFUL),
    case("HIV in words only", *NEGATIVE, diagnosis(text="HIV positive"), **DOUBTFUL),
    case("HIV refuted", *NEGATIVE, diagnosis("icd10cm:B20", verification="refuted"), **CLEAR),
    case("HIV counselling", *NEGATIVE, diagnosis("icd10cm:Z71.7"), **CLEAR),
    case("HIV screening visit", *NEGATIVE, diagnosis("icd10cm:Z11.4"), **CLEAR),

    case("hepatitis C antibody reactive, RNA not detected: cleared, and flagged", CALM, result("13955-0",
         "Reactive"),
         result("11259-9", "Not detected"), **HCV_MET, says="cleared or treated"),
    case("hepatitis C antibody reactive ten years ago", CALM, result("16128-1", "Positive", "2015-06-01"),
         **HCV_MET),
    case("hepatitis C RNA detected", CALM, result("11259-9", "Detected"), **HCV_MET),
    case("hepatitis C RNA as a viral load", CALM, lab("11011-4", "250000 [IU]/mL", "2025-06-01"), **HCV_MET),
    case("a viral load under the code for presence", CALM, lab("11259-9", "250000 [IU]/mL", "2025-06-01"),
         **HCV_MET),
    case("hepatitis C RNA below 15", *NEGATIVE, lab("38180-6", "<1.2 {Log_IU}/mL", "2025-06-01"), **CLEAR),
    case("signal over cutoff above its range", CALM, lab("48159-8", "8.2 {ratio}", "2025-06-01", high="1.0"),
         **HCV_MET),
    *[case(f"{code} is hepatitis C", *NEGATIVE, diagnosis(code), **HCV_MET)
      for code in ("icd10cm:B18.2", "icd10cm:B17.10", "icd10cm:B19.20", "icd10:B18.2", "icd9:070.54",
      "icd9:V02.62",
                   "snomed:50711007", "snomed:128302006", "snomed:235872006")],
    case("hepatitis C, resolved", *NEGATIVE, diagnosis("icd10cm:B18.2", clinical="resolved"), **HCV_MET),
    case("treated for hepatitis C", *NEGATIVE, medication("atc:J05AP51"), **TREATED),
    case("treated for hepatitis C in the past", *NEGATIVE, medication("atc:J05AP51", status="completed"),
         **DOUBTFUL),

    case("hepatitis B surface antigen positive", CALM, result("5196-1", "Positive"), **HBV_MET),
    case("chronic hepatitis B", *NEGATIVE, diagnosis("icd10cm:B18.1"), **HBV_MET),
    case("hepatitis B in WHO ICD-10", *NEGATIVE, diagnosis("icd10:B16.9"), **HBV_MET),
    case("acute hepatitis B, resolved", *NEGATIVE,
         diagnosis("icd10cm:B16.9", clinical="resolved", onset="2010-01-01"), **DOUBTFUL),
    case("hepatitis B surface antibody of 120", *NEGATIVE, lab("16935-9", "120 m[IU]/mL", "2025-06-01"),
         **CLEAR),
    case("hepatitis B surface antibody and vaccine", *NEGATIVE, result("22322-2", "Positive"), vaccine("43"),
         **CLEAR),

    case("isoniazid, active", CALM, medication("atc:J04AC01"), **TREATED),
    case("isoniazid, active, by its name", CALM, medication("isoniazid 300 mg tablet"), expect="met",
         rule="treatment-in-words", confidence="low"),
    case("isoniazid, active, by RxNorm code and name", CALM, medication("rxnorm:311166",
         text="isoniazid 300 MG Oral Tablet"),
         **TREATED),
    case("isoniazid, on hold", *NEGATIVE, medication("atc:J04AC01", status="on-hold"), **DOUBTFUL),
    case("isoniazid, ordered two years ago", *NEGATIVE, medication("atc:J04AC01", authored="2023-01-01"),
         **DOUBTFUL),
    case("isoniazid, stopped", *NEGATIVE, medication("atc:J04AC01", status="stopped"), **CLEAR),
    case("rifampicin alone", *NEGATIVE, medication("atc:J04AB02"), **DOUBTFUL),
    case("rifampicin and ethambutol", *NEGATIVE, medication("atc:J04AB02"), medication("atc:J04AK02"),
         **TREATED),
    case("tuberculosis of the lung", *NEGATIVE, diagnosis("icd10cm:A15.0"), **TB_MET),
    *[case(f"{code} is tuberculosis", *NEGATIVE, diagnosis(code), **TB_MET)
      for code in ("icd10cm:A17.0", "icd10cm:A18.2", "icd10cm:A19.9", "icd10:A16.2", "icd10:A18.2",
      "snomed:56717001",
                   "snomed:154283005")],
    case("tuberculosis, resolved", *NEGATIVE, diagnosis("icd10cm:A15.0", clinical="resolved",
         onset="2005-01-01"),
         **DOUBTFUL),
    case("tuberculosis suspected", *NEGATIVE, diagnosis("icd10cm:A15.0", verification="differential"),
         **DOUBTFUL),
    case("history of tuberculosis", *NEGATIVE, diagnosis("icd10cm:Z86.11"), **DOUBTFUL),
    case("history of latent tuberculosis", *NEGATIVE, diagnosis("icd10cm:Z86.15"), **DOUBTFUL),
    case("history of tuberculosis in ICD-9", *NEGATIVE, diagnosis("icd9:V12.01"), **DOUBTFUL),
    case("contact with tuberculosis", *NEGATIVE, diagnosis("icd10cm:Z20.1"), **CLEAR),
    case("tuberculosis screening in words", *NEGATIVE, diagnosis(text="Screening for tuberculosis"), **CLEAR),

    case("release assay positive despite BCG", *VIRUSES, result("71773-6", "Positive"), BCG, **ASSAY),
    case("release assay above its range", *VIRUSES, lab("46217-6", "1.20 [IU]/mL", "2025-06-01", high="0.35"),
         **ASSAY),
    case("release assay as a panel", *VIRUSES, result("71775-1", "Positive"), **ASSAY),
    case("release assay indeterminate", *VIRUSES, result("71773-6", "Indeterminate"), **UNTESTED),
    case("release assay indeterminate, negative since", *VIRUSES, result("71773-6", "Indeterminate",
         "2025-03-01"), TB,
         **CLEAR),
    case("release assay positive, by diagnosis", *NEGATIVE, diagnosis("icd10cm:R76.12"), **ASSAY),
    case("latent tuberculosis", *NEGATIVE, diagnosis("icd10cm:Z22.7"), BCG, **ASSAY),
    case("release assay positive in ICD-9", *NEGATIVE, diagnosis("icd9:795.52"), **ASSAY),
    case("latent tuberculosis by a code that is not verified", *NEGATIVE, diagnosis("snomed:11999007"),
         **CLEAR),

    case("skin test of 12 mm after BCG", *VIRUSES, result(SKIN, "12 mm"), BCG, **EXPLAINED, says="12 mm",
         confidence="moderate"),
    case("skin test of 12 mm after BCG, HIV not tested", CALM, HCV, result(SKIN, "12 mm"), BCG, **UNTESTED),
    case("skin test positive, only CVX 96 (a skin test)", *VIRUSES, result(SKIN, "Positive"), vaccine("96"),
         **NO_BCG),
    case("skin test positive, nothing on BCG", *VIRUSES, result(SKIN, "Positive"), **NO_BCG),
    case("skin test positive, BCG not done", *VIRUSES, result(SKIN, "Positive"), vaccine("19", "not-done"),
         expect="met", rule="skin-test-without-bcg"),
    case("BCG not done, and no skin test", *NEGATIVE, vaccine("19", "not-done"), **CLEAR),
    case("skin test positive, BCG once not done and once given", *VIRUSES, result(SKIN, "Positive"),
         vaccine("19", "not-done"), BCG, **EXPLAINED),
    case("skin test positive, BCG only afterwards", *VIRUSES, result(SKIN, "Positive", "2020-01-01"),
         vaccine("19", when="2021-01-01"), **NO_BCG),
    case("skin test positive, BCG without a date", *VIRUSES, result(SKIN, "Positive"), vaccine("19",
         when=None),
         **EXPLAINED),
    case("skin test positive, BCG entered in error", *VIRUSES, result(SKIN, "Positive"),
         vaccine("19", "entered-in-error"), **NO_BCG),
    case("skin test positive, BCG as a procedure", *VIRUSES, result(SKIN, "Positive"),
         resource("Procedure", "BCG vaccination 1995", status="completed", performedDateTime="1995-01-01",
                  code={"coding": [{"system": SNOMED, "code": "42284007"}]}), **EXPLAINED),
    case("skin test positive, BCG in words", *VIRUSES, result(SKIN, "Positive"),
         resource("Immunization", "BCG in words", status="completed", vaccineCode={"text": "BCG at birth"},
                  occurrenceString="at birth"), **EXPLAINED),
    case("skin test positive after BCG, but pneumonia now", *VIRUSES, result(SKIN, "Positive"), BCG,
         diagnosis("icd10cm:J18.9", onset="2025-06-10"), **ACUTE),
    case("skin test positive by diagnosis, after BCG", *VIRUSES, diagnosis("icd10cm:R76.11"), BCG,
         **EXPLAINED),
    case("skin test positive by diagnosis", *NEGATIVE, diagnosis("icd10cm:R76.11"), **NO_BCG),
    case("skin test positive by diagnosis, WHO", *NEGATIVE, diagnosis("icd10:R76.1"), **NO_BCG),
    case("skin test positive by diagnosis, ICD-9", *NEGATIVE, diagnosis("icd9:795.51"), **NO_BCG),
    case("skin test of 10 mm", *VIRUSES, lab(SKIN, "10 mm", "2025-06-01"), **NO_BCG),
    case("HIV negative 365 days ago is shown", CALM, HCV, TB, result("56888-1", "Negative", "2024-06-15"), **UNTESTED,
         says="older than 90 days"),
    case("HIV negative 366 days ago is not", CALM, HCV, TB, result("56888-1", "Negative", "2024-06-14"), **UNTESTED,
         says="HIV screen: none in the last 90 days"),
    case("hepatitis C negative 365 days ago is shown", CALM, HIV, TB, result("13955-0", "Negative", "2024-06-15"),
         **UNTESTED, says="older than 90 days"),
    case("hepatitis C negative 366 days ago is not", CALM, HIV, TB, result("13955-0", "Negative", "2024-06-14"),
         **UNTESTED, says="hepatitis C antibody: none in the last 90 days"),
    case("release assay negative 730 days ago is shown", *VIRUSES, result("71773-6", "Negative", "2023-06-16"),
         **UNTESTED, says="older than 365 days"),
    case("release assay negative 731 days ago is not", *VIRUSES, result("71773-6", "Negative", "2023-06-15"),
         **UNTESTED, says="tuberculosis test: none in the last 365 days"),
    case("skin test of 9.9 mm", *VIRUSES, lab(SKIN, "9.9 mm", "2025-06-01"), **DOUBTFUL),
    case("skin test of 4.9 mm", *VIRUSES, lab(SKIN, "4.9 mm", "2025-06-01"), **CLEAR),
    case("skin test negative 365 days ago", *VIRUSES, result(SKIN, "Negative", "2024-06-15"), **CLEAR),
    case("skin test negative 366 days ago", *VIRUSES, result(SKIN, "Negative", "2024-06-14"), **UNTESTED),
    case("skin test of 9 mm", *VIRUSES, lab(SKIN, "9 mm", "2025-06-01"), **DOUBTFUL),
    case("skin test of 5 mm", *VIRUSES, lab(SKIN, "5 mm", "2025-06-01"), **DOUBTFUL),
    case("skin test of 4 mm", *VIRUSES, lab(SKIN, "4 mm", "2025-06-01"), **CLEAR),
    case("skin test of 0 mm in words", *VIRUSES, result(SKIN, "0 mm induration"), **CLEAR),
    case("skin test of 12, unit missing", *VIRUSES, lab(SKIN, "12", "2025-06-01"), **UNTESTED),
    case("skin test of 1.2 cm is not read", *VIRUSES, lab(SKIN, "1.2 cm", "2025-06-01"), **UNTESTED),
    case("skin test negative", *VIRUSES, result(SKIN, "Negative"), **CLEAR),

    case("pneumonia 30 days ago", *NEGATIVE, diagnosis("icd10cm:J18.9", onset="2025-05-16",
         clinical="resolved"), **ACUTE),
    case("pneumonia 31 days ago, resolved", *NEGATIVE,
         diagnosis("icd10cm:J18.9", onset="2025-05-15", clinical="resolved"), **CLEAR),
    case("urinary infection, active for 90 days", *NEGATIVE, diagnosis("icd10cm:N39.0", onset="2025-03-17"),
         **ACUTE),
    case("urinary infection, active for 91 days", *NEGATIVE, diagnosis("icd10cm:N39.0", onset="2025-03-16"),
         **CLEAR),
    case("an active infection without a date", *NEGATIVE, diagnosis("icd10cm:A04.7"), **ACUTE),
    case("an infection over, without a date", *NEGATIVE, diagnosis("icd10cm:A04.7", clinical="resolved"),
         **CLEAR),
    case("an infection of the future", *NEGATIVE, diagnosis("icd10cm:A04.7", onset="2025-07-01"), **CLEAR),
    case("another confidential infection", *NEGATIVE, diagnosis("icd10cm:A53.9", onset="2025-06-01"),
         **ACUTE),
    case("amoxicillin, active", *NEGATIVE, medication("atc:J01CA04"), **ACUTE),
    case("amoxicillin, stopped", *NEGATIVE, medication("atc:J01CA04", status="stopped"), **CLEAR),
    case("acute infection, not tested", CALM, diagnosis("icd10cm:J18.9", onset="2025-06-10"), **ACUTE),

    case("the laboratory results are forbidden", CALM, searches={"labs": "forbidden"}, **UNSEEN),
    case("the laboratory results were cut off", *NEGATIVE, searches={"labs": "truncated"}, **UNSEEN),
    case("part of the laboratory results is held back", *NEGATIVE, searches={"labs": "suppressed"}, **UNSEEN),
    case("the laboratory results were cut off, one is positive", CALM, result("13955-0", "Reactive"),
         searches={"labs": "truncated"}, **HCV_MET),
    case("a test that cannot be read", *NEGATIVE, lab("13955-0", None, "2025-06-10", issued=["?"]),
         **UNSEEN),
    case("the problem list is forbidden", HIV, HCV, TB, searches={"problems": "forbidden"}, **UNSEEN),
    case("the medications failed", *NEGATIVE, searches={"medications": "failed"}, **UNSEEN),
    case("the medication statements failed", *NEGATIVE, searches={"medication-statements": "failed"},
         **UNSEEN),
    case("the immunizations failed, skin test positive", *VIRUSES, result(SKIN, "Positive"),
         searches={"immunizations": "failed"}, **NO_BCG),
]  # fmt: skip
