"""One person's record from prefetch and server: what is asked for, what comes of it, when it is refused."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date
from typing import Any

import msgspec
import pytest

from cds_service.patient_data.deadline import Deadline
from cds_service.patient_data.fhir_client import FhirClient, FhirServer
from cds_service.patient_data.gather import Gathered, IdentityMismatch, RequiredDataMissing, gather
from cds_service.patient_data.outbound import parse_base_url
from rules.searches import SearchState
from tests.support import fault_server as faults
from tests.support.client_threads import busy_threads
from tests.support.fault_server import FaultServer
from tests.support.fhir import PATIENT, T2DM, bundle, condition, observation, patient
from tests.support.small_trial import declaration, executor_of, small_trial
from tests.support.waiting import soon

TRIAL = small_trial()
EXECUTOR = executor_of(TRIAL)
ON = date(2026, 11, 22)
CLIENT = FhirClient()
AMPLE = 10.0
"""Seconds for whatever ends before them, on a busy machine too."""
GRACE = 2.0
"""Seconds beyond a deadline, on such a machine."""
KEYS = ("patient", "problems", "diagnoses", "medications", "labs", "vitals", "social", "encounters")


def gathered(
    prefetch: dict[str, Any],
    server: FaultServer | None = None,
    seconds: float = AMPLE,
    patient_id: str = PATIENT,
    trial: Any = TRIAL,
) -> Gathered:
    return gather(
        patient_id=patient_id,
        prefetch={key: msgspec.Raw(json.dumps(value).encode()) for key, value in prefetch.items()},
        server=FhirServer(parse_base_url(server.base_url), "token") if server else None,
        trial=trial,
        executor=EXECUTOR if trial is TRIAL else executor_of(trial),
        on=ON,
        zone=UTC,
        client=CLIENT,
        deadline=Deadline(seconds),
    )


def everything(**more: Any) -> dict[str, Any]:
    """Prefetch as a client sends it that honours each template."""
    return {**dict.fromkeys(KEYS, bundle()), "patient": patient(), "problems": bundle(condition()), **more}


def chart(*more: dict[str, Any]) -> FaultServer:
    """A server with a person who has type 1 diabetes."""
    return FaultServer(faults.holding(patient(), condition(id="c1"), *more))


def state(got: Gathered, name: str) -> SearchState:
    return got.record.search(name).state


# -- prefetch alone --------------------------------------------------------------------------------------


def test_all_in_prefetch_needs_no_server() -> None:
    got = gathered(everything(labs=bundle(observation("1000-0", 8, "%", "2026-11-01"))))
    assert got.requests_sent == 0
    assert [o.code.codings[0].code for o in got.record.observations if o.code] == ["1000-0"]
    assert {state(got, name) for name in ("patient", "problems", "labs", "vitals")} == {SearchState.COMPLETE}
    assert got.prefetch_states["labs"] == "data"
    assert not got.gate_stopped


def test_what_was_not_sent_is_not_asked_for_without_a_server() -> None:
    got = gathered({"patient": patient(), "problems": bundle(condition())})
    assert state(got, "labs") is SearchState.NOT_ASKED
    assert got.record.search("labs").reason == "not sent by the EHR"
    assert got.record.search("consents").reason == "the EHR gave no access to its FHIR server"
    assert got.prefetch_states["labs"] == "absent"


@pytest.mark.parametrize("key", ["patient", "problems"])
def test_required_data_that_were_not_sent(key: str) -> None:
    sent = everything()
    del sent[key]
    with pytest.raises(RequiredDataMissing) as missing:
        gathered(sent)
    assert missing.value.keys == (key,)
    assert missing.value.reason == "not sent by the EHR"


@pytest.mark.parametrize(
    "value", [None, bundle(), {"resourceType": "OperationOutcome"}, "<html>", patient(birthDate=1990, name=7)]
)
def test_a_patient_that_is_no_patient(value: Any) -> None:
    if isinstance(value, dict) and value.get("id"):
        value["birthDate"] = ["1990"]
    with pytest.raises(RequiredDataMissing) as missing:
        gathered(everything(patient=value))
    assert missing.value.keys == ("patient",)


def test_problems_that_the_ehr_could_not_provide() -> None:
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "forbidden"}]}
    with chart() as server, pytest.raises(RequiredDataMissing) as missing:
        gathered(everything(problems=outcome), server)
    assert missing.value.keys == ("problems",)
    assert server.urls == []


def test_no_problems_at_all_is_an_answer() -> None:
    for nothing in (None, bundle()):
        got = gathered(everything(problems=nothing))
        assert state(got, "problems") is SearchState.COMPLETE
        assert list(got.record.conditions) == []


def test_another_patient_is_refused_before_anything_is_asked() -> None:
    with chart() as server:
        for wrong in (patient(id="other"), {"resourceType": "Patient"}):
            with pytest.raises(IdentityMismatch) as mismatch:
                gathered({"patient": wrong}, server)
            assert "other" not in str(mismatch.value)
    assert server.urls == []


def test_an_id_that_is_none_is_refused() -> None:
    for wrong in ("..", "p1&category=x", "../Practitioner/1"):
        with pytest.raises(IdentityMismatch):
            gathered({}, None, patient_id=wrong)


def test_resources_of_others_are_dropped_and_counted() -> None:
    got = gathered(everything(problems=bundle(condition(id="a"), condition(id="b", of="other"))))
    assert [c.id for c in got.record.conditions] == ["a"]
    assert got.record.dropped == 1


# -- the server alone ------------------------------------------------------------------------------------


def test_no_prefetch_pulls_the_record() -> None:
    with chart(observation("1000-0", 8, "%", "2026-11-01", id="o1")) as server:
        got = gathered({}, server)
    assert [o.id for o in got.record.observations] == ["o1"]
    assert [c.id for c in got.record.conditions] == ["c1"]
    assert {s.state for s in got.record.searches.values()} == {SearchState.COMPLETE}
    assert got.requests_sent == len(server.urls)
    assert set(server.authorizations) == {"Bearer token"}
    assert {search.name for search in got.searches} == set(got.record.searches)
    assert all(search.ms > 0 for search in got.searches)


def test_a_condition_without_a_category_is_found() -> None:
    uncategorised = {name: value for name, value in condition(id="c1").items() if name != "category"}
    with FaultServer(faults.holding(patient(), uncategorised)) as server:
        got = gathered({}, server)
    assert [c.id for c in got.record.conditions] == ["c1"]
    assert not got.gate_stopped


def test_a_patient_without_the_disease_costs_four_searches_and_no_observation() -> None:
    with FaultServer(faults.holding(patient(), condition(T2DM))) as server:
        got = gathered({}, server)
    assert got.gate_stopped
    assert len(server.urls) == 4
    assert server.asked("Observation") == []
    assert state(got, "labs") is SearchState.NOT_ASKED


def test_the_gate_stops_after_prefetch_too() -> None:
    with FaultServer() as server:
        got = gathered(everything(problems=bundle(condition(T2DM))), server)
    assert got.gate_stopped
    assert server.urls == []


def test_the_gate_waits_for_what_could_open_it() -> None:
    behaviours = {"MedicationRequest": faults.status(403)}
    with FaultServer(faults.holding(patient(), condition(T2DM)), **behaviours) as server:
        assert not gathered({}, server).gate_stopped
    assert server.asked("Observation")


def test_searches_of_a_stage_run_side_by_side() -> None:
    """Each is answered once all of its stage have come: one after the other, none would be."""
    data = faults.holding(patient(), condition())
    with FaultServer(data) as server:
        gathered({}, server)
    of_the_gate, of_all = 4, len(server.urls)
    assert of_all > 8

    def together(handler: faults.Handler) -> None:
        stage = of_the_gate if len(server.urls) <= of_the_gate else of_all
        if soon(lambda: len(server.urls) >= stage):
            data(handler)

    with FaultServer(together) as server:
        got = gathered({}, server)
    assert len(server.urls) == of_all
    assert {s.state for s in got.record.searches.values()} == {SearchState.COMPLETE}


def test_a_condition_that_both_searches_bring_is_one() -> None:
    with chart() as server:
        got = gathered({}, server)
        assert len(server.asked("Condition")) == 2
    assert [c.id for c in got.record.conditions] == ["c1"]


def test_an_uncategorised_condition_is_found_beside_a_problem_list_that_was_sent() -> None:
    uncategorised = {name: value for name, value in condition(T2DM, id="c2").items() if name != "category"}
    with FaultServer(faults.holding(patient(), uncategorised)) as server:
        got = gathered({"patient": patient(), "problems": bundle(condition(id="c1"))}, server)
        assert server.asked("Condition") == ["Condition?patient=p1&_count=200"]
    assert sorted(c.id or "" for c in got.record.conditions) == ["c1", "c2"]


def _only_problems(behaviour: faults.Behaviour) -> faults.Behaviour:
    """Answer the search for the problem list, and any other for Conditions by ``behaviour``."""

    def answer(handler: faults.Handler) -> None:
        problems = handler.query.get("category") == "problem-list-item"
        (faults.holding(condition(id="c1")) if problems else behaviour)(handler)

    return answer


def _once_results_are_asked_for(behaviour: faults.Behaviour) -> faults.Behaviour:
    """Hang until then, which is when the gate has waited for half of the deadline."""

    def answer(handler: faults.Handler) -> None:
        if soon(lambda: handler.server.owner.asked("Observation")):
            behaviour(handler)

    return answer


def test_a_long_history_of_diagnoses_leaves_time_for_the_results() -> None:
    with chart(observation("4548-4", 8.0, "%", "2026-11-01", id="a1c")) as server:
        server.behaviours["Condition"] = _only_problems(_once_results_are_asked_for(faults.status(500)))
        got = gathered({}, server, seconds=4.0)
    assert [o.id for o in got.record.observations] == ["a1c"]
    assert state(got, "problems") is SearchState.COMPLETE
    assert state(got, "diagnoses") is SearchState.FAILED


@pytest.mark.parametrize("status", [403, 404, 405, 422, 501])
def test_diagnoses_that_are_refused_in_every_way_are_no_412(status: int) -> None:
    with chart() as server:
        server.behaviours["Condition"] = _only_problems(faults.status(status))
        got = gathered({}, server)
    assert state(got, "problems") is SearchState.COMPLETE
    assert state(got, "diagnoses") is (SearchState.FORBIDDEN if status == 403 else SearchState.FAILED)


@pytest.mark.parametrize("type_name", ["Patient", "Condition"])
@pytest.mark.parametrize("behaviour", [faults.status(403), faults.status(500), faults.hang])
def test_required_data_that_the_server_does_not_give(type_name: str, behaviour: faults.Behaviour) -> None:
    began = time.monotonic()
    with FaultServer(faults.holding(patient(), condition()), **{type_name: behaviour}) as server:
        with pytest.raises(RequiredDataMissing) as missing:
            gathered({}, server, seconds=0.4)
        assert time.monotonic() - began < 0.4 + GRACE
    assert missing.value.keys == (("patient",) if type_name == "Patient" else ("problems",))


def test_a_dead_server_matters_only_for_what_is_missing() -> None:
    with FaultServer() as server:
        pass
    with pytest.raises(RequiredDataMissing):
        gathered({}, server)
    got = gathered({"patient": patient(), "problems": bundle(condition())}, server)
    assert state(got, "labs") is SearchState.FAILED


def test_the_server_gives_another_patient() -> None:
    with (
        FaultServer(faults.holding(condition()), Patient=faults.status(200, patient(id="merged"))) as server,
        pytest.raises(IdentityMismatch),
    ):
        gathered({}, server)


def test_searches_that_hang_leave_the_others() -> None:
    hanging = {"Observation": faults.hang, "Consent": faults.drip_headers, "Flag": faults.drip_body}
    began = time.monotonic()
    with FaultServer(faults.holding(patient(), condition()), **hanging) as server:
        got = gathered({}, server, seconds=2.0)
        assert time.monotonic() - began < 2.0 + GRACE
    assert state(got, "labs") is SearchState.FAILED
    assert got.record.search("labs").reason == "the server did not answer in time"
    assert state(got, "problems") is SearchState.COMPLETE


# -- half and half ---------------------------------------------------------------------------------------


def test_orders_that_hang_leave_time_for_the_results() -> None:
    with chart(observation("4548-4", 8.0, "%", "2026-11-01", id="a1c")) as server:
        server.behaviours["MedicationRequest"] = _once_results_are_asked_for(faults.status(500))
        result = gathered({}, server, seconds=4.0)
    assert [o.id for o in result.record.observations] == ["a1c"]
    assert result.record.search("labs").complete
    assert result.record.search("medications").state is SearchState.FAILED


def test_orders_that_come_late_still_count() -> None:
    order = {
        "resourceType": "MedicationRequest", "id": "m1", "status": "active", "intent": "order",
        "subject": {"reference": f"Patient/{PATIENT}"}, "medicationCodeableConcept": {"text": "insulin glargine"},
    }  # fmt: skip
    with chart(order) as server:
        server.behaviours["MedicationRequest"] = _once_results_are_asked_for(faults.holding(order))
        result = gathered({}, server, seconds=4.0)
    assert [m.id for m in result.record.medication_requests] == ["m1"]
    assert result.record.search("medications").complete


def test_what_is_under_way_is_cut_off_when_the_call_ends_early() -> None:
    with chart() as server:
        server.behaviours["Patient"] = faults.status(404)
        server.behaviours["Condition"] = faults.drip_body
        with pytest.raises(RequiredDataMissing):
            gathered({}, server, seconds=0.4)
        server.behaviours["MedicationRequest"] = faults.hang
        server.behaviours["Patient"] = faults.content(json.dumps(patient(id="other")).encode())
        server.behaviours["Condition"] = faults.empty
        with pytest.raises(IdentityMismatch):
            gathered({}, server, seconds=4.0)
        assert soon(lambda: not busy_threads())


def test_only_what_is_missing_is_pulled() -> None:
    sent = everything()
    for key in ("labs", "social", "encounters"):
        del sent[key]
    with chart(observation("1000-0", 8, "%", "2026-11-01", id="o1")) as server:
        got = gathered(sent, server)
    asked = {url.split("?")[0] for url in server.urls}
    assert asked == {"Observation", "MedicationStatement", "Consent", "Flag"}
    assert all("code=" in url for url in server.asked("Observation"))
    assert state(got, "labs") is SearchState.COMPLETE


@pytest.mark.parametrize("value", [None, bundle(), {"resourceType": "OperationOutcome", "issue": []}])
def test_what_is_known_or_refused_is_not_asked_again(value: Any) -> None:
    with chart() as server:
        got = gathered(everything(labs=value), server)
    assert server.asked("Observation") == []
    assert state(got, "labs") is (SearchState.FAILED if value and "issue" in value else SearchState.COMPLETE)


def test_junk_is_pulled_where_there_is_a_server() -> None:
    with chart() as server:
        got = gathered(everything(labs="<html>oops</html>", problems="<html>"), server)
    assert state(got, "labs") is SearchState.COMPLETE
    assert state(got, "problems") is SearchState.COMPLETE
    without = gathered(everything(labs="<html>oops</html>"))
    assert state(without, "labs") is SearchState.FAILED
    assert "oops" not in without.record.search("labs").reason


def first_page(server: FaultServer, url: Callable[[FaultServer], str]) -> dict[str, Any]:
    link = [{"relation": "next", "url": url(server)}]
    return bundle(observation("1000-0", 8, "%", "2026-11-01", id="o1"), total=2, link=link)


def test_a_paged_prefetch_is_followed() -> None:
    second = faults.status(200, bundle(observation("1000-0", 9, "%", "2025-11-01", id="o2"), total=2))
    with chart() as server:
        server.behaviours["Observation"] = second
        page = first_page(server, lambda s: f"{s.base_url}/Observation?page=2")
        got = gathered(everything(labs=page), server)
    assert got.prefetch_states["labs"] == "paged"
    assert [o.id for o in got.record.observations] == ["o1", "o2"]
    assert state(got, "labs") is SearchState.COMPLETE
    assert server.asked("Observation") == ["Observation?page=2"]


def test_a_paged_prefetch_without_a_server_is_a_part() -> None:
    link = [{"relation": "next", "url": "https://ehr.example/fhir?page=2"}]
    got = gathered(everything(labs=bundle(observation("1000-0", 8, "%", "2026-11-01"), link=link)))
    assert state(got, "labs") is SearchState.TRUNCATED
    assert len(got.record.observations) == 1


def test_a_next_link_to_somebody_else_is_searched_anew_instead() -> None:
    lab = observation("1000-0", 8, "%", "2026-11-01", id="o1")
    with FaultServer() as trap, chart(lab) as server:
        page = first_page(server, lambda _: f"{trap.base_url}/Observation?page=2")
        got = gathered(everything(labs=page), server)
    assert trap.urls == []
    assert all("code=" in url for url in server.asked("Observation"))
    assert state(got, "labs") is SearchState.COMPLETE
    assert [o.id for o in got.record.observations] == ["o1"]


def test_the_first_page_counts_when_the_server_refuses_the_rest() -> None:
    with chart() as server:
        server.behaviours["Observation"] = faults.status(403)
        page = first_page(server, lambda s: f"{s.base_url}/Observation?page=2")
        got = gathered(everything(labs=page), server)
    assert state(got, "labs") is SearchState.TRUNCATED
    assert len(got.record.observations) == 1


# -- drugs by reference ----------------------------------------------------------------------------------


def order(name: str, reference: str, kind: str = "MedicationRequest") -> dict[str, Any]:
    return {
        "resourceType": kind,
        "id": name,
        "status": "active",
        "intent": "order",
        "subject": {"reference": f"Patient/{PATIENT}"},
        "medicationReference": {"reference": reference},
    }


def drug(name: str) -> dict[str, Any]:
    return {"resourceType": "Medication", "id": name, "code": {"text": f"drug {name}"}}


def names(got: Gathered) -> list[str]:
    orders = [*got.record.medication_requests, *got.record.medication_statements]
    found = [got.record.medication(one)[0] for one in orders]
    return [concept.display if concept else "?" for concept in found]


def test_drugs_that_orders_refer_to_are_fetched_in_one_search() -> None:
    with chart(drug("m1"), drug("m2"), drug("m3")) as server:
        server.otherwise = faults.holding(
            patient(), condition(), drug("m1"), drug("m2"), drug("m3"),
            order("r1", "Medication/m1"), order("r2", f"{server.base_url}/Medication/m2"),
            order("r3", "https://elsewhere.example/fhir/Medication/m9"),
            order("s1", "Medication/m3", "MedicationStatement"),
        )  # fmt: skip
        got = gathered({}, server)
    assert names(got) == ["drug m1", "drug m2", "?", "drug m3"]
    assert server.asked("Medication") == ["Medication?_id=m1,m2", "Medication?_id=m3"]


def test_drugs_that_came_along_are_not_fetched() -> None:
    sent = everything(medications=bundle(order("r1", "Medication/m1"), drug("m1")))
    with chart() as server:
        got = gathered(sent, server)
    assert names(got) == ["drug m1"]
    assert server.asked("Medication") == []


def test_the_gate_does_not_close_on_drugs_without_a_name() -> None:
    unnamed = everything(problems=bundle(condition(T2DM)), medications=bundle(order("r1", "Medication/m1")))
    with chart(drug("m1")) as server:
        got = gathered(unnamed, server)
    assert not got.gate_stopped
    assert names(got) == ["drug m1"]
    assert state(got, "medications") is SearchState.COMPLETE


def test_at_most_thirty_drugs_are_fetched() -> None:
    orders = [order(f"r{number}", f"Medication/m{number}") for number in range(50)]
    with chart() as server:
        gathered(everything(medications=bundle(*orders)), server)
    asked = server.asked("Medication")
    assert len(asked) == 1
    assert len(asked[0].split(",")) == 30


# -- the opt-out -----------------------------------------------------------------------------------------


def test_consents_and_flags_are_asked_for_though_no_criterion_reads_them() -> None:
    with chart() as server:
        got = gathered(everything(), server)
    assert server.asked("Consent") == ["Consent?patient=p1&_count=200"]
    assert server.asked("Flag") == ["Flag?patient=p1&_count=200"]
    assert state(got, "flags") is SearchState.COMPLETE


def test_data_that_no_criterion_reads_are_not_asked_for() -> None:
    sent = everything()
    del sent["social"], sent["encounters"]
    with chart() as server:
        got = gathered(sent, server)
    assert server.asked("Encounter") == []
    assert "social" not in got.record.searches
    wider = small_trial(declaration("E20", ("encounters",)))
    with chart() as server:
        assert state(gathered(sent, server, trial=wider), "encounters") is SearchState.COMPLETE
    assert len(server.asked("Encounter")) == 2


def test_a_type_the_server_does_not_offer_is_no_failure() -> None:
    with chart() as server:
        server.behaviours["MedicationStatement"] = faults.status(404)
        assert state(gathered({}, server), "medication-statements") is SearchState.UNSUPPORTED


def test_the_trial_passed_in_decides_the_gate() -> None:
    without_gate = replace(TRIAL, gates=frozenset())
    with FaultServer(faults.holding(patient(), condition(T2DM))) as server:
        assert not gathered({}, server, trial=without_gate).gate_stopped
