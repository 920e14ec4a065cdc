"""What CDS Hooks clients send, read leniently: unknown fields are skipped, prefetch stays raw.

Vendors add fields and ``extension`` objects anywhere; only what the service uses is declared.
"""

from __future__ import annotations

import codecs
import re
from typing import Any, TypeVar

import msgspec

from cds_service.cds_hooks import errors
from cds_service.patient_data.query_plan import is_resource_id

T = TypeVar("T")

_USER = re.compile(r"(?:.*/)?([A-Z][A-Za-z]+)/([A-Za-z0-9\-._]{1,128})")
_TRIGGER_ACTION = "com.epic.cdshooks.request.bpa-trigger-action"
_NUMBER = re.compile(r"[0-9]{1,6}")
USER_TYPES = ("Practitioner", "PractitionerRole", "Patient", "RelatedPerson")
_LISTED = ", ".join(USER_TYPES)


class Context(msgspec.Struct, frozen=True, rename="camel"):
    """What of the context of patient-view is used."""

    user_id: str
    patient_id: str
    encounter_id: Any = None
    """Optional, so whatever else stands there costs nothing."""

    @property
    def user_type(self) -> str:
        """Type of the viewer, such as ``Practitioner``."""
        match = _USER.fullmatch(self.user_id)
        return match[1] if match else ""

    @property
    def user(self) -> str:
        """The viewer as a relative reference, such as ``Practitioner/1``, whatever address stood before it."""
        match = _USER.fullmatch(self.user_id)
        return f"{match[1]}/{match[2]}" if match else ""

    @property
    def encounter(self) -> str | None:
        """Id of the encounter in which the chart is open, if the EHR says so; None for what is no id."""
        given = self.encounter_id.removeprefix("Encounter/") if isinstance(self.encounter_id, str) else ""
        return given if is_resource_id(given) else None


class FhirAuthorization(msgspec.Struct, frozen=True):
    """Access to the FHIR server for this one call. Its scope is not read: vendors write it differently."""

    access_token: str
    patient: str | None = None

    def __repr__(self) -> str:
        return "FhirAuthorization(...)"


class HookRequest(msgspec.Struct, frozen=True, rename="camel"):
    """A hook call; ``prefetch`` values are JSON as received."""

    hook: str
    hook_instance: str
    context: msgspec.Raw
    fhir_server: str | None = None
    fhir_authorization: FhirAuthorization | None = None
    prefetch: dict[str, msgspec.Raw] | None = None
    extension: msgspec.Raw = msgspec.Raw(b"null")


class FeedbackBatch(msgspec.Struct, frozen=True):
    """The feedback of one or several cards; entries are read one by one."""

    feedback: list[msgspec.Raw]


_REQUEST = msgspec.json.Decoder(HookRequest)
_CONTEXT = msgspec.json.Decoder(Context)
_FEEDBACK = msgspec.json.Decoder(FeedbackBatch)


def read_hook(body: bytes) -> HookRequest:
    """Read a hook call, its context aside; raises `errors.Refused` (400)."""
    request = _decode(_REQUEST, body, "$")
    for name, value in (("hook", request.hook), ("hookInstance", request.hook_instance)):
        if not value.strip():
            raise errors.malformed(f"{name} is empty: send it as CDS Hooks defines it.", "required")
    return request


def read_context(request: HookRequest) -> Context:
    """Read the context of a patient-view call; raises `errors.Refused` (400)."""
    context = _decode(_CONTEXT, bytes(request.context), "$.context")
    if not is_resource_id(context.patient_id):
        raise errors.malformed("context.patientId must be the bare id of a FHIR Patient, such as 123.", "value")
    if context.user_type not in USER_TYPES:
        raise errors.malformed(
            f"context.userId must be a type and an id, such as Practitioner/1; the type one of {_LISTED}.",
            "value",
        )
    return context


def trigger_actions(request: HookRequest) -> frozenset[int]:
    """Return the actions by which Epic says that it calls, of which only one opens a chart; empty elsewhere.

    Epic sends other triggers as patient-view too. What cannot be read counts as not sent.
    """
    try:
        extension = msgspec.json.decode(request.extension)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return frozenset()
    given = extension.get(_TRIGGER_ACTION) if isinstance(extension, dict) else None
    values = given if isinstance(given, list) else [given]
    return frozenset(int(text) for value in values if _NUMBER.fullmatch(text := str(value)))


def read_feedback(body: bytes) -> FeedbackBatch:
    """Read a feedback call, its entries aside; raises `errors.Refused` (400)."""
    return _decode(_FEEDBACK, body, "$")


def _decode(decoder: msgspec.json.Decoder[T], body: bytes, path: str) -> T:
    try:
        return decoder.decode(body.removeprefix(codecs.BOM_UTF8))
    except msgspec.ValidationError as error:
        raise errors.malformed(_sentence(str(error), path), "structure") from None
    except RecursionError:
        raise errors.malformed("The JSON is nested too deeply to be read.") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise errors.malformed("The body is not valid JSON in UTF-8.") from None


_MISSING = re.compile(r"Object missing required field `([^`]+)`(?: - at `\$\.?([^`]*)`)?")
_WRONG_TYPE = re.compile(r"Expected `([^`]+)`, got `([^`]+)`(?: - at `\$\.?([^`]*)`)?")


def _sentence(message: str, path: str) -> str:
    """Put msgspec's message, which holds names and types but no values, into words."""
    within = path.removeprefix("$").removeprefix(".")
    if match := _MISSING.fullmatch(message):
        return f"{_join(within, match[2], match[1])} is missing."
    if match := _WRONG_TYPE.fullmatch(message):
        name = _join(within, match[3]) or "The body"
        return f"{name} must be {_kind(match[1])}, and is {_kind(match[2])}."
    return "A field of the request has a wrong value."


def _join(*parts: str | None) -> str:
    return ".".join(part for part in parts if part)


_KINDS = {
    "str": "a string", "object": "an object", "array": "an array", "int": "a number", "float": "a number",
    "bool": "true or false", "null": "null",
}  # fmt: skip


def _kind(types: str) -> str:
    return " or ".join(_KINDS.get(name.strip(), name.strip()) for name in types.split("|"))
