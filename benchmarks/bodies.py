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
RESULTS = 200
"""Observations in the chart of the budget, one in five of them a vital sign."""

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


def prefetch(*, diabetic: bool = True, results: int = RESULTS, on: date = TODAY, seed: int = 0) -> Json:
    """Return all prefetch keys of one person as of the day ``on``, as a client sends them when it has everything.

    The person has had type 1 diabetes for years; without ``diabetic``, high blood pressure. Another ``seed`` gives
    another person of that kind, with other values.
    """
    problem = _diabetes() if diabetic else _hypertension()
    orders = [_insulin("1", "106892", on), _insulin("2", "139825", on)] if diabetic else []
    vitals = results // 5
    return {
        "patient": _patient(),
        "problems": bundle(problem),
        "diagnoses": bundle(),
        "medications": bundle(*orders),
        "labs": bundle(*_labs(results - vitals, on, seed)),
        "vitals": bundle(*_vitals(vitals, on, seed)),
        "social": bundle(),
        "encounters": bundle(*(_encounter(number, on) for number in range(4))),
    }


def call(**more: Any) -> Json:
    """Return the body of a patient-view call; ``more`` adds fields such as ``prefetch`` or ``fhirServer``."""
    return {
        "hook": "patient-view",
        "hookInstance": "6f1c6f1a-1a5e-4b57-9f5e-0d7d2a5c1f10",
        "context": {"userId": "Practitioner/e3MBXCOmcoLKl7ayLD51AWA3", "patientId": PATIENT},
        **more,
    }


def about(body: bytes, number: int) -> bytes:
    """Return ``body`` about another patient, whose id is as long; a service must not know the one from the other."""
    return body.replace(PATIENT.encode(), f"eXb1-number-{number:010}".encode())


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


def _insulin(number: str, code: str, on: date) -> Json:
    return {
        "resourceType": "MedicationRequest",
        "id": f"order-{number}",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": _concept(RXNORM, code, "insulin"),
        "subject": _subject(),
        "authoredOn": (on - timedelta(days=63)).isoformat(),
        "dosageInstruction": [{"text": "as directed, with meals", "asNeededBoolean": False}],
    }


def _encounter(number: int, on: date) -> Json:
    day = (on - timedelta(days=90 * (number + 1))).isoformat()
    return {
        "resourceType": "Encounter",
        "id": f"encounter-{number}",
        "status": "finished",
        "class": {"system": f"{_HL7}/v3-ActCode", "code": "AMB", "display": "ambulatory"},
        "type": [_concept(SNOMED, "185349003", "Encounter for check up (procedure)")],
        "subject": _subject(),
        "period": {"start": f"{day}T08:30:00-05:00", "end": f"{day}T09:10:00-05:00"},
    }


def _labs(count: int, on: date, seed: int) -> Iterator[Json]:
    """Yield visit after visit, each with the whole panel."""
    chance = random.Random(7 + seed)
    for number in range(count):
        visit, place = divmod(number, len(_LAB_TESTS))
        common = _result(f"lab-{number}", "laboratory", "Laboratory", visit, _day(visit, count // len(_LAB_TESTS), on))
        yield {**common, **_measured(_LAB_TESTS[place], chance)}


def _vitals(count: int, on: date, seed: int) -> Iterator[Json]:
    """Yield visit after visit: blood pressure, and what else is taken before the doctor comes."""
    chance = random.Random(11 + seed)
    a_visit = len(_VITAL_SIGNS) + 1
    for number in range(count):
        visit, place = divmod(number, a_visit)
        common = _result(f"vital-{number}", "vital-signs", "Vital Signs", visit, _day(visit, count // a_visit, on))
        yield {**common, **(_measured(_VITAL_SIGNS[place], chance) if place < len(_VITAL_SIGNS) else _pressure(chance))}


def _day(visit: int, visits: int, on: date) -> str:
    """Return the day of a visit: every three months, or more often where ten years would not hold them all."""
    return (on - timedelta(days=20 + min(90, 3_650 // max(visits, 1)) * visit)).isoformat()


def _measured(test: _Lab, chance: random.Random) -> Json:
    value = round(test.usual * chance.uniform(0.95, 1.05), 2)
    return {
        "code": _code(test),
        "valueQuantity": _quantity(value, test.unit),
        "interpretation": [_flag(value, test)],
        "referenceRange": [_range(test)],
    }


def _pressure(chance: random.Random) -> Json:
    parts = (("8480-6", "Systolic blood pressure", 118), ("8462-4", "Diastolic blood pressure", 74))
    return {
        "code": _concept(LOINC, "85354-9", "Blood pressure panel with all children optional"),
        "component": [
            {
                "code": _concept(LOINC, code, name),
                "valueQuantity": _quantity(usual + chance.randint(-4, 4), "mm[Hg]"),
            }
            for code, name, usual in parts
        ],
    }


def _result(number: str, category: str, label: str, visit: int, day: str) -> Json:
    """Return what every Observation carries, whatever its value."""
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
