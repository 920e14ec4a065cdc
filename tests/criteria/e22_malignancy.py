"""E22: any malignancy; evaluated on 15 June 2025."""

from typing import Any

from rules.codes import ICD10CM
from tests.criteria.given import Given, case, diagnosis, encounter, resource
from tests.criteria.hygiene import diagnosis_hygiene

CRITERION = "E22"

DIABETES = diagnosis("icd10cm:E10.9")


def at(kind: str, start: str, name: str = "stay") -> Given:
    return encounter(kind, start, start, id=name)


def coded(code: str, name: str = "stay", clinical: str | None = "active", **more: Any) -> Given:
    """An encounter diagnosis."""
    return diagnosis(code, category="encounter-diagnosis", encounter={"reference": f"Encounter/{name}"},
                     clinical=clinical, **more)  # fmt: skip


CASES = [
    case(
        "thyroid cancer, active",
        diagnosis("icd10cm:C73"),
        expect="met",
        rule="current",
        confidence="high",
        basis="direct",
        says="C73",
    ),
    case("cancer that came back", diagnosis("icd10cm:C50.911", clinical="relapse"), expect="met"),
    *(
        case(f"malignancy, {code}", diagnosis(f"icd10cm:{code}"), expect="met", rule="current")
        for code in (
            "C00.0",
            "C15.9",
            "C18.7",
            "C34.11",
            "C43.9",
            "C4A.9",
            "C50.011",
            "C61",
            "C7A.00",
            "C7B.1",
            "C81.90",
            "C91.00",
            "C96.9",
        )
    ),
    *(
        case(f"malignancy, WHO {code}", diagnosis(f"icd10:{code}"), expect="met", rule="current")
        for code in ("C00", "C50.9", "C97")
    ),
    *(
        case(f"malignancy, ICD-9 {code}", diagnosis(f"icd9:{code}"), expect="met", rule="current")
        for code in (
            *(f"{n}.9" for n in range(140, 166)),
            *(f"{n}.9" for n in (170, 171, 172, 174, 175, 176)),
            *(f"{n}.9" for n in range(179, 209)),
            "209.00",
            "209.10",
            "209.20",
            "209.30",
        )
    ),
    *(
        case(f"malignancy, SNOMED {code}", diagnosis(f"snomed:{code}"), expect="met", rule="current")
        for code in ("363346000", "254837009", "254637007", "447886005")
    ),
    case(
        "skin cancer, active",
        diagnosis("icd10cm:C44.91"),
        expect="met",
        rule="current-skin-cancer",
        says="waive",
    ),
    case("skin cancer, WHO code", diagnosis("icd10:C44.3"), expect="met", rule="current-skin-cancer"),
    case("skin cancer, ICD-9 code", diagnosis("icd9:173.31"), expect="met", rule="current-skin-cancer"),
    case(
        "skin cancer in the past",
        diagnosis("icd10cm:C44.91", clinical="resolved"),
        expect="needs-judgement",
        rule="past",
    ),
    # past
    case(
        "breast cancer in remission",
        diagnosis("icd10cm:C50.911", clinical="remission"),
        expect="needs-judgement",
        rule="past",
    ),
    case(
        "cancer of one encounter, nobody says whether it lasts",
        at("AMB", "2024-05-01"),
        coded("icd10cm:C50.911", clinical=None),
        expect="needs-judgement",
        rule="past",
    ),
    case("history of breast cancer", diagnosis("icd10cm:Z85.3"), expect="needs-judgement", rule="past"),
    case("history of cancer, WHO code", diagnosis("icd10:Z85.3"), expect="needs-judgement", rule="past"),
    case("history of cancer, ICD-9 code", diagnosis("icd9:V10.3"), expect="needs-judgement", rule="past"),
    case("history of cancer, SNOMED", diagnosis("snomed:266987004"), expect="needs-judgement", rule="past"),
    case(
        "an entry with a code of cancer and one of its history",
        diagnosis("icd10cm:C50.911", "icd10cm:Z85.3"),
        expect="needs-judgement",
        rule="past",
    ),
    # in situ, uncertain
    case(
        "carcinoma in situ of the breast",
        diagnosis("icd10cm:D05.10"),
        expect="needs-judgement",
        rule="in-situ-or-uncertain",
    ),
    case(
        "an entry with a code of cancer and one of carcinoma in situ",
        diagnosis("icd10cm:C50.911", "icd10cm:D05.10"),
        expect="needs-judgement",
        rule="in-situ-or-uncertain",
    ),
    *(
        case(
            f"in situ or uncertain, {code}",
            diagnosis(f"{system}:{code}"),
            expect="needs-judgement",
            rule="in-situ-or-uncertain",
        )
        for system in ("icd10cm", "icd10")
        for code in (
            "D00.0",
            "D01.0",
            "D02.0",
            "D03.9",
            "D04.9",
            "D05.1",
            "D06.9",
            "D07.5",
            "D09.0",
            "D37.1",
            "D38.1",
            "D39.1",
            "D40.0",
            "D41.4",
            "D42.0",
            "D43.2",
            "D44.0",
            "D45",
            "D46.9",
            "D47.1",
            "D47.3",
            "D47.9",
            "D48.5",
        )
    ),
    *(
        case(
            f"in situ or uncertain, ICD-9 {n}",
            diagnosis(f"icd9:{n}.0"),
            expect="needs-judgement",
            rule="in-situ-or-uncertain",
        )
        for n in range(230, 239)
    ),
    # one hospital stay
    *(
        case(
            f"the diagnosis of one stay of class {kind}",
            encounter(kind, "2025-05-01", "2025-05-04", id="stay"),
            coded("icd10cm:C34.90"),
            expect="needs-judgement",
            rule="one-hospital-stay",
        )
        for kind in ("IMP", "ACUTE", "NONAC")
    ),
    case(
        "the diagnosis of one stay whose class is a word",
        encounter(None, "2025-05-01", "2025-05-04", id="stay", **{"class": {"display": "Inpatient"}}),
        coded("icd10cm:C34.90"),
        expect="needs-judgement",
        rule="one-hospital-stay",
    ),
    case(
        "the diagnosis of one hospital stay",
        at("IMP", "2024-05-01"),
        coded("icd10cm:C34.90"),
        expect="needs-judgement",
        rule="one-hospital-stay",
    ),
    case(
        "skin cancer as the diagnosis of one hospital stay",
        at("NONAC", "2024-05-01"),
        coded("icd10cm:C44.91"),
        expect="needs-judgement",
        rule="one-hospital-stay",
    ),
    case(
        "two hospital stays",
        at("IMP", "2024-05-01"),
        at("IMP", "2024-06-01", "again"),
        coded("icd10cm:C34.90"),
        coded("icd10cm:C34.90", "again"),
        expect="met",
        rule="current",
    ),
    case(
        "an outpatient diagnosis",
        at("AMB", "2024-05-01"),
        coded("icd10cm:C34.90"),
        expect="met",
        rule="current",
    ),
    case(
        "a hospital stay and the problem list",
        at("IMP", "2024-05-01"),
        coded("icd10cm:C34.90"),
        diagnosis("icd10cm:C34.90", recorded="2024-05-01"),
        expect="met",
        rule="current",
    ),
    case(
        "the encounter of the diagnosis was cut off",
        coded("icd10cm:C34.90"),
        expect="needs-judgement",
        rule="one-hospital-stay",
        searches={"encounters": "truncated"},
    ),
    case(
        "the encounter of the diagnosis is long ago, so it was not fetched",
        coded("icd10cm:C34.90", recorded="2023-05-01"),
        expect="needs-judgement",
        rule="one-hospital-stay",
    ),
    case(
        "no category, from a hospital stay",
        at("IMP", "2024-05-01"),
        diagnosis("icd10cm:C34.90", category=None, encounter={"reference": "Encounter/stay"}),
        expect="needs-judgement",
        rule="one-hospital-stay",
    ),
    case(
        "no category, from a visit",
        at("AMB", "2024-05-01"),
        diagnosis("icd10cm:C34.90", category=None, encounter={"reference": "Encounter/stay"}),
        expect="met",
        rule="current",
    ),
    case("no category, no encounter", diagnosis("icd10cm:C34.90", category=None), expect="met", rule="current"),
    # doubt
    case(
        "a SNOMED code that is not listed, by its words",
        diagnosis("snomed:363358000", text="Malignant tumor of lung"),
        expect="needs-judgement",
        rule="doubtful",
    ),
    case(
        "suspected cancer by a SNOMED code that is not listed",
        DIABETES,
        diagnosis("snomed:162573006", text="Suspected lung cancer (situation)"),
        expect="not-met",
    ),
    case(
        "cancer as free text",
        diagnosis(text="Large diffuse B-cell lymphoma"),
        expect="needs-judgement",
        rule="doubtful",
    ),
    *(
        case(f"as free text: {words}", diagnosis(text=words), expect="needs-judgement", rule="doubtful")
        for words in (
            "Lung cancer",
            "Carcinoma of the breast",
            "Adenocarcinoma",
            "Acute leukemia",
            "Acute leukaemia",
            "Melanoma",
            "Sarcoma",
            "Multiple myeloma",
            "Malignancy",
            "Malignant neoplasm",
            "Malignant tumor",
            "Malignant tumour",
            "Myelodysplastic syndrome",
            "Polycythemia vera",
            "Cholangiocarcinoma",
            "Choriocarcinoma",
            "Teratocarcinoma",
            "Carcinosarcoma",
            "Osteosarcoma",
            "Liposarcoma",
            "Leiomyosarcoma",
            "Rhabdomyosarcoma",
            "Chondrosarcoma",
            "Angiosarcoma",
            "Fibrosarcoma",
            "Glioblastoma",
            "Medulloblastoma",
            "Neuroblastoma",
            "Retinoblastoma",
            "Nephroblastoma",
            "Hepatoblastoma",
            "Astrocytoma",
            "Oligodendroglioma",
            "Ependymoma",
            "Glioma",
            "Mesothelioma",
            "Seminoma",
            "Dysgerminoma",
            "Hepatoma",
            "Plasmacytoma",
            "Thymoma",
            "Hodgkin's disease",
            "Kaposi disease",
            "Ewing's tumour",
            "Wilms tumor",
            "Metastasis",
            "Metastases",
            "Metastatic disease",
            "Mycosis fungoides",
            "Germ cell tumor",
            "Germ cell tumour",
            "Carcinoid",
            "Gastrointestinal stromal tumor",
            "Gastrointestinal stromal tumour",
            "Neuroendocrine tumor",
            "Neuroendocrine tumour",
            "Myelofibrosis",
            "Essential thrombocythemia",
            "Essential thrombocythaemia",
            "Myeloproliferative",
            "Prostate cancer, never treated",
            "Breast cancer; metastases: none",
        )
    ),
    *(
        case(f"free text that names no cancer: {words}", DIABETES, diagnosis(text=words), expect="not-met")
        for words in (
            "Breast cancer genetic risk",
            "Ewing test abnormal",
            "Kaposi varicelliform eruption",
            "Metastatic calcification",
        )
    ),
    *(
        case(f"coded, and not taken back by its text: {text}", diagnosis(code, text=text), expect="met")
        for code, text in (
            ("icd10cm:C61", "Negative for metastasis, prostate cancer"),
            ("icd10cm:C50.911", "No evidence of disease; breast cancer on tamoxifen"),
        )
    ),
    case(
        "coded, but its only words are of family history",
        resource(
            "Condition",
            'C50.911, displayed as "Family history of breast cancer"',
            code={"coding": [{"system": ICD10CM, "code": "C50.911", "display": "Family history of breast cancer"}]},
        ),
        expect="needs-judgement",
        rule="doubtful",
    ),
    *(
        case(
            f"coded, but the text says: {text}",
            diagnosis("icd10cm:C34.90", text=text),
            expect="needs-judgement",
            rule="doubtful",
            says="not confirmed",
        )
        for text in (
            "r/o lung cancer",
            "Suspected lung cancer",
            "Lung cancer?",
            "Family history of lung cancer",
            "Lung cancer, suspected",
            "FH lung cancer",
            "Mother with lung cancer",
            "Not lung cancer",
        )
    ),
    case(
        "the name of a cancer with a negation in it",
        diagnosis("icd10cm:C85.90", text="Non-Hodgkin lymphoma, not otherwise specified"),
        expect="met",
    ),
    *(
        case(
            f"malignant and {words} in one entry",
            diagnosis("icd10cm:C73", code),
            expect="needs-judgement",
            rule="doubtful",
        )
        for code, words in (
            ("icd10cm:D34", "benign"),
            ("icd10cm:Z12.89", "screening"),
            ("icd10cm:Z80.8", "family history"),
        )
    ),
    *(
        case(f"cancer of the {words} in one entry", diagnosis(*codes), expect="met")
        for codes, words in (
            (("icd10cm:C50.911", "icd10cm:N63.0"), "breast, and the lump"),
            (("icd10cm:C18.9", "icd10cm:D12.6"), "colon, and the adenoma"),
        )
    ),
    case("adenoma of the colon", diagnosis("icd10cm:D12.6"), expect="not-met"),
    case("ruled out in words", diagnosis(text="r/o lung cancer"), expect="not-met"),
    case("family history in words", diagnosis(text="Family history of breast cancer"), expect="not-met"),
    # none
    case("family history of breast cancer", diagnosis("icd10cm:Z80.3"), expect="not-met", rule="none"),
    case("screening", diagnosis("icd10cm:Z12.31"), expect="not-met"),
    case("breast lump", diagnosis("icd10cm:N63.0"), expect="not-met"),
    case("benign tumour", diagnosis("icd10cm:D24.1"), expect="not-met"),
    case("benign carcinoid", diagnosis("icd10cm:D3A.00"), expect="not-met"),
    # diagnoses in general
    *diagnosis_hygiene("cancer", "icd10cm:C34.90"),
]
