"""I2: able to give written informed consent. Only a conversation can tell, so it always needs judgement.

What may bear on that conversation (a diagnosis, a guardian) is pointed to in neutral words and not named.
A preferred language is information, no barrier. Consent resources are no evidence of ability.
"""

from __future__ import annotations

from rules.assessment import Basis, Confidence, Evidence, Status
from rules.criterion import Chart, Finding
from rules.decision import Rule, field
from rules.diagnoses import Course, diagnoses
from rules.encounters import has_words
from rules.gaps import gaps
from rules.resources import Patient
from rules.words import count

NEUTRAL = "An entry that may bear on consent: see chart"

RULES = (
    Rule("hints", (field.hints >= 1,), Status.NEEDS_JUDGEMENT,
         "For the investigator to judge in the consent conversation; {hints} on file may bear on "
         "it: see chart.", Confidence.LOW, Basis.HUMAN),
    Rule("ask", (), Status.NEEDS_JUDGEMENT,
         "For the investigator to judge in the consent conversation.", Confidence.LOW, Basis.HUMAN),
)  # fmt: skip


def find(chart: Chart) -> Finding:
    """Return how many entries may bear on consent, without their names."""
    hints = [*_diagnosed(chart), *_guardians(chart)]
    return Finding(
        fact={"hints": len(hints)},
        words={"hints": count(len(hints), "entry", "entries")},
        evidence=tuple(hints),
        notes=(
            *_language(chart.record.patient),
            *(f"Not looked at: {why}." for why in gaps(chart, "diagnoses")),
        ),
    )


def _diagnosed(chart: Chart) -> list[Evidence]:
    found = diagnoses(chart, chart.value_set("capacity_hints"))
    return [
        Evidence(d.condition.reference, NEUTRAL, None, None, d.when.text if d.when else None)
        for d in found
        if d.course is not Course.PAST
    ]


def _guardians(chart: Chart) -> list[Evidence]:
    guardian = chart.value_set("guardian")
    patient = chart.record.patient
    relationships = [r for contact in patient.contact or () for r in contact.relationship or ()]
    named = any(guardian.find(r) or has_words(r, guardian) for r in relationships)
    return [Evidence(patient.reference, NEUTRAL)] if named else []


def _language(patient: Patient) -> tuple[str, ...]:
    """Return the preferred language, else the only one on file, as information."""
    spoken = patient.communication or []
    chosen = [c for c in spoken if c.preferred] or (spoken if len(spoken) == 1 else [])
    names = [c.language.display for c in chosen if c.language]
    return (f"Language on file: {', '.join(names)}.",) if names else ()
