"""E15: symptomatic peptic ulcer disease; evaluated on 15 June 2025."""

from tests.criteria.given import case, diagnosis, encounter, medication
from tests.criteria.hygiene import diagnosis_hygiene

CRITERION = "E15"

DIABETES = diagnosis("icd10cm:E10.9")

CASES = [
    case(
        "bleeding duodenal ulcer, active",
        diagnosis("icd10cm:K26.4"),
        expect="met",
        rule="bleeding-or-perforated",
        confidence="high",
        says="K26.4",
    ),
    *(
        case(f"bleeding or perforated, {code}", diagnosis(f"icd10cm:{code}"), expect="met")
        for category in ("K25", "K26", "K27", "K28")
        for code in (f"{category}.{d}" for d in "012456")
    ),
    *(
        case(
            f"neither bleeding nor perforated, {code}",
            diagnosis(f"icd10cm:{code}"),
            expect="needs-judgement",
            rule="active",
        )
        for category in ("K25", "K26", "K27", "K28")
        for code in (f"{category}.{d}" for d in "379")
    ),
    *(
        case(f"bleeding or perforated, WHO {code}", diagnosis(f"icd10:{code}"), expect="met")
        for category in ("K25", "K26", "K27", "K28")
        for code in (f"{category}.{d}" for d in "012456")
    ),
    *(
        case(
            f"neither bleeding nor perforated, WHO {code}.9",
            diagnosis(f"icd10:{code}.9"),
            expect="needs-judgement",
            rule="active",
        )
        for code in ("K25", "K26", "K27", "K28")
    ),
    *(
        case(f"bleeding or perforated, ICD-9 {code}", diagnosis(f"icd9:{code}"), expect="met")
        for category in ("531", "532", "533", "534")
        for code in (f"{category}.{d}0" for d in "012456")
    ),
    *(
        case(
            f"neither bleeding nor perforated, ICD-9 {code}.90",
            diagnosis(f"icd9:{code}.90"),
            expect="needs-judgement",
            rule="active",
        )
        for code in ("531", "532", "533", "534")
    ),
    *(
        case(f"ulcer, SNOMED {code}", diagnosis(f"snomed:{code}"), expect="needs-judgement", rule="active")
        for code in ("13200003", "397825006", "51868009", "196682000")
    ),
    case("bled in March", diagnosis("icd10cm:K25.4", onset="2025-03-10"), expect="met", recheck="2025-09-11"),
    case(
        "bled exactly six months ago",
        diagnosis("icd10cm:K25.4", onset="2024-12-15"),
        expect="met",
        recheck="2025-06-16",
        says="6 months",
    ),
    case(
        "bled six months and a day ago, still active",
        diagnosis("icd10cm:K25.4", onset="2024-12-14"),
        expect="needs-judgement",
        rule="active",
    ),
    case(
        "bled in December 2024",
        diagnosis("icd10cm:K25.4", onset="2024-12"),
        expect="unknown",
        rule="date-open",
        says="2024-12",
    ),
    case(
        "bled, recorded in May",
        diagnosis("icd10cm:K25.4", recorded="2025-05-01"),
        expect="met",
        recheck="2025-11-02",
    ),
    case(
        "bled, recorded a year ago",
        diagnosis("icd10cm:K25.4", recorded="2024-05-01"),
        expect="needs-judgement",
    ),
    case(
        "bled at an encounter a year ago",
        encounter("AMB", "2024-05-01", "2024-05-01", id="visit"),
        diagnosis("icd10cm:K25.4", encounter={"reference": "Encounter/visit"}, recorded="2025-05-01"),
        expect="needs-judgement",
    ),
    case(
        "bled, nobody says whether it is active",
        diagnosis("icd10cm:K25.4", clinical=None, category="encounter-diagnosis", recorded="2025-05-01"),
        expect="needs-judgement",
        rule="active",
    ),
    case(
        "bled in March, healed",
        diagnosis("icd10cm:K25.4", onset="2025-03-10", clinical="resolved"),
        expect="not-met",
        rule="past",
    ),
    case("gastric ulcer, active", diagnosis("icd10cm:K25.9"), expect="needs-judgement", rule="active"),
    case(
        "gastric ulcer, not confirmed",
        diagnosis("icd10cm:K25.9", verification="provisional"),
        expect="needs-judgement",
        rule="doubtful",
        confidence="low",
    ),
    case(
        "gastric ulcer as free text",
        diagnosis(text="Gastric ulcer"),
        expect="needs-judgement",
        rule="doubtful",
    ),
    *(
        case(f"as free text: {words}", diagnosis(text=words), expect="needs-judgement", rule="doubtful")
        for words in ("Peptic ulcer", "Duodenal ulcer", "Stomach ulcer", "Gastrojejunal ulcer")
    ),
    case(
        "an unconfirmed ulcer that is over",
        diagnosis("icd10cm:K25.9", verification="provisional", clinical="resolved"),
        expect="not-met",
        rule="none",
    ),
    case(
        "peptic ulcer, resolved",
        diagnosis("icd10cm:K27.9", clinical="resolved"),
        expect="not-met",
        rule="past",
        confidence="high",
        basis="direct",
    ),
    case("history of peptic ulcer", diagnosis("icd10cm:Z87.11"), expect="not-met", rule="past"),
    case("history of peptic ulcer, ICD-9 code", diagnosis("icd9:V12.71"), expect="not-met", rule="past"),
    case(
        "a past ulcer beside an active one",
        diagnosis("icd10cm:Z87.11"),
        diagnosis("icd10cm:K26.9"),
        expect="needs-judgement",
    ),
    case(
        "omeprazole only",
        DIABETES,
        medication("omeprazole 20 mg"),
        expect="not-met",
        rule="none",
        confidence="low",
        basis="absence-of-record",
    ),
    case("ulcer of the esophagus", diagnosis("icd10cm:K22.10"), expect="not-met", rule="none"),
    case("Helicobacter pylori", diagnosis("icd10cm:B96.81"), expect="not-met"),
    # diagnoses in general
    *diagnosis_hygiene("bleeding ulcer", "icd10cm:K26.4", onset="2025-04-01"),
]
