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
from cds_service.setting_parts import TracingSettings
from cds_service.settings import SettingsError
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
    made = provider(SimpleSpanProcessor(memory))
    memory.tracing = Tracing(lambda: made)  # type: ignore[attr-defined]
    monkeypatch.setattr(application.Tracing, "of", lambda _: memory.tracing)  # type: ignore[attr-defined]
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
    client.get("/cds-services", headers={"traceparent": odd})
    assert [span.parent for span in spans.get_finished_spans() if span.name == "discovery"] == [None]


@pytest.mark.parametrize("path", ["/health/live", "/nowhere"])
def test_a_stranger_continues_no_trace(client: FlaskClient, spans: Any, path: str) -> None:
    client.get(path, headers={"traceparent": PARENT})
    (span,) = spans.get_finished_spans()
    assert span.parent is None
    assert f"{span.context.trace_id:032x}" != PARENT.split("-")[1]


@pytest.mark.parametrize(("dice", "sample", "made"), [(0.0, 0.0, False), (0.01, 0.1, True), (0.2, 0.1, False)])
def test_who_calls_does_not_decide_whether_a_trace_is_made(
    client: FlaskClient, spans: Any, monkeypatch: pytest.MonkeyPatch, dice: float, sample: float, made: bool
) -> None:
    """The library takes the least and the greatest of ids for those to keep and to drop."""
    monkeypatch.setattr("random.random", lambda: dice)
    monkeypatch.setattr(spans.tracing, "_sample", sample)
    for id_of_trace in ("0af7651916cd43dd0000000000000000", "0af7651916cd43ddffffffffffffffff"):
        client.get("/cds-services", headers={"traceparent": PARENT.replace(PARENT.split("-")[1], id_of_trace)})
    assert [span.name for span in spans.get_finished_spans() if span.name == "discovery"] == 2 * made * ["discovery"]


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
    tracing = Tracing.of(TracingSettings(endpoint="http://127.0.0.1:4318/v1/traces", sample=0.25))
    assert tracing is not None
    assert tracing._sample == 0.25
    assert tracing._tracer.get().start_span("x").is_recording()


def test_without_the_extra_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http", None)
    with pytest.raises(SettingsError, match=r"tracing.endpoint: .* extra `otel`, .*requirements/otel.lock"):
        make_app(tmp_path, tracing=ENDPOINT)


def test_nothing_is_traced_unless_it_is_asked_for() -> None:
    assert Tracing.of(TracingSettings()) is None
