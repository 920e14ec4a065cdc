"""Hands the settings to the cards in the form they know."""

from __future__ import annotations

from cards import Attestation, CardSettings
from cds_service.settings import Settings


def card_settings(settings: Settings) -> CardSettings:
    """Return what of the settings the cards need to know."""
    given = settings.recruitment.attestation
    return CardSettings(
        public_url=settings.public_url,
        show=settings.show,
        sensitive_detail=settings.sensitive_detail,
        require_site_attestation=settings.recruitment.require_site_attestation,
        attestation=Attestation(**given.model_dump()) if given else None,
        demo=settings.sandbox.enabled,
    )
