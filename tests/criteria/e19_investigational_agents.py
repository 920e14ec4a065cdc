"""E19: an investigational agent in the last 28 days. Silence proves nothing."""

from typing import Any

from tests.criteria.given import Given, case, diagnosis, medication, resource

CRITERION = "E19"
ON_INTERVENTION = {"expect": "met", "rule": "on-intervention"}
SIGNS = {"expect": "needs-judgement", "rule": "signs"}
ASK = {"expect": "needs-judgement", "rule": "ask"}
CALM = diagnosis("icd10cm:E10.9")


def subject(status: str, start: str | None = None, end: str | None = None, **more: Any) -> Given:
    period = {key: value for key, value in (("start", start), ("end", end)) if value}
    elements = {"period": period} if period else {}
    words = f"research subject, {status}, {start or '?'} to {end or 'now'}"
    return resource("ResearchSubject", words, status=status, study={"display": "Study A"}, **elements, **more)


CASES = [
    case("on the intervention, ended 2025-05-20", subject("on-study-intervention", "2025-01-01",
         "2025-05-20"),
         **ON_INTERVENTION, recheck="2025-06-18", says="Study A", confidence="high", basis="direct"),
    case("on the intervention, ended 28 days ago", subject("on-study-intervention", "2025-01-01",
         "2025-05-18"),
         **ON_INTERVENTION, recheck="2025-06-16"),
    case("on the intervention, ended 29 days ago", subject("on-study-intervention", "2025-01-01",
         "2025-05-17"),
         **ASK),
    case("on the intervention, going on", subject("on-study-intervention", "2025-01-01"), **ON_INTERVENTION),
    case("begins today", subject("on-study-intervention", "2025-06-15"), **ON_INTERVENTION),
    case("begins tomorrow", subject("on-study-intervention", "2025-06-16"), **ASK),
    case("begins in a month that is not over", subject("on-study-intervention", "2025-06"), **SIGNS),
    case("one study ended, another goes on", subject("on-study-intervention", "2025-01-01", "2025-05-20"),
         subject("on-study-intervention", "2025-02-01"), **ON_INTERVENTION),
    case("no dates at all", subject("on-study-intervention"), expect="met", rule="on-intervention-undated",
         confidence="moderate"),
    case("ended in a month that straddles the window", subject("on-study-intervention", "2024-01", "2025-05"),
         **SIGNS),
    case("on study, kind not stated (an observational registry)", subject("on-study", "2024-01-01"), **SIGNS),
    case("about to start", subject("pending-on-study", "2025-06-01"), **SIGNS),
    case("on study, ended 29 days ago", subject("on-study", "2024-01-01", "2025-05-17"), **ASK),
    case("withdrawn last week", subject("withdrawn", "2025-01-01", "2025-06-08"), **SIGNS),
    case("only a candidate", subject("candidate", "2025-06-01"), **ASK),
    case("ineligible for the other study", subject("ineligible", "2025-06-01"), **ASK),
    case("the status has a trailing blank", subject("on-study-intervention ", "2025-01-01"),
         **ON_INTERVENTION),
    case("a trial participant, recorded 28 days ago", diagnosis("snomed:428024001", recorded="2025-05-18"),
         **SIGNS),
    case("a trial participant, recorded 29 days ago", diagnosis("snomed:428024001", recorded="2025-05-17"),
         **ASK),
    case("a trial participant, without a date", diagnosis("snomed:428024001"), **SIGNS),
    case("a trial participant in the past, without a date", diagnosis("snomed:428024001",
         clinical="inactive"),
         **ASK),
    case("a trial participant from tomorrow on", diagnosis("snomed:428024001", onset="2025-06-16"), **ASK),
    case("a research visit 10 days ago",
         diagnosis("icd10cm:Z00.6", onset="2025-06-05", category="encounter-diagnosis"), **SIGNS,
         says="Z00.6"),
    case("a research visit entered in error",
         diagnosis("icd10cm:Z00.6", onset="2025-06-05", verification="entered-in-error"), **ASK),
    case("an order for an investigational drug", medication("investigational agent ABC-123"), **SIGNS),
    case("a study drug, stopped", medication("study drug XYZ", status="stopped"), **ASK),
    case("a study drug, taken until last week",
         resource("MedicationStatement", "statement: study drug until 2025-06-08", status="completed",
                  medicationCodeableConcept={"text": "study drug XYZ"},
                  effectivePeriod={"start": "2025-01-01", "end": "2025-06-08"}), **SIGNS),
    case("a study drug, taken until 29 days ago",
         resource("MedicationStatement", "statement: study drug until 2025-05-17", status="completed",
                  medicationCodeableConcept={"text": "study drug XYZ"},
                  effectivePeriod={"start": "2025-01-01", "end": "2025-05-17"}), **ASK),
    case("an ordinary drug", medication("insulin glargine"), **ASK),
    case("nothing is recorded", CALM, **ASK, confidence="low", basis="human-only", says="ask the person"),
    case("the server does not offer ResearchSubject (404)", CALM,
         searches={"research-subjects": "unsupported"},
         **ASK),
    case("ResearchSubject is forbidden", CALM, searches={"research-subjects": "forbidden"}, **ASK,
         says="Not looked at: the research-subjects search was forbidden."),
    case("the diagnoses are truncated", CALM, searches={"problems": "truncated"}, **ASK,
         says="Not looked at"),
]  # fmt: skip
