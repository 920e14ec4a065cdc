"""Diagnoses sorted by how they can count: there now, over, of untold course, or not sure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rules.diagnoses import Course, Diagnosis


@dataclass(frozen=True, slots=True)
class Sorted:
    """Diagnoses of one kind; each stands in one list."""

    current: list[Diagnosis]
    """Certain, and there now."""
    untold: list[Diagnosis]
    """Certain, but the record does not say whether it is still there."""
    past: list[Diagnosis]
    """Certain, and over."""
    doubtful: list[Diagnosis]
    """Not confirmed or in free text only, and not over: a clinician must tell."""

    @property
    def questionable(self) -> list[Diagnosis]:
        """All that may be there now, and is not sure to be."""
        return [*self.untold, *self.doubtful]


def by_course(found: Iterable[Diagnosis]) -> Sorted:
    """Sort diagnoses by certainty and course; what is both doubtful and over is left out."""
    found = list(found)
    certain = [d for d in found if d.certain]
    return Sorted(
        current=[d for d in certain if d.current],
        untold=[d for d in certain if d.course is Course.UNKNOWN],
        past=[d for d in certain if d.course is Course.PAST],
        doubtful=[d for d in found if not d.certain and d.course is not Course.PAST],
    )


def named(found: Iterable[Diagnosis]) -> str:
    """Return the diagnoses for a sentence: name, course and date of each."""
    items = [diagnosis.evidence() for diagnosis in found]
    return "; ".join(f"{item.display}, {item.value}" + (f", {item.date[:10]}" if item.date else "") for item in items)
