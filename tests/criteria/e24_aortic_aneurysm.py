"""E24: abdominal aortic aneurysm; evaluated on 15 June 2025."""

from typing import Any

from tests.criteria.given import Given, case, diagnosis, encounter, resource
from tests.criteria.hygiene import diagnosis_hygiene

CRITERION = "E24"

DIABETES = diagnosis("icd10cm:E10.9")
STAY = encounter("IMP", "2024-05-01", "2024-05-04", id="stay")


def repair(status: str = "completed", **more: Any) -> Given:
    code = {"coding": [{"system": "http://snomed.info/sct", "code": "21574003"}]}
    return resource("Procedure", f"repair of an abdominal aneurysm, {status}", status=status, code=code,
                    performedDateTime="2020-03-01", **more)  # fmt: skip


def coded(code: str, **more: Any) -> Given:
    """The diagnosis of a hospital stay."""
    return diagnosis(code, category="encounter-diagnosis", encounter={"reference": "Encounter/stay"}, **more)


CASES = [
    case(
        "abdominal aneurysm",
        diagnosis("icd10cm:I71.40"),
        expect="met",
        rule="aneurysm",
        confidence="high",
        says="I71.40",
    ),
    case("abdominal aneurysm, the code of before 2022", diagnosis("icd10cm:I71.4"), expect="met"),
    *(
        case(f"aneurysm, {code}", diagnosis(code), expect="met", rule="aneurysm")
        for code in (
            "icd10cm:I71.3",
            "icd10cm:I71.33",
            "icd10cm:I71.50",
            "icd10cm:I71.62",
            "icd10:I71.3",
            "icd10:I71.4",
            "icd10:I71.5",
            "icd10:I71.6",
            "icd9:441.3",
            "icd9:441.4",
            "icd9:441.6",
            "icd9:441.7",
            "snomed:233985008",
            "snomed:14336007",
            "snomed:195265003",
        )
    ),
    case(
        "aneurysm of one encounter without a status",
        diagnosis("icd10cm:I71.40", clinical=None, category="encounter-diagnosis"),
        expect="met",
    ),
    case(
        "aneurysm and its repair",
        diagnosis("icd10cm:I71.40"),
        repair(),
        expect="met",
        says="A repair is recorded as well",
    ),
    case(
        "aneurysm called past",
        diagnosis("icd10cm:I71.40", clinical="resolved"),
        expect="needs-judgement",
        rule="past",
    ),
    case("repair of an abdominal aneurysm", DIABETES, repair(), expect="needs-judgement", rule="repaired"),
    case("repair, not done", DIABETES, repair("not-done"), expect="not-met"),
    case("repair noted as a diagnosis", diagnosis("snomed:21574003"), expect="needs-judgement", rule="repaired"),
    case("other vascular implant", diagnosis("icd10cm:Z95.828"), expect="needs-judgement", rule="repaired"),
    case(
        "history of another circulatory disease",
        diagnosis("icd10cm:Z86.79"),
        expect="needs-judgement",
        rule="repaired",
    ),
    *(
        case(
            f"site or kind not clear, {code}",
            diagnosis(code),
            expect="needs-judgement",
            rule="site-or-kind-open",
        )
        for code in (
            "icd10cm:I71.8",
            "icd10cm:I71.9",
            "icd10cm:I71.02",
            "icd10cm:I77.811",
            "icd10:I71.8",
            "icd10:I71.9",
            "icd9:441.02",
            "icd9:441.5",
            "icd9:441.9",
        )
    ),
    # one hospital stay
    *(
        case(
            f"the diagnosis of one stay of class {kind}",
            encounter(kind, "2025-05-01", "2025-05-04", id="stay"),
            coded("icd10cm:I71.40"),
            expect="needs-judgement",
            rule="one-hospital-stay",
        )
        for kind in ("IMP", "ACUTE", "NONAC")
    ),
    case(
        "the diagnosis of one stay whose class is a word",
        encounter(None, "2025-05-01", "2025-05-04", id="stay", **{"class": {"display": "Inpatient"}}),
        coded("icd10cm:I71.40"),
        expect="needs-judgement",
        rule="one-hospital-stay",
    ),
    case(
        "the diagnosis of one hospital stay",
        STAY,
        coded("icd10cm:I71.40"),
        expect="needs-judgement",
        rule="one-hospital-stay",
    ),
    case(
        "a hospital stay and the problem list",
        STAY,
        coded("icd10cm:I71.40"),
        diagnosis("icd10cm:I71.40", recorded="2024-05-01"),
        expect="met",
    ),
    case(
        "a hospital stay and another entry of the same day",
        STAY,
        coded("icd10cm:I71.40"),
        diagnosis("icd10cm:I71.40", category=None, recorded="2024-05-01"),
        expect="met",
    ),
    case(
        "an outpatient diagnosis",
        encounter("AMB", "2024-05-01", "2024-05-01", id="stay"),
        coded("icd10cm:I71.40"),
        expect="met",
    ),
    # doubt
    case("aneurysm as free text", diagnosis(text="AAA 4.5 cm"), expect="needs-judgement", rule="doubtful"),
    *(
        case(f"as free text: {words}", diagnosis(text=words), expect="needs-judgement", rule="doubtful")
        for words in (
            "Abdominal aneurysm",
            "Thoracoabdominal aneurysm",
            "Aortic aneurysm",
            "Aortic ectasia",
            "Aneurysm of abdominal aorta",
            "Aneurysm of the abdominal aorta",
            "Aneurysm of infrarenal abdominal aorta",
            "AAA 4.2 cm, rupture unlikely",
        )
    ),
    case("screening in words", diagnosis(text="AAA screening"), expect="not-met"),
    case("a risk in words", diagnosis(text="AAA risk"), expect="not-met"),
    case("its text denies the rupture alone", diagnosis("icd10:I71.4", text="No rupture, AAA 3.5 cm"), expect="met"),
    *(
        case(f"as free text: {words}", diagnosis(text=words), expect="not-met")
        for words in ("Thoracic aortic aneurysm", "Ascending aortic aneurysm")
    ),
    case(
        "as free text: thoracic and abdominal aortic aneurysm",
        diagnosis(text="Thoracic and abdominal aortic aneurysm"),
        expect="needs-judgement",
    ),
    case(
        "a SNOMED code that is not listed, by its words",
        diagnosis("snomed:425963007", text="Ruptured infrarenal abdominal aortic aneurysm"),
        expect="needs-judgement",
        rule="doubtful",
    ),
    # none
    case("thoracic aneurysm", diagnosis("icd10cm:I71.20"), expect="not-met", rule="none"),
    case("screening", diagnosis("icd10cm:Z13.6"), expect="not-met"),
    case("family history", diagnosis("icd10cm:Z82.49"), expect="not-met"),
    case(
        "the procedures were refused: a repair may be among them",
        DIABETES,
        expect="unknown",
        rule="not-all-seen",
        searches={"procedures": "forbidden"},
        says="forbidden",
    ),
    case("the procedures were not asked for", DIABETES, expect="not-met", searches={"procedures": "not-asked"}),
    case(
        "a procedure of this kind that cannot be read",
        DIABETES,
        repair(performedPeriod=7),
        expect="unknown",
        says="could not be read",
    ),
    case(
        "aneurysm, though the procedures failed",
        diagnosis("icd10cm:I71.40"),
        expect="met",
        searches={"procedures": "failed"},
    ),
    # diagnoses in general
    *diagnosis_hygiene("aneurysm", "icd10cm:I71.40"),
]
