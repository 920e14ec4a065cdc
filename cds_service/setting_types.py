"""The kinds of values that settings are made of, each checked in words that say what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from cds_service.patient_data.outbound import OutboundError, parse_base_url
from rules.assessment import Verdict


def _web_address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        raise ValueError("give an absolute http or https address without user name")
    if parts.query or parts.fragment:
        raise ValueError("give the address without ? and #")
    return text.rstrip("/")


def _origin(text: str) -> str:
    parts = urlsplit(_web_address(text))
    if parts.path not in ("", "/"):
        raise ValueError("give an origin: scheme, host and port, without a path")
    # As browsers write it: in lower case, without the port that the scheme implies.
    return f"{parts.scheme}://{parts.netloc.lower()}".removesuffix({"http": ":80", "https": ":443"}[parts.scheme])


def _host(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9.-]+|\[[0-9a-f:]+\]", text.lower()):
        raise ValueError("give the host alone, such as cds.example.org, without scheme, port and path")
    return text.lower().strip("[]")


def _fhir_server(text: str) -> str:
    try:
        return str(parse_base_url(text))
    except OutboundError as error:
        raise ValueError(
            f"{error}. Give a base address with https; a server without https must be reached on loopback, "
            "such as by a proxy on this computer, and needs no entry then"
        ) from None


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ValueError, OSError, KeyError):
        raise ValueError("give a zone of the IANA database, such as Europe/Berlin") from None
    return text


def _shown(verdicts: frozenset[Verdict]) -> frozenset[Verdict]:
    if Verdict.NOT_APPLICABLE in verdicts:
        raise ValueError("must not hold not-applicable: it also covers people who opted out of research")
    return verdicts


def misfits(problems: Sequence[tuple[str, str]]) -> PydanticCustomError:
    """Return one error for several settings that do not fit together: where each lies within its group, and why."""
    return PydanticCustomError("misfits", "settings do not fit together", {"problems": tuple(problems)})


WebAddress = Annotated[str, AfterValidator(_web_address)]
FhirServer = Annotated[str, AfterValidator(_fhir_server)]
Origin = Annotated[str, AfterValidator(_origin)]
Zone = Annotated[str, AfterValidator(_zone)]
Shown = Annotated[frozenset[Verdict], AfterValidator(_shown)]
SensitiveDetail = Literal["minimal", "full"]
Profile = Literal["generic", "epic", "oracle"]
Host = Annotated[str, AfterValidator(_host)]


class Part(BaseModel):
    """Base of all groups: unknown names are refused, so that a misspelt setting is never silently unused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class OrderCode(Part):
    """The code by which a site orders a test: of its own catalogue, as its EHR takes it in a ServiceRequest."""

    system: str = Field(min_length=1)
    code: str = Field(min_length=1)
    display: str = Field(min_length=1)


class Attestation(Part):
    """A named person's statement that the site is recruiting. It counts only when complete and unexpired."""

    asserted_by: str = Field(min_length=1, description="Name of the person who states that the site recruits.")
    role: str = Field(min_length=1, description="Role of this person at the site.")
    asserted_on: date = Field(description="Day of the statement.")
    irb_reference: str = Field(min_length=1, description="Number of the approval by the ethics board.")
    expires: date = Field(description="Last day on which it holds, at most 90 days after the statement.")
    site: str = Field(min_length=1, description="The site that recruits.")
    contact: str = Field(min_length=1, description="Whom a clinician asks.")


class Recruitment(Part):
    """Whether cards need a site's statement that it recruits (recommended for live sites)."""

    require_site_attestation: bool = Field(
        default=False, description="No card without a complete attestation that has not expired."
    )
    attestation: Attestation | None = None
