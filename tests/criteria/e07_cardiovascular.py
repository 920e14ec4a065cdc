"""E7: heart failure, acute coronary syndrome in the past six months; evaluated on 15 June 2025."""

from datetime import date
from typing import Any

from tests.criteria.given import Given, case, diagnosis, encounter, patient
from tests.criteria.hygiene import diagnosis_hygiene

CRITERION = "E7"

DIABETES = diagnosis("icd10cm:E10.9")
VISIT: dict[str, Any] = {"encounter": {"reference": "Encounter/visit"}}


def visit(start: str) -> Given:
    return encounter("AMB", start, start, id="visit")


def unreadable(code: str) -> Given:
    """A diagnosis whose code could be read and whose dates could not."""
    return diagnosis(code, recordedDate=7)


CASES = [
    # heart failure
    case(
        "heart failure, active",
        diagnosis("icd10cm:I50.22"),
        expect="met",
        rule="heart-failure",
        confidence="high",
        basis="direct",
        says="I50.22",
    ),
    case("heart failure that recurs", diagnosis("icd10cm:I50.9", clinical="recurrence"), expect="met"),
    case(
        "heart failure on the problem list without a status",
        diagnosis("icd10cm:I50.9", clinical=None),
        expect="met",
    ),
    case("heart failure from hypertension", diagnosis("icd10cm:I11.0"), expect="met"),
    case("heart failure with kidney disease", diagnosis("icd10cm:I13.0"), expect="met"),
    case("heart failure with end-stage kidney disease", diagnosis("icd10cm:I13.2"), expect="met"),
    case("rheumatic heart failure", diagnosis("icd10cm:I09.81"), expect="met"),
    case("heart failure, WHO code", diagnosis("icd10:I50.0"), expect="met"),
    case("hypertensive heart failure, WHO code", diagnosis("icd10:I11.0"), expect="met"),
    case("hypertensive heart and kidney failure, WHO codes", diagnosis("icd10:I13.0"), expect="met"),
    case("hypertensive heart and kidney failure, both, WHO code", diagnosis("icd10:I13.2"), expect="met"),
    case("heart failure, ICD-9 code", diagnosis("icd9:428.0"), expect="met"),
    *(
        case(f"heart failure, SNOMED {code}", diagnosis(f"snomed:{code}"), expect="met", rule="heart-failure")
        for code in ("84114007", "42343007", "48447003", "56675007", "703272007", "446221000")
    ),
    case(
        "heart failure, resolved two years ago",
        diagnosis("icd10cm:I50.9", clinical="resolved", onset="2020-01-01", abatementDateTime="2023-06-01"),
        expect="needs-judgement",
        rule="past-heart-failure",
    ),
    case(
        "heart failure of one encounter, nobody says whether it lasts",
        diagnosis("icd10cm:I50.9", clinical=None, category="encounter-diagnosis"),
        expect="needs-judgement",
        rule="past-heart-failure",
    ),
    case(
        "heart failure as free text",
        diagnosis(text="Congestive heart failure"),
        expect="needs-judgement",
        rule="doubtful",
    ),
    case("hypertensive heart disease without failure", diagnosis("icd10cm:I11.9"), expect="not-met"),
    # acute coronary syndrome
    case(
        "infarct on 10 January 2025",
        diagnosis("icd10cm:I21.4", onset="2025-01-10"),
        expect="met",
        rule="recent-coronary-syndrome",
        recheck="2025-07-11",
        confidence="high",
    ),
    case(
        "infarct exactly six months ago",
        diagnosis("icd10cm:I21.4", onset="2024-12-15"),
        expect="met",
        recheck="2025-06-16",
        says="6 months",
    ),
    case(
        "infarct six months and a day ago",
        diagnosis("icd10cm:I21.4", onset="2024-12-14"),
        expect="needs-judgement",
        rule="older-coronary-syndrome",
    ),
    case(
        "six months before the end of August are counted from the end of February",
        diagnosis("icd10cm:I21.4", onset="2025-02-28"),
        expect="met",
        recheck="2025-09-01",
        on=date(2025, 8, 31),
    ),
    case(
        "two infarcts: the later one says when to look again",
        diagnosis("icd10cm:I21.4", onset="2025-01-10"),
        diagnosis("icd10cm:I22.2", onset="2025-02-10"),
        expect="met",
        recheck="2025-08-11",
    ),
    case(
        "a recent infarct and heart failure end at no known date",
        diagnosis("icd10cm:I21.4", onset="2025-01-10"),
        diagnosis("icd10cm:I50.9"),
        expect="met",
        rule="heart-failure",
    ),
    case(
        "a recent infarct that is resolved",
        diagnosis("icd10cm:I21.4", onset="2025-03-01", clinical="resolved"),
        expect="met",
    ),
    case(
        "an infarct that is active since years",
        diagnosis("icd10cm:I21.9", onset="2019-04-02"),
        expect="needs-judgement",
        rule="older-coronary-syndrome",
    ),
    case(
        "an infarct recorded a month ago without an onset",
        diagnosis("icd10cm:I21.9", recorded="2025-05-15"),
        expect="needs-judgement",
        rule="older-coronary-syndrome",
    ),
    case(
        "an infarct recorded years ago without an onset",
        diagnosis("icd10cm:I21.9", recorded="2020-05-15"),
        expect="needs-judgement",
    ),
    case(
        "an infarct without any date",
        diagnosis("icd10cm:I21.9"),
        expect="needs-judgement",
        rule="older-coronary-syndrome",
    ),
    case(
        "an infarct of an encounter in May",
        visit("2025-05-02"),
        diagnosis("icd10cm:I21.4", category="encounter-diagnosis", recorded="2025-05-03", **VISIT),
        expect="met",
    ),
    case(
        "an infarct of an encounter a year ago",
        visit("2024-05-02"),
        diagnosis("icd10cm:I21.4", category="encounter-diagnosis", **VISIT),
        expect="needs-judgement",
    ),
    case(
        "the onset goes before the encounter",
        visit("2025-05-02"),
        diagnosis("icd10cm:I21.4", category="encounter-diagnosis", onset="2023-05-02", **VISIT),
        expect="needs-judgement",
    ),
    case(
        "an onset in the future is not used",
        diagnosis("icd10cm:I21.4", onset="2025-07-01"),
        expect="needs-judgement",
        rule="older-coronary-syndrome",
    ),
    case(
        "infarct in December 2024",
        diagnosis("icd10cm:I21.4", onset="2024-12"),
        expect="unknown",
        rule="date-open",
        says="2024-12",
    ),
    case("infarct in 2024", diagnosis("icd10cm:I21.4", onset="2024"), expect="unknown", rule="date-open"),
    case(
        "infarct in January 2025",
        diagnosis("icd10cm:I21.4", onset="2025-01"),
        expect="met",
        recheck="2025-08-01",
    ),
    case("infarct this month", diagnosis("icd10cm:I21.4", onset="2025-06"), expect="met", recheck="2025-12-16"),
    case("infarct in November 2024", diagnosis("icd10cm:I21.4", onset="2024-11"), expect="needs-judgement"),
    case(
        "infarct in 2024, and atrial fibrillation",
        diagnosis("icd10cm:I21.4", onset="2024"),
        diagnosis("icd10cm:I48.0"),
        expect="needs-judgement",
        rule="other-disease",
    ),
    case(
        "infarct at the age of 34, born in 1990",
        patient("1990-09-01"),
        diagnosis("icd10cm:I21.4", onsetAge={"value": 34, "unit": "a", "code": "a"}),
        expect="unknown",
        rule="date-open",
    ),
    case(
        "infarct at the age of 30 to 32",
        patient("1990-09-01"),
        diagnosis(
            "icd10cm:I21.4",
            onsetRange={"low": {"value": 30, "code": "a"}, "high": {"value": 32, "code": "a"}},
        ),
        expect="needs-judgement",
        rule="older-coronary-syndrome",
    ),
    case("unstable angina, WHO code", diagnosis("icd10:I20.0", onset="2025-05-01"), expect="met"),
    case("infarct, WHO code", diagnosis("icd10:I21.0", onset="2025-05-01"), expect="met"),
    case("second infarct, WHO code", diagnosis("icd10:I22.0", onset="2025-05-01"), expect="met"),
    case("other acute ischaemia, WHO code", diagnosis("icd10:I24.8", onset="2025-05-01"), expect="met"),
    case("unstable angina", diagnosis("icd10cm:I20.0", onset="2025-05-01"), expect="met"),
    case("other acute ischaemia", diagnosis("icd10cm:I24.9", onset="2025-05-01"), expect="met"),
    case("infarct, ICD-9 code", diagnosis("icd9:410.71", onset="2025-05-01"), expect="met"),
    case("unstable angina, ICD-9 code", diagnosis("icd9:411.1", onset="2025-05-01"), expect="met"),
    *(
        case(
            f"coronary syndrome, SNOMED {code}",
            diagnosis(f"snomed:{code}", onset="2025-05-01"),
            expect="met",
            rule="recent-coronary-syndrome",
        )
        for code in ("394659003", "57054005", "22298006", "401303003", "401314000", "4557003", "54329005")
    ),
    case(
        "unstable angina, not confirmed",
        diagnosis("icd10cm:I20.0", verification="unconfirmed", onset="2025-05-01"),
        expect="needs-judgement",
        rule="doubtful",
    ),
    case(
        "heart failure by its code, suspected by its text",
        diagnosis("icd10cm:I50.9", text="Suspected heart failure"),
        expect="needs-judgement",
        rule="doubtful",
    ),
    case(
        "unstable angina, refuted",
        diagnosis("icd10cm:I20.0", verification="refuted", onset="2025-05-01"),
        DIABETES,
        expect="not-met",
    ),
    case(
        "an infarct entered in error",
        diagnosis("icd10cm:I21.4", verification="entered-in-error", clinical=None, onset="2025-05-01"),
        DIABETES,
        expect="not-met",
    ),
    case(
        "infarct as free text",
        diagnosis(text="Myocardial infarction 2025", onset="2025-05-01"),
        expect="needs-judgement",
        rule="doubtful",
    ),
    case(
        "a SNOMED code that is not listed, by its words",
        diagnosis("snomed:399211009", text="History of myocardial infarction (situation)"),
        expect="needs-judgement",
        rule="doubtful",
    ),
    case("Ludwig's angina is an infection of the mouth", diagnosis(text="Ludwig's angina"), expect="not-met"),
    case("a mother's infarct as free text", diagnosis(text="Mother: myocardial infarction"), expect="not-met"),
    # other disease
    case("old infarct", diagnosis("icd10cm:I25.2"), expect="needs-judgement", rule="other-disease"),
    case(
        "old infarct, SNOMED, with a recent onset",
        diagnosis("snomed:1755008", onset="2025-05-01"),
        expect="needs-judgement",
        rule="other-disease",
    ),
    case(
        "an old infarct that also carries a code of an acute one",
        diagnosis("snomed:22298006", "snomed:1755008", onset="2025-05-01"),
        expect="needs-judgement",
        rule="other-disease",
    ),
    case(
        "an acute infarct that also carries the old code of ICD-10-CM",
        diagnosis("icd10cm:I21.9", "icd10cm:I25.2", onset="2025-05-01"),
        expect="needs-judgement",
    ),
    case(
        "an acute infarct that also carries the old code of WHO",
        diagnosis("icd10:I21.9", "icd10:I25.2", onset="2025-05-01"),
        expect="needs-judgement",
    ),
    case("old infarct, ICD-9 code", diagnosis("icd9:412"), expect="needs-judgement"),
    case("atrial fibrillation", diagnosis("icd10cm:I48.0"), expect="needs-judgement", rule="other-disease"),
    case(
        "atrial fibrillation in the past",
        diagnosis("icd10cm:I48.0", clinical="resolved"),
        expect="needs-judgement",
        rule="other-disease",
    ),
    case(
        "atrial fibrillation of one encounter",
        diagnosis("icd10cm:I48.0", clinical=None, category="encounter-diagnosis"),
        expect="needs-judgement",
        rule="other-disease",
    ),
    *(
        case(
            f"other cardiovascular disease, {code}",
            diagnosis(f"icd10cm:{code}"),
            expect="needs-judgement",
            rule="other-disease",
        )
        for code in (
            "I25.10",
            "I20.1",
            "I20.8",
            "I20.9",
            "I42.0",
            "I70.219",
            "I73.9",
            "E10.51",
            "E10.52",
            "E10.59",
        )
    ),
    *(
        case(
            f"other cardiovascular disease, SNOMED {code}",
            diagnosis(f"snomed:{code}"),
            expect="needs-judgement",
            rule="other-disease",
        )
        for code in (
            "53741008",
            "414545008",
            "194828000",
            "399957001",
            "400047006",
            "368009",
            "410429000",
            "429007001",
            "49436004",
            "85898001",
        )
    ),
    *(
        case(
            f"other cardiovascular disease, WHO {code}",
            diagnosis(f"icd10:{code}"),
            expect="needs-judgement",
            rule="other-disease",
        )
        for code in ("I25.1", "I20.1", "I20.8", "I20.9", "I42.0", "I48", "I70.2", "I73.9", "E10.5")
    ),
    *(
        case(
            f"other cardiovascular disease, ICD-9 {code}",
            diagnosis(f"icd9:{code}"),
            expect="needs-judgement",
            rule="other-disease",
        )
        for code in ("413.9", "414.01", "425.4", "427.31", "440.21", "443.9")
    ),
    *(
        case(
            f"{words}, {code}: coronary or other cardiovascular disease that was treated, or a valve",
            diagnosis(code),
            expect="needs-judgement",
            rule="other-disease",
        )
        for code, words in (
            ("icd10cm:Z95.1", "bypass graft"),
            ("icd10cm:Z95.5", "coronary stent"),
            ("icd10cm:Z98.61", "coronary angioplasty"),
            ("icd10:Z95.5", "coronary stent"),
            ("icd9:V45.81", "bypass graft"),
            ("icd9:V45.82", "coronary angioplasty"),
            ("icd9:411.89", "acute ischemic heart disease"),
            ("icd10cm:I35.0", "aortic stenosis"),
            ("icd10:I34.0", "mitral insufficiency"),
            ("icd9:424.1", "aortic valve disorder"),
            ("icd10cm:Z95.2", "prosthetic heart valve"),
            ("icd10cm:I46.9", "cardiac arrest"),
            ("icd9:427.5", "cardiac arrest"),
            ("icd10cm:Z86.74", "survived cardiac arrest"),
            ("icd10cm:I70.0", "atherosclerosis of the aorta"),
        )
    ),
    case(
        "unstable angina in ICD-9 two years ago stays a coronary syndrome",
        diagnosis("icd9:411.1", onset="2023-01-10"),
        expect="needs-judgement",
        rule="older-coronary-syndrome",
    ),
    case("venous insufficiency is not of the heart or an artery", diagnosis("icd10cm:I87.2"), expect="not-met"),
    *(
        case(f"as free text: {words}", diagnosis(text=words), expect="needs-judgement", rule="doubtful")
        for words in (
            "Cardiac failure",
            "Cardiac insufficiency",
            "Acute coronary syndrome",
            "Heart attack",
            "STEMI",
            "NSTEMI 2024",
            "Coronary heart disease",
            "Ischemic heart disease",
            "Ischaemic heart disease",
            "Angina pectoris",
            "Atrial fibrillation",
            "Atrial flutter",
            "Dilated cardiomyopathy",
            "Peripheral arterial disease",
            "Peripheral vascular disease",
            "CHF",
            "HFrEF",
            "HFpEF",
            "CAD of three vessels",
            "Coronary arteriosclerosis",
            "Coronary atherosclerosis",
            "Afib",
            "Cardiovascular disease",
            "ASCVD",
            "Left ventricular systolic dysfunction",
            "Coronary artery stenosis",
            "Coronary stenosis",
            "Atheroma of coronary artery",
        )
    ),
    *(
        case(f"as free text: {words}", DIABETES, diagnosis(text=words), expect="needs-judgement", rule="doubtful")
        for words in (
            "CAD, s/p CABG",
            "Coronary stent 2019",
            "h/o MI",
            "Paroxysmal AFib",
            "Aortic stenosis",
            "Mitral regurgitation",
            "Cardiac arrest",
            "Atherosclerosis",
            "Heart failure, never hospitalized",
        )
    ),
    *(
        case(f"no heart disease as free text: {words}", DIABETES, diagnosis(text=words), expect="not-met")
        for words in ("Normal aortic valve", "Normal mitral valve", "10-year ASCVD risk 7.5%")
    ),
    case(
        "vitreous detachment, abbreviated like a vascular disease",
        DIABETES,
        diagnosis(text="PVD left eye"),
        expect="not-met",
    ),
    case(
        "coronary disease as free text",
        diagnosis(text="Coronary artery disease"),
        expect="needs-judgement",
        rule="doubtful",
    ),
    # nothing
    case(
        "hypertension only",
        diagnosis("icd10cm:I10"),
        expect="not-met",
        rule="none",
        confidence="low",
        basis="absence-of-record",
    ),
    case("chest pain", diagnosis("icd10cm:R07.9"), expect="not-met"),
    case("family history", diagnosis("icd10cm:Z82.49"), expect="not-met"),
    case("another entry that cannot be read", DIABETES, unreadable("icd10cm:J45.909"), expect="not-met"),
    # diagnoses in general
    *diagnosis_hygiene("heart failure", "icd10cm:I50.9"),
]
