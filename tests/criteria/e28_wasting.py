"""E28: hypoproteinemia, cachexia or a terminal state; evaluated on 15 June 2025."""

from typing import Any

from tests.criteria.given import Given, case, diagnosis, encounter, lab, resource

CRITERION = "E28"

DAY = "2025-05-20"
T1DM = diagnosis("icd10cm:E10.9", onset="2012-09-01")


def protein(value: str, when: str = DAY, **more: Any) -> Given:
    if "referenceRange" not in more:
        more.setdefault("low", "6.0")
    return lab("2885-2", value, when, **more)


def albumin(value: str, when: str = DAY, **more: Any) -> Given:
    if "referenceRange" not in more:
        more.setdefault("low", "3.5")
    return lab("1751-7", value, when, **more)


def flag(code: str) -> list[dict[str, Any]]:
    system = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
    return [{"coding": [{"system": system, "code": code}]}]


def snomed(code: str) -> dict[str, Any]:
    return {"coding": [{"system": "http://snomed.info/sct", "code": code}]}


def procedure(words: str, when: str | None = DAY, status: str = "completed", **code: Any) -> Given:
    more = {"performedDateTime": when} if when else {}
    return resource("Procedure", f"procedure {words}, {status}, {when}", status=status, code=code, **more)


NORMAL = protein("7.1 g/dL", high="8.3")

CASES = [
    # total protein
    case("5.9 g/dL with a lower limit of 6.0", T1DM, protein("5.9 g/dL"), expect="met", rule="protein-below",
         confidence="high", near=False),
    case("5.95 g/dL is below, within 1 % of the limit", T1DM, protein("5.95 g/dL"), expect="met", near=True),
    case("6.0 g/dL is not low", T1DM, protein("6.0 g/dL"), expect="not-met", rule="within", confidence="low",
         basis="absence-of-record", near=True),
    case("7.1 g/dL", T1DM, NORMAL, expect="not-met", near=False),
    case("59 g/L with a lower limit of 60", T1DM, protein("59 g/L", low="60"), expect="met"),
    case("60 g/L with a lower limit of 60", T1DM, protein("60 g/L", low="60"), expect="not-met"),
    case("62 g/L with a lower limit of 64", T1DM, protein("62 g/L", low="64"), expect="met"),
    case("below 6 g/dL", T1DM, protein("<6 g/dL"), expect="met"),
    case("below 7 g/dL may be either side", T1DM, protein("<7 g/dL"), expect="unknown", rule="unknown",
         says="does not tell"),
    case("at least 6 g/dL", T1DM, protein(">=6 g/dL"), expect="not-met"),
    case("low protein without any diagnosis", protein("5.9 g/dL"), expect="met"),
    case("low protein with the diagnoses forbidden", protein("5.9 g/dL"), searches={"problems": "forbidden"},
         expect="met"),
    case("a range for the person's sex", T1DM,
         protein("5.9 g/dL", referenceRange=[{"low": {"value": 6.0}, "appliesTo": [{"text": "men"}]}]), expect="met"),
    case("a range for the other sex counts as none", T1DM,
         protein("5.9 g/dL", referenceRange=[{"low": {"value": 6.0}, "appliesTo": [{"text": "women"}]}]),
         expect="needs-judgement", rule="protein-below-usual"),
    case("a range of albumin for the person's sex", T1DM, NORMAL,
         albumin("3.2 g/dL", referenceRange=[{"low": {"value": 3.5}, "appliesTo": [{"text": "men"}]}]),
         expect="needs-judgement", rule="albumin-below"),
    # without a range
    case("5.9 g/dL without a range", T1DM, protein("5.9 g/dL", low=None), expect="needs-judgement",
         rule="protein-below-usual"),
    case("6.0 g/dL without a range", T1DM, protein("6.0 g/dL", low=None), expect="not-met",
         rule="within-usual",
         confidence="low"),
    case("6.5 g/dL without a range", T1DM, protein("6.5 g/dL", low=None), expect="not-met",
         rule="within-usual"),
    case("at most 6.0 g/dL without a range", T1DM, protein("<=6.0 g/dL", low=None), expect="unknown"),
    case("6.2 g/dL flagged low without a range", T1DM, protein("6.2 g/dL", low=None,
         interpretation=flag("L")),
         expect="needs-judgement", rule="protein-flagged-low"),
    case("6.2 g/dL flagged low inside its range", T1DM, protein("6.2 g/dL", interpretation=flag("L")),
         expect="not-met", rule="within"),
    case("6.2 g/dL flagged low a year ago", T1DM, protein("6.2 g/dL", "2024-07-20", low=None,
         interpretation=flag("L")), expect="unknown", says="older than 90 days"),
    # albumin
    case("albumin 3.2 g/dL with a lower limit of 3.5", T1DM, albumin("3.2 g/dL"), expect="needs-judgement",
         rule="albumin-below", basis="surrogate", confidence="moderate"),
    case("albumin 32 g/L with a lower limit of 35", T1DM, albumin("32 g/L", low="35"),
         expect="needs-judgement"),
    case("albumin 500 umol/L is 3.3 g/dL", T1DM, lab("54347-0", "500 umol/L", DAY, low="540"),
         expect="needs-judgement"),
    case("albumin low beside a normal protein", T1DM, NORMAL, albumin("3.2 g/dL"), expect="needs-judgement",
         rule="albumin-below"),
    case("albumin low beside a low protein", T1DM, protein("5.5 g/dL"), albumin("3.2 g/dL"), expect="met"),
    case("albumin at its limit beside a normal protein", T1DM, NORMAL, albumin("3.5 g/dL"), expect="not-met"),
    case("albumin normal without total protein", T1DM, albumin("4.2 g/dL"), expect="unknown", rule="unknown",
         says="Total protein: no result"),
    case("albumin flagged low without a range", T1DM, NORMAL, albumin("3.2 g/dL", low=None,
         interpretation=flag("L")),
         expect="needs-judgement", rule="albumin-flagged-low"),
    case("albumin without a range or flag says nothing", T1DM, NORMAL, albumin("3.2 g/dL", low=None),
         expect="not-met"),
    case("albumin low, but stale", T1DM, NORMAL, albumin("3.2 g/dL", "2024-12-01"), expect="not-met"),
    case("two albumins of one day on both sides", T1DM, NORMAL, albumin("3.2 g/dL"), albumin("3.9 g/dL"),
         expect="needs-judgement", rule="albumin-conflict"),
    # cachexia
    case("cachexia", diagnosis("icd10cm:R64"), expect="met", rule="cachexia", confidence="high"),
    case("cachexia in WHO ICD-10", diagnosis("icd10:R64"), expect="met"),
    case("cachexia in ICD-9-CM", diagnosis("icd9:799.4"), expect="met"),
    case("cachexia by SNOMED code", diagnosis("snomed:238108007"), expect="met"),
    case("cachexia of cancer by SNOMED code", diagnosis("snomed:788876001"), expect="met"),
    case("cachexia beside a normal protein near its limit is not softened", protein("6.0 g/dL"),
         diagnosis("icd10cm:R64"), expect="met", near=False, confidence="high"),
    case("cachexia decides when the labs failed", diagnosis("icd10cm:R64"), searches={"labs": "failed"},
         expect="met"),
    case("cachexia resolved", NORMAL, diagnosis("icd10cm:R64", clinical="resolved"), expect="not-met"),
    case("cachexia of a visit, course not told", NORMAL,
         diagnosis("icd10cm:R64", clinical=None, category="encounter-diagnosis"), expect="needs-judgement",
         rule="questionable"),
    case("suspected cachexia", NORMAL, diagnosis("icd10cm:R64", verification="provisional"),
         expect="needs-judgement", rule="questionable"),
    case("cachexia in words", NORMAL, diagnosis(text="Cachexia"), expect="needs-judgement"),
    case("no cachexia in words", NORMAL, diagnosis(text="no cachexia"), expect="not-met"),
    case("cachexia refuted", T1DM, NORMAL, diagnosis("icd10cm:R64", verification="refuted"),
         expect="not-met"),
    case("cachexia entered in error alone does not satisfy the absence rule", NORMAL,
         diagnosis("icd10cm:R64", verification="entered-in-error", clinical=None), expect="unknown",
         rule="not-all-seen", says="no diagnoses are recorded"),
    case("loss of appetite is no cachexia", NORMAL, diagnosis("icd10cm:R63.0"), expect="not-met"),
    # terminal states
    case("terminal illness", diagnosis("snomed:300936002"), expect="met", rule="terminal"),
    case("terminal illness, late stage", diagnosis("snomed:162608008"), expect="met"),
    case("terminal illness, early stage", diagnosis("snomed:162607003"), expect="met"),
    case("terminal illness marked as resolved", NORMAL, diagnosis("snomed:300936002", clinical="resolved"),
         expect="needs-judgement", rule="questionable"),
    case("terminal illness in words", NORMAL, diagnosis(text="Terminal illness"), expect="needs-judgement"),
    case("hospice care as a diagnosis", diagnosis("snomed:170935008"), expect="met", rule="hospice"),
    case("hospice encounter going on", NORMAL, T1DM, encounter("HH", "2025-06-01",
         type=[snomed("385763009")]),
         expect="met", rule="hospice"),
    case("discharged to a hospice", NORMAL, T1DM, encounter("IMP", "2025-05-01", "2025-05-09",
         hospitalization={
         "dischargeDisposition": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/discharge-disposition",
                                              "code": "hosp"}]}}), expect="met", rule="hospice"),
    case("hospice encounter 365 days ago", NORMAL, T1DM,
         encounter("HH", "2024-06-01", "2024-06-15", type=[snomed("385763009")]), expect="met"),
    case("hospice encounter 366 days ago", NORMAL, T1DM,
         encounter("HH", "2024-06-01", "2024-06-14", type=[snomed("385763009")]), expect="not-met"),
    case("hospice encounter in a month that does not tell", NORMAL, T1DM,
         encounter("HH", "2024-06", "2024-06", type=[snomed("385763009")]), expect="needs-judgement"),
    case("hospice encounter without dates", NORMAL, T1DM,
         encounter("HH", None, None, status="finished", type=[snomed("385763009")]),
         expect="needs-judgement"),
    case("hospice encounter planned", NORMAL, T1DM,
         encounter("HH", "2025-07-01", status="planned", type=[snomed("385763009")]), expect="not-met"),
    case("hospice encounter in words", NORMAL, T1DM, encounter("HH", "2025-06-01",
         type=[{"text": "Hospice visit"}]),
         expect="needs-judgement", rule="questionable"),
    case("admission to a hospice as a procedure", NORMAL, T1DM, procedure("hospice", **snomed("305336008")),
         expect="met", rule="hospice"),
    case("hospice procedure years ago", NORMAL, T1DM, procedure("hospice", "2020-01-01",
         **snomed("305336008")),
         expect="not-met"),
    case("hospice procedure not done", NORMAL, T1DM, procedure("hospice", status="not-done",
         **snomed("305336008")),
         expect="not-met"),
    case("hospice procedure without a date", NORMAL, T1DM, procedure("hospice", None, **snomed("305336008")),
         expect="needs-judgement"),
    # palliative care, malnutrition, other disorders
    case("palliative care is not terminal", NORMAL, diagnosis("icd10cm:Z51.5"), expect="needs-judgement",
         rule="questionable"),
    case("palliative care without any result", diagnosis("icd10cm:Z51.5"), expect="needs-judgement",
         rule="questionable"),
    case("palliative care as a procedure", NORMAL, T1DM, procedure("palliative care", **snomed("103735009")),
         expect="needs-judgement"),
    case("palliative care over", NORMAL, diagnosis("icd10cm:Z51.5", clinical="resolved"), expect="not-met"),
    case("severe malnutrition", NORMAL, diagnosis("icd10cm:E43"), expect="needs-judgement"),
    case("moderate malnutrition", NORMAL, diagnosis("icd10cm:E44.0"), expect="needs-judgement"),
    case("unspecified malnutrition", NORMAL, diagnosis("icd10cm:E46"), expect="needs-judgement"),
    case("malnutrition in WHO ICD-10", NORMAL, diagnosis("icd10:E43"), expect="needs-judgement"),
    case("malnutrition resolved", NORMAL, diagnosis("icd10cm:E43", clinical="resolved"), expect="not-met"),
    case("disorder of plasma proteins", NORMAL, diagnosis("icd10cm:E88.09"), expect="needs-judgement"),
    case("disorder of plasma proteins in ICD-9-CM", NORMAL, diagnosis("icd9:273.8"),
         expect="needs-judgement"),
    case("a code that is not verified for low protein is not matched", NORMAL, diagnosis("icd10cm:E77.8"),
         expect="not-met"),
    case("hypoproteinemia in words", NORMAL, diagnosis(text="Hypoproteinemia"), expect="needs-judgement"),
    # what cannot be seen
    case("nothing recorded", expect="unknown", rule="not-all-seen"),
    case("no total protein", T1DM, expect="unknown", rule="unknown", says="no result in the last 365 days"),
    case("no diagnoses are recorded", NORMAL, expect="unknown", rule="not-all-seen",
         says="no diagnoses are recorded"),
    case("diagnoses forbidden", NORMAL, searches={"problems": "forbidden"}, expect="unknown",
         rule="not-all-seen",
         says="forbidden"),
    case("encounters failed", T1DM, NORMAL, searches={"encounters": "failed"}, expect="unknown",
         rule="not-all-seen", says="encounters"),
    case("procedures truncated", T1DM, NORMAL, searches={"procedures": "truncated"}, expect="unknown",
         rule="not-all-seen", says="procedures"),
    case("procedures never asked for", T1DM, NORMAL, searches={"procedures": "not-asked"}, expect="not-met"),
    case("labs forbidden", T1DM, searches={"labs": "forbidden"}, expect="unknown", says="forbidden"),
    case("labs truncated", T1DM, NORMAL, searches={"labs": "truncated"}, expect="unknown"),
    case("90 days old still decides", T1DM, protein("7.1 g/dL", "2025-03-17"), expect="not-met"),
    case("91 days old is stale", T1DM, protein("7.1 g/dL", "2025-03-16"), expect="unknown",
         says="older than 90 days"),
    case("365 days old is still shown", T1DM, protein("7.1 g/dL", "2024-06-15"), expect="unknown",
         says="older than 90 days"),
    case("366 days old is not shown", T1DM, protein("7.1 g/dL", "2024-06-14"), expect="unknown",
         says="no result in the last 365 days"),
    case("March 2025 does not tell", T1DM, protein("7.1 g/dL", "2025-03"), expect="unknown",
         says="does not tell"),
    case("without a unit", T1DM, protein("7.1"), expect="unknown", says="no unit"),
    case("unknown unit", T1DM, protein("7.1 mg/mmol"), expect="unknown", says="not recognised"),
    case("implausible", T1DM, protein("71 g/dL"), expect="unknown", says="not plausible"),
    case("preliminary alone", T1DM, protein("7.1 g/dL", status="preliminary"), expect="unknown",
         says="preliminary"),
    case("a newer preliminary one differs", T1DM, protein("7.1 g/dL", "2025-05-01"),
         protein("5.1 g/dL", status="preliminary"), expect="needs-judgement", rule="protein-conflict"),
    case("dated tomorrow", T1DM, protein("5.1 g/dL", "2025-06-16"), expect="unknown", says="in the future"),
    case("entered in error", T1DM, protein("5.1 g/dL", status="entered-in-error"), expect="unknown"),
    case("protein in urine is no total protein", T1DM, lab("2889-4", "100 mg/(24.h)", DAY), expect="unknown"),
    case("discharge to a hospice yet to come", NORMAL, T1DM, encounter("IMP", "2025-06-10", "2025-06-20",
         hospitalization={
         "dischargeDisposition": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/discharge-disposition",
                                              "code": "hosp"}]}}), expect="not-met"),
    case("cachexia recorded tomorrow", NORMAL, T1DM, diagnosis("icd10cm:R64", recorded="2025-06-16"),
         expect="not-met"),
    case("an empty list of problems is no diagnosis", NORMAL, diagnosis(text="No known problems"), expect="unknown",
         says="no diagnoses are recorded"),
    case("no information is no diagnosis", NORMAL, resource("Condition", "no information about problems", code={
         "coding": [{"system": "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips",
                     "code": "no-problem-info"}]}), expect="unknown", says="no diagnoses are recorded"),
    *[case(f"palliative care as {code}", NORMAL, diagnosis(code), expect="needs-judgement", rule="questionable")
      for code in ("icd10:Z51.5", "icd9:V66.7", "snomed:103735009")],
    case("palliative care in words", NORMAL, diagnosis(text="Palliative care"), expect="needs-judgement"),
    case("malnutrition in words", NORMAL, diagnosis(text="Malnutrition"), expect="needs-judgement"),
    case("disorder of plasma proteins in WHO ICD-10", NORMAL, diagnosis("icd10:E88.0"), expect="needs-judgement"),
    *[case(f"an empty list of problems as {code}", NORMAL, resource("Condition", f"{code} of {system}",
           code={"coding": [{"system": system, "code": code}]}), expect="unknown", says="no diagnoses are recorded")
      for system, code in (("http://snomed.info/sct", "160245001"),
                           ("http://terminology.hl7.org/CodeSystem/data-absent-reason", "unknown"))],
]  # fmt: skip
