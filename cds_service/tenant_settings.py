"""The settings of one tenant: an organisation whose EHR calls, how it proves who it is, and what it is shown.

In the file each is a table ``[[tenants]]``. What a tenant leaves out, the site-wide setting of that name decides.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from cds_service.fatigue_settings import Fatigue, Filters, Reason
from cds_service.patient_data.outbound import is_loopback_url
from cds_service.setting_types import (
    FhirServer,
    Host,
    OrderCode,
    Origin,
    Part,
    Profile,
    Recruitment,
    SensitiveDetail,
    Shown,
    Zone,
    misfits,
)

OPEN = "open"
"""Name of the built-in tenant that stands for everybody while none is configured."""

_NOBODY = "none"
"""What metrics call a caller who has not signed in."""

Algorithm = Literal["RS384", "RS512", "PS384", "PS512", "ES384", "ES512"]
"""How a token may be signed. Symmetric algorithms are none of them: whoever can check a token could make one."""

_VISIBLE = re.compile(r"[!-~]{1,500}")


def _name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", text) or text in (OPEN, _NOBODY):
        raise ValueError(f"give a short name of small letters, digits and hyphens, and not {OPEN} or {_NOBODY}")
    return text


def _visible(text: str) -> str:
    if not _VISIBLE.fullmatch(text):
        raise ValueError("give it exactly as the client's tokens carry it, without blanks")
    return text


def _key_address(text: str) -> str:
    parts = urlsplit(_visible(text))
    if parts.scheme != "https" and not is_loopback_url(text):
        raise ValueError("give an https address; http is for loopback only, for whoever can change keys can sign in")
    if not parts.hostname or "@" in parts.netloc or parts.fragment:
        raise ValueError("give an absolute address without user name and #")
    return text


Name = Annotated[str, AfterValidator(_name)]
Claim = Annotated[str, AfterValidator(_visible)]
KeyAddress = Annotated[str, AfterValidator(_key_address)]


class TenantSettings(Part):
    """One ``[[tenants]]`` table."""

    name: Name = Field(description="How logs and reports call this tenant.")
    enabled: bool = Field(default=True, description="False: every call is answered without a card.")
    test: bool = Field(default=False, description="A test system: patients marked as test data are assessed.")

    issuer: Claim = Field(description="Claim iss of its tokens.")
    tenant_claim: Claim | None = Field(
        default=None, description="Claim tenant of its tokens, where one issuer signs for several organisations."
    )
    jwks_url: KeyAddress | None = Field(default=None, description="Where its public keys are; or else jwks_file.")
    jwks_file: Path | None = Field(
        default=None,
        description="A JWK Set with its public keys, read when it changes; if relative, from where the service starts.",
    )
    jku: Claim | None = Field(
        default=None, description="What the header jku of its tokens must be if it is there; default: jwks_url."
    )
    audiences: tuple[Claim, ...] = Field(
        default=(), description="Values of the claim aud to accept besides the address called, under public_url."
    )
    algorithms: frozenset[Algorithm] = Field(
        default=frozenset({"RS384", "ES384"}), min_length=1, description="How its tokens may be signed."
    )
    max_token_seconds: int = Field(default=300, ge=30, le=3_600, description="Longest life of a token; Epic: 900.")
    leeway_seconds: int = Field(default=60, ge=0, le=300, description="How far the client's clock may be off.")
    subject: Claim | None = Field(default=None, description="Claim sub of its tokens; Epic: your client id there.")

    fhir_servers: tuple[FhirServer, ...] = Field(
        default=(), description="Base addresses of its FHIR servers; without one, only the prefetch is read."
    )
    cors_origins: tuple[Origin, ...] = Field(default=(), description="Origins of its browser-based clients.")
    trigger_actions: frozenset[int] = Field(
        default=frozenset(), description="Epic's trigger actions that may give a card; empty: all. 60 opens a chart."
    )

    profile: Profile = Field(default="generic", description="What its EHR can show.")
    link_hosts: frozenset[Host] | None = Field(
        default=None, description="Hosts that its EHR lets cards link to; without it, cards keep all their links."
    )
    suggest_orders: bool = Field(default=False, description="Whether cards suggest overdue tests of usual care.")
    order_codes: dict[str, OrderCode] = Field(
        default={}, description="Its own order codes, by the id of a test of standard_of_care.yaml."
    )
    filters: Filters | None = None
    fatigue: Fatigue | None = None
    reasons: dict[str, Reason] | None = Field(default=None, description="As feedback.reasons.")
    zone: Zone | None = None
    show: Shown | None = None
    sensitive_detail: SensitiveDetail | None = None
    recruitment: Recruitment | None = None
    store_free_text: bool | None = Field(default=None, description="As feedback.store_free_text.")

    @property
    def expected_jku(self) -> str | None:
        return self.jku or self.jwks_url

    @model_validator(mode="after")
    def _one_source_of_keys(self) -> Self:
        if (self.jwks_url is None) == (self.jwks_file is None):
            raise misfits([("jwks_url", "give the address of the client's keys here, or a jwks_file, and not both")])
        return self


def tenants_that_clash(tenants: Sequence[TenantSettings]) -> list[tuple[str, str]]:
    """Return what is wrong between tenants: the setting, and what to do."""
    problems = []
    for index, tenant in enumerate(tenants):
        for earlier, other in enumerate(tenants[:index]):
            at, there = f"tenants.{index}", f"tenants.{earlier}"
            if tenant.name == other.name:
                problems.append((f"{at}.name", f"{there} has this name already"))
            if tenant.issuer != other.issuer:
                continue
            claims = {tenant.tenant_claim, other.tenant_claim}
            if len(claims) == 1 or None in claims:
                how = "give each a tenant_claim that tells them apart"
                problems.append((f"{at}.tenant_claim", f"{there} has the same issuer: {how}"))
            if (tenant.jwks_url, tenant.jwks_file) != (other.jwks_url, other.jwks_file):
                how = "an issuer has one set of keys"
                problems.append((f"{at}.jwks_url", f"{there} has the same issuer and other keys: {how}"))
    return problems
