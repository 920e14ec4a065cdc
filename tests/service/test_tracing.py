"""Traces: one a request, with times and states alone; an error that says what to do where the extra is missing."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service import app as application
from cds_service.observability.tracing import Tracing, provider
from cds_service.settings import SettingsError, TracingSettings
from tests.service.test_planted_secrets import SECRETS, TOKEN, _bodies
from tests.support.service import SERVICE, call, candidate, make_app, post

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
ENDPOINT = TracingSettings(endpoint="http://127.0.0.1:4318/v1/traces")


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What collects spans in memory, in the place of the exporter."""
    pytest.importorskip("opentelemetry.sdk", reason="the extra otel is not installed: make test-otel")
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    memory = InMemorySpanExporter()
    made = provider(ENDPOINT, SimpleSpanProcessor(memory))
    monkeypatch.setattr(application.Tracing, "of", lambda _: Tracing(lambda: made))
    return memory


@pytest.fixture
def client(tmp_path: Path, spans: Any) -> FlaskClient:
    return make_app(tmp_path).test_client()


def test_a_call_is_one_trace_with_its_stages_and_searches(client: FlaskClient, spans: Any, unused_port: int) -> None:
    server = f"http://127.0.0.1:{unused_port}/fhir"
    post(
        client,
        call({**candidate(), "problems": candidate()["problems"]}, fhirServer=server),
        headers={"traceparent": PARENT},
    )
    found = {span.name: span for span in spans.get_finished_spans()}
    whole = found["patient-view"]
    assert f"{whole.context.trace_id:032x}" == PARENT.split("-")[1]
    assert f"{whole.parent.span_id:016x}" == PARENT.split("-")[2]
    assert {"sign-in", "body", "prefetch", "gate", "pull", "rules", "cards", "note", "fhir-search"} <= found.keys()
    for span in spans.get_finished_spans():
        if span is not whole:
            assert span.parent.span_id == whole.context.span_id
            assert whole.start_time <= span.start_time <= span.end_time <= whole.end_time
    assert whole.attributes["trial_cds.tenant"] == "open"
    assert whole.attributes["http.response.status_code"] == 200
    assert found["fhir-search"].attributes["trial_cds.search.outcome"] == "failed"


@pytest.mark.parametrize(
    "odd", ["", "planted", f"{PARENT}-x", PARENT.upper(), f"ff{PARENT[2:]}", PARENT.replace("b7", "zz")]
)
def test_a_traceparent_of_another_form_begins_a_trace_of_its_own(client: FlaskClient, spans: Any, odd: str) -> None:
    client.get("/health/live", headers={"traceparent": odd})
    (span,) = spans.get_finished_spans()
    assert span.parent is None


def test_nothing_of_a_patient_is_in_a_trace(client: FlaskClient, spans: Any, unused_port: int) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "tracestate": f"x={TOKEN}", "baggage": f"x={TOKEN}"}
    for body in _bodies(f"http://127.0.0.1:{unused_port}/fhir"):
        client.post(f"{SERVICE}?{TOKEN}", json=body, headers=headers)
    finished: Sequence[Any] = spans.get_finished_spans()
    told = json.dumps([json.loads(span.to_json()) for span in finished])
    assert len(finished) > 20
    assert "t1dm-trial-screening" in told
    for secret in (*SECRETS, str(unused_port), "http:"):
        assert secret not in told


def test_spans_are_sent_to_the_collector_that_the_settings_name() -> None:
    pytest.importorskip("opentelemetry.sdk", reason="the extra otel is not installed: make test-otel")
    tracing = Tracing.of(TracingSettings(endpoint="http://127.0.0.1:4318/v1/traces", sample=0.0))
    assert tracing is not None
    tracer = tracing._tracer.get()
    assert not tracer.start_span("x").is_recording(), "sample = 0 makes none"


def test_without_the_extra_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http", None)
    with pytest.raises(SettingsError, match=r"tracing.endpoint: .* extra `otel`, .*requirements/otel.lock"):
        make_app(tmp_path, tracing=ENDPOINT)


def test_nothing_is_traced_unless_it_is_asked_for() -> None:
    assert Tracing.of(TracingSettings()) is None
