"""Words for writing what a record holds, so that a case reads like a line of a table.

Each function returns a `Given`: a FHIR R4 resource and the words that describe it. Dates are written as the
record has them; the evaluation day of every case is 15 June 2025 unless it says otherwise.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from rules.codes import ATC, CVX, ICD9CM, ICD10, ICD10CM, LOINC, RXNORM, SNOMED
from rules.quantities import parse_number

TODAY = date(2025, 6, 15)
PATIENT_ID = "p1"
_numbers = itertools.count(1)

SYSTEMS = {
    "icd10cm": ICD10CM, "icd10": ICD10, "icd9": ICD9CM, "snomed": SNOMED, "rxnorm": RXNORM, "atc": ATC, "cvx": CVX,
    "loinc": LOINC,
}  # fmt: skip


@dataclass(frozen=True)
class Given:
    """One resource of a case, and how the table names it."""

    resource: Mapping[str, Any]
    words: str

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True)
class Case:
    """One line of a criterion's table."""

    name: str
    given: tuple[Given, ...]
    expect: str
    rule: str | None = None
    near: bool | None = None
    recheck: str | None = None
    confidence: str | None = None
    basis: str | None = None
    says: str | None = None
    omits: str | None = None
    """What the summary must not say."""
    shows: str | None = None
    """Words of an entry that is shown as evidence."""
    on: date = TODAY
    searches: Mapping[str, str] = field(default_factory=dict)
    """Searches that did not end well: ``{"labs": "forbidden"}``."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    criterion: str | None = None
    """Another criterion than the module's, where a line belongs beside its sister."""


def case(name: str, *given: Given, expect: str, **more: Any) -> Case:
    return Case(name, given, expect, **more)


def patient(birth: str | None = "1990-01-01", gender: str | None = "male", **more: Any) -> Given:
    resource: dict[str, Any] = {"resourceType": "Patient", "id": PATIENT_ID, **more}
    if birth:
        resource["birthDate"] = birth
    if gender:
        resource["gender"] = gender
    return Given(resource, f"{gender or 'gender not recorded'}, born {birth or '(not recorded)'}")


def diagnosis(
    *codes: str,
    text: str | None = None,
    onset: str | None = None,
    recorded: str | None = None,
    clinical: str | None = "active",
    verification: str | None = "confirmed",
    category: str | None = "problem-list-item",
    **more: Any,
) -> Given:
    """A Condition; ``codes`` are written ``icd10cm:E10.9`` or ``snomed:46635009``."""
    code: dict[str, Any] = {}
    if codes:
        code["coding"] = [_coding(item) for item in codes]
    if text:
        code["text"] = text
    resource = _with_subject("Condition", code=code, **more)
    if clinical:
        resource["clinicalStatus"] = _status("condition-clinical", clinical)
    if verification:
        resource["verificationStatus"] = _status("condition-ver-status", verification)
    if category:
        resource["category"] = [_status("condition-category", category)]
    if onset:
        resource["onsetDateTime"] = onset
    if recorded:
        resource["recordedDate"] = recorded
    parts = [", ".join(codes) or f'text "{text}"', category or "no category", clinical, verification]
    parts += [
        f"onset {onset}" if onset else None,
        f"recorded {recorded}" if recorded else None,
        *_extras(more),
    ]
    return Given(resource, "diagnosis " + ", ".join(part for part in parts if part))


def lab(
    code: str,
    value: str | None,
    when: str | None,
    *,
    status: str | None = "final",
    text: bool = False,
    low: str | None = None,
    high: str | None = None,
    ucum: bool = True,
    **more: Any,
) -> Given:
    """A laboratory Observation; ``value`` is written ``7.5 %``, ``<0.1 ng/mL``, or any text with ``text=True``.

    ``low`` and ``high`` are the laboratory's reference range, in the unit of the value unless written.
    """
    resource = observation(code, value, when, status=status, text=text, ucum=ucum, category="laboratory", **more)
    unit = _split(value)[2] if value and not text else None
    if low or high:
        bounds = {"low": low, "high": high}
        resource["referenceRange"] = [{k: _quantity(v, unit) for k, v in bounds.items() if v}]
    words = f"{code} {value or 'without value'} on {when or '(no date)'}"
    words += f", {status}" if status != "final" else ""
    words += f", range {low or ''}-{high or ''}" if low or high else ""
    return Given(resource, ", ".join([words, *_extras(more)]))


def vital(code: str, value: str | None, when: str | None, **more: Any) -> Given:
    """A vital-signs Observation."""
    resource = observation(code, value, when, category="vital-signs", **more)
    return Given(resource, ", ".join([f"{code} {value} on {when}", *_extras(more)]))


def blood_pressure(systolic: str | None, diastolic: str | None, when: str, **more: Any) -> Given:
    """A blood-pressure panel with its two components, in mmHg unless a unit is written."""
    components = [
        {"code": {"coding": [{"system": LOINC, "code": code}]}, "valueQuantity": _quantity(value, "mm[Hg]")}
        for code, value in (("8480-6", systolic), ("8462-4", diastolic))
        if value
    ]
    resource = observation("85354-9", None, when, category="vital-signs", component=components, **more)
    return Given(resource, ", ".join([f"blood pressure {systolic}/{diastolic} on {when}", *_extras(more)]))


def observation(
    code: str,
    value: str | None,
    when: str | None,
    *,
    status: str | None = "final",
    category: str,
    text: bool = False,
    ucum: bool = True,
    **more: Any,
) -> dict[str, Any]:
    """Return an Observation resource; ``code`` is a LOINC code (or several), unless a system is written before it."""
    codings = [_coding(part if ":" in part else f"loinc:{part}") for part in code.split()]
    resource = _with_subject("Observation", code={"coding": codings}, **more)
    resource["category"] = [_status("observation-category", category)]
    if status:
        resource["status"] = status
    if when:
        resource["effectiveDateTime"] = when
    if value and text:
        resource["valueString"] = value
    elif value:
        resource["valueQuantity"] = _quantity(value, None, ucum)
    return resource


def medication(
    drug: str,
    *,
    status: str = "active",
    intent: str = "order",
    authored: str | None = "2025-03-01",
    text: str | None = None,
    dosage: list[dict[str, Any]] | None = None,
    **more: Any,
) -> Given:
    """A MedicationRequest; ``drug`` is ``rxnorm:274783``, ``atc:A10AE04``, or plain words."""
    code: dict[str, Any] = {"coding": [_coding(drug)]} if ":" in drug else {"text": drug}
    if text:
        code["text"] = text
    resource = _with_subject("MedicationRequest", status=status, intent=intent, medicationCodeableConcept=code, **more)
    if authored:
        resource["authoredOn"] = authored
    if dosage:
        resource["dosageInstruction"] = dosage
    words = f"medication {text or drug}, {status}" + (f", {intent}" if intent != "order" else "")
    return Given(resource, ", ".join([words, f"ordered {authored}" if authored else "", *_extras(more)]).strip(", "))


def unnamed(status: str = "active") -> Given:
    """An order whose drug has a code of a local system and no name."""
    code = {"coding": [{"system": "urn:local:drugs", "code": "4711"}]}
    elements = {"status": status, "intent": "order", "medicationCodeableConcept": code}
    return Given(_with_subject("MedicationRequest", **elements), f"an order for local drug 4711, {status}, no name")


def dispensed(drug: str, when: str, **more: Any) -> Given:
    """A completed MedicationDispense of a coded drug."""
    code = {"coding": [_coding(drug)]}
    elements = {"status": "completed", "medicationCodeableConcept": code, "whenHandedOver": when, **more}
    return Given(_with_subject("MedicationDispense", **elements), f"{drug} dispensed on {when}")


def encounter(class_code: str | None, start: str | None, end: str | None = None, **more: Any) -> Given:
    """An Encounter of a class such as IMP or AMB."""
    more.setdefault("status", "finished" if end else "in-progress")
    resource = _with_subject("Encounter", **more)
    if class_code:
        resource["class"] = {
            "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
            "code": class_code,
        }
    period = {key: value for key, value in (("start", start), ("end", end)) if value}
    if period:
        resource["period"] = period
    return Given(resource, f"encounter {class_code}, {resource['status']}, {start or '?'} to {end or 'now'}")


def resource(kind: str, words: str, **elements: Any) -> Given:
    """Any other resource, described in words."""
    return Given(_with_subject(kind, **elements), words)


def _with_subject(kind: str, **elements: Any) -> dict[str, Any]:
    subject = "patient" if kind in ("Immunization", "Consent", "AllergyIntolerance") else "subject"
    subject = "individual" if kind == "ResearchSubject" else subject
    base: dict[str, Any] = {"resourceType": kind, "id": f"{kind.lower()}-{next(_numbers)}"}
    if kind != "Medication":
        base[subject] = {"reference": f"Patient/{PATIENT_ID}"}
    return {**base, **elements}


def _coding(written: str) -> dict[str, str]:
    name, _, code = written.partition(":")
    if name not in SYSTEMS:
        raise ValueError(f"write the system of {written!r} as one of {sorted(SYSTEMS)}")
    return {"system": SYSTEMS[name], "code": code}


def _status(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": f"http://terminology.hl7.org/CodeSystem/{system}", "code": code}]}


def _split(written: str) -> tuple[Any, str | None, str | None]:
    parsed = parse_number(written)
    if parsed is None:
        raise ValueError(f"write {written!r} as a number with a unit, or say text=True")
    return parsed


def _quantity(written: str, unit: str | None, ucum: bool = True) -> dict[str, Any]:
    value, comparator, own = _split(written)
    quantity: dict[str, Any] = {"value": value}
    if comparator:
        quantity["comparator"] = comparator
    unit = own or unit
    if unit:
        quantity["unit"] = unit
    if unit and ucum:
        quantity |= {"system": "http://unitsofmeasure.org", "code": unit}
    return quantity


def _extras(more: Mapping[str, Any]) -> list[str]:
    return [f"{name} {value}" if isinstance(value, str) else name for name, value in more.items()]
