"""Suggestions of a card: overdue tests of routine care as draft orders, one order a suggestion.

Nothing is recommended, which would tick it in some EHRs, and nothing is ordered by itself: the clinician accepts each
one, and signs it as any order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import orjson

from cards.escape import one_line
from cards.settings import CardSettings
from rules.assessment import Assessment
from rules.standard_of_care import Code, OverdueTest


def suggestions(
    assessment: Assessment,
    overdue: Sequence[OverdueTest],
    settings: CardSettings,
    new_uuid: Callable[[], str],
    encounter: str | None = None,
) -> dict[str, Any]:
    """Return the attributes ``suggestions`` and ``selectionBehavior`` of a card; none without a test to suggest."""
    if not overdue or not assessment.patient:
        return {}
    made = [
        {
            "label": f"{test.name}: overdue in routine care",
            "uuid": new_uuid(),
            "actions": [
                {
                    "type": "create",
                    "description": description(test),
                    "resource": service_request(test, assessment, settings.order_codes.get(test.id), encounter),
                }
            ],
        }
        for test in overdue
    ]
    return {"suggestions": made, "selectionBehavior": "any"}


def description(test: OverdueTest) -> str:
    """Return, in plain text, what is ordered and why; Epic shows nothing else of a suggestion."""
    return one_line(f"Order {test.name}. {test.says} {test.reason} Routine diabetes care, not ordered for the study.")


def service_request(
    test: OverdueTest, assessment: Assessment, local: Code | None, encounter: str | None = None
) -> dict[str, Any]:
    """Return the draft order, checked by the R4B model; the site's own code comes before the standard one."""
    codes = [local, test.order] if local else [test.order]
    resource: dict[str, Any] = {
        "status": "draft",
        "intent": "proposal",
        "code": {"coding": [_coding(code) for code in codes], "text": test.name},
        "subject": {"reference": f"Patient/{assessment.patient}"},
        "reasonCode": [{"coding": [_coding(test.indication)], "text": test.indication.display}],
        "occurrenceDateTime": assessment.evaluated_on.isoformat(),
        "note": [{"text": test.note}],
    }
    if encounter:
        resource["encounter"] = {"reference": f"Encounter/{encounter}"}
    if test.instruction:
        resource["patientInstruction"] = test.instruction
    content: dict[str, Any] = orjson.loads(_model()(**resource).model_dump_json())
    return content


def _coding(code: Code) -> dict[str, str]:
    return {"system": code.system, "code": code.code, "display": code.display}


@cache
def _model() -> Any:
    """Import the model once; it takes a fifth of a second, which no request should pay (`warm_up`)."""
    from fhir.resources.R4B.servicerequest import ServiceRequest

    return ServiceRequest


def warm_up() -> None:
    """Import the model now, before the workers are forked."""
    _model()
