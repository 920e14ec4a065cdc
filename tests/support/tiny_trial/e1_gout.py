"""E1: gout."""

from rules.assessment import Status
from rules.criterion import Chart, Finding
from rules.decision import Rule, field
from rules.diagnoses import absence, diagnoses, evidence_of

RULES = (
    Rule("gout", (field.found.holds,), Status.MET, "Gout is recorded."),
    Rule("no-gout", (field.complete.holds,), Status.NOT_MET, "No gout is recorded."),
    Rule("unknown", (), Status.UNKNOWN, "Gout: {why}."),
)


def find(chart: Chart) -> Finding:
    """Return the recorded gout, or whether its absence counts."""
    found = diagnoses(chart, chart.value_set("gout"))
    read = absence(chart, chart.value_set("gout"))
    return Finding(
        fact={"found": bool(found), "complete": read.counts},
        words={"why": read.why},
        evidence=evidence_of(found),
    )
