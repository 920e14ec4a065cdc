"""Metrics: each request is counted once, by words of this project alone, and only some may see the numbers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from cards.override_reasons import REASONS
from cds_service.observability.catalogue import LABELS, METRICS, Kind
from cds_service.observability.course import STAGES
from cds_service.patient_data.breaker import BreakerState
from cds_service.patient_data.prefetch import PrefetchState
from cds_service.patient_data.query_plan import PREFETCH, TYPES
from cds_service.security.client_token import Check
from cds_service.setting_parts import Limits, Monitoring
from cds_service.storage.journal import Outcome
from rules.assessment import Verdict
from rules.causes import Cause
from rules.searches import SearchState
from rules.trial import Trial
from tests.support import numbers
from tests.support.numbers import Sample, total
from tests.support.service import FEEDBACK, SERVICE, call, candidate, locked, make_app, post, without_type_1

ID = "t1dm-trial-screening"
TOKEN = "a-token-of-at-least-thirty-two-characters"
FAR = {"REMOTE_ADDR": "10.1.2.3"}


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return make_app(tmp_path, limits=Limits(server_failures=2))


def scrape(client: FlaskClient) -> dict[Sample, float]:
    response = client.get("/metrics")
    assert response.status_code == 200
    assert response.content_type.startswith("text/plain; version=")
    return numbers.read(response.get_data(as_text=True))


# -- what is counted -----------------------------------------------------------------------------------------


def test_each_request_is_counted_by_how_it_ended(client: FlaskClient) -> None:
    post(client, call(candidate()))
    post(client, call(without_type_1(), of="p1", user="Practitioner/2"))
    post(client, call({}))
    post(client, b"{")
    client.get("/cds-services")
    client.options(SERVICE)
    client.get("/nowhere")
    found = scrape(client)
    of_hook = {"endpoint": "patient-view", "tenant": "open", "service": ID}
    assert total(found, "requests_total", outcome="card", **of_hook) == 1
    assert total(found, "requests_total", outcome="no-card", **of_hook) == 1
    assert total(found, "requests_total", outcome="412", **of_hook) == 1
    assert total(found, "requests_total", outcome="400", **of_hook) == 1
    assert total(found, "requests_total", outcome="ok", endpoint="discovery", tenant="open", service="none") == 1
    assert total(found, "requests_total", outcome="ok", endpoint="preflight", tenant="none") == 1
    assert total(found, "requests_total", outcome="404", endpoint="unmatched", tenant="none") == 1
    assert total(found, "request_seconds_count", **of_hook) == 4
    assert total(found, "calls_total", service=ID) == 4
    assert total(found, "calls_total", outcome="no-card", cause="not-applicable") == 1
    assert total(found, "calls_total", outcome="refused", cause="412") == 1
    assert total(found, "verdicts_total") == total(found, "stage_seconds_count", stage="rules") == 2
    assert total(found, "prefetch_total", extent="full") == 2
    assert total(found, "prefetch_total", extent="none") == 1
    assert total(found, "prefetch_keys_total", key="labs", state="absent") == 1
    assert total(found, "unknowns_total", criterion="E3", cause="no-data") == 2
    assert total(found, "stage_seconds_count", stage="note") == 4
    assert total(found, "requests_in_flight") == 1  # the scrape itself


def test_a_card_that_stays_away_and_the_answer_to_it_are_counted(client: FlaskClient) -> None:
    card = post(client, call(candidate())).get_json()["cards"][0]["uuid"]
    reason = {"reason": {"code": "patient-refuses"}}
    entry = {"card": card, "outcome": "overridden", "outcomeTimestamp": "2026-11-22T10:00:00Z"}
    answers = [{**entry, "overrideReason": reason}, {**entry, "overrideReason": {"reason": {"code": "of-the-ehr"}}}]
    for _ in range(2):  # a client that sends it again
        post(client, {"feedback": [*answers, {**entry, "outcome": "accepted"}]}, FEEDBACK)
    post(
        client,
        {"feedback": [{**entry, "overrideReason": reason, "outcomeTimestamp": "2026-11-22T11:00:00Z"}]},
        FEEDBACK,
    )
    post(client, call(candidate()))
    found = scrape(client)
    assert total(found, "feedback_total", outcome="overridden", reason="patient-refuses") == 2
    assert total(found, "feedback_total", outcome="overridden", reason="other") == 1
    assert total(found, "feedback_total", outcome="accepted", reason="none") == 1
    assert total(found, "calls_total", outcome="suppressed", cause="patient-refuses") == 1


@pytest.mark.parametrize("status", [400, 414, 431, 501])
def test_a_request_that_the_server_cannot_read_is_counted_by_its_status(
    app: Flask, client: FlaskClient, status: int
) -> None:
    app.extensions["trial_cds_metrics"].unreadable(status)
    assert total(scrape(client), "unreadable_requests_total", status=str(status)) == 1


def test_a_server_that_gives_nothing_is_counted_and_left_alone(client: FlaskClient, unused_port: int) -> None:
    for _ in range(3):
        post(client, call(fhirServer=f"http://127.0.0.1:{unused_port}/fhir"))
    found = scrape(client)
    assert total(found, "breaker_state", tenant="open") == 2
    assert total(found, "breaker_trips_total", tenant="open") == 1
    assert total(found, "fhir_search_seconds_count", type="Patient", outcome="failed") == 2
    assert total(found, "fhir_search_seconds_count", type="Patient", outcome="not-sent") == 1
    assert total(found, "stage_seconds_count", stage="gate") == 3


def test_a_database_that_is_busy_or_fails_is_counted(
    client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with locked(tmp_path), monkeypatch.context() as hurried:
        hurried.setattr("cds_service.cds_hooks.patient_view._NOTE_SECONDS", 0.1)
        assert post(client, call(candidate())).get_json()["cards"]
    found = scrape(client)
    assert total(found, "database_errors_total", work="write", outcome="busy") == 1
    assert total(found, "database_errors_total", work="read") == 0

    def fails(*_: object) -> None:
        raise OperationalError("", None, Exception())

    monkeypatch.setattr("cds_service.storage.journal._history", fails)
    assert post(client, call(candidate())).get_json()["cards"]
    assert total(scrape(client), "calls_total", cause="history-not-available") == 1


def test_what_is_still_to_happen_is_there_with_0(client: FlaskClient) -> None:
    """So that the first time is an increase, which an alert sees."""
    found = scrape(client)
    for name in ("database_errors_total", "deadline_hits_total", "breaker_state", "breaker_trips_total"):
        assert any(given == f"trial_cds_{name}" for given, _ in found), name
    assert any(name == "trial_cds_calls_total" and ("cause", "no-attestation") in labels for name, labels in found)
    assert total(found, "rules_self_test_passed", trial="NCT01374854") == 1
    assert total(found, "threads") == 8


def test_the_end_of_a_statement_that_cards_rest_on_is_told_before_it_comes(tmp_path: Path) -> None:
    needs = make_app(tmp_path, recruitment={"require_site_attestation": True}, zone="UTC")
    assert total(scrape(needs.test_client()), "attestation_end_timestamp_seconds", tenant="open") == 0
    free = scrape(make_app(tmp_path).test_client())
    assert not any(name == "trial_cds_attestation_end_timestamp_seconds" for name, _ in free)


# -- labels --------------------------------------------------------------------------------------------------


def _lists(trial: Trial) -> dict[str, set[str]]:
    """All values that each label may have."""
    told = (400, 401, 403, 404, 405, 408, 412, 413, 414, 415, 431, 500, 501, 503)
    statuses = {*map(str, told), "4xx", "5xx", "2xx", "3xx"}
    reasons = {*REASONS, "other", "none"}
    ends = {*Outcome, *SearchState, "not-sent", "accepted", "overridden", "ok", "failed", "busy"}
    rules = {rule.name for table in trial.tables.values() for rule in table}
    silent = {"shown-lately", "no-attestation", "history-not-available", "tenant-off", "user-type", "trigger-action"}
    return {
        "tenant": {"open", "none"},
        "service": {ID, "none"},
        "endpoint": {"discovery", "patient-view", "feedback", "health", "metrics", "pages", "preflight", "unmatched"},
        "outcome": {*ends, *statuses},
        "status": statuses,
        "stage": set(STAGES),
        "type": {kind for kinds in TYPES.values() for kind in kinds},
        "trial": {trial.id},
        "verdict": set(Verdict),
        "cause": {*reasons, *Verdict, *Cause, *rules, *statuses, *silent, "viewer-not-clinician", "catchment"},
        "key": set(PREFETCH),
        "state": {*PrefetchState, *BreakerState},
        "extent": {"full", "partial", "none"},
        "criterion": {declaration.id for declaration in trial.declarations},
        "check": set(Check),
        "work": {"read", "write"},
        "reason": reasons,
        "version": {"0.1.0"},
        "rules": {trial.rules_version},
    }


_ODD = ("Planted Name", "é", "p" * 300, 'a"b\nc', "")


def _odd_requests(client: FlaskClient) -> Iterator[Any]:
    """Requests with something odd in every place that a metric's label could be made of."""
    for odd in _ODD:
        address = odd.replace("\n", "%0A").replace("?", "") or "x"
        yield client.get(f"/{address}")
        yield client.post(f"/cds-services/{address}", json=call(without_type_1()))
        yield client.post(f"/cds-services/{address}/feedback", json={"feedback": []})
        yield client.open(f"{SERVICE}?x={address}", method="PUT")
        yield client.post(SERVICE, json={**call(without_type_1()), "hook": odd})
        yield client.post(SERVICE, json=call(without_type_1(), of=odd, user=odd))
        yield client.post(SERVICE, json=call({odd: None, **without_type_1()}, fhirServer=odd))
        yield client.post(SERVICE, json=call({**without_type_1(), "labs": odd}))
        reason = {"reason": {"code": odd, "system": odd}}
        for outcome, card in itertools.product(("overridden", odd), ("c1", odd)):
            yield client.post(
                FEEDBACK, json={"feedback": [{"card": card, "outcome": outcome, "overrideReason": reason}]}
            )


def test_label_values_come_from_closed_lists(client: FlaskClient, trial: Trial) -> None:
    scrape(client)
    list(_odd_requests(client))
    first = scrape(client)
    list(_odd_requests(client))
    found = scrape(client)
    allowed = _lists(trial)
    outside = {
        (name, label, value)
        for name, labels in found
        for label, value in labels
        if label != "le" and value not in allowed[label]
    }
    assert outside == set()
    assert found.keys() == first.keys(), "the same requests once more made new series"


def test_every_label_is_explained_and_every_metric_has_its_kind() -> None:
    assert {label for metric in METRICS.values() for label in metric.labels} == LABELS.keys()
    for metric in METRICS.values():
        assert (metric.kind is Kind.HISTOGRAM) == bool(metric.buckets)
        assert metric.buckets == tuple(sorted(metric.buckets))


# -- who may see them ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def without_token(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    return make_app(tmp_path_factory.mktemp("service")).test_client()


@pytest.fixture(scope="module")
def with_token(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    monitoring = Monitoring(token=TOKEN)  # type: ignore[arg-type]
    return make_app(tmp_path_factory.mktemp("service"), monitoring=monitoring).test_client()


@pytest.mark.parametrize(
    "how",
    [
        {"environ_base": FAR},
        {"environ_base": FAR, "headers": {"Authorization": f"Bearer {TOKEN}x"}},
        {"environ_base": FAR, "headers": {"Authorization": TOKEN}},
        {"environ_base": FAR, "headers": {"X-Forwarded-For": "127.0.0.1"}},
        {"headers": {"X-Forwarded-For": "10.1.2.3"}},
        {"headers": {"Host": "cds.example.org"}},
        {"headers": {"Host": "[oops"}},
    ],
)
def test_for_others_there_are_no_metrics(
    with_token: FlaskClient, without_token: FlaskClient, how: dict[str, Any]
) -> None:
    for client in (with_token, without_token):
        response = client.get("/metrics", **how)
        assert response.status_code == 404
        assert b"trial_cds" not in response.data


def test_with_the_token_they_are_seen_from_elsewhere(with_token: FlaskClient) -> None:
    shown = {"Authorization": f"Bearer {TOKEN}", "Host": "10.1.2.3:8000"}
    response = with_token.get("/metrics", environ_base=FAR, headers=shown)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert b"trial_cds_requests_total" in response.data
