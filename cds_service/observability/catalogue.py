"""All metrics there are: name, kind, labels and meaning. The documentation's table is made from this.

The values of every label come from a closed list: the code's own words, or names from the settings. Nothing that a
caller or a chart says becomes one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

PREFIX = "trial_cds_"

LABELS: Mapping[str, str] = {
    "tenant": "name of a tenant in the settings, `open` without one, `none` where nobody has signed in",
    "service": "id of a CDS service, or `none`",
    "endpoint": "`discovery`, `patient-view`, `feedback`, `health`, `metrics`, `pages`, `preflight`, `unmatched`",
    "outcome": "how it ended, in words of this project",
    "status": "HTTP status",
    "stage": "step of a call",
    "type": "type of FHIR resource",
    "trial": "registry number of a trial",
    "verdict": "verdict of an assessment",
    "cause": "why, in words of this project: codes of override reasons, filters, verdicts, rules",
    "key": "key of a prefetch template",
    "state": "what was sent for it",
    "extent": "`full` (every key usable), `partial`, `none`",
    "criterion": "id of a criterion",
    "check": "what a token failed",
    "work": "`read` or `write`",
    "reason": "override reason of the card, `other` or `none`",
    "version": "version of the service",
    "rules": "version of the rules",
}
"""Where the values of each label come from."""


class Kind(StrEnum):
    """What a number is, in Prometheus' terms."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: how it is declared, and what it tells."""

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    workers: Literal["livesum", "livemax", "livemin"] = "livesum"
    """How a gauge of several workers becomes one number; of workers that have ended nothing counts."""

    @property
    def samples(self) -> tuple[str, ...]:
        """Names under which Prometheus knows it."""
        if self.kind is Kind.HISTOGRAM:
            return tuple(f"{self.name}_{part}" for part in ("bucket", "sum", "count"))
        return (self.name,)


@dataclass(frozen=True, slots=True)
class _Catalogue:
    """Collects declarations under their names."""

    metrics: dict[str, Metric] = field(default_factory=dict)

    def counter(self, name: str, about: str, *labels: str) -> Metric:
        return self._add(Metric(f"{PREFIX}{name}_total", Kind.COUNTER, about, labels))

    def gauge(self, name: str, about: str, *labels: str, workers: Literal["livesum", "livemax", "livemin"]) -> Metric:
        return self._add(Metric(f"{PREFIX}{name}", Kind.GAUGE, about, labels, workers=workers))

    def histogram(self, name: str, about: str, *labels: str, buckets: tuple[float, ...]) -> Metric:
        return self._add(Metric(f"{PREFIX}{name}", Kind.HISTOGRAM, about, labels, buckets))

    def _add(self, metric: Metric) -> Metric:
        self.metrics[metric.name] = metric
        return metric


_ALL = _Catalogue()
_ANSWERS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
_SEARCHES = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0)
_STAGES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0)

# -- requests ------------------------------------------------------------------------------------------------

REQUESTS = _ALL.counter(
    "requests",
    "Requests answered: card, no-card, suppressed or filtered for a call, ok for others; else the HTTP status",
    "tenant",
    "service",
    "endpoint",
    "outcome",
)
REQUEST_SECONDS = _ALL.histogram(
    "request_seconds", "Time until the answer", "tenant", "service", "endpoint", buckets=_ANSWERS
)
IN_FLIGHT = _ALL.gauge("requests_in_flight", "Requests being answered now", workers="livesum")
THREADS = _ALL.gauge("threads", "Requests that can be answered side by side: threads of all workers", workers="livesum")
UNREADABLE = _ALL.counter(
    "unreadable_requests", "Requests that the server could not parse, or that failed outside the service", "status"
)
STAGE_SECONDS = _ALL.histogram("stage_seconds", "Time of each step of a call", "stage", buckets=_STAGES)
TOKENS_REFUSED = _ALL.counter(
    "tokens_refused",
    "Tokens refused, by the tenant that the caller claims to be, and by what failed",
    "tenant",
    "check",
)

# -- calls of the hook ---------------------------------------------------------------------------------------

CALLS = _ALL.counter(
    "calls",
    "patient-view calls by how they ended; the cause is `none` for a card that was simply shown",
    "service",
    "outcome",
    "cause",
)
VERDICTS = _ALL.counter("verdicts", "Assessments by verdict", "trial", "verdict")
UNKNOWNS = _ALL.counter("unknowns", "Criteria that were unknown, by why", "criterion", "cause")
PREFETCH = _ALL.counter("prefetch", "Calls by how much of the prefetch the EHR sent", "service", "extent")
PREFETCH_KEYS = _ALL.counter("prefetch_keys", "What the EHR sent for each prefetch key", "key", "state")
DEADLINE_HITS = _ALL.counter("deadline_hits", "Calls whose data had not all arrived by the deadline", "service")
FEEDBACK = _ALL.counter("feedback", "Feedback stored, by what was done with the card", "service", "outcome", "reason")

# -- FHIR servers --------------------------------------------------------------------------------------------

SEARCH_SECONDS = _ALL.histogram(
    "fhir_search_seconds", "Time of each FHIR search, with all its pages", "type", "outcome", buckets=_SEARCHES
)
SEARCHES_NOT_SENT = _ALL.counter("fhir_requests_refused", "Requests not sent because too many were under way")
BREAKER_STATE = _ALL.gauge(
    "breaker_state",
    "Whether a tenant's FHIR servers are called: 0 yes, 1 one call tries, 2 left alone; the gravest of all workers",
    "tenant",
    workers="livemax",
)
BREAKER_TRIPS = _ALL.counter(
    "breaker_trips", "Times that a tenant's FHIR server came to be left alone, also after a try that failed", "tenant"
)

# -- what the service needs ----------------------------------------------------------------------------------

KEYS_READ = _ALL.gauge(
    "keys_read_timestamp_seconds",
    "When a tenant's keys were last read with success; 0: never. The oldest of all workers",
    "tenant",
    workers="livemin",
)
KEY_READS = _ALL.counter("key_reads", "Attempts to read a tenant's keys: ok or failed", "tenant", "outcome")
ATTESTATION_END = _ALL.gauge(
    "attestation_end_timestamp_seconds",
    "When the statement that a tenant's site recruits ends; 0: there is none. Told where cards or orders rest on one",
    "tenant",
    workers="livemin",
)
DATABASE_ERRORS = _ALL.counter(
    "database_errors", "Work that the database did not do: busy (out of time) or failed", "work", "outcome"
)
SELF_TEST = _ALL.gauge(
    "rules_self_test_passed",
    "1 when the rules decide the golden patients as they should; 0: no card is given",
    "trial",
    workers="livemin",
)
SELF_TEST_TIME = _ALL.gauge(
    "rules_self_test_timestamp_seconds", "When they were last tested", "trial", workers="livemin"
)
BUILD = _ALL.gauge("build_info", "1, with the versions that run", "version", "trial", "rules", workers="livemax")

METRICS: Mapping[str, Metric] = _ALL.metrics
"""All metrics by their names."""
