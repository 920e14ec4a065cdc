"""The parts of FHIR R4 resources that the rules read, as lenient structs.

Only needed elements are declared, unknown ones are skipped, and little is required: real records lack
what the standard demands. What a struct cannot hold (a code that is a number, a date that is a list) makes
that one resource unreadable, never the whole record. Dates stay text until a rule needs them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, TypeAlias

import msgspec


class Struct(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Base of all parts: frozen, camelCase on the wire."""


Code: TypeAlias = Annotated[str, msgspec.Meta(max_length=1_000)]
"""A code, or the address of a system. Longer ones are none, and every beginning of a code is looked up."""


class Coding(Struct, frozen=True, gc=False):
    system: Code | None = None
    code: Code | None = None
    display: str | None = None


class CodeableConcept(Struct, frozen=True, gc=False):
    coding: list[Coding | None] | None = None
    text: str | None = None

    @property
    def codings(self) -> list[Coding]:
        given = self.coding
        if given and None in given:
            return [coding for coding in given if coding is not None]
        return given or []  # type: ignore[return-value]  # there is no None in it

    @property
    def name(self) -> str | None:
        """The text, else the first display; None where a code stands alone."""
        return self.text or next((c.display for c in self.codings if c.display), None)

    @property
    def display(self) -> str:
        """A name for people, else the first code."""
        return self.name or next((c.code for c in self.codings if c.code), None) or "(no code)"

    def code_in(self, *systems: str) -> str | None:
        """Return the first code whose system is one of ``systems``."""
        return next((c.code for c in self.codings if c.code and c.system in systems), None)


class Reference(Struct, frozen=True, gc=False):
    reference: str | None = None
    display: str | None = None
    type: str | None = None


class Identifier(Struct, frozen=True, gc=False):
    system: str | None = None
    value: str | None = None


LARGEST_EXPONENT = 40
"""No measurement needs more digits on either side of the point; exact arithmetic on 1e999999999 never ends."""


def check_number(number: Decimal | None) -> None:
    """Raise ValueError for a number that exact arithmetic cannot hold: NaN, infinity, endless digits."""
    if number is None:
        return
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -LARGEST_EXPONENT or number.adjusted() > LARGEST_EXPONENT:
        raise ValueError("a number is not finite or has too many digits")


_PLAIN = 20
_DIGITS = "-.0123456789"
"""Of the numbers that charts are made of: few digits near the point, without an exponent. They need no closer look,
and a long chart has hundreds that nobody asks for anything else."""


class Quantity(Struct, frozen=True, gc=False):
    value: Decimal | None = None
    comparator: str | None = None
    unit: Code | None = None
    system: Code | None = None
    code: Code | None = None

    def __post_init__(self) -> None:
        """Refuse a value that cannot be computed with, which makes the resource unreadable."""
        if self.value is not None:
            written = str(self.value)
            if len(written) > _PLAIN or written.strip(_DIGITS):
                check_number(self.value)


class Range(Struct, frozen=True, gc=False):
    low: Quantity | None = None
    high: Quantity | None = None


class Ratio(Struct, frozen=True, gc=False):
    numerator: Quantity | None = None
    denominator: Quantity | None = None


class Period(Struct, frozen=True, gc=False):
    start: str | None = None
    end: str | None = None


class Meta(Struct, frozen=True, gc=False):
    tag: list[Coding] | None = None
    security: list[Coding] | None = None


class Extension(Struct, frozen=True, gc=False):
    url: str | None = None
    value_code: str | None = None
    value_string: str | None = None
    value_boolean: bool | None = None
    value_codeable_concept: CodeableConcept | None = None
    extension: list[Extension] | None = None


LONGEST_VALUE = 300
"""Characters of a text that a value, a range or the name of a product is looked for in: a longer one is prose.

Patterns that try each way to part a run of blanks or digits take the square of its length.
"""


class Annotation(Struct, frozen=True, gc=False):
    text: str | None = None


class Resource(Struct, frozen=True, gc=False, kw_only=True, tag_field="resourceType", tag=True):
    """What every resource has; ``reference`` is how evidence names it."""

    id: str | None = None
    meta: Meta | None = None
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
    birth_date: str | None = None
    gender: str | None = None
    deceased_boolean: bool | None = None
    deceased_date_time: str | None = None
    extension: list[Extension] | None = None
    contact: list[Contact] | None = None
    address: Any = None
    """Addresses as sent: no criterion reads them, so a bad one must not cost the Patient."""
    communication: list[Communication] | None = None


class Age(Quantity, frozen=True, gc=False):
    """A Quantity of time."""


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
    meta: Meta | None = None
    contained: list[msgspec.Raw] | None = None
    status: str | None = None
    category: list[CodeableConcept] | None = None
    subject: Reference | None = None
    focus: list[Reference] | None = None
    encounter: Reference | None = None
    effective_date_time: str | None = None
    effective_period: Period | None = None
    effective_instant: str | None = None
    issued: str | None = None
    specimen: Reference | None = None
    method: CodeableConcept | None = None
    note: list[Annotation] | None = None
    component: list[Component] | None = None
    has_member: list[Reference] | None = None

    @property
    def reference(self) -> str:
        return f"Observation/{self.id}" if self.id else "Observation"

    @property
    def resource_type(self) -> str:
        return "Observation"


class Repeat(Struct, frozen=True, gc=False):
    frequency: int | None = None
    frequency_max: int | None = None
    period: Decimal | None = None
    period_max: Decimal | None = None
    period_unit: str | None = None
    duration: Decimal | None = None
    duration_unit: str | None = None
    when: list[str] | None = None
    time_of_day: list[str] | None = None
    day_of_week: list[str] | None = None
    bounds_period: Period | None = None
    bounds_duration: Quantity | None = None
    bounds_range: Range | None = None

    def __post_init__(self) -> None:
        """Refuse periods that cannot be computed with."""
        check_number(self.period)
        check_number(self.period_max)
        check_number(self.duration)


class Timing(Struct, frozen=True, gc=False):
    repeat: Repeat | None = None
    code: CodeableConcept | None = None


class DoseAndRate(Struct, frozen=True, gc=False):
    dose_quantity: Quantity | None = None
    dose_range: Range | None = None
    rate_quantity: Quantity | None = None
    rate_ratio: Ratio | None = None
    rate_range: Range | None = None


class Dosage(Struct, frozen=True, gc=False):
    text: str | None = None
    timing: Timing | None = None
    as_needed_boolean: bool | None = None
    as_needed_codeable_concept: CodeableConcept | None = None
    route: CodeableConcept | None = None
    dose_and_rate: list[DoseAndRate] | None = None
    max_dose_per_period: Ratio | None = None


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
    medication_reference: Reference | None = None
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
    medication_reference: Reference | None = None
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
    medication_reference: Reference | None = None
    subject: Reference | None = None
    authorizing_prescription: list[Reference] | None = None
    when_prepared: str | None = None
    when_handed_over: str | None = None


class Ingredient(Struct, frozen=True, gc=False):
    item_codeable_concept: CodeableConcept | None = None
    item_reference: Reference | None = None
    strength: Ratio | None = None


class Medication(Resource, frozen=True, gc=False, kw_only=True):
    code: CodeableConcept | None = None
    form: CodeableConcept | None = None
    ingredient: list[Ingredient] | None = None


class Hospitalization(Struct, frozen=True, gc=False):
    admit_source: CodeableConcept | None = None
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

    @property
    def class_code(self) -> str | None:
        """The code of the class, however it was sent."""
        coded = self.class_
        if isinstance(coded, dict):
            codings = coded.get("coding")
            coded = codings[0] if isinstance(codings, list) and codings else coded
        code = coded.get("code") if isinstance(coded, dict) else coded
        return code.strip() if isinstance(code, str) else None


class Procedure(Resource, frozen=True, gc=False, kw_only=True):
    status: str | None = None
    code: CodeableConcept | None = None
    subject: Reference | None = None
    performed_date_time: str | None = None
    performed_period: Period | None = None
    performed_string: str | None = None
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
    study: Reference | None = None
    period: Period | None = None


class FastingStatus(Struct, frozen=True, gc=False):
    collected_date_time: str | None = None
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

UNDECODABLE = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError)
"""What msgspec raises for JSON that is none, or that does not fit."""

_ANY = msgspec.json.Decoder(AnyResource, strict=False)

_DECODERS = {name: msgspec.json.Decoder(kind, strict=False) for name, kind in TYPES.items()}


class _Head(msgspec.Struct, rename="camel"):
    resource_type: str | None = None
    id: str | None = None


_HEAD = msgspec.json.Decoder(_Head, strict=False)


class Unreadable(msgspec.Struct, frozen=True):
    """A resource that could not be read: it makes what depends on its type unknown."""

    type: str
    reference: str
    code: CodeableConcept | None
    """Its code, if at least that could be read."""


class _Coded(msgspec.Struct):
    code: CodeableConcept | None = None


_CODED = msgspec.json.Decoder(_Coded, strict=False)


def read_resource(raw: bytes | bytearray | memoryview | msgspec.Raw) -> Any | Unreadable | None:
    """Read one resource from its JSON; None for a type the rules do not use.

    Never raises for what the JSON holds: what cannot be read comes back as `Unreadable`.
    """
    try:
        return _ANY.decode(raw)
    except UNDECODABLE:
        return _read_otherwise(raw)


def _read_otherwise(raw: bytes | bytearray | memoryview | msgspec.Raw) -> Any | Unreadable | None:
    """Find out what is known of a resource that cannot be read, or is not wanted."""
    try:
        head = _HEAD.decode(raw)
    except UNDECODABLE:
        return Unreadable("(unknown)", "(unknown)", None)
    decoder = _DECODERS.get(head.resource_type or "")
    if decoder is None or head.resource_type is None:
        return None
    try:
        return decoder.decode(raw)
    except UNDECODABLE:
        name = f"{head.resource_type}/{head.id}" if head.id else head.resource_type
        return Unreadable(head.resource_type, name, _code_of(raw))


def _code_of(raw: bytes | bytearray | memoryview | msgspec.Raw) -> CodeableConcept | None:
    try:
        return _CODED.decode(raw).code
    except UNDECODABLE:
        return None
