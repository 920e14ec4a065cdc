"""What a test run leaves on somebody else's FHIR server: nothing, whatever happened."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cds_service.sandbox.fhir_server import SandboxFhirServer
from cds_service.sandbox.processes import local_session
from tests.support.borrowed_server import RUN, BorrowedServer, Refused
from tests.support.fault_server import FaultServer, Handler, linking_to
from tests.support.fhir import HBA1C, bundle, condition, observation, patient
from tests.support.sekmet import NEEDS_SEKMET

pytestmark = [NEEDS_SEKMET, pytest.mark.xdist_group("fhir-servers")]
CHART = [patient(), condition(), observation(HBA1C, 8, "%", "2026-10-01")]


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    with SandboxFhirServer() as server:
        yield server.base_url


def everybody(base_url: str) -> set[str]:
    with local_session() as session:
        page = session.get(f"{base_url}/Patient?_count=200", timeout=20).json()
    return {entry["resource"]["id"] for entry in page.get("entry", ())}


def fail_after_putting(server: BorrowedServer) -> None:
    server.put(CHART)
    raise ZeroDivisionError


def test_a_chart_is_marked_and_its_references_hold(base_url: str) -> None:
    with BorrowedServer(base_url) as server, local_session() as session:
        places = server.put(CHART)
        assert set(places) == {f"{r['resourceType']}/{r['id']}" for r in CHART}
        held = [session.get(f"{base_url}/{place}", timeout=20).json() for place in places.values()]
        assert all({"system": RUN, "code": server.run} in resource["meta"]["tag"] for resource in held)
        assert held[0]["identifier"][0]["system"] == RUN
        assert [r["subject"]["reference"] for r in held[1:]] == [places["Patient/p1"]] * 2
    assert server.remains() == []


def test_a_failure_inside_leaves_nothing_and_others_alone(base_url: str) -> None:
    with BorrowedServer(base_url) as other:
        other.put(CHART)
        before = everybody(base_url)
        with pytest.raises(ZeroDivisionError), BorrowedServer(base_url) as server:
            fail_after_putting(server)
        assert everybody(base_url) == before != set()


def test_what_came_in_although_the_answer_was_lost_goes_too(base_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with BorrowedServer(base_url) as server:
        with monkeypatch.context() as patch:
            patch.setattr("tests.support.borrowed_server._place", lambda answer: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                server.put(CHART)
        assert len(server.remains()) == 3
    assert server.remains() == []


def test_a_server_that_refuses_to_delete_together_is_asked_one_by_one(
    base_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise Refused("no transactions")

    with BorrowedServer(base_url) as server:
        server.put(CHART)
        monkeypatch.setattr(server, "_transaction", refuse)
    assert server.remains() == []


def test_a_token_goes_to_no_other_server() -> None:
    with FaultServer() as other, FaultServer(linking_to(f"{other.base_url}/Patient?page=2", patient())) as server:
        borrowed = BorrowedServer(server.base_url, "not-a-real-token")
        borrowed._types = {"Patient"}
        with pytest.raises(Refused, match="leads away"):
            borrowed.remains()
        assert other.urls == []


def test_what_stays_is_named() -> None:
    """A server that takes everything and deletes nothing."""

    def keeps(handler: Handler) -> None:
        kept = patient("kept") if handler.type == "Patient" else None
        handler.reply_json(bundle(*[kept] if kept else []))

    server = BorrowedServer("http://127.0.0.1:9")
    with FaultServer(keeps, Patient=keeps) as stubborn:
        server.base_url = stubborn.base_url
        server._types = {"Patient"}
        with pytest.raises(Refused, match="kept 1 resources of the test run: Patient/kept"):
            server.clean_up()
