"""What the service offers: the answer to ``GET /cds-services``."""

from __future__ import annotations

from typing import Any

from cds_service.cds_hooks.patient_view import HOOK
from cds_service.patient_data.query_plan import PREFETCH
from rules.assessment import Kind
from rules.trial import Trial

SPECIFICATION = "2.0.1"
"""Version of CDS Hooks whose rules the answers keep; 3.0 only adds to it."""


def describe_service(trial: Trial, public_url: str) -> dict[str, Any]:
    """Return the entry of one trial. No ``hookVersion``: the published pages contradict each other."""
    kinds = [declaration.kind for declaration in trial.declarations]
    inclusions, exclusions = kinds.count(Kind.INCLUSION), kinds.count(Kind.EXCLUSION)
    return {
        "hook": HOOK,
        "title": f"Trial pre-screening: {trial.id}",
        "description": (
            f"Tells a clinician, when a chart is opened, that the patient **may meet pre-screening criteria** of "
            f"{trial.short_title}, why, and what is still open. It does not decide eligibility.\n\n"
            f"- reads the chart against {inclusions} inclusion and {exclusions} exclusion criteria "
            f"([how each is read]({public_url}/protocol))\n"
            "- answers with one `info` card, or with none\n"
            "- takes feedback, which keeps the card away where it is not wanted"
        ),
        "id": trial.service_id,
        "version": SPECIFICATION,
        "prefetch": dict(PREFETCH),
        "usageRequirements": (
            "FHIR R4. Needs the prefetch keys patient and problems, or a fhirServer that answers for them; any other "
            "key may be left out. What is missing is named on the card as unknown. Only clinicians are shown cards: "
            "Practitioner or PractitionerRole as context.userId. "
            f"How to register: {public_url}/registration/generic, and epic or oracle in its place."
        ),
    }
