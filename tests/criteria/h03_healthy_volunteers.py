"""H3: no healthy volunteers."""

from tests.criteria.given import case, diagnosis

CRITERION = "H3"

CASES = [
    case("type 1 diabetes on the problem list", diagnosis("icd10cm:E10.9"), expect="met", rule="diabetes"),
    case("type 1 diabetes as an encounter diagnosis",
         diagnosis("snomed:46635009", category="encounter-diagnosis"), expect="met"),
    case("no diabetes", diagnosis("icd10cm:I10"), expect="not-met", rule="moot", confidence="low",
         basis="absence-of-record", says="moot"),
    case("a chart without any diagnosis, as I4", expect="not-met", rule="moot"),
    case("type 2 diabetes only", diagnosis("icd10cm:E11.9"), expect="not-met"),
    case("only the presymptomatic stage", diagnosis("icd10cm:E10.A2"), expect="not-met"),
    case("type 1 diabetes entered in error changes nothing",
         diagnosis("icd10cm:E10.9", verification="entered-in-error"), expect="not-met"),
    case("type 1 diabetes refuted", diagnosis("icd10cm:E10.65", verification="refuted"), expect="not-met"),
    case("type 1 diabetes provisional", diagnosis("icd10cm:E10.9", verification="provisional"),
         expect="needs-judgement", rule="doubtful"),
    case("type 1 diabetes as text only", diagnosis(text="Type 1 diabetes mellitus"),
         expect="needs-judgement"),
    case("LADA", diagnosis("snomed:426875007"), expect="needs-judgement"),
    case("the problem list is forbidden", searches={"problems": "forbidden"}, expect="unknown",
         rule="diagnoses-incomplete", says="the problems search was forbidden"),
    case("the encounter diagnoses were cut off", searches={"diagnoses": "truncated"}, expect="unknown"),
    case("the encounter diagnoses were not asked for", searches={"diagnoses": "not-asked"}, expect="not-met"),
    case("type 1 diabetes in what arrived decides although pages are missing", diagnosis("icd10cm:E10.9"),
         searches={"problems": "truncated"}, expect="met"),
]  # fmt: skip
