"""I2: able to consent. Always for a person to judge."""

from tests.criteria.given import case, diagnosis, patient, resource

CRITERION = "I2"

GUARDIAN = {"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "GUARD"}

CASES = [
    case("nothing on file", expect="needs-judgement", rule="ask", basis="human-only", confidence="low"),
    case("dementia, active", diagnosis("icd10cm:F03.90"), expect="needs-judgement", rule="hints",
         says="1 entry on file may bear on it: see chart"),
    case("dementia in SNOMED", diagnosis("snomed:52448006"), expect="needs-judgement", rule="hints"),
    case("intellectual disability, as the WHO codes it", diagnosis("icd10:F71"), expect="needs-judgement",
         rule="hints"),
    case("dementia entered in error is no hint",
         diagnosis("icd10cm:F03.90", verification="entered-in-error"), expect="needs-judgement", rule="ask"),
    case("dementia refuted is no hint", diagnosis("icd10cm:F03.90", verification="refuted"),
         expect="needs-judgement", rule="ask"),
    case("a resolved entry is no hint", diagnosis("icd10cm:F03.90", clinical="resolved"),
         expect="needs-judgement", rule="ask"),
    case("a guardian among the contacts", patient(contact=[{"relationship": [{"coding": [GUARDIAN]}]}]),
         expect="needs-judgement", rule="hints"),
    case("a guardian in words", patient(contact=[{"relationship": [{"text": "Legal guardian"}]}]),
         expect="needs-judgement", rule="hints"),
    case("an emergency contact is no guardian",
         patient(contact=[{"relationship": [{"text": "Emergency contact"}]}]),
         expect="needs-judgement", rule="ask"),
    case("another language is information, no barrier",
         patient(communication=[{"language": {"text": "Vietnamese"}, "preferred": True}]),
         expect="needs-judgement", rule="ask", says="Language on file: Vietnamese."),
    case("the preferred one of two languages",
         patient(communication=[{"language": {"text": "English"}},
                                {"language": {"text": "Spanish"}, "preferred": True}]),
         expect="needs-judgement", rule="ask", says="Language on file: Spanish."),
    case("a consent to treatment is no evidence of ability",
         resource("Consent", "consent to treatment, active", status="active",
                  scope={"coding": [{"code": "treatment"}]}),
         expect="needs-judgement", rule="ask"),
    case("the problem list is forbidden", searches={"problems": "forbidden"}, expect="needs-judgement",
         rule="ask", says="Not looked at: the problems search was forbidden."),
]  # fmt: skip
