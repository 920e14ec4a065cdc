"""What a site decides about its cards."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from cards.profiles import PROFILES, Profile
from rules.assessment import Verdict
from rules.standard_of_care import Code

LONGEST_ATTESTATION = timedelta(days=90)
"""A statement that a site recruits is taken for this long; then a person has to look again."""

_TEXTS = ("asserted_by", "role", "irb_reference", "site", "contact")


@dataclass(frozen=True, slots=True)
class Attestation:
    """A named person's statement that the site is recruiting for the study."""

    asserted_by: str
    role: str
    asserted_on: date
    irb_reference: str
    """Number of the approval by the ethics board."""
    expires: date
    """Last day on which it holds."""
    site: str
    contact: str

    def problems(self, on: date) -> tuple[str, ...]:
        """Return why the statement does not hold on the day ``on``; empty when it does."""
        found = [f"{name} is missing" for name in _TEXTS if not getattr(self, name).strip()]
        if self.asserted_on > on:
            found.append("asserted_on lies in the future")
        if self.expires < on:
            found.append(f"it expired on {self.expires.isoformat()}")
        if self.expires - self.asserted_on > LONGEST_ATTESTATION:
            found.append(f"expires is more than {LONGEST_ATTESTATION.days} days after asserted_on")
        return tuple(found)


@dataclass(frozen=True, slots=True)
class CardSettings:
    """How cards look and when there is one. Raises ValueError for settings that cannot be used."""

    public_url: str
    """Absolute address of the service, the base of its links."""
    show: frozenset[Verdict] = frozenset({Verdict.POTENTIALLY_ELIGIBLE, Verdict.POSSIBLY_ELIGIBLE})
    sensitive_detail: Literal["minimal", "full"] = "minimal"
    """minimal: a confidential item is mentioned without its name, finding and source."""
    require_site_attestation: bool = False
    attestation: Attestation | None = None
    demo: bool = False
    """Marks every card as a demonstration, and needs no attestation."""
    profile: str = "generic"
    """The kind of EHR that shows the cards: generic, epic or oracle."""
    link_hosts: frozenset[str] | None = None
    """Hosts that the EHR lets cards link to, lower case; None while it keeps no such list."""
    suggest_orders: bool = False
    """Offer overdue tests of routine care as draft orders, while an attestation holds."""
    order_codes: Mapping[str, Code] = field(default_factory=dict)
    """The codes of the site's own catalogue by the id of a test of routine care: they stand before the standard one."""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"https?://[^\s<>\"]+", self.public_url):
            raise ValueError("public_url must be an absolute http or https address.")
        if Verdict.NOT_APPLICABLE in self.show:
            raise ValueError("show must not hold not-applicable: it covers people who opted out of research.")
        if self.sensitive_detail not in ("minimal", "full"):
            raise ValueError("sensitive_detail must be minimal or full.")
        if self.profile not in PROFILES:
            raise ValueError(f"profile must be one of {', '.join(PROFILES)}.")

    @property
    def ehr(self) -> Profile:
        """What the EHR takes and shows."""
        return PROFILES[self.profile]

    def attested(self, on: date) -> Attestation | None:
        """Return the attestation if it is complete and holds on the day ``on``."""
        return self.attestation if self.attestation and not self.attestation.problems(on) else None

    def allows_card(self, verdict: Verdict, on: date) -> bool:
        """Return whether ``verdict`` gives a card on the day ``on``."""
        recruiting = self.demo or not self.require_site_attestation or self.attested(on) is not None
        return verdict in self.show and recruiting

    def allows_suggestions(self, on: date) -> bool:
        """Return whether tests may be suggested on ``on``: only while somebody vouches that the site recruits."""
        return self.suggest_orders and self.attested(on) is not None

    def link(self, path: str) -> str:
        """Return the absolute address of a page of the service."""
        return f"{self.public_url.rstrip('/')}/{path}"
