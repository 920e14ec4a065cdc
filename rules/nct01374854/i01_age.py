"""I1: age 18 to 65 in completed years on the day of evaluation.

The record contradicts itself: its text says 18 to 65, its registry field 18 to 40. From 41 to 65 a person
has to ask the study team, unless the site has settled the question (age policy ``header`` or ``text``).
A birth date known to the year gives a range of ages.
"""

from __future__ import annotations

from msgspec.structs import replace

from rules.ages import age_finding
from rules.assessment import Status
from rules.criterion import Chart, Finding
from rules.decision import Rule, field

HEADER, TEXT = field.policy.equals("header"), field.policy.equals("text")

RULES = (
    Rule("no-birth-date", (field.known.fails,), Status.UNKNOWN, "Age: {why}."),
    Rule("too-young", (field.age_high < field.minimum,), Status.NOT_MET,
         "Age {age}, below {minimum}; {minimum} on {birthday} at the earliest."),
    Rule("too-old", (field.age_low > field.maximum,), Status.NOT_MET, "Age {age}, above {maximum}."),
    Rule("too-old-for-the-header", (HEADER, field.age_low > field.header_maximum), Status.NOT_MET,
         "Age {age}, above {header_maximum}, which this site takes from the registry field."),
    Rule("about-the-minimum", (field.age_low < field.minimum,), Status.UNKNOWN,
         "Age {age}: the birth date does not tell whether {minimum} is reached."),
    Rule("about-the-maximum", (field.age_high > field.maximum,), Status.UNKNOWN,
         "Age {age}: the birth date does not tell whether {maximum} is exceeded."),
    Rule("within-both", (field.age_high <= field.header_maximum,), Status.MET,
         "Age {age}, within {minimum} to {header_maximum}."),
    Rule("within-the-text", (TEXT,), Status.MET,
         "Age {age}, within {minimum} to {maximum}, which this site takes from the text."),
    Rule("about-the-header", (HEADER,), Status.UNKNOWN,
         "Age {age}: the birth date does not tell whether {header_maximum} is exceeded."),
    Rule("between-header-and-text", (), Status.NEEDS_JUDGEMENT,
         "Age {age}: the registry field says up to {header_maximum}, the text up to {maximum}; "
         "ask the study team."),
)  # fmt: skip


def find(chart: Chart) -> Finding:
    """Return the age and the site's reading of the contradiction, which a full date of birth does not settle."""
    finding = age_finding(chart, "minimum", "maximum", "header_maximum", policy=chart.settings.age_policy)
    exact = finding.fact["known"] and finding.fact["age_low"] == finding.fact["age_high"]
    return replace(finding, missing=("the study team's answer on the age limit",)) if exact else finding
