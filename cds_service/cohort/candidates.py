"""The people whom a study coordinator would look at, and the list of them: candidates.csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

import msgspec

from rules.assessment import Assessment, CriterionResult, Effect, Kind, Verdict
from rules.trial import Trial

VERDICTS = (Verdict.POTENTIALLY_ELIGIBLE, Verdict.POSSIBLY_ELIGIBLE)
"""Nothing decisive is against them; the second lacks data or is borderline."""

COLUMNS = ("patient", "verdict", "open items", "supports", "open", "would settle it")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a spreadsheet may take for the start of a formula or command; the last four are the wide forms of the first."""
_BETWEEN = "; "
_CLEAR = {Kind.INCLUSION: "", Kind.EXCLUSION: ": clear"}
"""What speaks for a person in an exclusion is that it does not hold."""


class Candidate(msgspec.Struct, frozen=True):
    """One line of the list."""

    patient: str
    verdict: Verdict
    supports: tuple[str, ...]
    open: tuple[str, ...]
    settles: tuple[str, ...]

    @property
    def rank(self) -> tuple[int, int, str]:
        """Fewest open items first; where as many are open, the better verdict, then the id."""
        return len(self.open), VERDICTS.index(self.verdict), self.patient


def candidate_of(assessment: Assessment, trial: Trial, *, name_sensitive: bool) -> Candidate | None:
    """Return the line of a person who is a candidate. Confidential criteria are numbered, not named, unless asked."""
    if assessment.verdict not in VERDICTS:
        return None
    deciding = [result for result in assessment.criteria if result.kind is not Kind.HEADER]
    supports = [r for r in deciding if r.effect is Effect.SUPPORTS]
    # A softened block is open too: a closer look can lift it.
    still_open = [r for r in deciding if r.effect is not Effect.SUPPORTS]
    settles = [
        part
        for result in still_open
        if name_sensitive or not result.sensitive
        for part in result.missing or (trial.declaration(result.id).settled_by,)
    ]
    return Candidate(
        assessment.patient or "",
        assessment.verdict,
        tuple(_words(r, name_sensitive) + _CLEAR[r.kind] for r in supports),
        tuple(_words(r, name_sensitive) for r in still_open),
        tuple(dict.fromkeys(settles)),
    )


def _words(result: CriterionResult, name_sensitive: bool) -> str:
    label = result.label if name_sensitive or not result.sensitive else "(confidential)"
    borderline = " (borderline)" if result.softened else ""
    return f"{result.id} {label}{borderline}"


def candidates_csv(candidates: Iterable[Candidate]) -> bytes:
    """Return the list, fewest open items first, safe to open in a spreadsheet."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    for one in sorted(candidates, key=lambda candidate: candidate.rank):
        cells = (one.patient, one.verdict.value, *map(_joined, (one.supports, one.open, one.settles)))
        patient, verdict, supports, still_open, settles = map(inert, cells)
        writer.writerow((patient, verdict, len(one.open), supports, still_open, settles))
    return text.getvalue().encode()


def inert(cell: str) -> str:
    """Return text that no spreadsheet takes for a formula: an apostrophe before what would begin one."""
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell


def _joined(parts: Sequence[str]) -> str:
    return _BETWEEN.join(parts)
