"""Counts what requests were, once each has ended, from what its course and its account say.

With one process the numbers are in memory; with gunicorn's workers they are in files that all of them share (see
`workers.py`), and any worker can give the sum.
"""

from __future__ import annotations

import contextlib
import struct
import time
from collections import Counter as Counts
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector

from cards.override_reasons import REASONS
from cds_service.observability import catalogue
from cds_service.observability.catalogue import METRICS, Kind, Metric
from cds_service.observability.course import Course
from cds_service.patient_data.breaker import BreakerState
from cds_service.patient_data.prefetch import PrefetchState
from cds_service.patient_data.query_plan import TYPES
from cds_service.process import PerProcess
from cds_service.storage.journal import NO_ATTESTATION, Outcome
from rules.assessment import Status
from rules.causes import Cause
from rules.trial import Trial

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
NONE = "none"
OTHER = "other"
_STATUSES = frozenset({400, 401, 403, 404, 405, 408, 412, 413, 414, 415, 431, 500, 501, 503})
"""Statuses that are counted apart; others by their hundred."""
_PAUSES = (0.01, 0.1, 0.5)
"""Seconds until the numbers are read again where a worker has begun right now: a new file is empty for a moment."""
_LEVELS = {BreakerState.CLOSED: 0, BreakerState.PROBING: 1, BreakerState.OPEN: 2}
_USABLE = frozenset({PrefetchState.DATA.value, PrefetchState.EMPTY.value})
_RESOURCE_TYPES = {name: next(iter(types)) for name, types in TYPES.items()}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a request was, seen from outside."""

    endpoint: str
    service: str
    tenant: str
    status: int
    check: str | None = None
    """What the caller's token failed, if it was refused."""
    claimed: str | None = None
    """Tenant that a refused caller claims to be."""


class Metrics:
    """The numbers of one application."""

    def __init__(self, trials: Iterable[Trial], threads: int) -> None:
        """``threads`` is how many requests a process answers side by side."""
        self._registry = CollectorRegistry()
        self._declared = {name: _declare(metric, self._registry) for name, metric in METRICS.items()}
        self._children: dict[tuple[str, ...], Any] = {}
        self._trials = tuple(trials)
        self._threads = threads
        self._causes = frozenset(cause.value for cause in Cause) | {
            rule.name for trial in self._trials for table in trial.tables.values() for rule in table
        }
        self._process = PerProcess(self._begin)
        self.at_start: list[Callable[[], None]] = []
        """Called once in each process: what sets gauges to what they are at its start."""

    # -- what is told --------------------------------------------------------------------------------------

    def text(self) -> bytes:
        """Return all numbers in Prometheus' text format, summed over the workers."""
        if not values.ValueClass._multiprocess:
            return generate_latest(self._registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        for pause in _PAUSES:
            with contextlib.suppress(struct.error):
                return generate_latest(registry)
            time.sleep(pause)
        return generate_latest(registry)

    # -- requests ------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Make this process count for itself. A request does it otherwise; call after the fork."""
        self._process.get()

    def arrives(self) -> None:
        """A request is here."""
        self._process.get()
        self._of(catalogue.IN_FLIGHT).inc()

    def leaves(self) -> None:
        """It has been answered, or its client has gone."""
        self._of(catalogue.IN_FLIGHT).dec()

    def request(self, seen: Seen, course: Course, ended: float) -> None:
        """Count a request that ended at that point of the monotonic clock."""
        whose = seen.tenant, seen.service, seen.endpoint
        self._of(catalogue.REQUESTS, *whose, _outcome(seen.status, course)).inc()
        self._of(catalogue.REQUEST_SECONDS, *whose).observe(ended - course.began)
        if seen.check:
            self._of(catalogue.TOKENS_REFUSED, seen.claimed or NONE, seen.check).inc()
        for name, began, over in course.stages:
            self._of(catalogue.STAGE_SECONDS, name).observe(over - began)
        for name, outcome, began, over in course.searches:
            self._of(catalogue.SEARCH_SECONDS, _RESOURCE_TYPES[name], outcome).observe(over - began)
        if course.prefetch:
            self._prefetch(seen.service, course.prefetch)
        if course.late:
            self._of(catalogue.DEADLINE_HITS, seen.service).inc()
        if course.account is not None:
            self._call(course)

    def unreadable(self, status: int) -> None:
        """Count a request that never came to the application."""
        self._of(catalogue.UNREADABLE, _status(status)).inc()

    def _prefetch(self, service: str, states: Mapping[str, str]) -> None:
        usable = sum(state in _USABLE for state in states.values())
        extent = "full" if usable == len(states) else "partial" if usable else NONE
        self._of(catalogue.PREFETCH, service, extent).inc()
        for key, state in states.items():
            self._of(catalogue.PREFETCH_KEYS, key, state).inc()

    def _call(self, course: Course) -> None:
        account = course.account
        if account is None:
            return
        self._of(catalogue.CALLS, account.parties.service, account.outcome.value, account.cause or NONE).inc()
        if account.assessment is None:
            return
        self._of(catalogue.VERDICTS, account.assessment.trial, account.assessment.verdict.value).inc()
        for result in account.assessment.criteria:
            if result.status is Status.UNKNOWN:
                cause = result.cause if result.cause in self._causes else OTHER
                self._of(catalogue.UNKNOWNS, result.id, cause).inc()

    # -- what else happens ---------------------------------------------------------------------------------

    def feedback(self, service: str, answers: Iterable[tuple[str, str | None]]) -> None:
        """Count feedback that is new: what was done with the card, and the card's own reason if it was given."""
        for (outcome, reason), number in Counts(answers).items():
            known = reason if reason in REASONS else OTHER if outcome == "overridden" else NONE
            self._of(catalogue.FEEDBACK, service, outcome, known).inc(number)

    def breaker(self, tenant: str, state: BreakerState, tripped: bool) -> None:
        """Note the gravest state of a tenant's servers; ``tripped``: one of them has just come to be left alone."""
        self._of(catalogue.BREAKER_STATE, tenant).set(_LEVELS[state])
        self._of(catalogue.BREAKER_TRIPS, tenant).inc(int(tripped))

    def search_refused(self) -> None:
        """Count a request to a FHIR server that was not sent because too many were under way."""
        self._of(catalogue.SEARCHES_NOT_SENT).inc()

    def keys_looked_at(self, tenant: str, good: bool) -> None:
        """Count a look at a tenant's keys."""
        self._of(catalogue.KEY_READS, tenant, "ok" if good else "failed").inc()
        if good and self._process.made:
            self.keys_read(tenant, time.time())

    def keys_read(self, tenant: str, at: float) -> None:
        """Note when a tenant's keys were last read, in seconds since 1970; 0 for never."""
        self._of(catalogue.KEYS_READ, tenant).set(at)

    def attestation(self, tenant: str, end: float) -> None:
        """Note when the statement that a tenant's site recruits ends, in seconds since 1970; 0: there is none."""
        self._of(catalogue.ATTESTATION_END, tenant).set(end)

    def database_error(self, work: str, outcome: str) -> None:
        """Count work that the database did not do: ``read`` or ``write``; ``busy`` or ``failed``."""
        self._of(catalogue.DATABASE_ERRORS, work, outcome).inc()

    def self_test(self, trial: str, passed: bool, at: float) -> None:
        """Note the outcome of the rules' self-test, ``at`` in seconds since 1970."""
        self._of(catalogue.SELF_TEST, trial).set(int(passed))
        self._of(catalogue.SELF_TEST_TIME, trial).set(at)

    # -- parts ---------------------------------------------------------------------------------------------

    def _begin(self) -> bool:
        self._of(catalogue.THREADS).set(self._threads)
        for trial in self._trials:
            self._of(catalogue.BUILD, version("trial-cds"), trial.id, trial.rules_version).set(1)
            self._of(catalogue.DEADLINE_HITS, trial.service_id)
            self._of(catalogue.CALLS, trial.service_id, Outcome.NO_CARD.value, NO_ATTESTATION)
        for work in ("read", "write"):
            for outcome in ("busy", "failed"):
                self._of(catalogue.DATABASE_ERRORS, work, outcome)
        for begin in self.at_start:
            begin()
        return True

    def _of(self, metric: Metric, *labels: str) -> Any:
        """Return what counts for these labels; the library's own look-up costs more than counting does."""
        key = (metric.name, *labels)
        child = self._children.get(key)
        if child is None:
            declared = self._declared[metric.name]
            child = self._children[key] = declared.labels(*labels) if labels else declared
        return child


def _declare(metric: Metric, registry: CollectorRegistry) -> Any:
    if metric.kind is Kind.COUNTER:
        return Counter(metric.name, metric.help, metric.labels, registry=registry)
    if metric.kind is Kind.GAUGE:
        return Gauge(metric.name, metric.help, metric.labels, registry=registry, multiprocess_mode=metric.workers)
    return Histogram(metric.name, metric.help, metric.labels, registry=registry, buckets=metric.buckets)


def _outcome(status: int, course: Course) -> str:
    if status >= 400:
        return _status(status)
    return course.account.outcome.value if course.account else "ok"


def _status(status: int) -> str:
    return str(status) if status in _STATUSES else f"{status // 100}xx"
