"""Assessments and a trial to make cards and pages from, without evaluating a record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from rules.assessment import (
    Assessment,
    Basis,
    Confidence,
    CriterionResult,
    Effect,
    Evidence,
    Kind,
    Status,
    Verdict,
    effect_of,
)  # fmt: skip
from rules.codes import LOINC
from rules.criterion import Declaration, Limit, Window
from rules.decision import Rule, field
from rules.quantities import Units
from rules.trial import NOT_ASSESSED, Evaluable, Registry, Trial
from rules.value_sets import Row, ValueSet

TODAY = date(2025, 6, 15)
KINDS = {"H": Kind.HEADER, "I": Kind.INCLUSION, "E": Kind.EXCLUSION}

REGISTRY = Registry(
    status="Unknown", last_known_status="Active, not recruiting", verified="2012-11",
    last_update="2012-11-20", actual_enrolment=44, url="https://clinicaltrials.gov/study/NCT01374854",
)  # fmt: skip

HBA1C = Evidence("Observation/a1c", "Hemoglobin A1c", "68 mmol/mol", "8.37 %", "2025-05-20")


def result(criterion: str, status: Status = Status.UNKNOWN, **more: Any) -> CriterionResult:
    """Return a result; kind and effect follow from the id's letter and the status."""
    kind = KINDS[criterion[0]]
    fields: dict[str, Any] = {
        "id": criterion, "kind": kind, "label": f"Label of {criterion}", "text": f"Text of {criterion}.",
        "status": status, "effect": effect_of(kind, status), "confidence": Confidence.HIGH,
        "basis": Basis.DIRECT, "summary": f"Finding of {criterion}.", "rule": f"{criterion}.some-rule",
    }  # fmt: skip
    fields["missing"] = (f"settling {criterion}",) if fields["effect"] is Effect.OPEN else ()
    return CriterionResult(**{**fields, **more})


def assessment(*results: CriterionResult, verdict: Verdict = Verdict.POSSIBLY_ELIGIBLE, **more: Any) -> Assessment:
    fields: dict[str, Any] = {
        "trial": "NCT01374854", "rules_version": "0.1.0", "evaluated_on": TODAY, "patient": "secret-id-77",
        "verdict": verdict, "reasons": ("A reason.",), "criteria": results,
    }  # fmt: skip
    return Assessment(**{**fields, **more})


RULES = (
    Rule("high", (field.value_low >= field.minimum,), Status.MET, "It is {value}."),
    Rule("otherwise", (), Status.UNKNOWN, "Not known."),
)
VERDICT_RULES = (Rule("possibly-eligible", (field.blocks < 1,), Verdict.POSSIBLY_ELIGIBLE, "Nothing blocks."),)


def declaration(given: CriterionResult, assessed: bool = True, human: bool = False) -> Declaration:
    hba1c = ValueSet("hba1c", "HbA1c results", [Row(LOINC, "4548-4", "HbA1c <b>", "exact", (), "yes", "list", "")])
    return Declaration(
        id=given.id, kind=given.kind, label=given.label, text=given.text,
        computability="human-only" if human else "computable", interpretation=f"Reading of {given.id}.",
        reason=f"Reason of {given.id} [S1].", consequence="transient", data=("labs",),
        limits={"minimum": Limit(Fraction(15, 2), "%", "record")},
        windows={"decide": Window(90, None, "yearly")}, value_sets={"hba1c": hba1c},
        settled_by=f"settling {given.id}", sources=("S1",), sensitive=given.sensitive,
        text_defect=given.text_defect, module="some_module" if assessed else None,
    )  # fmt: skip


def trial_for(
    given: Assessment, *, not_assessed: tuple[str, ...] = (), human: tuple[str, ...] = (), **more: Any
) -> Trial:
    """Return a trial that declares the criteria of ``given``."""
    declarations = tuple(declaration(r, r.id not in not_assessed, r.id in human) for r in given.criteria)
    evaluables: Mapping[str, Evaluable] = {
        d.id: Evaluable(lambda chart: NOT_ASSESSED.find(chart), RULES) if d.module else NOT_ASSESSED
        for d in declarations
    }
    fields: dict[str, Any] = {
        "id": "NCT01374854", "service_id": "t1dm-trial-screening", "title": "The title",
        "short_title": "Stem cell study in type 1 diabetes (NCT01374854)",
        "intervention": "One investigational infusion.", "rules_version": "0.1.0", "registry": REGISTRY,
        "sources": {"S1": "The record."}, "gates": frozenset({"I1", "I4"}), "declarations": declarations,
        "evaluables": evaluables, "tally": lambda *seen: NOT_ASSESSED.find(seen[0]),
        "verdict_rules": VERDICT_RULES, "gate_rules": frozenset(),
        "value_sets": declarations[0].value_sets if declarations else {}, "analytes": {}, "units": Units({}),
    }  # fmt: skip
    return Trial(**{**fields, **more})


def usual() -> tuple[Assessment, Trial]:
    """Return what a typical chart gives: some of everything."""
    given = assessment(
        result("H1", Status.MET, text_defect="The registry field says something else."),
        result("I1", Status.MET, label="Age 18 to 65", text_defect="The text allows 18 to 65 years."),
        result("I2", Status.NEEDS_JUDGEMENT, label="Able to give written consent", sensitive=True,
               summary="Dementia on the problem list.", basis=Basis.HUMAN,
               evidence=(Evidence("Condition/dementia", "Dementia", "current"),)),
        result("I4", Status.MET, label="Type 1 diabetes"),
        result("I7", Status.UNKNOWN, label="Basal C-peptide", summary="No C-peptide in the record."),
        result("I8", Status.MET, label="HbA1c", summary="HbA1c 68 mmol/mol on 2025-05-20, at or above 7.5 %.",
               evidence=(HBA1C,), text_defect="The record gives no unit; read as % NGSP."),
        result("E1", Status.NOT_MET, label="BMI", summary="BMI 23.1 kg/m2 on 2025-05-20.",
               evidence=(Evidence("Observation/bmi", "BMI", "23.1 kg/m2", None, "2025-05-20"),)),
        result("E3", Status.MET, label="hs-CRP", summary="hs-CRP 3.01 mg/L on 2025-06-01.",
               near_threshold=True, softened=True, recheck_on=date(2025, 7, 1),
               text_defect="The record says 3.00 ng/ml; read as 3.00 mg/L."),
        result("E4", Status.UNKNOWN, label="Blood pressure"),
        result("E5", Status.NEEDS_JUDGEMENT, label="Renal dysfunction", summary="CKD of unstated stage."),
        result("E9", Status.UNKNOWN, label="Active infection, hepatitis C, HIV, TB", sensitive=True),
        result("E14", Status.NOT_MET, label="Pancreatitis", basis=Basis.ABSENCE, confidence=Confidence.LOW),
        result("E29", Status.NOT_MET, label="History of anorexia or bulimia", sensitive=True,
               basis=Basis.ABSENCE),
        result("E31", Status.NEEDS_JUDGEMENT, label="Any other condition of concern", basis=Basis.HUMAN),
        result("E22", Status.UNKNOWN, label="Malignancy"),
        data_gaps=("vitals: the server refused access (403)",),
    )  # fmt: skip
    return given, trial_for(given, not_assessed=("E22",), human=("I2", "E31"))
