"""Patients and users as keyed hashes: the same person can be recognised, and not found out without the key.

HMAC-SHA-256 over tenant, kind and id, so that nobody can be followed from one tenant to another.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Protocol

import orjson
from sqlalchemy import Connection, select

from cds_service.settings import Settings
from cds_service.storage.tables import hash_keys

_DOMAIN = "trial-cds pseudonym 1"


@dataclass(frozen=True, slots=True)
class Pseudonym:
    """One person: the hash that is written, and all by which rows written before may know the same person."""

    hashes: tuple[str, ...]

    @property
    def newest(self) -> str:
        return self.hashes[0]


class Pseudonyms:
    """Makes pseudonyms with the keys of the site, the newest first."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Raises ValueError without a key."""
        if not keys:
            raise ValueError("Pseudonyms need at least one key.")
        self._keys = tuple(keys)

    def patient(self, tenant: str, patient_id: str) -> Pseudonym:
        """``patient_id`` is the id that the tenant's EHR gives the patient."""
        return self._pseudonym(tenant, "patient", patient_id)

    def user(self, tenant: str, user: str) -> Pseudonym:
        """``user`` is a relative reference, such as ``Practitioner/1``."""
        return self._pseudonym(tenant, "user", user)

    def _pseudonym(self, tenant: str, kind: str, value: str) -> Pseudonym:
        # A list in JSON, for joined texts could be cut in two ways.
        message = orjson.dumps([_DOMAIN, tenant, kind, value])
        return Pseudonym(tuple(hmac.new(key, message, sha256).hexdigest() for key in self._keys))


def own_key(connection: Connection) -> bytes:
    """Return the key of a database whose site has configured none, made when it lacks; one process at a time.

    It lies beside what it protects: good enough for trying the service, and not for patients.
    """
    oldest = select(hash_keys.c.key).order_by(hash_keys.c.number).limit(1)
    found = connection.execute(oldest).scalar()
    if found is None:
        found = secrets.token_hex(32)
        connection.execute(hash_keys.insert(), {"key": found, "made_at": datetime.now(UTC)})
    return found.encode()


class HasOwnKey(Protocol):
    """A database that can make a key."""

    def own_key(self) -> bytes: ...


def site_keys(settings: Settings, database: HasOwnKey) -> list[bytes]:
    """Return the keys of the site, the newest first; without any, the one that the database made for itself."""
    configured = [key.get_secret_value().encode() for key in settings.privacy.hash_keys]
    return configured or [database.own_key()]
