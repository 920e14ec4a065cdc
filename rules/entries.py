"""Entries as they arrive, read into the record of one person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from rules.decoding import Unreadable, read_resource
from rules.record import PatientRecord, distinct
from rules.resources import Observation, Patient
from rules.searches import Search


class RecordError(ValueError):
    """The resources do not make up the record of exactly one person."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A resource as it arrived: its JSON and, from a Bundle, the URL it is known by."""

    raw: bytes | bytearray | memoryview | msgspec.Raw
    full_url: str | None = None


class ReadEntry(msgspec.Struct, frozen=True, rename="camel"):
    """An entry after reading: a resource the rules use, or what is known of an unreadable one."""

    resource: Any
    full_url: str | None = None


def read_entry(entry: Entry) -> ReadEntry | None:
    """Read one entry; None for a type the rules do not use. Never raises for what the JSON holds."""
    resource = read_resource(entry.raw)
    return None if resource is None else ReadEntry(resource, entry.full_url)


def read_record(entries: Iterable[Entry], searches: Mapping[str, Search]) -> PatientRecord:
    """Read entries into a record; raises `RecordError` unless exactly one Patient is among them."""
    return build_record((read for entry in entries if (read := read_entry(entry))), searches)


def build_record(reads: Iterable[ReadEntry], searches: Mapping[str, Search]) -> PatientRecord:
    """Make a record of read entries; raises `RecordError` unless exactly one Patient is among them."""
    patients: list[Patient] = []
    others: list[Any] = []
    unreadable: list[Unreadable] = []
    by_url: dict[str, Any] = {}
    for read in reads:
        resource = read.resource
        if isinstance(resource, Unreadable):
            unreadable.append(resource)
            continue
        if read.full_url:
            by_url[read.full_url] = resource
        (patients if isinstance(resource, Patient) else others).append(resource)
        if isinstance(resource, Observation):
            others.extend(_member_observations(resource))
    patients = distinct(patients)
    if len(patients) != 1:
        unread = any(u.type == "Patient" for u in unreadable)
        raise RecordError("the Patient resource cannot be read" if unread else f"{len(patients)} Patients found")
    return PatientRecord(patients[0], others, searches, unreadable, by_url)


def _member_observations(parent: Observation) -> list[Observation]:
    """Return contained members of a panel: observed when the panel was, of the same subject, no surer than it."""
    if not parent.contained:
        return []
    members = [read_resource(raw) for raw in parent.contained]
    return [
        msgspec.structs.replace(
            member,
            id=f"{parent.id}#{member.id}" if parent.id else member.id,
            status=_weaker(member.status, parent.status),
            subject=member.subject or parent.subject,
            focus=member.focus or parent.focus,
            specimen=member.specimen or parent.specimen,
            encounter=member.encounter or parent.encounter,
            effective_date_time=member.effective_date_time or parent.effective_date_time,
            effective_period=member.effective_period or parent.effective_period,
            issued=member.issued or parent.issued,
        )
        for member in members
        if isinstance(member, Observation)
    ]


_SURE = ("final", "amended", "corrected")


def _weaker(member: str | None, panel: str | None) -> str | None:
    """Return the status of a member; a panel that is not final makes none of its members final."""
    if member is None or (panel or "").strip().lower() not in _SURE:
        return panel
    return member
