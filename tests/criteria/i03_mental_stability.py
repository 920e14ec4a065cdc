"""I3: mentally stable and able to comply. Always for a person to judge."""

from tests.criteria.given import case, diagnosis, encounter

CRITERION = "I3"

PSYCHIATRY = [{"text": "Inpatient psychiatric care"}]

CASES = [
    case("nothing on file", expect="needs-judgement", rule="ask", basis="human-only", confidence="low"),
    case("schizophrenia, active", diagnosis("icd10cm:F20.9"), expect="needs-judgement", rule="hints",
         says="1 entry on file may bear on it: see chart"),
    case("bipolar disorder in SNOMED", diagnosis("snomed:13746004"), expect="needs-judgement", rule="hints"),
    case("depression in remission", diagnosis("snomed:370143000", clinical="remission"),
         expect="needs-judgement", rule="ask"),
    case("schizophrenia entered in error", diagnosis("icd10cm:F20.9", verification="entered-in-error"),
         expect="needs-judgement", rule="ask"),
    case("suicidal ideation 3 years ago", diagnosis("icd10cm:R45.851", onset="2022-06-01"),
         expect="needs-judgement", rule="ask"),
    case("suicidal ideation 12 months ago to the day", diagnosis("icd10cm:R45.851", onset="2024-06-15"),
         expect="needs-judgement", rule="hints"),
    case("suicidal ideation 12 months and a day ago", diagnosis("icd10cm:R45.851", onset="2024-06-14"),
         expect="needs-judgement", rule="ask"),
    case("suicidal ideation last year, no closer date", diagnosis("icd10cm:R45.851", onset="2024"),
         expect="needs-judgement", rule="hints"),
    case("suicidal ideation two months ago, resolved since",
         diagnosis("icd10cm:R45.851", onset="2025-04-01", clinical="resolved"),
         expect="needs-judgement", rule="hints"),
    case("suicidal ideation without a date, current", diagnosis("icd10cm:R45.851"), expect="needs-judgement",
         rule="hints"),
    case("suicidal ideation without a date, resolved", diagnosis("icd10cm:R45.851", clinical="resolved"),
         expect="needs-judgement", rule="ask"),
    case("a psychiatric stay this year", encounter("IMP", "2025-02-01", "2025-02-20", type=PSYCHIATRY),
         expect="needs-judgement", rule="hints"),
    case("a psychiatric stay three years ago", encounter("IMP", "2022-02-01", "2022-02-20", type=PSYCHIATRY),
         expect="needs-judgement", rule="ask"),
    case("a visit to a psychiatrist is no stay",
         encounter("AMB", "2025-02-01", "2025-02-01", type=[{"text": "Psychiatry visit"}]),
         expect="needs-judgement", rule="ask"),
    case("a surgical stay", encounter("IMP", "2025-02-01", "2025-02-20", type=[{"text": "Surgery"}]),
         expect="needs-judgement", rule="ask"),
    case("a psychiatric stay that was cancelled",
         encounter("IMP", "2025-02-01", "2025-02-20", status="cancelled", type=PSYCHIATRY),
         expect="needs-judgement", rule="ask"),
    case("behavioural data withheld by the server", searches={"problems": "forbidden"},
         expect="needs-judgement", rule="ask", says="Not looked at: the problems search was forbidden."),
    case("the encounters are forbidden", searches={"encounters": "forbidden"}, expect="needs-judgement",
         says="Not looked at: the encounters search was forbidden."),
]  # fmt: skip
