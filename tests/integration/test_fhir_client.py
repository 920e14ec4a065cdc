"""The FHIR client against a server that misbehaves: always back in time, never talking to anybody else."""

from __future__ import annotations

import gc
import os
import threading
import time
import weakref
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from cds_service.patient_data.answers import Page
from cds_service.patient_data.deadline import Deadline
from cds_service.patient_data.fhir_client import FhirClient, FhirServer, Limits, SearchResult, retry_after
from cds_service.patient_data.outbound import parse_base_url
from cds_service.patient_data.query_plan import Query
from rules.searches import SearchState
from tests.support import fault_server as faults
from tests.support.fault_server import Behaviour, FaultServer
from tests.support.fhir import bundle, coded, condition
from tests.support.forks import in_child
from tests.support.waiting import soon

DEADLINE = 0.5
"""Seconds for a server that uses them up: it would go on for twenty and more."""
GRACE = 2.0
"""Seconds beyond the deadline, on a machine that is busy otherwise."""
AMPLE = 10.0
"""Seconds for whatever ends before them, on a busy machine too."""
TOKEN = "not-a-real-token"
MARKUP = "the answer is HTML or XML, not FHIR JSON"
TOO_LARGE = "the answer is larger than the service reads"


@pytest.fixture(scope="module")
def client() -> FhirClient:
    return FhirClient()


@pytest.fixture
def trap() -> Iterator[FaultServer]:
    """Somebody else's server: it must never be called."""
    with FaultServer() as server:
        yield server


def pull(
    client: FhirClient,
    server: FaultServer | str,
    name: str = "problems",
    *urls: str,
    seconds: float = AMPLE,
    token: str | None = TOKEN,
) -> SearchResult:
    """Pull one search, and hold it to the deadline."""
    base = server if isinstance(server, str) else server.base_url
    deadline = Deadline(seconds)
    call = client.call(FhirServer(parse_base_url(base), token), deadline)
    began = time.monotonic()
    result = call.collect(call.start(Query(name, urls or ("Condition?patient=p1",))))
    assert time.monotonic() - began < seconds + GRACE
    return result


def pull_from(client: FhirClient, behaviour: Behaviour, **more: float) -> SearchResult:
    with FaultServer(behaviour) as server:
        return pull(client, server, **more)


def ids(result: SearchResult) -> list[str | None]:
    return [read.resource.id for read in result.entries]


def test_a_search_brings_its_resources_and_shows_the_token_to_the_server(client: FhirClient) -> None:
    with FaultServer(faults.holding(condition(id="a"), condition(id="b"))) as server:
        result = pull(client, server)
    assert ids(result) == ["a", "b"]
    assert result.search.complete
    assert result.pages == 1
    assert server.authorizations == [f"Bearer {TOKEN}"]
    assert server.headers[0]["accept"] == "application/fhir+json"


def test_without_a_token_none_is_sent(client: FhirClient, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    netrc = f"{tmp_path}/netrc"
    with open(netrc, "w") as file:  # noqa: PTH123
        file.write("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", netrc)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with FaultServer() as server:
        assert pull(client, server, token=None).search.complete
        assert pull(client, server).search.complete
    assert server.authorizations == [f"Bearer {TOKEN}"]


def test_cookies_are_not_kept(client: FhirClient) -> None:
    with FaultServer(lambda handler: handler.reply_json(bundle(), Set_Cookie="session=one; Path=/")) as server:
        pull(client, server)
        pull(client, server)
    assert not any("cookie" in headers for headers in server.headers)


def test_connections_are_used_again(client: FhirClient) -> None:
    with FaultServer(faults.holding(condition())) as server:
        for _ in range(5):
            assert pull(client, server).search.complete
    assert len(server.connections) == 1


@pytest.mark.parametrize(
    "behaviour",
    [faults.hang, faults.drip_headers, faults.drip_body, faults.drip_chunks],
    ids=lambda b: b.__name__,
)
def test_a_server_that_takes_for_ever(client: FhirClient, behaviour: Behaviour) -> None:
    result = pull_from(client, behaviour, seconds=DEADLINE)
    assert result.search.state is SearchState.FAILED
    assert result.search.reason == "the server did not answer in time"


@pytest.mark.parametrize(
    "behaviour",
    [faults.hang, faults.drip_headers, faults.drip_body, faults.drip_chunks],
    ids=lambda b: b.__name__,
)
def test_its_worker_is_free_again_after_the_deadline(behaviour: Behaviour) -> None:
    client = FhirClient(workers=1)
    with FaultServer(behaviour) as slow, FaultServer() as quick:
        pull(client, slow, seconds=DEADLINE)
        assert pull(client, quick).search.complete


def test_what_arrived_before_the_deadline_counts_as_a_part(client: FhirClient) -> None:
    pages = faults.in_turn(faults.paged([bundle(condition(id="a")), bundle()]), faults.hang)
    result = pull_from(client, pages, seconds=4 * DEADLINE)
    assert ids(result) == ["a"]
    assert result.search.state is SearchState.TRUNCATED


def test_nobody_listens(client: FhirClient, unused_port: int) -> None:
    result = pull(client, f"http://127.0.0.1:{unused_port}/fhir")
    assert result.search.state is SearchState.FAILED
    assert result.search.reason == "the server cannot be reached or broke off"


def test_an_answer_cut_short_is_asked_for_again(client: FhirClient) -> None:
    assert pull_from(client, faults.cut).search.state is SearchState.FAILED
    result = pull_from(client, faults.in_turn(faults.cut, faults.holding(condition(id="a"))))
    assert ids(result) == ["a"]
    assert result.search.complete


@pytest.mark.parametrize("code", [429, 502, 503, 504])
def test_passing_faults_are_tried_once_more(client: FhirClient, code: int) -> None:
    assert pull_from(client, faults.in_turn(faults.status(code), faults.empty)).search.complete
    with FaultServer(faults.status(code)) as server:
        result = pull(client, server)
    assert result.search.state is SearchState.FAILED
    assert str(code) in result.search.reason
    assert len(server.urls) == 2


def test_retry_after_is_honoured_when_it_fits(client: FhirClient) -> None:
    limited = faults.in_turn(faults.status(429, Retry_After="1"), faults.empty)
    began = time.monotonic()
    assert pull_from(client, limited).search.complete
    assert time.monotonic() - began >= 1.0
    with FaultServer(faults.status(429, Retry_After="60")) as server:
        began = time.monotonic()
        result = pull(client, server)
        assert time.monotonic() - began < AMPLE / 2
    assert result.search.reason == "the server limits the number of requests (429)"
    assert len(server.urls) == 1


def test_wait_named_by_the_server() -> None:
    assert retry_after({"Retry-After": "3"}) == 3
    assert retry_after({"Retry-After": "Sun, 22 Nov 2026 10:00:00 GMT"}) == float("inf")
    assert retry_after({"RateLimit": '"default";r=0;t=7'}) == 7
    assert retry_after({}) is None


@pytest.mark.parametrize(
    ("behaviour", "state", "reason"),
    [
        (faults.status(500), SearchState.FAILED, "the server failed (500)"),
        (faults.status(401), SearchState.FORBIDDEN, "the server did not accept the access token (401)"),
        (faults.status(403), SearchState.FORBIDDEN, "the server refused access (403)"),
        (faults.status(404), SearchState.FAILED, "the server does not know what was asked for (404)"),
        (faults.status(400), SearchState.FAILED, "the server rejected the search (400)"),
        (faults.status(204), SearchState.FAILED, "the server rejected the search (204)"),
        (faults.content(b"<html>", "text/html"), SearchState.FAILED, MARKUP),
        (faults.content(b"<Bundle/>"), SearchState.FAILED, MARKUP),
        (faults.content(b'{"resourceType"'), SearchState.FAILED, "the answer is not FHIR JSON"),
        (faults.content(b'{"entry": [\xff]}'), SearchState.FAILED, "the answer is not FHIR JSON"),
        (faults.content(b""), SearchState.FAILED, "the answer is empty"),
        (
            faults.content(b'{"resourceType": "Patient", "id": "p1"}'),
            SearchState.FAILED,
            "the answer is not a FHIR Bundle or resource of the type asked for",
        ),
        (
            faults.content(b'{"resourceType": "OperationOutcome", "issue": [{"code": "exception"}]}'),
            SearchState.FAILED,
            "an error report came instead of data",
        ),
        (faults.gzip_bomb(20), SearchState.FAILED, TOO_LARGE),
        (faults.content(b" " * 11_000_000), SearchState.FAILED, TOO_LARGE),
    ],
    ids=lambda value: str(value)[:40] if isinstance(value, str) else "",
)  # fmt: skip
def test_answers_that_are_no_data(client: FhirClient, behaviour: Behaviour, state: SearchState, reason: str) -> None:
    result = pull_from(client, behaviour)
    assert (result.search.state, result.search.reason) == (state, reason)
    assert result.entries == ()


def test_a_byte_order_mark_does_no_harm(client: FhirClient) -> None:
    assert pull_from(client, faults.content(b'\xef\xbb\xbf{"resourceType": "Bundle"}')).search.complete


@pytest.mark.parametrize("code", [400, 404, 405, 501])
def test_a_type_that_is_not_offered(client: FhirClient, code: int) -> None:
    for name in ("medication-statements", "consents", "flags", "research-subjects", "immunizations"):
        with FaultServer(faults.status(code)) as server:
            assert pull(client, server, name).search.state is SearchState.UNSUPPORTED
    with FaultServer(faults.status(code)) as server:
        assert pull(client, server, "labs").search.state is SearchState.FAILED


def test_a_missing_parameter_is_not_a_missing_type(client: FhirClient) -> None:
    needed = {"resourceType": "OperationOutcome", "issue": [{"severity": "fatal", "code": "required"}]}
    with FaultServer(faults.status(400, needed)) as server:
        assert pull(client, server, "consents").search.state is SearchState.FAILED


def test_a_server_that_ignores_the_patient_and_finds_nothing_does_not_offer_the_search(
    client: FhirClient,
) -> None:
    ignored = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "warning", "code": "not-supported"}],
    }
    entry = {"resource": ignored, "search": {"mode": "outcome"}}
    with FaultServer(faults.status(200, {**bundle(total=0), "entry": [entry]})) as server:
        assert pull(client, server, "research-subjects").search.state is SearchState.UNSUPPORTED
        assert pull(client, server, "problems").search.complete


ANY_CATEGORY = Query(
    "diagnoses",
    ("Condition?patient=p1&_count=200",),
    instead=("Condition?patient=p1", "Condition?patient=p1&category=encounter-diagnosis"),
    rejected=frozenset({400, 403, 404}),
)


def ask(client: FhirClient, server: FaultServer, query: Query) -> SearchResult:
    call = client.call(FhirServer(parse_base_url(server.base_url), TOKEN), Deadline(AMPLE))
    return call.collect(call.start(query))


@pytest.mark.parametrize("refusal", [400, 403, 404])
def test_a_search_that_is_rejected_is_asked_in_the_other_ways(client: FhirClient, refusal: int) -> None:
    """As by a server that wants a category, or whose token is for one category alone."""

    category = coded("http://terminology.hl7.org/CodeSystem/condition-category", "encounter-diagnosis")

    def wants_a_category(handler: faults.Handler) -> None:
        kept = faults.holding(condition(id="a", category=[category]))
        (kept if "category" in handler.query else faults.status(refusal))(handler)

    with FaultServer(Condition=wants_a_category) as server:
        assert ids(ask(client, server, ANY_CATEGORY)) == ["a"]
        assert server.urls == [*ANY_CATEGORY.urls, *ANY_CATEGORY.instead]


def test_a_server_that_rejects_only_large_pages_is_not_asked_by_category(client: FhirClient) -> None:
    """A condition without a category would be lost, and its absence would count."""
    uncategorised = {name: value for name, value in condition(id="a").items() if name != "category"}

    def wants_no_count(handler: faults.Handler) -> None:
        (faults.status(400) if "_count" in handler.query else faults.holding(uncategorised))(handler)

    with FaultServer(Condition=wants_no_count) as server:
        assert ids(ask(client, server, ANY_CATEGORY)) == ["a"]
        assert server.urls == ["Condition?patient=p1&_count=200", "Condition?patient=p1"]


def test_a_search_that_is_rejected_in_every_way_has_failed(client: FhirClient) -> None:
    with FaultServer(faults.status(400)) as server:
        assert ask(client, server, ANY_CATEGORY).search.state is SearchState.FAILED
    assert len(server.urls) == 3


def test_data_that_are_refused_are_not_asked_for_again(client: FhirClient) -> None:
    """The same token has the same rights, and each refusal stands in the hospital's audit."""
    with FaultServer(faults.status(403)) as server:
        procedures = Query("procedures", ("Procedure?patient=p1&_count=200",), instead=("Procedure?patient=p1",))
        assert ask(client, server, procedures).search.state is SearchState.FORBIDDEN
    assert server.urls == ["Procedure?patient=p1&_count=200"]


def test_pages_are_followed_to_the_end(client: FhirClient) -> None:
    pages = [bundle(condition(id=name), total=3) for name in ("a", "b", "c")]
    with FaultServer(faults.paged(pages)) as server:
        result = pull(client, server)
    assert ids(result) == ["a", "b", "c"]
    assert (result.search.state, result.pages) == (SearchState.COMPLETE, 3)
    assert server.authorizations == [f"Bearer {TOKEN}"] * 3


def test_held_back_results_on_any_page_count(client: FhirClient) -> None:
    held = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "suppressed"}]}
    pages = [
        bundle(condition(id="a")),
        {**bundle(), "entry": [{"resource": held}]},
        bundle(condition(id="b")),
    ]
    assert pull_from(client, faults.paged(pages)).search.state is SearchState.SUPPRESSED


def test_fewer_than_counted_is_not_complete(client: FhirClient) -> None:
    result = pull_from(client, faults.status(200, bundle(condition(id="a"), total=9)))
    assert (ids(result), result.search.state) == (["a"], SearchState.TRUNCATED)


def test_endless_paging_is_cut_off() -> None:
    with FaultServer(faults.endless(condition(id="a"))) as server:
        result = pull(FhirClient(Limits(pages=3)), server)
        assert (result.search.state, result.pages, len(server.urls)) == (SearchState.TRUNCATED, 3, 3)
        crowded = pull(FhirClient(Limits(resources=2)), server)
    assert (crowded.search.state, len(crowded.entries)) == (SearchState.TRUNCATED, 2)


def test_a_page_that_leads_to_itself_is_not_read_twice(client: FhirClient) -> None:
    with FaultServer(lambda h: faults.linking_to(f"{h.server.owner.base_url}/Condition?patient=p1")(h)) as server:
        result = pull(client, server)
    assert (result.search.state, len(server.urls)) == (SearchState.TRUNCATED, 1)


def test_bytes_are_counted_over_the_whole_call() -> None:
    page = faults.status(200, bundle(condition(id="a", text={"div": "x" * 4000})))
    with FaultServer(page) as server:
        urls = tuple(f"Condition?patient=p1&n={number}" for number in range(8))
        result = pull(FhirClient(Limits(call_bytes=10_000)), server, "problems", *urls)
    assert 1 <= len(result.entries) <= 2
    assert result.search.state is SearchState.TRUNCATED


def test_one_part_that_fails_leaves_a_part(client: FhirClient) -> None:
    answers = faults.in_turn(faults.holding(condition(id="a")), faults.status(403))
    with FaultServer(answers) as server:
        result = pull(client, server, "problems", "Condition?n=1", "Condition?n=2")
    assert ids(result) == ["a"]
    assert (result.search.state, result.search.reason) == (
        SearchState.TRUNCATED,
        "the server refused access (403)",
    )


@pytest.mark.parametrize("way", ["redirect", "next link", "next link with user name", "protocol-relative"])
def test_nobody_else_is_ever_called(client: FhirClient, trap: FaultServer, way: str) -> None:
    with FaultServer() as server:
        server.otherwise = {
            "redirect": faults.redirect(f"{trap.base_url}/Condition"),
            "next link": faults.linking_to(f"{trap.base_url}/Condition?page=2", condition(id="a")),
            "next link with user name": faults.linking_to(
                f"{server.origin}@{trap.origin.removeprefix('http://')}/fhir/Condition", condition(id="a")
            ),
            "protocol-relative": faults.linking_to(f"//{trap.origin[7:]}/fhir/Condition", condition(id="a")),
        }[way]
        result = pull(client, server)
    assert result.search.state is (SearchState.FAILED if way == "redirect" else SearchState.TRUNCATED)
    assert trap.urls == []
    assert trap.authorizations == []
    assert len(server.urls) == 1


def test_an_empty_link_is_no_end(client: FhirClient) -> None:
    with FaultServer(faults.linking_to("", condition(id="a"))) as server:
        assert pull(client, server).search.state is SearchState.TRUNCATED
    assert len(server.urls) == 1


def test_a_link_out_of_the_base_path_is_not_followed(client: FhirClient) -> None:
    with FaultServer() as server:
        server.otherwise = faults.linking_to(f"{server.origin}/admin", condition(id="a"))
        assert pull(client, server).search.state is SearchState.TRUNCATED
    assert len(server.urls) == 1


def test_a_crowd_beyond_the_queue_is_refused_and_the_next_call_works() -> None:
    client, all_came = FhirClient(workers=1, queue=1), threading.Event()

    def once_all_came(handler: faults.Handler) -> None:
        assert all_came.wait(AMPLE)
        faults.empty(handler)

    with FaultServer(once_all_came) as server:
        call = client.call(FhirServer(parse_base_url(server.base_url), TOKEN), Deadline(AMPLE))
        crowd = call.start(Query("problems", tuple(f"Condition?n={number}" for number in range(6))))
        all_came.set()
        result = call.collect(crowd)
        assert (result.search.state, result.search.reason) == (
            SearchState.TRUNCATED,
            "the service is busy; try again",
        )
        assert pull(client, server).search.complete


def test_threads_share_the_client_without_mixing_answers(client: FhirClient) -> None:
    def own(handler: faults.Handler) -> None:
        handler.reply_json(bundle(condition(id=handler.query["patient"])))

    wrong: list[str] = []

    def user(name: str) -> None:
        for _ in range(20):
            if ids(pull(client, server, "problems", f"Condition?patient={name}")) != [name]:
                wrong.append(name)

    with FaultServer(own) as server:
        threads = [threading.Thread(target=user, args=(f"u{number}",)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_it_works_after_a_fork(client: FhirClient) -> None:
    with FaultServer() as server:
        assert pull(client, server).search.complete
        assert in_child(lambda: pull(client, server).search.complete) == 0


def test_nothing_of_a_server_shows_its_token() -> None:
    server = FhirServer(parse_base_url("https://ehr.example/fhir"), TOKEN)
    assert TOKEN not in repr(server)


def test_what_a_call_brought_goes_with_it(client: FhirClient) -> None:
    """Without the garbage collector, which workers let run so seldom that whole charts would pile up."""
    with FaultServer(faults.holding(condition())) as server:
        gc.disable()
        try:
            call = client.call(FhirServer(parse_base_url(server.base_url), TOKEN), Deadline(AMPLE))
            assert call.collect(call.start(Query("problems", ("Condition?patient=p1",)))).entries
            gone = weakref.ref(call)
            call.close()
            del call
            assert soon(lambda: gone() is None)  # the worker's thread lets go of its task a moment later
        finally:
            gc.enable()


def test_addresses_that_were_taken_apart_are_forgotten(client: FhirClient) -> None:
    """urllib remembers the last ones, and those of searches hold the patient's id."""

    def remembered() -> bool:
        return "to-be-forgotten" in repr(gc.get_referents(urlsplit))

    with FaultServer(faults.holding(condition())) as server:
        call = client.call(FhirServer(parse_base_url(server.base_url), TOKEN), Deadline(DEADLINE))
        call.collect(call.start(Query("problems", ("Condition?patient=to-be-forgotten",))))
        assert not remembered()
        elsewhere = "https://elsewhere.example/fhir/Observation?patient=to-be-forgotten"
        assert call.follow("labs", Page(next_url=elsewhere)) == ()
        assert remembered()
        call.close()
        assert not remembered()
