"""E29: history of anorexia or bulimia; evaluated on 15 June 2025."""

from tests.criteria.given import case, diagnosis
from tests.criteria.hygiene import diagnosis_hygiene

CRITERION = "E29"

DIABETES = diagnosis("icd10cm:E10.9")

CASES = [
    case(
        "anorexia nervosa, resolved",
        diagnosis("icd10cm:F50.01", clinical="resolved"),
        expect="met",
        rule="anorexia-or-bulimia",
        confidence="high",
        basis="direct",
    ),
    case("bulimia in remission, SNOMED", diagnosis("snomed:698698008"), expect="met"),
    *(
        case(f"anorexia or bulimia, {code}", diagnosis(code), expect="met", rule="anorexia-or-bulimia")
        for code in (
            "icd10cm:F50.00",
            "icd10cm:F50.02",
            "icd10cm:F50.2",
            "icd10cm:F50.21",
            "icd10:F50.0",
            "icd10:F50.1",
            "icd10:F50.2",
            "icd10:F50.3",
            "icd9:307.1",
            "icd9:307.51",
            "snomed:56882008",
            "snomed:78004001",
            "snomed:77675002",
            "snomed:63393005",
            "snomed:32721004",
            "snomed:59645001",
            "snomed:231522009",
            "snomed:231523004",
            "snomed:698695006",
            "snomed:16270871000119105",
            "snomed:16270831000119107",
        )
    ),
    case(
        "an encounter diagnosis without a status",
        diagnosis("icd10cm:F50.2", clinical=None, category="encounter-diagnosis"),
        expect="met",
    ),
    *(
        case(
            f"anorexia nervosa and loss of appetite in one entry, {code}",
            diagnosis("icd10cm:F50.00", code),
            expect="needs-judgement",
            rule="doubtful",
        )
        for code in ("icd10cm:R63.0", "snomed:79890006")
    ),
    case(
        "an entry with a code of bulimia and an unspecific one",
        diagnosis("icd10cm:F50.9", "snomed:78004001"),
        expect="met",
    ),
    *(
        case(
            f"other eating disorder, {code}",
            diagnosis(code),
            expect="needs-judgement",
            rule="other-eating-disorder",
        )
        for code in (
            "icd10cm:F50.9",
            "icd10cm:F50.81",
            "icd10cm:F50.82",
            "icd10cm:F50.89",
            "icd10:F50.4",
            "icd10:F50.5",
            "icd10:F50.8",
            "icd10:F50.9",
            "icd9:307.50",
            "icd9:307.59",
            "snomed:72366004",
            "snomed:1067201000000106",
        )
    ),
    case("WHO's atypical anorexia is no code of ICD-10-CM", diagnosis("icd10cm:F50.1"), expect="not-met"),
    case(
        "anorexia nervosa as free text",
        diagnosis(text="Anorexia nervosa as a teenager"),
        expect="needs-judgement",
        rule="doubtful",
    ),
    *(
        case(f"as free text: {words}", diagnosis(text=words), expect="needs-judgement", rule="doubtful")
        for words in ("Bulimia", "Eating disorder", "Binge eating", "Diabulimia")
    ),
    case("anorexia as free text may be loss of appetite", diagnosis(text="Anorexia"), expect="not-met"),
    case("denied in words", diagnosis(text="Denies bulimia"), expect="not-met"),
    case("loss of appetite", diagnosis("icd10cm:R63.0"), expect="not-met", rule="none"),
    case("loss of appetite, called anorexia", diagnosis("icd10cm:R63.0", text="Anorexia"), expect="not-met"),
    case("loss of appetite, WHO code", diagnosis("icd10:R63.0"), expect="not-met"),
    case("loss of appetite, SNOMED", diagnosis("snomed:79890006"), expect="not-met"),
    case("family history", diagnosis("icd10cm:Z81.8"), expect="not-met"),
    # diagnoses in general
    *diagnosis_hygiene("bulimia", "icd10cm:F50.2"),
]
