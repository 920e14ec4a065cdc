"""patient-view with a FHIR server behind it: one that answers, and ones that misbehave in every way."""

from __future__ import annotations

import io
import json
import logging
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from cds_service.logs import LOGGER, REQUEST_ID, JsonLines
from cds_service.patient_data import fhir_client
from cds_service.setting_parts import Limits, Sandbox, Server
from tests.support import fault_server
from tests.support.fault_server import FaultServer, holding
from tests.support.service import call, candidate, make_app, post, said, without_type_1

DEADLINE = 1.0
TOLERANCE = 2.0
"""Seconds beyond the deadline, on a machine that is busy otherwise."""
AMPLE = 20.0
"""Seconds for what ends before them, on a busy machine too."""


def _service(folder: Path, deadline: float) -> FlaskClient:
    """A service that shows what it asked for."""
    limits, server = Limits(deadline_seconds=deadline), Server(graceful_seconds=60)
    return make_app(folder, limits=limits, server=server, sandbox=Sandbox(enabled=True)).test_client()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    return _service(tmp_path_factory.mktemp("ample"), AMPLE)


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """A service with a short deadline."""
    return _service(tmp_path_factory.mktemp("quick"), DEADLINE)


def _resources(prefetch: dict[str, Any], key: str) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in prefetch[key].get("entry", ())]


def _server(chart: dict[str, Any]) -> FaultServer:
    """A server that holds a person's data and knows nothing else."""
    return FaultServer(
        otherwise=fault_server.empty,
        Patient=fault_server.content(_json(chart["patient"])),
        Condition=holding(*_resources(chart, "problems")),
        Observation=holding(*_resources(chart, "labs")),
    )


def _json(resource: dict[str, Any]) -> bytes:
    return json.dumps(resource).encode()


@pytest.mark.parametrize(
    "sent",
    [[], ["patient"], ["patient", "problems"], ["labs", "vitals"], ["patient", "problems", "labs"]],
    ids=lambda keys: "+".join(keys) or "nothing",
)
def test_what_the_prefetch_lacks_is_pulled(client: FlaskClient, sent: list[str]) -> None:
    chart = candidate()
    with _server(chart) as server:
        response = post(client, call({key: chart[key] for key in sent}, fhirServer=server.base_url))
    assert response.status_code == 200, response.data
    assert len(response.get_json()["cards"]) == 1
    pulled = {search["name"] for search in response.get_json()["extension"]["org.trial-cds.assessment"]["searches"]}
    assert pulled.isdisjoint(sent)
    assert {"patient", "problems", "labs"} <= pulled | set(sent)


def test_nothing_is_asked_when_everything_was_sent_that_the_gate_needs(client: FlaskClient) -> None:
    with _server(without_type_1()) as server:
        assert post(client, call(without_type_1(), fhirServer=server.base_url)).get_json()["cards"] == []
        assert server.asked("Observation") == []


def test_the_token_goes_to_the_server_and_nowhere_else(client: FlaskClient) -> None:
    access = {"access_token": "good-token", "token_type": "Bearer", "patient": "p1"}
    with _server(candidate()) as server:
        response = post(client, call(fhirServer=server.base_url, fhirAuthorization=access))
        assert set(server.authorizations) == {"Bearer good-token"}
    assert "good-token" not in response.text


HTML = fault_server.content(b"<html><body>Please log in</body></html>", "text/html")
XML = fault_server.content(b"<Patient xmlns='http://hl7.org/fhir'/>", "application/fhir+xml")
BROKEN = fault_server.content(b'{"resourceType": "Pat')


MISBEHAVIOURS = {
    "hang": fault_server.hang,
    "drip body": fault_server.drip_body,
    "drip headers": fault_server.drip_headers,
    "drip chunks": fault_server.drip_chunks,
    "cut": fault_server.cut,
    "bomb": fault_server.gzip_bomb(60),
    "html": HTML,
    "xml": XML,
    "broken": BROKEN,
    **{str(code): fault_server.status(code) for code in (401, 403, 404, 429, 500)},
}


@pytest.mark.parametrize("behaviour", MISBEHAVIOURS.values(), ids=MISBEHAVIOURS.keys())
def test_a_server_that_gives_nothing_is_412_within_the_deadline(
    quick: FlaskClient, behaviour: Callable[[fault_server.Handler], None]
) -> None:
    with FaultServer(otherwise=behaviour) as server:
        started = time.monotonic()
        response = post(quick, call(fhirServer=server.base_url))
        assert time.monotonic() - started < DEADLINE + TOLERANCE
    assert response.status_code == 412
    assert "prefetch" in said(response)
    assert len(post(quick, call(candidate())).get_json()["cards"]) == 1


def test_a_redirect_is_not_followed(client: FlaskClient) -> None:
    access = {"access_token": "good-token"}
    with (
        FaultServer() as trap,
        FaultServer(otherwise=fault_server.redirect(f"{trap.base_url}/Patient/p1")) as server,
    ):
        assert post(client, call(fhirServer=server.base_url, fhirAuthorization=access)).status_code == 412
        assert trap.authorizations == []


def test_pages_without_end_are_cut_off(client: FlaskClient) -> None:
    chart = candidate()
    with _server(chart) as server:
        server.behaviours["Observation"] = fault_server.endless(*_resources(chart, "labs"))
        started = time.monotonic()
        response = post(client, call(fhirServer=server.base_url))
        assert time.monotonic() - started < AMPLE
    assert response.status_code == 200
    searches = response.get_json()["extension"]["org.trial-cds.assessment"]["searches"]
    assert {"name": "labs", "state": "truncated"} in [
        {"name": search["name"], "state": search["state"]} for search in searches
    ]


def test_a_server_that_keeps_failing_is_left_alone_and_probed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(fhir_client, "Breakers", partial(fhir_client.Breakers, clock=lambda: now[0]))
    limits = Limits(server_failures=2, server_pause_seconds=60)
    client = make_app(tmp_path, limits=limits).test_client()
    with _server(candidate()) as server:
        good = dict(server.behaviours)
        server.behaviours.clear()
        server.otherwise = fault_server.status(500)
        for _ in range(2):
            assert post(client, call(fhirServer=server.base_url)).status_code == 412
        asked = len(server.urls)
        left_alone = post(client, call(fhirServer=server.base_url))
        assert left_alone.status_code == 412
        assert "left alone" in said(left_alone)
        assert len(server.urls) == asked
        # What the prefetch brings is still used, and the rest named.
        chart = candidate()
        del chart["vitals"]
        (card,) = post(client, call(chart, fhirServer=server.base_url)).get_json()["cards"]
        assert "left alone for a while" in card["detail"]
        assert len(server.urls) == asked
        server.behaviours.update(good)
        server.otherwise = fault_server.empty
        now[0] += 60
        assert len(post(client, call(fhirServer=server.base_url)).get_json()["cards"]) == 1


def test_the_id_of_the_request_goes_along_and_into_every_line(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonLines())
    monkeypatch.setattr(LOGGER, "handlers", [handler])

    def fails(*_: object) -> None:
        raise OperationalError("", None, Exception())

    monkeypatch.setattr("cds_service.storage.journal._call_row", fails)
    with _server(candidate()) as server:
        response = post(client, call(fhirServer=server.base_url), headers={"X-Request-Id": "of-the-ehr.1"})
        assert {headers["x-request-id"] for headers in server.headers} == {"of-the-ehr.1"}
    assert response.headers["X-Request-Id"] == "of-the-ehr.1"
    (line,) = [json.loads(line) for line in written.getvalue().splitlines() if "call not noted" in line]
    assert line["request_id"] == "of-the-ehr.1"
    assert REQUEST_ID.get() is None, "what is written after the request is not of it"
