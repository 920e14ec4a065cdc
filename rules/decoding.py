"""Resources read from their JSON, one by one: a bad one costs itself, never the record."""

from __future__ import annotations

from typing import Any

import msgspec

from rules.datatypes import CodeableConcept
from rules.resources import TYPES, AnyResource

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
