"""Care as such (hospice, palliative care): recorded as a diagnosis, an encounter or a procedure."""

from __future__ import annotations

from dataclasses import dataclass, field

from rules.assessment import Evidence
from rules.criterion import Chart, Coverage, Window
from rules.diagnoses import diagnoses, evidence_of
from rules.diagnosis_states import by_course
from rules.encounters import Stay, has_words, stays_of
from rules.procedures import procedures, when_done
from rules.value_sets import ValueSet


@dataclass(slots=True)
class Care:
    """Where a kind of care is recorded."""

    certain: list[Evidence] = field(default_factory=list)
    """Coded, and going on or dated in the window."""
    doubtful: list[Evidence] = field(default_factory=list)
    """Named in words only, not confirmed, or of a date that does not tell."""

    def __str__(self) -> str:
        return "; ".join(
            item.display + (f", {item.date}" if item.date else "") for item in (*self.certain, *self.doubtful)
        )


def care(chart: Chart, kind: ValueSet, within: Window) -> Care:
    """Return where care of ``kind`` is recorded: current diagnoses, encounters and procedures ``within``."""
    found = Care()
    recorded = by_course(diagnoses(chart, kind))
    found.certain += evidence_of(recorded.current)
    found.doubtful += evidence_of(recorded.questionable)
    for stay in stays_of(chart, kind):
        concepts = stay.concepts
        coded = any(kind.find(concept) for concept in concepts)
        if coded or any(has_words(concept, kind) for concept in concepts):
            _sort(found, stay.evidence(), coded, _when(chart, stay, within))
    for done in procedures(chart, kind):
        _sort(found, done.evidence(), done.certain, when_done(chart, done, within))
    return found


def _sort(found: Care, item: Evidence, coded: bool, when: Coverage) -> None:
    if when is Coverage.INSIDE and coded:
        found.certain.append(item)
    elif when is not Coverage.OUTSIDE:
        found.doubtful.append(item)


def _when(chart: Chart, stay: Stay, within: Window) -> Coverage:
    if stay.ongoing:
        return Coverage.INSIDE
    last = stay.end or stay.start
    return within.covers(last.days, chart.on) if last else Coverage.STRADDLES
