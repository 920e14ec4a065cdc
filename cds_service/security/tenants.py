"""The tenants with all that the settings say of them put together: what a call is answered by.

A call belongs to one tenant from the moment its token is checked, and every choice that a site has comes from it.
While none is configured, everybody is the built-in tenant ``open``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from cds_service.fatigue_settings import Fatigue, Filters
from cds_service.patient_data.outbound import BaseUrl, is_loopback_url, parse_base_url
from cds_service.setting_types import OrderCode, Profile, Recruitment, SensitiveDetail
from cds_service.settings import Settings
from cds_service.tenant_settings import OPEN, TenantSettings
from rules.assessment import Verdict


@dataclass(frozen=True, slots=True)
class Tenant:
    """One organisation that calls, and what was agreed with it."""

    name: str
    enabled: bool
    """False: its calls are answered without a card."""
    test: bool
    """True for a system without real patients."""
    token: TenantSettings | None
    """What its tokens must be like; None in the open mode, where there is none."""
    fhir_servers: frozenset[BaseUrl]
    loopback_servers: bool
    """True when every FHIR server on this computer may be called as well."""
    cors_origins: frozenset[str]
    loopback_origins: bool
    trigger_actions: frozenset[int]
    profile: Profile
    link_hosts: frozenset[str] | None
    suggest_orders: bool
    order_codes: Mapping[str, OrderCode]
    filters: Filters
    fatigue: Fatigue
    zone: ZoneInfo
    show: frozenset[Verdict]
    sensitive_detail: SensitiveDetail
    recruitment: Recruitment
    store_free_text: bool
    reasons: Mapping[str, str]
    """What the EHR's own codes of reasons mean, as override reasons of the card."""

    @property
    def reads_servers(self) -> bool:
        """False for a tenant whose data come by prefetch alone."""
        return self.loopback_servers or bool(self.fhir_servers)

    @property
    def attestation_end(self) -> float | None:
        """When the statement that the site recruits ends, in seconds since 1970, and 0 without one.

        None where nothing rests on a statement.
        """
        if not (self.recruitment.require_site_attestation or self.suggest_orders):
            return None
        given = self.recruitment.attestation
        return datetime.combine(given.expires + timedelta(days=1), time(), self.zone).timestamp() if given else 0.0

    def may_call(self, server: BaseUrl) -> bool:
        """True for one of the tenant's own FHIR servers; an address beneath one is another."""
        return server in self.fhir_servers or (self.loopback_servers and server.loopback)

    def trusts_origin(self, origin: str) -> bool:
        """True for a page that may read the answers in a browser."""
        return origin in self.cors_origins or (self.loopback_origins and is_loopback_url(origin))


class Tenants:
    """All tenants of this service."""

    def __init__(self, settings: Settings) -> None:
        configured = tuple(_resolve(tenant, settings) for tenant in settings.tenants)
        self._all = configured or (_open_tenant(settings),)
        self.open = None if configured else self._all[0]
        """The built-in tenant, or None when callers must sign in."""
        self._by_issuer: dict[str, list[tuple[Tenant, TenantSettings]]] = {}
        for tenant in configured:
            if tenant.token:
                self._by_issuer.setdefault(tenant.token.issuer, []).append((tenant, tenant.token))

    def __iter__(self) -> Iterator[Tenant]:
        return iter(self._all)

    @property
    def of_sandbox(self) -> Tenant | None:
        """The tenant as which the page /sandbox calls: the built-in one, or the first for test systems; else none."""
        return self.open or next((tenant for tenant in self._all if tenant.test), None)

    def of_issuer(self, issuer: str) -> Sequence[tuple[Tenant, TenantSettings]]:
        """Return the tenants whose tokens this issuer signs, and what those must be like."""
        return self._by_issuer.get(issuer, ())

    def trusts_origin(self, origin: str) -> bool:
        """True when any tenant does: a browser asks before it sends the token that names the tenant."""
        return any(tenant.trusts_origin(origin) for tenant in self._all)


def _resolve(given: TenantSettings, settings: Settings) -> Tenant:
    free_text = settings.feedback.store_free_text if given.store_free_text is None else given.store_free_text
    return Tenant(
        name=given.name,
        enabled=given.enabled,
        test=given.test,
        token=given,
        fhir_servers=_bases(given.fhir_servers),
        loopback_servers=False,
        cors_origins=frozenset(given.cors_origins),
        loopback_origins=False,
        trigger_actions=given.trigger_actions,
        profile=given.profile,
        link_hosts=given.link_hosts,
        suggest_orders=given.suggest_orders,
        order_codes=given.order_codes,
        filters=given.filters or settings.filters,
        fatigue=given.fatigue or settings.fatigue,
        zone=ZoneInfo(given.zone or settings.zone),
        show=settings.show if given.show is None else given.show,
        sensitive_detail=given.sensitive_detail or settings.sensitive_detail,
        recruitment=given.recruitment or settings.recruitment,
        store_free_text=free_text,
        reasons=settings.feedback.reasons if given.reasons is None else given.reasons,
    )


def _open_tenant(settings: Settings) -> Tenant:
    return Tenant(
        name=OPEN,
        enabled=settings.open.enabled,
        test=False,
        token=None,
        fhir_servers=_bases(settings.open.fhir_servers),
        loopback_servers=True,
        cors_origins=frozenset(settings.open.cors_origins),
        loopback_origins=True,
        trigger_actions=frozenset(),
        profile=settings.open.profile,
        link_hosts=None,
        suggest_orders=settings.open.suggest_orders,
        order_codes={},
        filters=settings.filters,
        fatigue=settings.fatigue,
        zone=settings.tzinfo,
        show=settings.show,
        sensitive_detail=settings.sensitive_detail,
        recruitment=settings.recruitment,
        store_free_text=settings.feedback.store_free_text,
        reasons=settings.feedback.reasons,
    )


def _bases(servers: Sequence[str]) -> frozenset[BaseUrl]:
    return frozenset(parse_base_url(server) for server in servers)
