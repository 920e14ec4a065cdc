"""The parts of FHIR R4 resources that the rules read, as lenient structs.

Only needed elements are declared, unknown ones are skipped, and little is required: real records lack
what the standard demands. What a struct cannot hold (a code that is a number, a date that is a list) makes
that one resource unreadable, never the whole record. Dates stay text until a rule needs them.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from rules.datatypes import (
    Age,
    Annotation,
    CodeableConcept,
    Dosage,
    Extension,
    Meta,
    NamedReference,
    Period,
    Quantity,
    Range,
    Ratio,
    Reference,
    Struct,
)


class Resource(Struct, frozen=True, gc=False, kw_only=True, tag_field="resourceType", tag=True):
    """What every resource has; ``reference`` is how evidence names it."""

    id: str | None = None
    contained: list[msgspec.Raw] | None = None

    @property
    def reference(self) -> str:
        kind = self.resource_type
        return f"{kind}/{self.id}" if self.id else kind

    @property
    def resource_type(self) -> str:
        return type(self).__name__


class Contact(Struct, frozen=True, gc=False):
    relationship: list[CodeableConcept] | None = None


class Communication(Struct, frozen=True, gc=False):
    language: CodeableConcept | None = None
    preferred: bool | None = None


class Patient(Resource, frozen=True, gc=False, kw_only=True):
    meta: Meta | None = None
    birth_date: str | None = None
    gender: str | None = None
    deceased_boolean: bool | None = None
    deceased_date_time: str | None = None
    extension: list[Extension] | None = None
    contact: list[Contact] | None = None
    address: Any = None
    """Addresses as sent: no criterion reads them, so a bad one must not cost the Patient."""
    communication: list[Communication] | None = None


class Condition(Resource, frozen=True, gc=False, kw_only=True):
    clinical_status: CodeableConcept | None = None
    verification_status: CodeableConcept | None = None
    category: list[CodeableConcept] | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    encounter: Reference | None = None
    onset_date_time: str | None = None
    onset_age: Age | None = None
    onset_period: Period | None = None
    onset_range: Range | None = None
    onset_string: str | None = None
    abatement_date_time: str | None = None
    abatement_age: Age | None = None
    abatement_period: Period | None = None
    abatement_range: Range | None = None
    abatement_string: str | None = None
    recorded_date: str | None = None
    note: list[Annotation] | None = None


class ReferenceRange(Struct, frozen=True, gc=False):
    low: Quantity | None = None
    high: Quantity | None = None
    type: CodeableConcept | None = None
    applies_to: list[CodeableConcept] | None = None
    age: Range | None = None
    text: str | None = None


class Value(Struct, frozen=True, gc=False, kw_only=True):
    """The value[x] that an Observation and its components share."""

    code: CodeableConcept | None = None
    value_quantity: Quantity | None = None
    value_codeable_concept: CodeableConcept | None = None
    value_string: str | None = None
    value_boolean: bool | None = None
    value_integer: int | None = None
    value_range: Range | None = None
    value_ratio: Ratio | None = None
    value_date_time: str | None = None
    data_absent_reason: CodeableConcept | None = None
    interpretation: list[CodeableConcept] | None = None
    reference_range: list[ReferenceRange] | None = None


class Component(Value, frozen=True, gc=False, kw_only=True):
    """A part of an Observation, such as the systolic pressure."""


class Observation(Value, frozen=True, gc=False, kw_only=True, tag_field="resourceType", tag=True):
    id: str | None = None
    contained: list[msgspec.Raw] | None = None
    status: str | None = None
    subject: Reference | None = None
    focus: list[Reference] | None = None
    encounter: Reference | None = None
    effective_date_time: str | None = None
    effective_period: Period | None = None
    effective_instant: str | None = None
    issued: str | None = None
    specimen: Reference | None = None
    note: list[Annotation] | None = None
    component: list[Component] | None = None

    @property
    def reference(self) -> str:
        return f"Observation/{self.id}" if self.id else "Observation"

    @property
    def resource_type(self) -> str:
        return "Observation"


class DispenseRequest(Struct, frozen=True, gc=False):
    validity_period: Period | None = None
    number_of_repeats_allowed: int | None = None
    quantity: Quantity | None = None
    expected_supply_duration: Quantity | None = None


class MedicationRequest(Resource, frozen=True, gc=False, kw_only=True):
    status: str | None = None
    intent: str | None = None
    do_not_perform: bool | None = None
    medication_codeable_concept: CodeableConcept | None = None
    medication_reference: NamedReference | None = None
    subject: Reference | None = None
    authored_on: str | None = None
    reason_code: list[CodeableConcept] | None = None
    dosage_instruction: list[Dosage] | None = None
    dispense_request: DispenseRequest | None = None
    category: list[CodeableConcept] | None = None
    note: list[Annotation] | None = None


class MedicationStatement(Resource, frozen=True, gc=False, kw_only=True):
    status: str | None = None
    medication_codeable_concept: CodeableConcept | None = None
    medication_reference: NamedReference | None = None
    subject: Reference | None = None
    effective_date_time: str | None = None
    effective_period: Period | None = None
    date_asserted: str | None = None
    reason_code: list[CodeableConcept] | None = None
    dosage: list[Dosage] | None = None
    category: CodeableConcept | None = None


class MedicationDispense(Resource, frozen=True, gc=False, kw_only=True):
    status: str | None = None
    medication_codeable_concept: CodeableConcept | None = None
    medication_reference: NamedReference | None = None
    subject: Reference | None = None
    authorizing_prescription: list[Reference] | None = None
    when_prepared: str | None = None
    when_handed_over: str | None = None


class Ingredient(Struct, frozen=True, gc=False):
    item_codeable_concept: CodeableConcept | None = None
    strength: Ratio | None = None


class Medication(Resource, frozen=True, gc=False, kw_only=True):
    code: CodeableConcept | None = None
    form: CodeableConcept | None = None
    ingredient: list[Ingredient] | None = None


class Hospitalization(Struct, frozen=True, gc=False):
    discharge_disposition: CodeableConcept | None = None


class Encounter(Resource, frozen=True, gc=False, kw_only=True):
    status: str | None = None
    class_: Any = msgspec.field(name="class", default=None)
    """A Coding in R4; some servers send a CodeableConcept or a bare code."""
    type: list[CodeableConcept] | None = None
    service_type: CodeableConcept | None = None
    subject: Reference | None = None
    period: Period | None = None
    hospitalization: Hospitalization | None = None


class Procedure(Resource, frozen=True, gc=False, kw_only=True):
    status: str | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    performed_date_time: str | None = None
    performed_period: Period | None = None
    body_site: list[CodeableConcept] | None = None


class Immunization(Resource, frozen=True, gc=False, kw_only=True):
    status: str | None = None
    vaccine_code: CodeableConcept | None = None
    patient: Reference | None = None
    occurrence_date_time: str | None = None
    occurrence_string: str | None = None


class ResearchSubject(Resource, frozen=True, gc=False, kw_only=True):
    status: str | None = None
    individual: Reference | None = None
    study: NamedReference | None = None
    period: Period | None = None


class FastingStatus(Struct, frozen=True, gc=False):
    fasting_status_codeable_concept: CodeableConcept | None = None
    fasting_status_duration: Quantity | None = None


class Specimen(Resource, frozen=True, gc=False, kw_only=True):
    subject: Reference | None = None
    collection: FastingStatus | None = None
    type: CodeableConcept | None = None


class ServiceRequest(Resource, frozen=True, gc=False, kw_only=True):
    status: str | None = None
    intent: str | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    occurrence_date_time: str | None = None


class Provision(Struct, frozen=True, gc=False):
    type: str | None = None
    period: Period | None = None
    provision: list[Provision] | None = None
    """Exceptions to this one."""


class Consent(Resource, frozen=True, gc=False, kw_only=True):
    status: str | None = None
    scope: CodeableConcept | None = None
    category: list[CodeableConcept] | None = None
    patient: Reference | None = None
    provision: Provision | None = None


class Flag(Resource, frozen=True, gc=False, kw_only=True):
    status: str | None = None
    category: list[CodeableConcept] | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    period: Period | None = None


class AllergyIntolerance(Resource, frozen=True, gc=False, kw_only=True):
    clinical_status: CodeableConcept | None = None
    verification_status: CodeableConcept | None = None
    code: CodeableConcept | None = None
    patient: Reference | None = None


TYPES: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        Patient, Condition, Observation, MedicationRequest, MedicationStatement, MedicationDispense, Medication,
        Encounter,
        Procedure, Immunization, ResearchSubject, Specimen, ServiceRequest, Consent, Flag, AllergyIntolerance,
    )
}  # fmt: skip
"""Resource types the rules read; anything else is passed over."""

AnyResource: TypeAlias = (
    Patient | Condition | Observation | MedicationRequest | MedicationStatement | MedicationDispense | Medication
    | Encounter | Procedure | Immunization | ResearchSubject | Specimen | ServiceRequest | Consent | Flag
    | AllergyIntolerance
)  # fmt: skip
"""A resource of one of `TYPES`, told by its ``resourceType``: what a decoder can read whole pages of."""
