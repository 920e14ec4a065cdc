"""The finding of a criterion that asks for diagnoses: how many of each group, and in words which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from rules.assessment import Evidence
from rules.criterion import Finding
from rules.decision import FactValue
from rules.diagnoses import Absence, Diagnosis, evidence_of
from rules.diagnosis_states import named

Groups = Mapping[str, Sequence[Diagnosis]]


def grouped_finding(
    groups: Groups,
    absent: Absence,
    *,
    fact: Mapping[str, FactValue] | None = None,
    words: Mapping[str, str] | None = None,
    evidence: Sequence[Evidence] = (),
    notes: Sequence[str] = (),
    recheck_on: date | None = None,
) -> Finding:
    """Return a finding whose fact counts each group, with ``absent``: whether not finding any may count.

    The words are those of each group and ``why``; the evidence is all that was found, then ``evidence``.
    """
    found = [diagnosis for group in groups.values() for diagnosis in group]
    return Finding(
        fact={
            **{name: len(group) for name, group in groups.items()},
            "absent": absent.counts,
            **(fact or {}),
        },
        words={**{name: named(group) for name, group in groups.items()}, "why": absent.why, **(words or {})},
        evidence=(*evidence_of(found), *evidence),
        notes=notes,
        recheck_on=recheck_on,
    )
