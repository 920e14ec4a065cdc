"""Traces by OpenTelemetry: made from a request's course when it has ended, so that nothing waits for them.

Spans have names and states in words of this project. There is no address, no header and nothing of a chart in one.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cds_service.observability.course import Course
from cds_service.observability.metrics import NONE, Seen
from cds_service.patient_data.query_plan import TYPES
from cds_service.process import PerProcess
from cds_service.setting_parts import TracingSettings
from cds_service.settings import SettingsError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

_MISSING = (
    "tracing.endpoint: traces need the extra `otel`, which is not installed. Install "
    "requirements/otel.lock as docs/observability.md says, or take the setting out"
)
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_NAME = "trial-cds"


class Tracing:
    """Makes one trace a request: a span for the whole, and one for each stage and each search of the FHIR server."""

    def __init__(self, make: Callable[[], TracerProvider], sample: float = 1.0) -> None:
        """``make`` is called in the process that uses what it returns: what sends spans has a thread.

        ``sample`` is the share of requests of which a trace is made.
        """
        self._sample = sample
        self._tracer = PerProcess(lambda: make().get_tracer(_NAME))

    @classmethod
    def of(cls, settings: TracingSettings) -> Tracing | None:
        """Return what the settings ask for; None if that is nothing. Raises `SettingsError` without the extra."""
        if settings.endpoint is None:
            return None
        try:
            import opentelemetry.exporter.otlp.proto.http
            import opentelemetry.sdk.trace  # noqa: F401
        except ImportError:
            raise SettingsError([_MISSING]) from None
        return cls(lambda: provider(_sender(settings)), settings.sample)

    def request(self, seen: Seen, course: Course, ended: float, traceparent: str | None, request_id: str) -> None:
        """Make the trace of a request that ended at that point of the monotonic clock, or none: chance decides.

        The library would ask the id of the trace, which a caller can choose.
        """
        if random.random() >= self._sample:  # noqa: S311
            return
        from opentelemetry.trace import SpanKind, set_span_in_context

        epoch = time.time_ns() - round(time.monotonic() * 1e9)

        def at(moment: float) -> int:
            return epoch + round(moment * 1e9)

        tracer = self._tracer.get()
        whole = tracer.start_span(
            seen.endpoint, _parent(traceparent if seen.tenant != NONE else None), SpanKind.SERVER,
            _of_request(seen, course, request_id), start_time=at(course.began),
        )  # fmt: skip
        below = set_span_in_context(whole)
        for name, began, over in course.stages:
            tracer.start_span(name, below, start_time=at(began)).end(at(over))
        for name, outcome, began, over in course.searches:
            what = {"trial_cds.search.type": ",".join(sorted(TYPES[name])), "trial_cds.search.outcome": outcome}
            tracer.start_span("fhir-search", below, SpanKind.CLIENT, what, start_time=at(began)).end(at(over))
        whole.end(at(ended))


def provider(processor: SpanProcessor) -> TracerProvider:
    """Return what makes spans and gives them to ``processor``."""
    from importlib.metadata import version

    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON

    made = TracerProvider(
        sampler=ALWAYS_ON,
        resource=Resource.create({"service.name": _NAME, "service.version": version(_NAME)}),
    )
    made.add_span_processor(processor)
    return made


def _sender(settings: TracingSettings) -> SpanProcessor:
    """Return what sends spans to the collector, some at a time, by a thread of its own."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    headers = {name: value.get_secret_value() for name, value in settings.headers.items()}
    return BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.endpoint, headers=headers))


def _parent(traceparent: str | None) -> Any:
    """Return the context of the caller's span, if it names one in the form of W3C Trace Context."""
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    well_formed = traceparent is not None and _TRACEPARENT.fullmatch(traceparent)
    return TraceContextTextMapPropagator().extract({"traceparent": traceparent} if well_formed else {})


def _of_request(seen: Seen, course: Course, request_id: str) -> dict[str, str | int]:
    account = course.account
    found: dict[str, str | int] = {
        "trial_cds.endpoint": seen.endpoint,
        "trial_cds.service": seen.service,
        "trial_cds.tenant": seen.tenant,
        "trial_cds.request_id": request_id,
        "http.response.status_code": seen.status,
    }
    if account is not None:
        found["trial_cds.outcome"] = account.outcome.value
        if account.assessment is not None:
            found["trial_cds.verdict"] = account.assessment.verdict.value
    return found
