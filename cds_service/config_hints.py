"""What ``trial-cds config check`` says of settings that can be read: keys that would let nobody in, and hints."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from cds_service.card_settings import card_settings
from cds_service.patient_data.outbound import is_loopback_url
from cds_service.security.key_set import KeySetUnreadable, read_key_set
from cds_service.security.key_source import KeysUnreachable, key_source
from cds_service.security.tenants import Tenant, Tenants
from cds_service.settings import Settings
from cds_service.tenant_settings import TenantSettings

_LONG_TOKEN_SECONDS = 900
"""The longest that a known client (Epic) makes its tokens live."""
_PUBLIC_SANDBOX = "sandbox.cds-hooks.org"
"""Its private key is published: whoever wants to can sign as it."""


def config_hints(settings: Settings, now: datetime) -> list[str]:
    """Return the hints, each a sentence that names its setting."""
    tenants = Tenants(settings)
    hints = list(_of_site(settings, tenants))
    for index, tenant in enumerate(tenants):
        at = f"tenants.{index} ({tenant.name}): " if tenant.token else ""
        hints += [at + hint for hint in _of_cards(settings, tenant, now)]
        hints += [at + hint for hint in _of_token(tenant.token)] if tenant.token else []
        hints += [at + hint for hint in _of_calls(tenant)] if tenant.token else []
    return hints


def key_problems(settings: Settings, *, online: bool) -> list[str]:
    """Return what is wrong with the keys of tenants: those in files, and with ``online`` those on the web too."""
    problems = []
    certificates = str(settings.ca_bundle) if settings.ca_bundle else None
    for index, tenant in enumerate(settings.tenants):
        if tenant.jwks_file or online:
            at = f"tenants.{index}.{'jwks_file' if tenant.jwks_file else 'jwks_url'}"
            problems += [f"{at}: {problem}" for problem in _of_keys(tenant, certificates)]
    return problems


def _of_keys(given: TenantSettings, certificates: str | None) -> Iterator[str]:
    try:
        found = read_key_set(key_source(given, certificates).read() or b"")
    except (KeysUnreachable, KeySetUnreadable) as error:
        yield f"{error}: nobody of this tenant can sign in"
        return
    if not any(key.algorithms & given.algorithms for key in found.keys.values()):
        kinds = ", ".join(sorted(given.algorithms))
        why = "; ".join(found.unusable) or "give the client's public keys, or the algorithms it signs with"
        yield f"none of its keys can be used with the tenant's algorithms ({kinds}): {why}"


def _of_site(settings: Settings, tenants: Tenants) -> Iterator[str]:
    if tenants.open:
        yield "no tenant is configured: the service listens on loopback only, unless told --allow-open"
    elif is_loopback_url(settings.public_url):
        yield "public_url is on loopback: tokens must name the address that clients call in their claim aud"
    if settings.tenants and (settings.open.allow or settings.open.fhir_servers):
        yield "open: the open mode has ended, for tenants are configured; what it allows is not used"
    if settings.sandbox.enabled:
        yield "sandbox.enabled answers with whole assessments: for synthetic patients only"


def _of_cards(settings: Settings, tenant: Tenant, now: datetime) -> Iterator[str]:
    cards = card_settings(settings, tenant)
    today = now.astimezone(tenant.zone).date()
    problems = cards.attestation.problems(today) if cards.attestation else ("there is none",)
    if not tenant.enabled:
        yield "enabled is false: no card is shown"
    if not cards.require_site_attestation:
        yield "cards need no statement that the site recruits: recruitment.require_site_attestation asks for it"
    elif problems:
        yield f"no card will be shown, for the attestation does not hold: {', '.join(problems)}"
    if tenant.suggest_orders and problems:
        yield "suggest_orders has no effect until a valid attestation stands in recruitment.attestation"


def _of_token(given: TenantSettings) -> Iterator[str]:
    if given.jwks_url and given.jwks_url.startswith("http:"):
        yield "jwks_url is http: only right if what listens there on loopback fetches the keys by https"
    if given.max_token_seconds > _LONG_TOKEN_SECONDS:
        yield f"max_token_seconds is {given.max_token_seconds}: an unused token that is stolen is good as long"
    if not given.test and any(_PUBLIC_SANDBOX in (text or "") for text in (given.issuer, given.jwks_url, given.jku)):
        yield "the private key of the public sandbox is published: set test = true, and never serve real patients so"
    if given.profile == "epic" and given.subject is None:
        yield "subject is not set: Epic's tokens carry your client id there as sub, so it can be checked"
    if given.profile == "oracle" and given.tenant_claim is None:
        yield "tenant_claim is not set: Oracle's issuer signs for all its customers, and each is taken for this one"


def _of_calls(tenant: Tenant) -> Iterator[str]:
    if not tenant.fhir_servers:
        yield "fhir_servers is empty: what the prefetch lacks is not fetched, and stays unknown on the card"
    if tenant.profile == "epic" and not tenant.trigger_actions:
        yield "trigger_actions is empty: Epic sends many actions as patient-view; [60] is the opening of a chart"
