"""Small FHIR R4 resources as plain dicts, for tests that need a chart and not a particular one.

Each takes what the test is about; anything else goes in as keywords and overrides the rest.
"""

from __future__ import annotations

import itertools
from typing import Any

from rules.codes import ICD10CM, LOINC

PATIENT = "p1"
UCUM = "http://unitsofmeasure.org"
T1DM = "E10.9"
"""ICD-10-CM: type 1 diabetes without complications."""
T2DM = "E11.9"
HBA1C = "4548-4"
C_PEPTIDE = "1986-9"

_numbers = itertools.count(1)


def patient(id: str = PATIENT, birth_date: str = "1990-04-02", **more: Any) -> dict[str, Any]:  # noqa: A002
    return {"resourceType": "Patient", "id": id, "birthDate": birth_date, "gender": "female", **more}


def condition(
    code: str = T1DM, onset: str = "2015-03-01", of: str = PATIENT, system: str = ICD10CM, **more: Any
) -> dict[str, Any]:
    """An active, confirmed entry of the problem list."""
    return {
        "resourceType": "Condition",
        "id": f"c{next(_numbers)}",
        "clinicalStatus": coded("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"),
        "verificationStatus": coded("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed"),
        "category": [coded("http://terminology.hl7.org/CodeSystem/condition-category", "problem-list-item")],
        "code": coded(system, code),
        "subject": {"reference": f"Patient/{of}"},
        "onsetDateTime": onset,
        **more,
    }


def observation(
    code: str, value: float, unit: str, on: str, of: str = PATIENT, category: str = "laboratory", **more: Any
) -> dict[str, Any]:
    """A final result, coded in LOINC and UCUM, taken at nine in the morning."""
    return {
        "resourceType": "Observation",
        "id": f"o{next(_numbers)}",
        "status": "final",
        "category": [coded("http://terminology.hl7.org/CodeSystem/observation-category", category)],
        "code": coded(LOINC, code),
        "subject": {"reference": f"Patient/{of}"},
        "effectiveDateTime": f"{on}T09:00:00Z",
        "valueQuantity": {"value": value, "unit": unit, "system": UCUM, "code": unit},
        **more,
    }


def bundle(*resources: dict[str, Any], type: str = "searchset", **more: Any) -> dict[str, Any]:  # noqa: A002
    entries = [{"resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": type, **({"entry": entries} if entries else {}), **more}


def coded(system: str, code: str, display: str | None = None) -> dict[str, Any]:
    """A CodeableConcept of one coding."""
    return {"coding": [{"system": system, "code": code, **({"display": display} if display else {})}]}
