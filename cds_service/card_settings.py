"""Hands the settings to the cards in the form they know."""

from __future__ import annotations

from cards import Attestation, CardSettings
from cds_service.security.tenants import Tenant
from cds_service.settings import Settings


def card_settings(settings: Settings, tenant: Tenant) -> CardSettings:
    """Return what the cards for ``tenant`` need to know."""
    given = tenant.recruitment.attestation
    return CardSettings(
        public_url=settings.public_url,
        show=tenant.show,
        sensitive_detail=tenant.sensitive_detail,
        require_site_attestation=tenant.recruitment.require_site_attestation,
        attestation=Attestation(**given.model_dump()) if given else None,
        demo=settings.sandbox.enabled,
    )
