"""E14: acute or chronic pancreatitis; evaluated on 15 June 2025."""

from typing import Any

from tests.criteria.given import Given, case, diagnosis, encounter, lab
from tests.criteria.hygiene import diagnosis_hygiene

CRITERION = "E14"

DIABETES = diagnosis("icd10cm:E10.9")


def at(kind: str | None, start: str, name: str = "stay") -> Given:
    return encounter(kind, start, start, id=name)


def coded(code: str, name: str = "stay", **more: Any) -> Given:
    """An encounter diagnosis."""
    more.setdefault("clinical", "active")
    return diagnosis(code, category="encounter-diagnosis", encounter={"reference": f"Encounter/{name}"}, **more)


def lipase(value: str, when: str = "2025-05-01", code: str = "3040-3", **more: Any) -> Given:
    return lab(code, value, when, high="60", **more)


CASES = [
    # chronic
    case(
        "chronic pancreatitis, inactive",
        diagnosis("icd10cm:K86.1", clinical="inactive"),
        expect="met",
        rule="chronic",
        confidence="high",
        says="consequence of chronic pancreatitis",
    ),
    case(
        "chronic pancreatitis, resolved long ago",
        diagnosis("icd10cm:K86.0", clinical="resolved", onset="2001-01-01"),
        expect="met",
    ),
    case(
        "chronic pancreatitis as the diagnosis of one hospital stay",
        at("IMP", "2025-03-01"),
        coded("icd10cm:K86.1"),
        expect="met",
        rule="chronic",
    ),
    case("chronic pancreatitis, WHO code", diagnosis("icd10:K86.1"), expect="met", rule="chronic"),
    case("alcoholic chronic pancreatitis, WHO code", diagnosis("icd10:K86.0"), expect="met", rule="chronic"),
    case("chronic pancreatitis, ICD-9 code", diagnosis("icd9:577.1"), expect="met", rule="chronic"),
    *(
        case(f"chronic pancreatitis, SNOMED {code}", diagnosis(f"snomed:{code}"), expect="met", rule="chronic")
        for code in ("235494005", "68072000", "235952002", "154211000119108")
    ),
    case(
        "an entry with an acute and a chronic code",
        diagnosis("icd10cm:K85.90", "icd10cm:K86.1", onset="2015-01-01", clinical="resolved"),
        expect="met",
        rule="chronic",
    ),
    case(
        "chronic pancreatitis as free text",
        diagnosis(text="Chronic pancreatitis"),
        expect="needs-judgement",
        rule="doubtful",
    ),
    # acute
    case(
        "acute in April",
        diagnosis("icd10cm:K85.90", onset="2025-04"),
        expect="met",
        rule="acute",
        recheck="2025-11-01",
        confidence="high",
    ),
    case(
        "acute in April, over",
        diagnosis("icd10cm:K85.90", onset="2025-04-10", clinical="resolved"),
        expect="met",
        rule="acute",
    ),
    case(
        "exactly six months ago",
        diagnosis("icd10cm:K85.90", onset="2024-12-15", clinical="resolved"),
        expect="met",
        recheck="2025-06-16",
        says="6 months",
    ),
    case(
        "six months and a day ago",
        diagnosis("icd10cm:K85.90", onset="2024-12-14", clinical="resolved"),
        expect="needs-judgement",
        rule="earlier",
    ),
    case(
        "began seven months ago, over since five",
        diagnosis("icd10cm:K85.90", onset="2024-11-10", clinical="resolved", abatementDateTime="2025-01-12"),
        expect="met",
        rule="acute",
        recheck="2025-07-13",
    ),
    case(
        "began and ended long ago, both dated",
        diagnosis(
            "icd10cm:K85.90",
            onset="2018-11-10",
            clinical="resolved",
            abatementPeriod={"start": "2018-12-01", "end": "2018-12-20"},
        ),
        expect="needs-judgement",
    ),
    case(
        "resolved in 2018",
        diagnosis("icd10cm:K85.9", clinical="resolved", onset="2018-03-01"),
        expect="needs-judgement",
        rule="earlier",
    ),
    case(
        "resolved, no date",
        diagnosis("icd10cm:K85.9", clinical="resolved"),
        expect="needs-judgement",
        rule="earlier",
    ),
    case(
        "resolved, recorded last month: it may be older",
        diagnosis("icd10cm:K85.9", clinical="resolved", recorded="2025-05-01"),
        expect="needs-judgement",
        rule="earlier",
    ),
    case(
        "still active after more than six months",
        diagnosis("icd10cm:K85.9", onset="2023-03-01"),
        expect="needs-judgement",
        rule="earlier",
    ),
    case(
        "active, recorded more than six months ago",
        diagnosis("icd10cm:K85.9", recorded="2023-03-01"),
        expect="needs-judgement",
        rule="earlier",
    ),
    case(
        "active, recorded last month",
        diagnosis("icd10cm:K85.9", recorded="2025-05-01"),
        expect="met",
        rule="acute-without-date",
    ),
    case(
        "active, no date",
        diagnosis("icd10cm:K85.9"),
        expect="met",
        rule="acute-without-date",
        confidence="moderate",
    ),
    case(
        "active, recorded in December 2024",
        diagnosis("icd10cm:K85.9", recorded="2024-12"),
        expect="unknown",
        rule="date-open",
    ),
    case(
        "in December 2024",
        diagnosis("icd10cm:K85.9", onset="2024-12", clinical="resolved"),
        expect="unknown",
        rule="date-open",
        says="2024-12",
    ),
    case(
        "an onset in the future is not used",
        diagnosis("icd10cm:K85.9", onset="2025-08-01"),
        expect="met",
        rule="acute-without-date",
    ),
    case("acute pancreatitis, WHO code", diagnosis("icd10:K85.1", onset="2025-04-01"), expect="met"),
    case("acute pancreatitis, ICD-9 code", diagnosis("icd9:577.0", onset="2025-04-01"), expect="met"),
    case("cytomegaloviral pancreatitis", diagnosis("icd10cm:B25.2", onset="2025-04-01"), expect="met"),
    case("mumps pancreatitis", diagnosis("icd10cm:B26.3", onset="2025-04-01"), expect="met"),
    *(
        case(
            f"pancreatitis, SNOMED {code}, over for years",
            diagnosis(f"snomed:{code}", onset="2018-04-01", clinical="resolved"),
            expect="needs-judgement",
            rule="earlier",
        )
        for code in ("75694006", "197456007", "95563007", "445507008", "235942001")
    ),
    case(
        "acute, not confirmed",
        diagnosis("icd10cm:K85.90", verification="unconfirmed", onset="2025-04-10"),
        expect="needs-judgement",
        rule="doubtful",
    ),
    case("acute as free text", diagnosis(text="Acute pancreatitis"), expect="needs-judgement", rule="doubtful"),
    case("ruled out in words", diagnosis(text="Pancreatitis ruled out"), expect="not-met"),
    # one hospital stay
    *(
        case(
            f"the diagnosis of one stay of class {kind}",
            encounter(kind, "2025-05-01", "2025-05-04", id="stay"),
            coded("icd10cm:K85.90"),
            expect="needs-judgement",
            rule="one-hospital-stay",
        )
        for kind in ("IMP", "ACUTE", "NONAC")
    ),
    case(
        "the diagnosis of one stay whose class is a word",
        encounter(None, "2025-05-01", "2025-05-04", id="stay", **{"class": {"display": "Inpatient"}}),
        coded("icd10cm:K85.90"),
        expect="needs-judgement",
        rule="one-hospital-stay",
    ),
    case(
        "the diagnosis of one hospital stay",
        at("IMP", "2025-05-01"),
        coded("icd10cm:K85.90"),
        expect="needs-judgement",
        rule="one-hospital-stay",
    ),
    case(
        "one hospital stay, without a date",
        encounter("ACUTE", None, None, id="stay", status="finished"),
        coded("icd10cm:K85.90"),
        expect="needs-judgement",
        rule="one-hospital-stay",
    ),
    case(
        "two hospital stays",
        at("IMP", "2025-05-01"),
        at("IMP", "2025-05-20", "again"),
        coded("icd10cm:K85.90"),
        coded("icd10cm:K85.90", "again"),
        expect="met",
        rule="acute",
    ),
    case(
        "two diagnoses of one hospital stay",
        at("IMP", "2025-05-01"),
        coded("icd10cm:K85.90"),
        coded("icd10cm:K85.10"),
        expect="needs-judgement",
        rule="one-hospital-stay",
    ),
    case(
        "an outpatient diagnosis",
        at("AMB", "2025-05-01"),
        coded("icd10cm:K85.90"),
        expect="met",
        rule="acute",
    ),
    case(
        "a hospital stay and the problem list",
        at("IMP", "2025-05-01"),
        coded("icd10cm:K85.90"),
        diagnosis("icd10cm:K85.90", onset="2025-05-01"),
        expect="met",
        rule="acute",
    ),
    case(
        "an encounter that is not in the record: it may have been a hospital stay",
        coded("icd10cm:K85.90", onset="2025-05-01"),
        expect="needs-judgement",
    ),
    case(
        "an encounter that was refused",
        coded("icd10cm:K85.90", onset="2025-05-01"),
        expect="needs-judgement",
        rule="one-hospital-stay",
        searches={"encounters": "forbidden"},
    ),
    case(
        "an encounter that cannot be read",
        Given({**at("IMP", "2025-05-01").resource, "period": 7}, "unreadable"),
        coded("icd10cm:K85.90", onset="2025-05-01"),
        expect="needs-judgement",
        rule="one-hospital-stay",
    ),
    case(
        "a hospital stay without a diagnosis of when it was over, and no encounter",
        diagnosis("icd10cm:K85.90", category="encounter-diagnosis", onset="2025-05-01"),
        expect="met",
        searches={"encounters": "failed"},
    ),
    # other
    case("cyst of the pancreas", diagnosis("icd10cm:K86.2"), expect="needs-judgement", rule="other-pancreas"),
    case(
        "pseudocyst",
        diagnosis("icd10cm:K86.3", clinical="resolved"),
        expect="needs-judgement",
        rule="other-pancreas",
    ),
    case("cyst, WHO code", diagnosis("icd10:K86.2"), expect="needs-judgement", rule="other-pancreas"),
    case("pseudocyst, WHO code", diagnosis("icd10:K86.3"), expect="needs-judgement", rule="other-pancreas"),
    case(
        "cyst or pseudocyst, ICD-9 code",
        diagnosis("icd9:577.2"),
        expect="needs-judgement",
        rule="other-pancreas",
    ),
    *(
        case(f"as free text: {words}", diagnosis(text=words), expect="needs-judgement", rule="doubtful")
        for words in ("Pancreatic pseudocyst", "Pancreatic cyst")
    ),
    case(
        "an open date and a cyst",
        diagnosis("icd10cm:K85.9", onset="2024-12", clinical="resolved"),
        diagnosis("icd10cm:K86.2"),
        expect="needs-judgement",
    ),
    # hints
    case(
        "lipase above three times the limit is a hint",
        DIABETES,
        lipase("181 U/L"),
        expect="not-met",
        rule="none-but-a-hint",
        confidence="low",
        basis="absence-of-record",
        says="Lipase [Enzymatic activity/volume] in Serum or Plasma 181 U/L on 2025-05-01",
    ),
    case(
        "lipase with a range for each sex",
        DIABETES,
        lab(
            "3040-3",
            "181 U/L",
            "2025-05-01",
            referenceRange=[
                {"high": {"value": 60}, "appliesTo": [{"text": "men"}]},
                {"high": {"value": 70}, "appliesTo": [{"text": "women"}]},
            ],
        ),
        expect="not-met",
        rule="none-but-a-hint",
    ),
    case("lipase at three times the limit", DIABETES, lipase("180 U/L"), expect="not-met", rule="none"),
    case(
        "lipase in microkatal, the limit in units",
        DIABETES,
        lab("3040-3", "3.1 ukat/L", "2025-05-01", high="60 U/L"),
        expect="not-met",
        rule="none-but-a-hint",
    ),
    case(
        "lipase of more than six months ago",
        DIABETES,
        lipase("400 U/L", "2024-12-14"),
        expect="not-met",
        rule="none",
    ),
    case(
        "lipase of six months ago",
        DIABETES,
        lipase("400 U/L", "2024-12-15"),
        expect="not-met",
        rule="none-but-a-hint",
    ),
    case(
        "lipase, preliminary",
        DIABETES,
        lipase("400 U/L", status="preliminary"),
        expect="not-met",
        rule="none",
    ),
    case(
        "lipase without a range",
        DIABETES,
        lab("3040-3", "400 U/L", "2025-05-01"),
        expect="not-met",
        rule="none",
    ),
    case(
        "amylase above three times the limit is a hint",
        DIABETES,
        lipase("181 U/L", code="1798-8"),
        expect="not-met",
        rule="none-but-a-hint",
        says="more than 3 times",
    ),
    # nothing
    case("no laboratory results are needed", DIABETES, expect="not-met", searches={"labs": "failed"}),
    # diagnoses in general
    *diagnosis_hygiene("chronic pancreatitis", "icd10cm:K86.1"),
]
