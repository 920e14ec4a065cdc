"""Synthetic people as an EHR sends them: FHIR R4, as verbose as real servers are, the same on every run."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from rules.codes import ICD10CM, LOINC, RXNORM, SNOMED

Json = dict[str, Any]

TODAY = date(2026, 3, 16)
"""The day on which the bodies are assessed."""
PATIENT = "eXb1Zq7PfAq0-benchmark"
LABS, VITALS = 160, 40
"""Results in the long chart: 200 Observations together."""

_UCUM = "http://unitsofmeasure.org"
_HL7 = "http://terminology.hl7.org/CodeSystem"
_LOCAL = "urn:oid:1.2.840.114350.1.13.861.1.7.2.768282"
_EHR = "https://ehr.example.org/interconnect/api/FHIR/R4"


class _Lab(NamedTuple):
    """One laboratory test: an ordinary result lies near ``usual``."""

    code: str
    name: str
    usual: float
    unit: str
    low: float
    high: float


_LAB_TESTS = (
    _Lab("4548-4", "Hemoglobin A1c/Hemoglobin.total in Blood", 8.4, "%", 4.0, 5.6),
    _Lab("1558-6", "Fasting glucose [Mass/volume] in Serum or Plasma", 148, "mg/dL", 70, 99),
    _Lab("2160-0", "Creatinine [Mass/volume] in Serum or Plasma", 0.8, "mg/dL", 0.5, 1.1),
    _Lab("98979-8", "Glomerular filtration rate/1.73 sq M.predicted", 104, "mL/min/{1.73_m2}", 60, 160),
    _Lab("3094-0", "Urea nitrogen [Mass/volume] in Serum or Plasma", 13, "mg/dL", 7, 20),
    _Lab("2951-2", "Sodium [Moles/volume] in Serum or Plasma", 139, "mmol/L", 135, 145),
    _Lab("2823-3", "Potassium [Moles/volume] in Serum or Plasma", 4.2, "mmol/L", 3.5, 5.1),
    _Lab("1742-6", "Alanine aminotransferase [Enzymatic activity/volume]", 21, "U/L", 7, 56),
    _Lab("1920-8", "Aspartate aminotransferase [Enzymatic activity/volume]", 19, "U/L", 10, 40),
    _Lab("6768-6", "Alkaline phosphatase [Enzymatic activity/volume]", 71, "U/L", 44, 147),
    _Lab("1975-2", "Bilirubin.total [Mass/volume] in Serum or Plasma", 0.6, "mg/dL", 0.1, 1.2),
    _Lab("13457-7", "Cholesterol in LDL [Mass/volume] by calculation", 96, "mg/dL", 0, 129),
    _Lab("2085-9", "Cholesterol in HDL [Mass/volume] in Serum or Plasma", 55, "mg/dL", 40, 90),
    _Lab("3048-6", "Triglyceride [Mass/volume] in Serum or Plasma --fasting", 110, "mg/dL", 0, 149),
    _Lab("718-7", "Hemoglobin [Mass/volume] in Blood", 13.8, "g/dL", 12.0, 16.0),
    _Lab("6690-2", "Leukocytes [#/volume] in Blood by Automated count", 6.4, "10*3/uL", 4.5, 11.0),
    _Lab("751-8", "Neutrophils [#/volume] in Blood by Automated count", 3.7, "10*3/uL", 1.8, 7.7),
    _Lab("731-0", "Lymphocytes [#/volume] in Blood by Automated count", 2.0, "10*3/uL", 1.0, 4.8),
    _Lab("777-3", "Platelets [#/volume] in Blood by Automated count", 240, "10*3/uL", 150, 400),
    _Lab("13037-7", "C peptide [Mass/volume] in Serum or Plasma --fasting", 0.05, "ng/mL", 0.8, 3.9),
)
"""A visit's panel; most of it is read by some criterion, some by none, as in any chart."""

_VITAL_SIGNS = (
    _Lab("29463-7", "Body weight", 66, "kg", 40, 120),
    _Lab("8302-2", "Body height", 170, "cm", 140, 200),
    _Lab("8867-4", "Heart rate", 72, "/min", 60, 100),
)


def prefetch(*, diabetic: bool = True) -> Json:
    """Return all prefetch keys of one person, as a client sends them when it has everything.

    The person has had type 1 diabetes for years and 200 results; without ``diabetic``, high blood pressure.
    """
    problem = _diabetes() if diabetic else _hypertension()
    orders = [_insulin("1", "106892"), _insulin("2", "139825")] if diabetic else []
    return {
        "patient": _patient(),
        "problems": bundle(problem),
        "diagnoses": bundle(),
        "medications": bundle(*orders),
        "labs": bundle(*_labs()),
        "vitals": bundle(*_vitals()),
        "social": bundle(),
        "encounters": bundle(*(_encounter(number) for number in range(4))),
    }


def call(**more: Any) -> Json:
    """Return the body of a patient-view call; ``more`` adds fields such as ``prefetch`` or ``fhirServer``."""
    return {
        "hook": "patient-view",
        "hookInstance": "6f1c6f1a-1a5e-4b57-9f5e-0d7d2a5c1f10",
        "context": {"userId": "Practitioner/e3MBXCOmcoLKl7ayLD51AWA3", "patientId": PATIENT},
        **more,
    }


def bundle(*resources: Json) -> Json:
    """Return what a server answers to a search that finds ``resources``."""
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(resources),
        "link": [{"relation": "self", "url": f"{_EHR}/search"}],
        "entry": [
            {
                "fullUrl": f"{_EHR}/{resource['resourceType']}/{resource['id']}",
                "resource": resource,
                "search": {"mode": "match"},
            }
            for resource in resources
        ],
    }


def _concept(system: str, code: str, name: str) -> Json:
    return {"coding": [{"system": system, "code": code, "display": name}], "text": name}


def _subject() -> Json:
    return {"reference": f"Patient/{PATIENT}", "display": "Benchmark, Synthia"}


def _patient() -> Json:
    return {
        "resourceType": "Patient",
        "id": PATIENT,
        "active": True,
        "identifier": [{"use": "usual", "system": "urn:oid:1.2.840.114350.1.13.861.1.7.5", "value": "E4007"}],
        "name": [{"use": "official", "family": "Benchmark", "given": ["Synthia"]}],
        "gender": "female",
        "birthDate": "1998-07-02",
        "deceasedBoolean": False,
    }


def _condition(number: str, system: str, code: str, name: str, onset: date) -> Json:
    return {
        "resourceType": "Condition",
        "id": f"condition-{number}",
        "clinicalStatus": _concept(f"{_HL7}/condition-clinical", "active", "Active"),
        "verificationStatus": _concept(f"{_HL7}/condition-ver-status", "confirmed", "Confirmed"),
        "category": [_concept(f"{_HL7}/condition-category", "problem-list-item", "Problem List Item")],
        "code": _concept(system, code, name),
        "subject": _subject(),
        "onsetDateTime": onset.isoformat(),
        "recordedDate": (onset + timedelta(days=9)).isoformat(),
    }


def _diabetes() -> Json:
    return _condition("1", ICD10CM, "E10.9", "Type 1 diabetes mellitus without complications", date(2016, 9, 5))


def _hypertension() -> Json:
    return _condition("2", SNOMED, "59621000", "Essential hypertension (disorder)", date(2021, 2, 11))


def _insulin(number: str, code: str) -> Json:
    return {
        "resourceType": "MedicationRequest",
        "id": f"order-{number}",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": _concept(RXNORM, code, "insulin"),
        "subject": _subject(),
        "authoredOn": "2026-01-12",
        "dosageInstruction": [{"text": "as directed, with meals", "asNeededBoolean": False}],
    }


def _encounter(number: int) -> Json:
    day = (TODAY - timedelta(days=90 * (number + 1))).isoformat()
    return {
        "resourceType": "Encounter",
        "id": f"encounter-{number}",
        "status": "finished",
        "class": {"system": f"{_HL7}/v3-ActCode", "code": "AMB", "display": "ambulatory"},
        "type": [_concept(SNOMED, "185349003", "Encounter for check up (procedure)")],
        "subject": _subject(),
        "period": {"start": f"{day}T08:30:00-05:00", "end": f"{day}T09:10:00-05:00"},
    }


def _labs() -> Iterator[Json]:
    """Yield visit after visit, each with the whole panel."""
    chance = random.Random(7)
    for number in range(LABS):
        visit, place = divmod(number, len(_LAB_TESTS))
        yield _observation(f"lab-{number}", "laboratory", "Laboratory", _LAB_TESTS[place], visit, chance)


def _vitals() -> Iterator[Json]:
    """Yield visit after visit: blood pressure, and what else is taken before the doctor comes."""
    chance = random.Random(11)
    a_visit = len(_VITAL_SIGNS) + 1
    for number in range(VITALS):
        visit, place = divmod(number, a_visit)
        if place < len(_VITAL_SIGNS):
            yield _observation(f"vital-{number}", "vital-signs", "Vital Signs", _VITAL_SIGNS[place], visit, chance)
        else:
            yield _blood_pressure(f"vital-{number}", visit, chance)


def _observation(number: str, category: str, label: str, test: _Lab, visit: int, chance: random.Random) -> Json:
    value = round(test.usual * chance.uniform(0.95, 1.05), 2)
    return {
        **_result(number, category, label, _code(test), visit),
        "valueQuantity": _quantity(value, test.unit),
        "interpretation": [_flag(value, test)],
        "referenceRange": [_range(test)],
    }


def _blood_pressure(number: str, visit: int, chance: random.Random) -> Json:
    panel = _concept(LOINC, "85354-9", "Blood pressure panel with all children optional")
    parts = (("8480-6", "Systolic blood pressure", 118), ("8462-4", "Diastolic blood pressure", 74))
    return {
        **_result(number, "vital-signs", "Vital Signs", panel, visit),
        "component": [
            {
                "code": _concept(LOINC, code, name),
                "valueQuantity": _quantity(usual + chance.randint(-4, 4), "mm[Hg]"),
            }
            for code, name, usual in parts
        ],
    }


def _result(number: str, category: str, label: str, code: Json, visit: int) -> Json:
    """Return what every Observation carries, whatever its value."""
    day = (TODAY - timedelta(days=20 + 90 * visit)).isoformat()
    return {
        "resourceType": "Observation",
        "id": f"{number}-tKpJ3wqVvB6Z1nQe8xYc0LmA",
        "meta": {
            "versionId": "1",
            "lastUpdated": f"{day}T15:02:11.000Z",
            "profile": ["http://hl7.org/fhir/us/core/StructureDefinition/us-core-observation-clinical-result"],
        },
        "status": "final",
        "category": [_concept(f"{_HL7}/observation-category", category, label)],
        "code": code,
        "subject": _subject(),
        "encounter": {"reference": f"Encounter/encounter-{visit}", "display": "Office Visit"},
        "effectiveDateTime": f"{day}T08:41:00-05:00",
        "issued": f"{day}T10:02:11-05:00",
        "performer": [
            {
                "reference": "Practitioner/e3MBXCOmcoLKl7ayLD51AWA3",
                "type": "Practitioner",
                "display": "F. Tester, MD",
            },
            {
                "reference": "Organization/eTQ7wLxZ0aBv",
                "type": "Organization",
                "display": "Example Clinical Laboratory",
            },
        ],
    }


def _code(test: _Lab) -> Json:
    local = {"system": _LOCAL, "code": f"15{test.code.split('-')[0]}", "display": test.name.upper()}
    return {"coding": [{"system": LOINC, "code": test.code, "display": test.name}, local], "text": test.name}


def _quantity(value: float, unit: str) -> Json:
    return {"value": value, "unit": unit, "system": _UCUM, "code": unit}


def _flag(value: float, test: _Lab) -> Json:
    code, name = ("L", "Low") if value < test.low else ("H", "High") if value > test.high else ("N", "Normal")
    return _concept(f"{_HL7}/v3-ObservationInterpretation", code, name)


def _range(test: _Lab) -> Json:
    return {
        "low": _quantity(test.low, test.unit),
        "high": _quantity(test.high, test.unit),
        "text": f"{test.low} - {test.high} {test.unit}",
    }
