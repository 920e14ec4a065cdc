"""The verdict: gates first, then what blocks, then what is met and what is still unknown.

A block that is near its laboratory threshold, or rests on free text alone, is softened: it counts as open,
and the verdict is "possibly eligible" at best (clinical reference, sections 5 and 14).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, tzinfo

from rules.assessment import CriterionResult, Effect, Kind, Status, Verdict
from rules.criterion import Finding, TrialSettings
from rules.datatypes import Coding
from rules.decision import Rule, field
from rules.opt_out import opt_out
from rules.record import PatientRecord
from rules.value_sets import ValueSet
from rules.words import count

TEST_PATIENT = "HTEST"
HUMAN = frozenset({"I2", "I3", "E27", "E31"})
MAY_BE_JUDGED = ("I1", "I4")
MUST_BE_MET = ("I5", "I6", "I7", "I8")
EITHER = ("I7", "I8")

GATE_RULES = frozenset(
    {"I1.too-young", "I1.too-old", "I1.too-old-for-the-header", "I4.no-type-1", "I4.conditions-incomplete"}
)

RULES: tuple[Rule[Verdict], ...] = (
    Rule("opted-out", (field.opted_out.holds,), Verdict.NOT_APPLICABLE, "The person has opted out of research."),
    Rule("test-patient", (field.test_patient.holds,), Verdict.NOT_APPLICABLE, "This is a test patient."),
    Rule("deceased", (field.deceased.holds,), Verdict.NOT_APPLICABLE, "The person has died."),
    Rule("age-outside", (field.age_outside.holds,), Verdict.NOT_APPLICABLE, "{age}"),
    Rule("no-type-1", (field.no_type_1.holds,), Verdict.NOT_APPLICABLE, "{diabetes}"),
    Rule("blocked", (field.blocking >= 1,), Verdict.NOT_ELIGIBLE, "{blocking}."),
    Rule("all-met", (field.required_met.holds, field.softened <= 0, field.unknown <= 0),
         Verdict.POTENTIALLY_ELIGIBLE, "Nothing blocks, and no computable criterion is unknown."),
    Rule("some-open", (field.type_1_possible.holds, field.secretion_or_control.holds), Verdict.POSSIBLY_ELIGIBLE,
         "Nothing blocks; {unknown} unknown{borderline}."),
    Rule("too-little", (), Verdict.INSUFFICIENT_DATA,
         "Nothing blocks, but too little is known: type 1 diabetes, and C-peptide or HbA1c, must be met."),
)  # fmt: skip


def tally(
    record: PatientRecord,
    results: Sequence[CriterionResult],
    value_sets: Mapping[str, ValueSet],
    on: date,
    zone: tzinfo,
    settings: TrialSettings,
) -> Finding:
    """Return the sum of all results as one fact; headers inform and do not count."""
    by_id = {result.id: result for result in results}
    deciding = [result for result in results if result.kind is not Kind.HEADER]
    blocking = [r for r in deciding if r.effect is Effect.BLOCKS and not r.softened]
    softened = [r for r in deciding if r.softened]
    unknown = [r for r in deciding if r.status is Status.UNKNOWN and r.id not in HUMAN]
    status = {name: result.status for name, result in by_id.items()}
    judged = (Status.MET, Status.NEEDS_JUDGEMENT)
    will = opt_out(record, value_sets["research_opt_out"], on, zone)
    required = all(status[name] in judged for name in MAY_BE_JUDGED)
    return Finding(
        fact={
            "opted_out": will.refused,
            "test_patient": is_test_patient(record) and not settings.assess_test_patients,
            "deceased": is_deceased(record),
            "age_outside": status["I1"] is Status.NOT_MET,
            "no_type_1": status["I4"] is Status.NOT_MET,
            "blocking": len(blocking),
            "softened": len(softened),
            "unknown": len(unknown),
            "required_met": required and all(status[name] is Status.MET for name in MUST_BE_MET),
            "type_1_possible": status["I4"] in judged,
            "secretion_or_control": any(status[name] is Status.MET for name in EITHER),
        },
        words={
            "age": by_id["I1"].summary,
            "diabetes": by_id["I4"].summary,
            "blocking": count(len(blocking), "criterion blocks", "criteria block"),
            "unknown": count(len(unknown), "criterion is", "criteria are"),
            "borderline": f", {len(softened)} borderline" if softened else "",
        },
        notes=[
            *(f"{r.id} {r.label}: {r.summary}" for r in (*blocking, *softened) if r.id not in MAY_BE_JUDGED),
            *will.notes,
        ],
    )


def is_deceased(record: PatientRecord) -> bool:
    return bool(record.patient.deceased_boolean or record.patient.deceased_date_time)


def is_test_patient(record: PatientRecord) -> bool:
    meta = record.patient.meta
    marks: list[Coding] = [*(meta.tag or ()), *(meta.security or ())] if meta else []
    return any((mark.code or "").strip().upper() == TEST_PATIENT for mark in marks)
