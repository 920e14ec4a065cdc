"""Assesses one record against one trial: findings, decisions, verdict. The same input, the same answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from typing import Any, Protocol

from rules.assessment import (
    Assessment,
    Confidence,
    CriterionResult,
    Effect,
    Status,
    Verdict,
    effect_of,
)  # fmt: skip
from rules.criterion import Chart, Declaration, Finding, TrialSettings
from rules.decision import Fact, Rule
from rules.engine import DurableEvaluator
from rules.record import PatientRecord
from rules.reference import ReferenceEvaluator
from rules.searches import SearchState
from rules.trial import Trial
from rules.words import count


class Evaluator(Protocol):
    """Decides facts by declared rules: durable_rules, or the reference."""

    def deciding(self, facts: Mapping[str, Fact]) -> dict[str, str]:
        """Return for each table the name of the first rule that holds: it decides."""
        ...


@dataclass(frozen=True, slots=True)
class Executor:
    """The two rulesets of a trial: one for the criteria, a small one for the verdict."""

    criteria: Evaluator
    verdict: Evaluator


def durable_executor(trial: Trial) -> Executor:
    """Return the executor of the service. Make it in the process that uses it, after a fork."""
    return Executor(DurableEvaluator(trial.tables), DurableEvaluator({"verdict": trial.verdict_rules}))


def reference_executor(trial: Trial) -> Executor:
    """Return the executor of cohort runs and differential tests."""
    return Executor(ReferenceEvaluator(trial.tables), ReferenceEvaluator({"verdict": trial.verdict_rules}))


def assess(
    record: PatientRecord,
    trial: Trial,
    executor: Executor,
    on: date,
    zone: tzinfo,
    settings: TrialSettings | None = None,
) -> Assessment:
    """Return the assessment of ``record`` on the day ``on`` in the site's ``zone``.

    Raises `rules.engine.EvaluationError` when the engine does not give a complete answer.
    """
    settings = settings or TrialSettings()
    results = decide(record, trial, executor, trial.declarations, on, zone, settings)
    verdict, reasons = _verdict(record, trial, executor, results, on, zone, settings)
    return Assessment(
        trial.id, trial.rules_version, on, record.patient.id, verdict, reasons, results, data_gaps(record)
    )


def passes_gates(
    record: PatientRecord,
    trial: Trial,
    executor: Executor,
    on: date,
    zone: tzinfo,
    settings: TrialSettings | None = None,
) -> bool:
    """Return False when no further data could make the trial applicable, so that none need be fetched.

    Only the gate criteria are evaluated. What the missing data could change is unknown, and passes.
    """
    gates = [declaration for declaration in trial.declarations if declaration.id in trial.gates]
    results = decide(record, trial, executor, gates, on, zone, settings or TrialSettings())
    return not any(result.rule in trial.gate_rules for result in results)


def decide(
    record: PatientRecord,
    trial: Trial,
    executor: Executor,
    declarations: Sequence[Declaration],
    on: date,
    zone: tzinfo,
    settings: TrialSettings,
) -> tuple[CriterionResult, ...]:
    """Return the results of ``declarations`` alone."""
    memory: dict[Any, Any] = {}
    findings = {
        this.id: trial.evaluables[this.id].find(
            Chart(record, on, zone, this, settings, trial.analytes, trial.units, memory)
        )
        for this in declarations
    }
    # What it holds leads back to the charts: left so, all of it would stay until the collector comes by, which is late.
    memory.clear()
    deciding = executor.criteria.deciding({name: finding.fact for name, finding in findings.items()})
    return tuple(
        _result(this, findings[this.id], _named(deciding[this.id], trial.evaluables[this.id].rules))
        for this in declarations
    )


def _named(name: str, table: Sequence[Rule[Any]]) -> Rule[Any]:
    return next(rule for rule in table if rule.name == name)


def _result(declaration: Declaration, finding: Finding, rule: Rule[Any]) -> CriterionResult:
    effect = effect_of(declaration.kind, rule.status)
    confidence = rule.confidence.at_most(finding.confidence)
    blocks = effect is Effect.BLOCKS
    near_miss = finding.near_threshold and declaration.laboratory
    return CriterionResult(
        id=declaration.id,
        kind=declaration.kind,
        label=declaration.label,
        text=declaration.text,
        status=rule.status,
        effect=effect,
        confidence=confidence,
        basis=finding.basis or rule.basis,
        summary=" ".join([rule.says.format_map(finding.words), *finding.notes]),
        rule=f"{declaration.id}.{rule.name}",
        near_threshold=finding.near_threshold,
        recheck_on=finding.recheck_on if blocks else None,
        evidence=tuple(finding.evidence),
        missing=(tuple(finding.missing) or (declaration.settled_by,)) if effect is Effect.OPEN else (),
        interpretation=declaration.interpretation,
        text_defect=declaration.text_defect,
        sensitive=declaration.sensitive,
        softened=blocks and (near_miss or confidence is Confidence.LOW),
        cause=str(finding.fact.get("cause") or rule.name) if rule.status is Status.UNKNOWN else "",
    )


def _verdict(
    record: PatientRecord,
    trial: Trial,
    executor: Executor,
    results: tuple[CriterionResult, ...],
    on: date,
    zone: tzinfo,
    settings: TrialSettings,
) -> tuple[Verdict, tuple[str, ...]]:
    tally = trial.tally(record, results, trial.value_sets, on, zone, settings)
    rule = _named(executor.verdict.deciding({"verdict": tally.fact})["verdict"], trial.verdict_rules)
    reasons = (rule.says.format_map(tally.words), *tally.notes)
    return rule.status, tuple(reason for reason in reasons if reason)


def data_gaps(record: PatientRecord) -> tuple[str, ...]:
    """Return, in words, which searches did not bring everything, and what was left out."""
    quiet = (SearchState.COMPLETE, SearchState.UNSUPPORTED)
    gaps = [
        f"{name}: {s.reason or s.state.value}{_unasked(name)}"
        for name, s in record.searches.items()
        if s.state not in quiet
    ]
    gaps += [f"{u.reference} could not be read" for u in record.unreadable]
    if record.dropped:
        gaps.append(f"{count(record.dropped, 'resource')} of another subject left out")
    return tuple(gaps)


def _unasked(search: str) -> str:
    """Say what matters most of the searches that hold a person's will."""
    return "; an opt-out from research cannot be ruled out" if search in ("consents", "flags") else ""
