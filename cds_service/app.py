"""Puts the parts together. Nothing else happens here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import partial

from flask import Blueprint, Flask

from cds_service import documents, health, pages, registration
from cds_service.card_settings import check_order_codes
from cds_service.cds_hooks import routes
from cds_service.cds_hooks.patient_view import PatientView
from cds_service.evaluation import Evaluation
from cds_service.observability import routes as observability
from cds_service.observability.metrics import Metrics
from cds_service.observability.tracing import Tracing
from cds_service.patient_data.breaker import BreakerState
from cds_service.patient_data.fhir_client import FhirClient, Limits
from cds_service.sandbox.sites import Site, sites
from cds_service.screening import Screening
from cds_service.security.authentication import Authenticator
from cds_service.security.key_store import KeyStores
from cds_service.security.tenants import Tenant, Tenants
from cds_service.self_test import golden_patients
from cds_service.settings import Settings
from cds_service.stopping import Stopping
from cds_service.storage.database import Database
from cds_service.storage.failed_sign_ins import FailedSignIns
from cds_service.storage.journal import Journal
from cds_service.storage.pseudonyms import Pseudonyms, site_keys
from cds_service.storage.replay import UsedTokens
from cds_service.storage.switches import KillSwitch
from cds_service.trials import TRIALS, served_trial
from cds_service.web import frame
from rules.trial import Trial


def create_app(settings: Settings, trials: Sequence[str] = TRIALS, today: Callable[[], date] | None = None) -> Flask:
    """Return the application; ``today`` replaces the clock in tests.

    Raises `rules.trial_folder.TrialError` for an unusable trial folder and `DatabaseUnusable`.
    Nothing made here breaks by a fork: engines, connections and threads are made in the process using them.
    """
    app = Flask(__name__, static_folder=None)
    tenants = Tenants(settings)
    evaluations = [Evaluation(served_trial(package, settings), golden_patients(package), today) for package in trials]
    served = [one.trial for one in evaluations]
    check_order_codes(tenants, served)
    metrics = Metrics(served, settings.server.threads)
    frame(app, settings, tenants, metrics, Tracing.of(settings.tracing))

    database = Database(settings.database.url, settings.server.threads, metrics.database_error)
    database.create()
    journal = Journal(database, metrics.feedback)
    pseudonyms = Pseudonyms(site_keys(settings, database))
    client = _fhir_client(settings, metrics)
    keys = KeyStores(tenants, _ca_bundle(settings), on_look=metrics.keys_looked_at)
    authenticator = Authenticator(tenants, keys, UsedTokens(database), FailedSignIns(database), settings.public_url)

    played = sites(settings, tenants, evaluations[0].today(settings.tzinfo))
    known = [*tenants, *(site.tenant for site in played[1:])]
    kill_switch = KillSwitch(database, [tenant.name for tenant in known])
    views = [PatientView(one, settings, known, client, journal, pseudonyms, kill_switch) for one in evaluations]
    services = {trial.service_id: routes.Service(trial, view) for trial, view in zip(served, views, strict=True)}
    hooks = partial(routes.blueprint, services, journal, settings)
    app.register_blueprint(hooks(authenticator))
    for site in played[1:]:
        app.register_blueprint(hooks(site), name=site.tenant.name, url_prefix=f"{site.path}{routes.DISCOVERY}")
    if settings.sandbox.enabled and tenants.of_sandbox:
        app.register_blueprint(_sandbox(evaluations[0], views[0], settings, tenants.of_sandbox, played))
    _add_pages(app, served, settings)

    stopping = Stopping()
    inside = health.Inside(database, evaluations, keys, client.breakers, stopping)
    app.register_blueprint(health.blueprint(inside, settings.monitoring.token))
    app.register_blueprint(observability.blueprint(metrics, settings))
    metrics.at_start.append(lambda: _first_numbers(metrics, tenants, keys, evaluations))
    app.extensions["trial_cds"] = evaluations
    app.extensions["trial_cds_keys"] = keys
    app.extensions["trial_cds_stopping"] = stopping
    app.extensions["trial_cds_metrics"] = metrics
    return app


def _fhir_client(settings: Settings, metrics: Metrics) -> FhirClient:
    given = settings.limits
    return FhirClient(
        Limits(given.page_bytes, given.call_bytes, given.pages, given.resources),
        ca_bundle=_ca_bundle(settings),
        failures=given.server_failures,
        pause_seconds=given.server_pause_seconds,
        on_breaker=metrics.breaker,
        on_refusal=metrics.search_refused,
    )


def _ca_bundle(settings: Settings) -> str | None:
    return str(settings.ca_bundle) if settings.ca_bundle else None


def _add_pages(app: Flask, served: Sequence[Trial], settings: Settings) -> None:
    """Add what people and registries read of the service; the pages show the first trial."""
    app.register_blueprint(pages.blueprint(served[0], settings))
    app.register_blueprint(registration.blueprint(served[0], settings))
    app.register_blueprint(documents.blueprint(served, settings))


def _first_numbers(
    metrics: Metrics, tenants: Iterable[Tenant], keys: KeyStores, evaluations: Iterable[Evaluation]
) -> None:
    """Set what a process shows when it begins."""
    for tenant in tenants:
        metrics.breaker(tenant.name, BreakerState.CLOSED, tripped=False)
        if tenant.attestation_end is not None:
            metrics.attestation(tenant.name, tenant.attestation_end)
    for store in keys:
        metrics.keys_read(store.name, store.read_at.timestamp() if store.read_at else 0)
    for one in evaluations:
        metrics.self_test(one.trial.id, one.self_test.passed, one.self_test.at.timestamp())


def _sandbox(
    evaluation: Evaluation, view: PatientView, settings: Settings, tenant: Tenant, played: Sequence[Site]
) -> Blueprint:
    """Import the sandbox only where it is wanted: its patients are models that take a while to load."""
    from cds_service.sandbox.pages import Sandbox, blueprint
    from cds_service.sandbox.patients import ALL
    from cds_service.sandbox.signing import sandbox_signer

    screening = Screening(evaluation, view, settings, tenant)
    sandbox = Sandbox(screening, settings, tenant, played, sandbox_signer(tenant, settings.sandbox.client_key))
    return blueprint(sandbox, screening, settings, ALL)
