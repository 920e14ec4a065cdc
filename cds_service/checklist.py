"""An assessment as plain text for a terminal: a checklist that a person can go through."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from rules.assessment import Assessment, CriterionResult, Effect, Kind, Status

_WIDTH = 100
_MARKS = {Effect.SUPPORTS: "[x]", Effect.BLOCKS: "[!]", Effect.OPEN: "[ ]"}
_TITLES = {Kind.HEADER: "For information", Kind.INCLUSION: "Inclusion", Kind.EXCLUSION: "Exclusion"}
_STATUS = {
    Status.MET: "met",
    Status.NOT_MET: "not met",
    Status.UNKNOWN: "unknown",
    Status.NEEDS_JUDGEMENT: "needs judgement",
}


def checklist(name: str, assessment: Assessment) -> str:
    """Return the text, with a blank line at its end."""
    return "\n".join([*_head(name, assessment), *_body(assessment), ""])


def _head(name: str, assessment: Assessment) -> Iterator[str]:
    yield f"{name}: {assessment.verdict.value}"
    yield f"Trial {assessment.trial}, rules {assessment.rules_version}, on {assessment.evaluated_on}"
    yield from (line for reason in assessment.reasons for line in _wrapped(reason, "  "))
    yield "[x] speaks for taking part   [!] speaks against   [ ] open"


def _body(assessment: Assessment) -> Iterator[str]:
    for kind, title in _TITLES.items():
        yield ""
        yield title
        for result in assessment.criteria:
            if result.kind is kind:
                yield from _item(result)


def _item(result: CriterionResult) -> Iterator[str]:
    near = ", near its threshold" if result.near_threshold else ""
    confidence = "" if result.effect is Effect.OPEN else f", {result.confidence.value} confidence"
    yield f"{_MARKS[result.effect]} {result.id} {result.label}: {_STATUS[result.status]}{confidence}{near}"
    yield from _wrapped(result.summary, "      ")
    for evidence in result.evidence:
        parts = (evidence.display, evidence.value, evidence.date, evidence.reference)
        yield from _wrapped("; ".join(part for part in parts if part), "      - ")
    if result.missing:
        yield from _wrapped(f"would settle it: {'; '.join(result.missing)}", "      ")


def _wrapped(text: str, lead: str) -> list[str]:
    """Fold chart text into the width, line breaks and control characters first turned into blanks."""
    plain = "".join(character if character.isprintable() else " " for character in text)
    return textwrap.wrap(plain, _WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead))
