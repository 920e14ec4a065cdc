"""E18: symptomatic stones of the gallbladder; evaluated on 15 June 2025."""

from typing import Any

from tests.criteria.given import Given, case, diagnosis, encounter, resource
from tests.criteria.hygiene import diagnosis_hygiene

CRITERION = "E18"

DIABETES = diagnosis("icd10cm:E10.9")
VISIT: dict[str, Any] = {"encounter": {"reference": "Encounter/visit"}, "category": "encounter-diagnosis"}


def cholecystectomy(when: str | None = None, status: str = "completed", **more: Any) -> Given:
    dated = {"performedDateTime": when} if when else {}
    code = {"coding": [{"system": "http://snomed.info/sct", "code": "38102005"}], "text": "Cholecystectomy"}
    return resource("Procedure", f"cholecystectomy, {status}, {when or 'no date'}", status=status,
                    **{"code": code, **dated, **more})  # fmt: skip


CASES = [
    case(
        "with acute cholecystitis, active",
        diagnosis("icd10cm:K80.00"),
        expect="met",
        rule="with-cholecystitis",
        confidence="high",
        says="K80.00",
    ),
    *(
        case(f"with cholecystitis, {code}", diagnosis(f"icd10cm:{code}"), expect="met")
        for code in ("K80.10", "K80.60", "K80.67")
    ),
    *(case(f"with cholecystitis, WHO {code}", diagnosis(f"icd10:{code}"), expect="met") for code in ("K80.0", "K80.1")),
    *(
        case(f"with cholecystitis, ICD-9 {code}", diagnosis(f"icd9:{code}"), expect="met")
        for code in ("574.00", "574.01", "574.10", "574.11", "574.60", "574.70", "574.80")
    ),
    case(
        "with cholecystitis, over",
        diagnosis("icd10cm:K80.00", clinical="resolved"),
        expect="needs-judgement",
        rule="stones",
    ),
    case(
        "with cholecystitis, nobody says whether it lasts",
        diagnosis("icd10cm:K80.00", clinical=None, category="encounter-diagnosis"),
        expect="needs-judgement",
        rule="stones",
    ),
    case("without cholecystitis", diagnosis("icd10cm:K80.20"), expect="needs-judgement", rule="stones"),
    *(
        case(f"without cholecystitis, {code}", diagnosis(code), expect="needs-judgement", rule="stones")
        for code in (
            "icd10cm:K80.70",
            "icd10cm:K80.80",
            "icd10:K80.2",
            "icd10:K80.8",
            "icd9:574.20",
            "icd9:574.21",
            "icd9:574.90",
            "snomed:235919008",
            "snomed:266474003",
        )
    ),
    case("stone of the bile duct", diagnosis("icd10cm:K80.50"), expect="needs-judgement", rule="duct-stones"),
    *(
        case(f"stone of the bile duct, {code}", diagnosis(code), expect="needs-judgement", rule="duct-stones")
        for code in (
            "icd10cm:K80.30",
            "icd10cm:K80.40",
            "icd10:K80.3",
            "icd10:K80.4",
            "icd10:K80.5",
            "icd9:574.30",
            "icd9:574.40",
            "icd9:574.50",
        )
    ),
    # cholecystitis or colic beside the stones
    case(
        "silent stones with biliary colic",
        diagnosis("icd10cm:K80.20"),
        diagnosis("snomed:37389005"),
        expect="needs-judgement",
        rule="stones",
        says="Recorded as well",
    ),
    case(
        "silent stones with acute cholecystitis",
        diagnosis("icd10cm:K80.20"),
        diagnosis("snomed:65275009"),
        expect="met",
        rule="with-cholecystitis",
    ),
    *(
        case(
            f"silent stones with acute cholecystitis, {code}",
            diagnosis("icd10cm:K80.20"),
            diagnosis(code),
            expect="met",
        )
        for code in ("icd10cm:K81.0", "icd10:K81.0", "icd9:575.0")
    ),
    case(
        "unspecified stones with acute cholecystitis",
        diagnosis("snomed:266474003"),
        diagnosis("snomed:65275009"),
        expect="met",
    ),
    case(
        "silent stones, acute cholecystitis over",
        diagnosis("icd10cm:K80.20"),
        diagnosis("snomed:65275009", clinical="resolved"),
        expect="needs-judgement",
    ),
    case(
        "silent stones, acute cholecystitis not confirmed",
        diagnosis("icd10cm:K80.20"),
        diagnosis("snomed:65275009", verification="provisional"),
        expect="needs-judgement",
        rule="stones",
    ),
    case(
        "stones that are over, acute cholecystitis",
        diagnosis("icd10cm:K80.20", clinical="resolved"),
        diagnosis("snomed:65275009"),
        expect="needs-judgement",
    ),
    case(
        "duct stones with acute cholecystitis",
        diagnosis("icd10cm:K80.50"),
        diagnosis("snomed:65275009"),
        expect="needs-judgement",
        rule="duct-stones",
    ),
    case("cholecystitis without stones", diagnosis("icd10cm:K81.9"), expect="not-met", rule="none"),
    case("acute cholecystitis without stones", diagnosis("snomed:65275009"), expect="not-met", rule="none"),
    # the gallbladder was removed
    case(
        "stones in 2019, cholecystectomy in 2020",
        diagnosis("icd10cm:K80.20", onset="2019-05-01"),
        cholecystectomy("2020-02-02"),
        expect="not-met",
        rule="removed",
        confidence="high",
    ),
    case(
        "stones with cholecystitis, then cholecystectomy",
        diagnosis("icd10cm:K80.00", onset="2019-05-01"),
        cholecystectomy("2019-05-03"),
        expect="not-met",
        rule="removed",
    ),
    case(
        "stones found after the cholecystectomy",
        diagnosis("icd10cm:K80.20", onset="2021-05-01"),
        cholecystectomy("2020-02-02"),
        expect="needs-judgement",
        rule="stones",
    ),
    case(
        "stones of an encounter after the cholecystectomy",
        encounter("AMB", "2021-05-01", "2021-05-01", id="visit"),
        diagnosis("icd10cm:K80.20", **VISIT),
        cholecystectomy("2020-02-02"),
        expect="needs-judgement",
    ),
    case(
        "stones of an encounter that was refused",
        diagnosis("icd10cm:K80.20", **VISIT),
        cholecystectomy("2020-02-02"),
        expect="needs-judgement",
        searches={"encounters": "forbidden"},
    ),
    case(
        "stones with an onset, their encounter was refused",
        diagnosis("icd10cm:K80.20", onset="2019-05-01", **VISIT),
        cholecystectomy("2020-02-02"),
        expect="not-met",
        searches={"encounters": "forbidden"},
    ),
    case(
        "stones without a date",
        diagnosis("icd10cm:K80.20", recorded="2021-05-01"),
        cholecystectomy("2020-02-02"),
        expect="not-met",
        rule="removed",
    ),
    case(
        "cholecystectomy without a date",
        diagnosis("icd10cm:K80.20", onset="2019-05-01"),
        cholecystectomy(),
        expect="not-met",
        rule="removed",
    ),
    case(
        "stones and cholecystectomy in one year",
        diagnosis("icd10cm:K80.20", onset="2020"),
        cholecystectomy("2020-02-02"),
        expect="not-met",
    ),
    case(
        "history of cholecystectomy",
        diagnosis("icd10cm:K80.20", onset="2019-05-01"),
        diagnosis("snomed:428882003"),
        expect="not-met",
        rule="removed",
    ),
    case(
        "history of cholecystectomy recorded before the stones",
        diagnosis("icd10cm:K80.20", onset="2019-05-01"),
        diagnosis("snomed:428882003", recorded="2018-05-01"),
        expect="needs-judgement",
    ),
    case(
        "history of cholecystectomy, not confirmed",
        diagnosis("icd10cm:K80.20", onset="2019-05-01"),
        diagnosis("snomed:428882003", verification="provisional"),
        expect="needs-judgement",
    ),
    case(
        "cholecystectomy planned",
        diagnosis("icd10cm:K80.20", onset="2019-05-01"),
        cholecystectomy("2020-02-02", status="preparation"),
        expect="needs-judgement",
    ),
    case(
        "cholecystectomy as free text",
        diagnosis("icd10cm:K80.20", onset="2019-05-01"),
        cholecystectomy("2020-02-02", code={"text": "Cholecystectomy"}),
        expect="needs-judgement",
    ),
    case(
        "a part of the digestive organs is absent",
        diagnosis("icd10cm:K80.20", onset="2019-05-01"),
        diagnosis("icd10cm:Z90.49"),
        expect="needs-judgement",
        rule="stones",
        says="Z90.49",
    ),
    case(
        "the procedures were refused",
        diagnosis("icd10cm:K80.20", onset="2019-05-01"),
        expect="needs-judgement",
        searches={"procedures": "forbidden"},
    ),
    case(
        "cholecystectomy without stones",
        DIABETES,
        cholecystectomy("2020-02-02"),
        expect="not-met",
        rule="none",
    ),
    # doubt and absence
    case("gallstones as free text", diagnosis(text="Gallstones"), expect="needs-judgement", rule="doubtful"),
    *(
        case(f"as free text: {words}", diagnosis(text=words), expect="needs-judgement", rule="doubtful")
        for words in (
            "Calculus of gallbladder",
            "Gallbladder calculus with acute cholecystitis",
            "Gallbladder stone",
            "Gallbladder stones",
            "Gallstone",
            "Gall stones",
            "Cholelithiasis",
            "Cholecystolithiasis",
            "Choledocholithiasis",
        )
    ),
    case("no gallstones, in words", diagnosis(text="No gallstones"), expect="not-met"),
    case(
        "the encounter diagnoses were refused, the gallbladder was removed",
        diagnosis("icd10cm:K80.20", onset="2019-05-01"),
        cholecystectomy("2020-02-02"),
        expect="unknown",
        rule="not-all-seen",
        searches={"diagnoses": "forbidden"},
    ),
    # diagnoses in general
    *diagnosis_hygiene("stones with cholecystitis", "icd10cm:K80.00"),
]
