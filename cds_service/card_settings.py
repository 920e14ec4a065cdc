"""Hands the settings to the cards in the form they know."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cards import Attestation, CardSettings
from cds_service.security.tenants import Tenant
from cds_service.settings import Settings, SettingsError
from rules.standard_of_care import Code
from rules.trial import Trial


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
        profile=tenant.profile,
        link_hosts=tenant.link_hosts,
        suggest_orders=tenant.suggest_orders,
        order_codes={test: Code(**code.model_dump()) for test, code in tenant.order_codes.items()},
    )


def check_order_codes(tenants: Iterable[Tenant], trials: Sequence[Trial]) -> None:
    """Raise SettingsError for an order code of a test that no trial has, which would never be used."""
    known = {test.id for trial in trials if trial.standard_of_care for test in trial.standard_of_care.tests}
    strange = [(tenant.name, test) for tenant in tenants for test in tenant.order_codes if test not in known]
    if strange:
        listed = ", ".join(sorted(known)) or "none"
        raise SettingsError([f"tenant {name}: order_codes.{test}: the tests are {listed}" for name, test in strange])
