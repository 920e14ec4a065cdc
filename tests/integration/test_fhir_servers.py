"""The service behind FHIR servers that other people wrote: what it decides there is what it decides from a file.

Two servers by turns: sekmet-fhir, which the tests start, and the one whose base URL stands in TRIAL_CDS_TEST_FHIR
(with a bearer token in TRIAL_CDS_TEST_FHIR_TOKEN, if it asks for one). The tests put their own charts on it, under
ids that the server gives, and delete them at the end, whatever happened. `make test-hapi` names HAPI FHIR there.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from cds_service.patient_data.deadline import Deadline
from cds_service.patient_data.fhir_client import FhirClient, FhirServer, SearchResult
from cds_service.patient_data.outbound import parse_base_url
from cds_service.patient_data.query_plan import GATE, Query
from cds_service.sandbox.fhir_server import SandboxFhirServer
from cds_service.sandbox.patients import ALL
from cds_service.setting_parts import Limits, OpenMode, Sandbox, Server
from rules.assess import Executor
from rules.searches import SearchState
from rules.trial import Trial
from tests.support.borrowed_server import BorrowedServer, Json, Refused
from tests.support.charts import NO_PUBLIC, PUBLIC, assessed, moved, public_chart, sandbox_chart
from tests.support.fhir import C_PEPTIDE, HBA1C, condition, observation, patient
from tests.support.sekmet import NEEDS_SEKMET
from tests.support.service import TODAY, call, make_app, post

GIVEN = os.environ.get("TRIAL_CDS_TEST_FHIR", "")
TOKEN = os.environ.get("TRIAL_CDS_TEST_FHIR_TOKEN") or None
ZONE = ZoneInfo("Australia/Sydney")
"""Of the site: half a day ahead of the servers, which compare dates in a zone of their own."""
SECONDS = 20.0
"""For one call: what is looked at here is what is decided, not how fast."""

# One worker, for each of these servers is started once.
pytestmark = [pytest.mark.xdist_group("fhir-servers")]


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("sekmet", marks=NEEDS_SEKMET),
        pytest.param(
            "given",
            marks=pytest.mark.skipif(not GIVEN, reason="needs the base URL of a FHIR server in TRIAL_CDS_TEST_FHIR"),
        ),
    ],
)
def base_url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "given":
        yield GIVEN
    else:
        with SandboxFhirServer() as started:
            yield started.base_url


@pytest.fixture
def server(base_url: str) -> Iterator[BorrowedServer]:
    """The server as one test borrows it: each takes its own charts away."""
    with BorrowedServer(base_url, TOKEN if base_url == GIVEN else None) as borrowed:
        yield borrowed


@pytest.fixture(scope="module")
def client(base_url: str, tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    return make_app(
        tmp_path_factory.mktemp("fhir-servers"),
        zone=ZONE.key,
        sandbox=Sandbox(enabled=True),
        open=OpenMode(fhir_servers=(base_url,)),
        limits=Limits(deadline_seconds=SECONDS),
        server=Server(graceful_seconds=60),
    ).test_client()


def open_chart(client: FlaskClient, server: BorrowedServer, patient_id: str) -> TestResponse:
    access = {} if server.token is None else {"fhirAuthorization": authorization(server.token)}
    return post(client, call(of=patient_id, fhirServer=server.base_url, **access))


def authorization(token: str) -> Json:
    return {"access_token": token, "token_type": "Bearer", "expires_in": 300, "scope": "", "subject": "test"}


def explained(response: TestResponse) -> Json:
    assert response.status_code == 200, response.data
    explanation: Json = response.get_json()["extension"]["org.trial-cds.assessment"]
    return explanation


def put(server: BorrowedServer, chart: Sequence[Json]) -> tuple[str, list[Json]]:
    """Put a chart on the server; return the patient's id there, and the chart as it now is."""
    places = server.put(chart)
    (person,) = (place for old, place in places.items() if old.startswith("Patient/"))
    return person.partition("/")[2], moved(chart, places)


# -- the same over REST as from a file -----------------------------------------------------------------------


def assert_decided_alike(by_rest: Json, by_file: Json) -> None:
    """Word for word; but where nothing further could make the trial apply, the rest was not asked for."""
    assert by_rest["verdict"] == by_file["verdict"]
    stopped = {search["name"] for search in by_rest["searches"]} <= {*GATE, "drugs"}
    for theirs, ours in zip(by_rest["criteria"], by_file["criteria"], strict=True):
        if stopped:
            assert theirs["status"] in (ours["status"], "unknown"), theirs["id"]
        else:
            assert {name: theirs[name] for name in ours} == ours


@pytest.mark.parametrize("person", ALL, ids=lambda person: person.id)
def test_sandbox_charts(
    client: FlaskClient, server: BorrowedServer, trial: Trial, durable: Executor, person: Any
) -> None:
    patient_id, chart = put(server, sandbox_chart(person, TODAY, ZONE))
    answer = explained(open_chart(client, server, patient_id))
    assert_decided_alike(answer, assessed(chart, trial, durable, TODAY, ZONE))
    assert answer["verdict"] == person.expected_verdict
    assert {search["state"] for search in answer["searches"]} <= {"complete", "unsupported"}


FEW = {
    "ecqm-cms122-t1d-denom", "ecqm-cms122-t1d-denomexcl", "ecqm-cms122-t1d-noip", "ecqm-cms122-t1d-numer",
    "ecqm-cms871-t1d-hyperglycemia", "ecqm-nhsn-hypoglycemia-t1d", "ecqm-qicore-cms871-b7534abb",
    "ecqm-qicore-cms871-c85ad9d3", "logica-ubc-patient2", "mii-pat-1", "au-core-howedeangelo", "hl7r4-pat1",
    "ips-ips-examples-bundle-01",
}  # fmt: skip
"""Those that are put on a borrowed server too: all with type 1, and from each source one."""

FILES = sorted(PUBLIC.glob("*.json")) or [pytest.param(None, marks=pytest.mark.skip(NO_PUBLIC))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: getattr(path, "stem", None))
def test_public_charts(client: FlaskClient, server: BorrowedServer, trial: Trial, durable: Executor, path: Any) -> None:
    if server.base_url == GIVEN.rstrip("/") and path.stem not in FEW:
        pytest.skip("a borrowed server is spared most of the public charts")
    try:
        patient_id, chart = put(server, public_chart(path))
    except Refused as refused:
        pytest.skip(f"this server does not take the chart: {refused}"[:200])
    by_file = assessed(chart, trial, durable, TODAY, ZONE)
    assert_decided_alike(explained(open_chart(client, server, patient_id)), by_file)


# -- paging, dates, codes ------------------------------------------------------------------------------------


def pull(server: BorrowedServer, name: str, *urls: str) -> SearchResult:
    """Let the client pull one search."""
    given = FhirServer(parse_base_url(server.base_url), server.token)
    pulled = FhirClient().call(given, Deadline(SECONDS))
    return pulled.collect(pulled.start(Query(name, urls)))


def test_small_pages_bring_the_whole(server: BorrowedServer) -> None:
    person = patient()
    results = [observation(HBA1C, 7 + n / 10, "%", f"2026-{n % 9 + 1:02d}-{n + 1:02d}") for n in range(17)]
    patient_id, chart = put(server, [person, *results])
    result = pull(server, "labs", f"Observation?patient={patient_id}&category=laboratory&_count=5")
    assert result.search.complete
    assert result.pages >= 4
    assert sorted(str(read.resource.id) for read in result.entries) == sorted(r["id"] for r in chart[1:])


def test_a_code_is_found_by_its_system_and_no_other(server: BorrowedServer) -> None:
    local = {"code": {"coding": [{"system": "urn:trial-cds:another-system", "code": HBA1C}]}}
    patient_id, chart = put(
        server,
        [
            patient(),
            observation(HBA1C, 8.4, "%", "2026-10-20"),
            observation(C_PEPTIDE, 0.1, "ng/mL", "2026-10-20"),
            observation(HBA1C, 99, "%", "2026-10-21") | local,
        ],
    )
    codes = f"http://loinc.org|{HBA1C},http://loinc.org|{C_PEPTIDE}"
    result = pull(server, "labs", f"Observation?patient={patient_id}&code={codes}&_count=200")
    assert {read.resource.id for read in result.entries} == {chart[1]["id"], chart[2]["id"]}


@pytest.mark.parametrize(
    "taken",
    ["T09:00:00Z", "T00:30:00+11:00", "T23:30:00-10:00", "T00:00:00Z", ""],
    ids=["in the day", "early, far east", "late, far west", "at midnight", "no time of day"],
)
def test_the_oldest_result_that_is_read_is_found(
    client: FlaskClient, server: BorrowedServer, trial: Trial, durable: Executor, taken: str
) -> None:
    """A server compares instants, the rules days at the site: what lies between must be asked for too."""
    (c_peptide,) = (declaration for declaration in trial.declarations if declaration.id == "I7")
    oldest = c_peptide.windows["shown"].start(TODAY)
    result = observation(C_PEPTIDE, 0.1, "ng/mL", "2026-01-01", effectiveDateTime=f"{oldest.isoformat()}{taken}")
    patient_id, chart = put(server, [patient(), condition(), result])
    answer = explained(open_chart(client, server, patient_id))
    assert_decided_alike(answer, assessed(chart, trial, durable, TODAY, ZONE))


@pytest.mark.parametrize("when", ["2025", "2026-08"])
def test_a_result_of_a_month_or_a_year_is_found(
    client: FlaskClient, server: BorrowedServer, trial: Trial, durable: Executor, when: str
) -> None:
    result = observation(HBA1C, 8.4, "%", "2026-01-01", effectiveDateTime=when)
    patient_id, chart = put(server, [patient(), condition(), result])
    answer = explained(open_chart(client, server, patient_id))
    assert_decided_alike(answer, assessed(chart, trial, durable, TODAY, ZONE))


# -- what is not there ---------------------------------------------------------------------------------------


def test_a_patient_that_the_server_does_not_know(client: FlaskClient, server: BorrowedServer) -> None:
    response = open_chart(client, server, f"unknown-{uuid.uuid4().hex[:12]}")
    assert response.status_code == 412
    assert "patient" in response.get_json(force=True)["issue"][0]["diagnostics"]


def test_a_search_that_the_server_does_not_understand_is_never_taken_for_an_empty_one(server: BorrowedServer) -> None:
    """Refused (400), or answered with a remark that a part was ignored; then all that comes is filtered here."""
    patient_id, chart = put(server, [patient(), condition()])
    result = pull(server, "problems", f"Condition?patient={patient_id}&no-such-parameter=1")
    if result.search.complete:
        assert [read.resource.id for read in result.entries] == [chart[1]["id"]]
    else:
        assert result.search.state is SearchState.FAILED
        assert "rejected the search (400)" in result.search.reason
