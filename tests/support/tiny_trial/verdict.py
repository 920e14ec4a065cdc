"""The verdict of the tiny trial: any block blocks, all support is enough."""

from collections.abc import Mapping, Sequence
from datetime import date, tzinfo

from rules.assessment import CriterionResult, Effect, Verdict
from rules.criterion import Finding, TrialSettings
from rules.decision import Rule, field
from rules.record import PatientRecord
from rules.value_sets import ValueSet

GATE_RULES = frozenset({"I1.not-low"})

RULES = (
    Rule("blocked", (field.blocks >= 1,), Verdict.NOT_ELIGIBLE, "{blocks} criteria block."),
    Rule("clear", (field.open <= 0,), Verdict.POTENTIALLY_ELIGIBLE, "Nothing blocks."),
    Rule("open", (), Verdict.POSSIBLY_ELIGIBLE, "Something is unknown."),
)


def tally(
    record: PatientRecord,
    results: Sequence[CriterionResult],
    value_sets: Mapping[str, ValueSet],
    on: date,
    zone: tzinfo,
    settings: TrialSettings,
) -> Finding:
    """Return how many criteria block and how many are open."""
    count = {effect: sum(r.effect is effect for r in results) for effect in Effect}
    blocks = count[Effect.BLOCKS]
    return Finding(fact={"blocks": blocks, "open": count[Effect.OPEN]}, words={"blocks": str(blocks)})
