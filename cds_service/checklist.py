"""An assessment as plain text: a checklist that a research nurse can print and go through.

First the verdict and why, then what supports, what blocks and what is open, each with its evidence, and for
each open item what would settle it.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from rules.assessment import Assessment, Basis, Confidence, CriterionResult, Effect, Evidence, Kind, Status
from rules.trial import Trial

_WIDTH = 100
_HANG = " " * 9
_MARKS = {Effect.SUPPORTS: "[x]", Effect.BLOCKS: "[!]", Effect.OPEN: "[ ]"}
_SILENCE = "[~]"
_SECTIONS = (
    (Effect.SUPPORTS, "SUPPORTS", f"{_SILENCE} marks what rests on the silence of this record, which is weak evidence"),
    (Effect.BLOCKS, "BLOCKS", "an inclusion is not met, or an exclusion is present"),
    (Effect.OPEN, "OPEN", "tick when settled"),
)
_STATUS = {
    (Kind.INCLUSION, Status.MET): "met",
    (Kind.INCLUSION, Status.NOT_MET): "not met",
    (Kind.EXCLUSION, Status.MET): "exclusion present",
    (Kind.EXCLUSION, Status.NOT_MET): "exclusion not found",
    (Kind.HEADER, Status.MET): "fits",
    (Kind.HEADER, Status.NOT_MET): "does not fit",
}
_OPEN = {Status.UNKNOWN: "unknown", Status.NEEDS_JUDGEMENT: "needs judgement"}
_CLOSING = (
    "Research pre-screening aid: no determination of eligibility, diagnosis or recommendation of a treatment. "
    "The investigator decides about eligibility after informed consent. Records of other places, free text and "
    "images were not read."
)


def checklist(name: str, assessment: Assessment, trial: Trial) -> str:
    """Return the text, with a blank line at its end; ``name`` is that of the file."""
    return "\n".join([*_head(name, assessment, trial), *_sections(assessment), *_notes(assessment), *_foot(), ""])


def _head(name: str, assessment: Assessment, trial: Trial) -> Iterator[str]:
    registry = trial.registry
    yield from _wrapped(f"PRE-SCREENING CHECKLIST: {trial.short_title}")
    yield from _field("Patient", f"{assessment.patient or 'without an id'} ({name})")
    yield from _field("Assessed", f"{assessment.evaluated_on}, rules {assessment.rules_version}")
    yield from _field(
        "Registry",
        f"the study is listed as {registry.status}, last verified {registry.verified}: confirm that it is recruiting",
    )
    yield from _field("Verdict", assessment.verdict.value)
    for reason in assessment.reasons:
        yield from _field("", reason)


def _sections(assessment: Assessment) -> Iterator[str]:
    for effect, title, meaning in _SECTIONS:
        found = assessment.with_effect(effect)
        yield from _section(f"{title} ({len(found)}): {meaning}" if found else f"{title} (0)", found)
    headers = [result for result in assessment.criteria if result.kind is Kind.HEADER]
    yield from _section("FOR INFORMATION: fields of the registry", headers)


def _section(title: str, results: Sequence[CriterionResult]) -> Iterator[str]:
    yield ""
    yield title
    for result in results:
        yield from _item(result)


def _item(result: CriterionResult) -> Iterator[str]:
    silent = result.effect is Effect.SUPPORTS and result.basis is Basis.ABSENCE
    mark = _SILENCE if silent else _MARKS[result.effect]
    yield from _wrapped(f"{mark} {result.id:<4} {result.label} - {_said(result)}. {result.summary}", hang=_HANG)
    for evidence in result.evidence:
        yield from _wrapped(f"{_HANG}- {_source(evidence)}", hang=f"{_HANG}  ")
    if result.effect is Effect.OPEN and result.missing:
        yield from _wrapped(f"{_HANG}To settle: {'; '.join(result.missing)}", hang=f"{_HANG}  ")
    if result.recheck_on:
        yield from _wrapped(f"{_HANG}May end on {result.recheck_on}", hang=_HANG)


def _said(result: CriterionResult) -> str:
    """Return the status in words, and how sure it is where it does more than ask."""
    if result.effect is Effect.OPEN:
        words = [_OPEN[result.status]]
    else:
        words = [_STATUS[result.kind, result.status]]
        if result.basis is not Basis.ABSENCE and result.confidence is not Confidence.HIGH:
            words.append(f"{result.confidence.value} confidence")
    if result.near_threshold:
        words.append("near its limit")
    if result.softened:
        words.append("not decisive")
    return ", ".join(words)


def _source(evidence: Evidence) -> str:
    """Return what an entry said, when, and where it stands; a value that is its date is said once."""
    day = _day(evidence.date)
    value = evidence.value if evidence.value != evidence.date else None
    said = " = ".join(part for part in (value, evidence.compared_as) if part)
    told = f"{evidence.display}: {said}" if said else evidence.display
    return f"{told}{', ' + day if day else ''} [{evidence.reference}]"


_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)T[^\s]*")


def _day(when: str | None) -> str:
    """Return a date, instant or period without times of the day."""
    return _INSTANT.sub(r"\1", when) if when else ""


def _notes(assessment: Assessment) -> Iterator[str]:
    defects = [f"{result.id} {result.text_defect}" for result in assessment.criteria if result.text_defect]
    for title, lines in (("GAPS IN THE DATA", assessment.data_gaps), ("DEFECTS OF THE STUDY'S TEXT", defects)):
        if lines:
            yield ""
            yield title
            for line in lines:
                yield from _wrapped(f"    - {line}", hang=" " * 6)


def _foot() -> Iterator[str]:
    yield ""
    yield from _wrapped(_CLOSING)
    yield ""
    yield "Checked by ______________________________   on ______________"


def _field(title: str, text: str) -> list[str]:
    return _wrapped(f"{title:<10}{text}", hang=" " * 10)


def _wrapped(text: str, hang: str = "") -> list[str]:
    """Fold chart text into the width, line breaks and control characters first turned into blanks."""
    plain = "".join(character if character.isprintable() else " " for character in text)
    return textwrap.wrap(plain, _WIDTH, subsequent_indent=hang, break_on_hyphens=False)
