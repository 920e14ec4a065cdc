"""E29: anorexia nervosa or bulimia nervosa at any time of life, in remission too.

Other and unspecified eating disorders need judgement. Loss of appetite, which some code systems also call
anorexia, is no finding; an entry that is coded as both contradicts itself.
"""

from __future__ import annotations

from rules.assessment import Basis, Confidence, Status
from rules.criterion import Chart, Finding
from rules.decision import Rule, field
from rules.diagnoses import Diagnosis, absence, diagnoses
from rules.diagnosis_groups import grouped_finding

RULES = (
    Rule("anorexia-or-bulimia", (field.named_disorder >= 1,), Status.MET,
         "Anorexia nervosa or bulimia is recorded: {named_disorder}."),
    Rule("other-eating-disorder", (field.other >= 1,), Status.NEEDS_JUDGEMENT,
         "Another or unspecified eating disorder is recorded: {other}."),
    Rule("doubtful", (field.doubtful >= 1,), Status.NEEDS_JUDGEMENT,
         "An eating disorder, not confirmed, only as free text, or coded as loss of appetite too: {doubtful}.",
         Confidence.LOW),
    Rule("not-all-seen", (field.absent.fails,), Status.UNKNOWN,
         "No eating disorder among the diagnoses that could be read: {why}.", Confidence.LOW),
    Rule("none", (), Status.NOT_MET, "No eating disorder is recorded.", Confidence.LOW, Basis.ABSENCE),
)  # fmt: skip


def find(chart: Chart) -> Finding:
    """Return eating disorders, whatever their course."""
    sets = [chart.value_set(name) for name in ("anorexia_bulimia", "other_eating_disorders")]
    everything = diagnoses(chart, *sets)
    appetite = chart.value_set("traps_e29")
    certain = [d for d in everything if d.certain and not appetite.find(d.condition.code)]
    asked_for = [d for d in certain if sets[0].find(d.condition.code)]
    groups: dict[str, list[Diagnosis]] = {
        "named_disorder": asked_for,
        "other": [d for d in certain if d not in asked_for],
        "doubtful": [d for d in everything if d not in certain],
    }
    return grouped_finding(groups, absence(chart, *sets))
