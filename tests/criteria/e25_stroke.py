"""E25: history of cerebro-vascular accident; evaluated on 15 June 2025."""

from typing import Any

from tests.criteria.given import Given, case, diagnosis, encounter, resource
from tests.criteria.hygiene import diagnosis_hygiene

CRITERION = "E25"

DIABETES = diagnosis("icd10cm:E10.9")
TEXT_OF_Z86_73 = (
    "Personal history of transient ischemic attack (TIA), and cerebral infarction without residual deficits"
)


def at(kind: str, start: str, name: str = "stay") -> Given:
    return encounter(kind, start, start, id=name)


def coded(code: str, name: str = "stay", **more: Any) -> Given:
    """An encounter diagnosis."""
    return diagnosis(code, category="encounter-diagnosis", encounter={"reference": f"Encounter/{name}"}, **more)


def german(letter: str) -> Given:
    """A stroke in ICD-10-GM with its certainty, as German records write it."""
    extension = {
        "url": "http://fhir.de/StructureDefinition/icd-10-gm-diagnosesicherheit",
        "valueCoding": {"code": letter},
    }
    coding = {"system": "http://fhir.de/CodeSystem/bfarm/icd-10-gm", "code": "I63.9", "extension": [extension]}
    return resource("Condition", f"I63.9 in ICD-10-GM with certainty {letter}", code={"coding": [coding]})


CASES = [
    case(
        "infarct of 2015, resolved",
        diagnosis("icd10cm:I63.9", clinical="resolved", onset="2015-02-01"),
        expect="met",
        rule="stroke",
        confidence="high",
        says="I63.9",
    ),
    case("hemiplegia after a stroke", diagnosis("icd10cm:I69.351"), expect="met"),
    *(
        case(f"stroke, {code}", diagnosis(code), expect="met", rule="stroke")
        for code in (
            "icd10cm:I60.9",
            "icd10cm:I61.9",
            "icd10cm:I62.00",
            "icd10:I60.9",
            "icd10:I61.9",
            "icd10:I62.9",
            "icd10:I63.9",
            "icd10:I64",
            "icd10:I69.4",
            "icd9:430",
            "icd9:431",
            "icd9:432.1",
            "icd9:433.01",
            "icd9:433.11",
            "icd9:433.21",
            "icd9:433.31",
            "icd9:433.81",
            "icd9:433.91",
            "icd9:434.01",
            "icd9:434.11",
            "icd9:434.91",
            "icd9:436",
            "icd9:438.20",
            "snomed:230690007",
            "snomed:422504002",
            "snomed:432504007",
            "snomed:274100004",
            "snomed:21454007",
            "snomed:1131000119105",
            "snomed:275526006",
            "snomed:195243003",
        )
    ),
    case("WHO's I64 is no code of ICD-10-CM", diagnosis("icd10cm:I64"), expect="not-met"),
    case(
        "stroke around birth",
        diagnosis("icd10cm:P91.821"),
        expect="met",
        rule="perinatal-stroke",
        says="around birth",
    ),
    case(
        "an outpatient diagnosis, often miscoded history",
        at("AMB", "2023-02-01"),
        coded("icd10cm:I63.9"),
        expect="met",
        rule="stroke",
    ),
    *(
        case(
            f"the diagnosis of one stay of class {kind}",
            encounter(kind, "2025-05-01", "2025-05-04", id="stay"),
            coded("icd10cm:I63.9"),
            expect="needs-judgement",
            rule="one-hospital-stay",
        )
        for kind in ("IMP", "ACUTE", "NONAC")
    ),
    case(
        "the diagnosis of one stay whose class is a word",
        encounter(None, "2025-05-01", "2025-05-04", id="stay", **{"class": {"display": "Inpatient"}}),
        coded("icd10cm:I63.9"),
        expect="needs-judgement",
        rule="one-hospital-stay",
    ),
    case(
        "the diagnosis of one hospital stay",
        at("IMP", "2023-02-01"),
        coded("icd10cm:I63.9"),
        expect="needs-judgement",
        rule="one-hospital-stay",
    ),
    case(
        "one hospital stay and its sequelae on another day",
        at("IMP", "2023-02-01"),
        at("AMB", "2023-05-01", "later"),
        coded("icd10cm:I63.9"),
        coded("icd10cm:I69.351", "later"),
        expect="met",
        rule="stroke",
    ),
    *(
        case(
            f"a stroke in ICD-10-GM, {meaning}",
            DIABETES,
            german(letter),
            expect=expect,
        )
        for letter, meaning, expect in (
            ("A", "excluded", "not-met"),
            ("V", "suspected", "needs-judgement"),
            ("Z", "state after", "met"),
            ("G", "certain", "met"),
        )
    ),
    case(
        "one hospital stay and a diagnosis in doubt",
        at("IMP", "2023-02-01"),
        coded("icd10cm:I63.9"),
        diagnosis("icd10cm:I63.9", verification="provisional"),
        expect="needs-judgement",
        rule="one-hospital-stay",
    ),
    case(
        "the encounter of the diagnosis failed",
        coded("icd10cm:I63.9"),
        expect="needs-judgement",
        searches={"encounters": "failed"},
    ),
    # stroke or TIA
    case(
        "history of stroke or TIA",
        diagnosis("icd10cm:Z86.73"),
        expect="needs-judgement",
        rule="stroke-or-tia",
    ),
    case(
        "history of stroke or TIA, with the text of the code",
        diagnosis("icd10cm:Z86.73", text=TEXT_OF_Z86_73),
        expect="needs-judgement",
        rule="stroke-or-tia",
    ),
    case(
        "history of stroke or TIA, the text says stroke",
        diagnosis("icd10cm:Z86.73", text="History of stroke"),
        expect="met",
        rule="stroke",
    ),
    case(
        "the text says stroke without residual deficits",
        diagnosis("icd10cm:Z86.73", text="History of CVA without residual deficits"),
        expect="met",
    ),
    case(
        "the text says cerebral infarct",
        diagnosis("icd10cm:Z86.73", text="Old lacunar infarct"),
        expect="met",
    ),
    case("the text says TIA", diagnosis("icd10cm:Z86.73", text="History of TIA"), expect="needs-judgement"),
    *(
        case(f"the text says {words}", diagnosis("icd10cm:Z86.73", text=words), expect="met", rule="stroke")
        for words in ("Cerebrovascular accident 2011", "Old cerebral infarction")
    ),
    *(
        case(
            f"the text says {words}, too",
            diagnosis("icd10cm:Z86.73", text=f"Stroke or {words}"),
            expect="needs-judgement",
            rule="stroke-or-tia",
        )
        for words in ("mini-stroke", "mini stroke", "TIA", "TIAs")
    ),
    *(
        case(
            f"{words} on imaging",
            diagnosis("icd10cm:I63.9", text=words),
            expect="needs-judgement",
            rule="silent-infarct",
        )
        for words in (
            "Silent infarct",
            "Silent infarction",
            "Silent cerebral infarction",
            "Silent brain infarct",
            "Silent stroke",
        )
    ),
    case(
        "the text says TIA without stroke",
        diagnosis("icd10cm:Z86.73", text="TIA without stroke"),
        expect="needs-judgement",
        rule="stroke-or-tia",
    ),
    case(
        "the text says possible stroke",
        diagnosis("icd10cm:Z86.73", text="Possible stroke in 2010"),
        expect="needs-judgement",
    ),
    case(
        "history of stroke or TIA, ICD-9 code",
        diagnosis("icd9:V12.54"),
        expect="needs-judgement",
        rule="stroke-or-tia",
    ),
    case(
        "history of stroke by one code and of either by another",
        diagnosis("icd10cm:Z86.73", "snomed:275526006"),
        expect="met",
    ),
    case(
        "an entry with a code of stroke and one of TIA",
        diagnosis("icd10cm:I63.9", "icd10cm:G45.9"),
        expect="needs-judgement",
        rule="stroke-or-tia",
    ),
    *(
        case(f"transient attack, {code}", diagnosis(code), expect="needs-judgement", rule="tia")
        for code in ("icd10cm:G45.9", "icd10:G45.9", "icd9:435.9", "snomed:266257000", "snomed:161511000")
    ),
    case(
        "silent infarct on imaging",
        diagnosis("icd10cm:I63.9", text="Silent cerebral infarct on MRI"),
        expect="needs-judgement",
        rule="silent-infarct",
    ),
    case(
        "a silent infarct and a stroke",
        diagnosis("icd10cm:I63.9", text="Silent cerebral infarct on MRI"),
        diagnosis("icd10cm:I61.9"),
        expect="met",
        rule="stroke",
    ),
    # doubt
    case("stroke as free text", diagnosis(text="CVA 2012"), expect="needs-judgement", rule="doubtful"),
    *(
        case(f"as free text: {words}", diagnosis(text=words), expect="needs-judgement", rule="doubtful")
        for words in (
            "Lacunar infarction",
            "Lacunar infarct",
            "Brain stem infarction",
            "Brain stem infarct",
            "Brainstem infarction",
            "Brainstem infarct",
            "Cerebellar infarction",
            "Cerebellar infarct",
            "Brain infarction",
            "Brain infarct",
            "Stroke without residual deficits",
            "Stroke 2019, none since",
            "Stroke",
            "Cerebrovascular accident",
            "Cerebro-vascular accident",
            "Cerebral infarct",
            "Cerebral infarction",
            "Cerebral hemorrhage",
            "Cerebral haemorrhage",
            "Intracerebral hemorrhage",
            "Intracerebral haemorrhage",
            "Subarachnoid hemorrhage",
            "Subarachnoid haemorrhage",
            "Intracranial hemorrhage",
            "Intracranial haemorrhage",
            "TIAs",
            "Transient ischemic attack",
            "Transient ischaemic attack",
            "Transient cerebral ischemia",
        )
    ),
    *(
        case(f"as free text: {words}", diagnosis(text=words), expect="not-met")
        for words in ("Heat stroke", "CVA tenderness", "Stroke risk", "10-year stroke risk 7.5%")
    ),
    case(
        "coded, suspected by its text",
        diagnosis("icd10cm:I63.9", text="Stroke (suspected)"),
        expect="needs-judgement",
        rule="doubtful",
    ),
    case(
        "a SNOMED code that is not listed, by its words",
        diagnosis("snomed:195190007", text="Cerebral infarction due to embolism of cerebral arteries"),
        expect="needs-judgement",
        rule="doubtful",
    ),
    case("TIA as free text", diagnosis(text="TIA"), expect="needs-judgement", rule="doubtful"),
    case("a father's stroke as free text", diagnosis(text="Father had a stroke"), expect="not-met"),
    # none
    case("carotid stenosis", diagnosis("icd10cm:I65.21"), expect="not-met", rule="none"),
    case("intracranial stenosis", diagnosis("icd10cm:I66.01"), expect="not-met"),
    case("cerebral atherosclerosis", diagnosis("icd10cm:I67.2"), expect="not-met"),
    case("stenosis without infarct, ICD-9 code", diagnosis("icd9:433.10"), expect="not-met"),
    case("bleeding after an injury", diagnosis("icd10cm:S06.5X0A"), expect="not-met"),
    case("family history of stroke", diagnosis("icd10cm:Z82.3"), expect="not-met"),
    # diagnoses in general
    *diagnosis_hygiene("stroke", "icd10cm:I63.9"),
]
