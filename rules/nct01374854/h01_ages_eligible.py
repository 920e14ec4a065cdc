"""H1: the registry's structured field, ages 18 to 40. It informs; I1 decides.

From 41 to 65 the field and the text of I1 contradict each other: a person asks the study team.
"""

from __future__ import annotations

from rules.ages import age_finding
from rules.assessment import Status
from rules.criterion import Chart, Finding
from rules.decision import Rule, field

RULES = (
    Rule("no-birth-date", (field.known.fails,), Status.UNKNOWN, "Age: {why}."),
    Rule("too-young", (field.age_high < field.minimum,), Status.NOT_MET,
         "Age {age}, below {minimum}; {minimum} on {birthday} at the earliest."),
    Rule("too-old", (field.age_low > field.text_maximum,), Status.NOT_MET,
         "Age {age}, above {maximum} and above the {text_maximum} of the text."),
    Rule("about-the-minimum", (field.age_low < field.minimum,), Status.UNKNOWN,
         "Age {age}: the birth date does not tell whether {minimum} is reached."),
    Rule("about-the-text-maximum", (field.age_high > field.text_maximum,), Status.UNKNOWN,
         "Age {age}: the birth date does not tell whether {text_maximum} is exceeded."),
    Rule("within", (field.age_high <= field.maximum,), Status.MET,
         "Age {age}, within {minimum} to {maximum}."),
    Rule("conflict", (), Status.NEEDS_JUDGEMENT,
         "Age {age}: the registry field says up to {maximum}, the text up to {text_maximum}; "
         "ask the study team."),
)  # fmt: skip


def find(chart: Chart) -> Finding:
    """Return the age beside the registry's limits."""
    return age_finding(chart, "minimum", "maximum", "text_maximum")
