"""The parts of the settings: each is a table of the file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from cds_service.fatigue_settings import Reason
from cds_service.setting_types import FhirServer, Origin, Part, Profile, WebAddress


def _database(text: str) -> str:
    # Takes half a second to import, which commands without a database need not spend.
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        driver = make_url(text).drivername
    except (ArgumentError, ValueError):
        driver = ""
    if driver not in _DATABASES:
        raise ValueError(
            "give the address of an SQLite file, such as sqlite:///data/trial-cds.sqlite, or of a PostgreSQL "
            "database, such as postgresql://user:password@host/trial_cds"
        )
    return text


_DATABASES = ("sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg")


def _hash_key(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < _SHORTEST_KEY:
        raise ValueError(f"give at least {_SHORTEST_KEY} characters, such as those of: openssl rand -base64 32")
    return secret


_SHORTEST_KEY = 32


def _shown(secret: SecretStr) -> SecretStr:
    """Check a secret that comes in a header, which has no blanks and other letters than these."""
    if not re.fullmatch(rf"[!-~]{{{_SHORTEST_KEY},}}", secret.get_secret_value()):
        raise ValueError(
            f"give at least {_SHORTEST_KEY} characters that a header can carry, without blanks: openssl rand -base64 32"
        )
    return secret


class OpenMode(Part):
    """What applies while no tenant is configured."""

    enabled: bool = Field(default=True, description="False: every call is answered without a card.")
    allow: bool = Field(
        default=False, description="Listen on another address than loopback, for everyone who can reach it."
    )
    fhir_servers: tuple[FhirServer, ...] = Field(default=(), description="FHIR servers besides those on loopback.")
    cors_origins: tuple[Origin, ...] = Field(
        default=("https://sandbox.cds-hooks.org",), description="Browser origins besides those on loopback."
    )
    profile: Profile = Field(default="generic", description="What the EHR can show.")
    suggest_orders: bool = Field(default=False, description="Whether cards suggest overdue tests of usual care.")


class Limits(Part):
    """What one request may cost."""

    body_bytes: int = Field(default=5_000_000, ge=1_000, description="Largest request body.")
    receive_seconds: float = Field(
        default=5.0,
        gt=0,
        le=60,
        description="Time for a request's headers to arrive, again for its body, and for the answer to be taken.",
    )
    deadline_seconds: float = Field(default=4.0, gt=0, le=60, description="Time for all data of one call to arrive.")
    page_bytes: int = Field(default=10_000_000, ge=1_000, description="Largest page from a FHIR server, unpacked.")
    call_bytes: int = Field(default=40_000_000, ge=1_000, description="All pages of one call, unpacked.")
    pages: int = Field(default=20, ge=1, description="Pages followed in one search.")
    resources: int = Field(default=5_000, ge=1, description="Resources taken from one search.")
    server_failures: int = Field(
        default=5, ge=1, description="Calls in a row without any answer after which a FHIR server is left alone."
    )
    server_pause_seconds: float = Field(
        default=30.0, gt=0, le=3_600, description="Time for which it is left alone before one call tries it again."
    )


class Database(Part):
    """Where calls, cards shown and feedback are kept."""

    url: Annotated[str, AfterValidator(_database)] = Field(
        default="sqlite:///data/trial-cds.sqlite",
        repr=False,
        description="SQLAlchemy address of an SQLite file, which if relative starts where the service does, or of a "
        "PostgreSQL database.",
    )

    @property
    def is_sqlite(self) -> bool:
        return self.url.startswith("sqlite")


class FeedbackSettings(Part):
    """What is kept of clinicians' feedback."""

    store_free_text: bool = Field(default=False, description="Keep comments, which may hold patient data.")
    reasons: dict[str, Reason] = Field(
        default={}, description="What the EHR's own codes of reasons mean: its code -> an override reason of the card."
    )


class TerminologySettings(Part):
    """A FHIR terminology server that knows SNOMED CT; without one, the listed concepts alone are matched."""

    url: FhirServer | None = Field(default=None, description="Its base address; it is asked at start only.")
    token: SecretStr | None = Field(default=None, description="Bearer token, if it wants one.")
    cache: Path = Field(
        default=Path("data/terminology.json"), description="File that keeps its answers from one start to the next."
    )
    refresh_days: int = Field(default=30, ge=0, le=3_650, description="Days after which it is asked again.")
    seconds: float = Field(default=30.0, gt=0, le=600, description="Time for all its answers at one start.")
    concepts: int = Field(default=30_000, ge=1, description="Most concepts of one value set; larger ones stay listed.")


class Privacy(Part):
    """How patients and users are made unrecognisable in the database."""

    hash_keys: tuple[Annotated[SecretStr, AfterValidator(_hash_key)], ...] = Field(
        default=(),
        description="Secrets of at least 32 characters, the newest first. The first makes the hashes; the others "
        "still recognise those made before.",
    )


class Sandbox(Part):
    """For demonstrations with synthetic patients only."""

    enabled: bool = Field(default=False, description="Answer with the assessment beside the cards, and mark the cards.")
    allow_test_patients: bool = Field(
        default=False, description="Assess patients marked as test data; implied by enabled."
    )
    host: str = Field(default="127.0.0.1", description="Address on which the demo's service listens.")
    fhir_server: FhirServer | None = Field(
        default=None, description="FHIR server of the synthetic patients, for the page /sandbox; the demo sets it."
    )
    client_key: Path | None = Field(
        default=None,
        description="Private key as a JWK with a kid, by which /sandbox signs its calls as the first tenant for test "
        "systems.",
    )


class Monitoring(Part):
    """Who may see metrics, and what health checks find."""

    token: Annotated[SecretStr, AfterValidator(_shown)] | None = Field(
        default=None,
        description="Bearer token by which another computer reads `/metrics` and the details of `/health/ready`; "
        "without one, only this computer may.",
    )


class TracingSettings(Part):
    """Traces by OpenTelemetry; needs the extra `otel`."""

    endpoint: WebAddress | None = Field(
        default=None,
        description="Where a collector takes traces by OTLP over HTTP, such as http://127.0.0.1:4318/v1/traces.",
    )
    headers: dict[str, SecretStr] = Field(default={}, description="Headers that the collector wants, such as a key.")
    sample: float = Field(default=1.0, ge=0, le=1, description="Share of requests of which a trace is made.")


class BulkData(Part):
    """How `trial-cds screen` signs in to a FHIR server whose population it exports (SMART Backend Services)."""

    client_id: str | None = Field(default=None, description="As registered with the server; without it, no sign-in.")
    key_file: Path | None = Field(default=None, description="Private key in PEM: RSA, or on the curve P-384.")
    key_id: str | None = Field(default=None, description="The kid under which the server knows the public key.")
    scope: str = Field(default="system/*.read", description="What is asked for; servers of SMART 2 want system/*.rs.")
    ca_bundle: Path | None = Field(default=None, description="Certificates to trust instead of the usual ones.")
    hours: float = Field(default=24, gt=0, le=240, description="How long the server may take to make the files.")


class Server(Part):
    """How gunicorn runs; the defaults were measured."""

    workers: int = Field(default=2, ge=1, le=64, description="Processes.")
    threads: int = Field(default=8, ge=1, le=256, description="Calls answered side by side in each process.")
    max_requests: int = Field(default=5_000, ge=0, description="Requests after which a worker is replaced; 0: never.")
    keep_alive_seconds: int = Field(default=75, ge=0, description="Time for which an idle connection is kept.")
    graceful_seconds: int = Field(default=20, ge=1, description="Time for open requests to end when the service stops.")
    drain_seconds: int = Field(
        default=0,
        ge=0,
        le=300,
        description="Time before that in which it still answers but says that it is not ready, so that load balancers "
        "turn elsewhere.",
    )
    peers: bool = Field(
        default=False, description="True when other hosts or containers answer the same EHRs: needs PostgreSQL."
    )
