"""The sites that the sandbox's EHR can be: the same service as agreed with another kind of EHR, or with other wishes.

Each has CDS Hooks addresses of its own, ``/sandbox/<site>/cds-services``, as if the service were registered there. None
exists where callers sign in: then the sandbox is the tenant that its key stands for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import get_args

from cards.settings import LONGEST_ATTESTATION
from cds_service.security.tenants import Tenant, Tenants
from cds_service.setting_types import Attestation, Profile, Recruitment
from cds_service.settings import Settings


@dataclass(frozen=True, slots=True)
class Site:
    """One site, and what was agreed with it."""

    profile: Profile
    recruiting: bool
    """Somebody states that the site recruits, and it wants overdue tests suggested."""
    tenant: Tenant
    path: str
    """What comes before ``/cds-services``; empty for the service as it is configured."""

    def tenant_of(self, _authorization: str | None, _path: str) -> Tenant:
        """Return the site's tenant: whoever calls its address is taken for it, as in the open mode."""
        return self.tenant


def sites(settings: Settings, tenants: Tenants, today: date) -> tuple[Site, ...]:
    """Return the sites of the sandbox, the configured one first; none without a sandbox in the open mode."""
    if not settings.sandbox.enabled or tenants.open is None:
        return ()
    return (Site(tenants.open.profile, False, tenants.open, ""), *_others(tenants.open, today))


def _others(own: Tenant, today: date) -> Iterator[Site]:
    for recruiting in (False, True):
        for profile in get_args(Profile):
            if (profile, recruiting) == (own.profile, False):
                continue
            name = f"{profile}-recruiting" if recruiting else profile
            tenant = replace(own, name=f"sandbox-{name}", profile=profile)
            if recruiting:
                tenant = replace(tenant, suggest_orders=True, recruitment=Recruitment(attestation=_invented(today)))
            yield Site(profile, recruiting, tenant, f"/sandbox/{name}")


def _invented(today: date) -> Attestation:
    """Return a statement that says of itself that it is none; like every other, it ends after some weeks."""
    return Attestation(
        asserted_by="Nobody",
        role="invented for the sandbox",
        asserted_on=today,
        irb_reference="none, sandbox",
        expires=today + LONGEST_ATTESTATION,
        site="the sandbox, which is no site,",
        contact="nobody: this is a sandbox.",
    )
