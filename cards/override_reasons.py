"""Why a clinician may put the card aside: codes of HL7's example code system for CDS Hooks, our words.

The codes decide for how long the card stays away, so they stay; EHRs map them in their own build.
"""

from __future__ import annotations

SYSTEM = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"

REASONS = {
    "patient-refuses": "Patient declined",
    "action-completed": "Already discussed or referred",
    "patient-ineligible": "Not suitable in my judgement",
    "inappropriate-recipient": "Not my role",
    "need-more-info": "Data on the card are wrong",
    "limited-time": "Not now",
}


def override_reasons() -> list[dict[str, str]]:
    """Return the Codings for a card."""
    return [{"code": code, "system": SYSTEM, "display": display} for code, display in REASONS.items()]
