"""Whose a line of a Bulk Data export is. `grouping` asks the same in SQL; a test holds the two together."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from rules.resources import TYPES

DELIVERED = ("Medication", "Specimen")
"""Types that are found by reference, wherever they are filed."""
LONGEST_LINE = 16_000_000
"""Bytes."""


class Fault(StrEnum):
    """Why a line cannot be read: it goes into quarantine."""

    NOT_JSON = "not JSON"
    NOT_UTF8 = "not UTF-8"
    TOO_LONG = "longer than 16 MB"
    NO_RESOURCE = "not a FHIR resource"
    NO_ID = "a Patient without an id"


class Unused(StrEnum):
    """Why a resource is of no use."""

    TYPE = "of a type that no criterion reads"
    NOBODY = "names no patient"


@dataclass(frozen=True, slots=True)
class Address:
    """What a line says of itself."""

    type: str | None = None
    patient: str | None = None
    name: str | None = None
    """``Type/id`` of a resource that others refer to."""
    refers: str | None = None
    """``Type/id`` of the Medication or Specimen that it refers to."""
    fault: Fault | None = None
    unused: Unused | None = None


class _Head(msgspec.Struct, rename="camel"):
    resource_type: Any = None
    id: Any = None
    subject: Any = None
    patient: Any = None
    individual: Any = None
    medication_reference: Any = None
    specimen: Any = None


_HEAD = msgspec.json.Decoder(_Head)
_PERSON = re.compile(r"(?:^|/)Patient/([^/]+)(?:/_history/.*)?/?$|^urn:uuid:(.+)$")
_TARGET = re.compile(r"(?:^|/)((?:Medication|Specimen)/[^/]+)(?:/_history/.*)?/?$")
SEEN = (
    r'"(?:subject|patient|individual)"\s*:\s*\{[^{}]*"reference"\s*:\s*"(?:[^"]*/)?Patient/([^"/]+)',
    r'"resourceType"\s*:\s*"Patient"\s*,\s*"id"\s*:\s*"([^"]+)"',
    r'"reference"\s*:\s*"(?:[^"]*/)?Patient/([^"/]+)',
)
"""How the patient of a line is found that cannot be read as JSON; the first that fits."""
_SEEN = tuple(re.compile(pattern.encode()) for pattern in SEEN)
STAND_IN = b"{"
"""Put in the place of a line that cannot be read, so that its patient's record is known to be incomplete: what depends
on it becomes unknown instead of absent."""


def text_of(line: bytes) -> bytes:
    """Return a line without its end and byte order mark, up to a character that JSON cannot hold."""
    return line.rstrip(b"\r\n").removeprefix(b"\xef\xbb\xbf").partition(b"\x01")[0]


def fingerprint(text: bytes) -> str:
    """Return what a line is found again by."""
    return hashlib.md5(text, usedforsecurity=False).hexdigest()


def address(text: bytes) -> Address:
    """Return whose a line is, given as `text_of` gives it. Of one that cannot be read, as much as can be seen."""
    wrong = fault_of_bytes(text)
    if wrong:
        return Address(None, seen(text), fault=wrong)
    try:
        head = _HEAD.decode(text)
    except msgspec.ValidationError:
        return Address(fault=Fault.NO_RESOURCE)
    except (msgspec.DecodeError, RecursionError):
        return Address(None, seen(text), fault=Fault.NOT_JSON)
    kind = _text(head.resource_type)
    if kind is None:
        return Address(fault=Fault.NO_RESOURCE)
    if kind not in TYPES:
        return Address(kind, unused=Unused.TYPE)
    return _addressed(kind, head)


def _addressed(kind: str, head: _Head) -> Address:
    identity = _text(head.id)
    if kind == "Patient":
        return Address(kind, identity) if identity else Address(kind, fault=Fault.NO_ID)
    subject = _first(head.subject, head.patient, head.individual)
    found = _PERSON.search(subject) if subject else None
    patient = (found[1] or found[2]) if found else None
    if patient is None and kind not in DELIVERED:
        return Address(kind, unused=Unused.NOBODY)
    target = _first(head.medication_reference, head.specimen)
    refers = _TARGET.search(target) if target else None
    name = f"{kind}/{identity}" if kind in DELIVERED and identity else None
    return Address(kind, patient, name, refers[1] if refers else None)


def fault_of_bytes(text: bytes) -> Fault | None:
    """Return what is wrong with a line before it is read as JSON."""
    if len(text) > LONGEST_LINE:
        return Fault.TOO_LONG
    try:
        text.decode()
    except UnicodeDecodeError:
        return Fault.NOT_UTF8
    return None


def seen(text: bytes) -> str | None:
    """Return the patient that a line names which cannot be read, if one can be made out."""
    found = next((match for pattern in _SEEN if (match := pattern.search(text[:LONGEST_LINE]))), None)
    return found[1].decode(errors="replace") if found else None


def _first(*references: Any) -> str | None:
    texts = (_text(r.get("reference")) if isinstance(r, dict) else None for r in references)
    return next((text for text in texts if text is not None), None)


def _text(value: Any) -> str | None:
    """Return a value as text, as a JSON path gives it."""
    return value if value is None or isinstance(value, str) else msgspec.json.encode(value).decode()
