"""Says to people why an answer holds no card, from what the service adds to it in the sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cards.override_reasons import REASONS
from cds_service.storage.journal import NO_ATTESTATION, Outcome
from cds_service.suppression import SHOWN

_FOR_EVERY_PATIENT = "inappropriate-recipient"
"""It leaves the sandbox's one clinician without cards: whoever tries it must be told the way out."""


def why_no_card(explanation: Mapping[str, Any]) -> str:
    """Return one or two sentences."""
    outcome, cause = explanation.get("outcome"), explanation.get("cause", "")
    if outcome == Outcome.SUPPRESSED and cause in REASONS:
        said = f"Held back: the card was put aside earlier with “{REASONS[cause]}”"
        if cause == _FOR_EVERY_PATIENT:
            return f"{said}, which holds for every patient. Choose another kind of EHR, or start the demo anew."
        return f"{said}."
    if outcome == Outcome.SUPPRESSED and cause == SHOWN:
        return "Held back: it was shown on another day, and nothing has changed since."
    if outcome == Outcome.FILTERED:
        return f"This site wants no card here, whatever the chart says ({cause})."
    if cause == NO_ATTESTATION:
        return "The site requires a statement that it recruits, and there is none that holds."
    return "A clinician would see nothing. What was found stands below."
