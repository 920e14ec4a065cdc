"""The states of a prefetch key, and the shapes that real clients and servers send."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from cds_service.patient_data.prefetch import Prefetched, PrefetchState, read_prefetch
from rules.decoding import Unreadable
from rules.searches import SearchState
from tests.support.fhir import bundle, condition, observation, patient


def outcome(code: str, severity: str = "warning", own: str | None = None) -> dict[str, Any]:
    issue: dict[str, Any] = {"severity": severity, "code": code, "diagnostics": "Patient Jane Doe, 555-1234"}
    if own:
        issue["details"] = {"coding": [{"system": "urn:oid:1.2", "code": own}], "text": "Jane Doe"}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def outcome_entry(*args: Any, **kwargs: Any) -> dict[str, Any]:
    return {"resource": outcome(*args, **kwargs), "search": {"mode": "outcome"}}


def read(key: str, value: Any) -> Prefetched:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return read_prefetch({key: msgspec.Raw(content)})[key]


def references(sent: Prefetched) -> list[str]:
    return [read.resource.reference for read in sent.page.reads]


def test_absent_key_is_to_be_pulled() -> None:
    sent = read_prefetch({})
    assert {prefetched.state for prefetched in sent.values()} == {PrefetchState.ABSENT}
    assert sent["labs"].search.state is SearchState.NOT_ASKED
    assert len(sent) == 8


def test_other_keys_are_ignored() -> None:
    assert "-user" not in read_prefetch({"-user": msgspec.Raw(b"{}")})


@pytest.mark.parametrize(
    "value",
    [
        None,
        b" null ",
        bundle(),
        bundle(total=0),
        {"resourceType": "Bundle", "entry": []},
        {"resourceType": "Bundle"},
    ],
)
def test_null_and_empty_are_known_to_be_empty(value: Any) -> None:
    sent = read("problems", value)
    assert sent.state is PrefetchState.EMPTY
    assert sent.search.complete


def test_epic_says_empty_by_an_outcome_entry() -> None:
    value = {**bundle(total=0), "entry": [outcome_entry("processing", own="4101")]}
    assert read("labs", value).state is PrefetchState.EMPTY


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("exception", SearchState.FAILED),
        ("forbidden", SearchState.FORBIDDEN),
        ("security", SearchState.FORBIDDEN),
    ],
)
def test_an_operation_outcome_is_unavailable(code: str, state: SearchState) -> None:
    sent = read("labs", outcome(code, "error"))
    assert sent.state is PrefetchState.UNAVAILABLE
    assert sent.search.state is state
    assert "Jane" not in sent.search.reason


@pytest.mark.parametrize(
    "value",
    [
        b'"<html><body>Bad Gateway</body></html>"',
        b"<html></html>",
        [],
        [condition()],
        {},
        42,
        "",
        {"resourceType": "Bundle", "entry": {"resource": {}}},
        {"resourceType": "Patient", "id": "p1"},
        b'{"resourceType": "Bundle", "entry": [' + b"[" * 50_000,
        b"",
    ],
)
def test_what_is_no_fhir_answer_is_unreadable(value: Any) -> None:
    sent = read("problems", value)
    assert sent.state is PrefetchState.UNREADABLE
    assert sent.search.state is SearchState.FAILED
    assert sent.search.reason.startswith("what the EHR sent cannot be read: ")
    assert "Bad Gateway" not in sent.search.reason


def test_a_bundle_of_any_kind_is_data() -> None:
    for kind in ("searchset", "collection", "batch-response"):
        sent = read("problems", bundle(condition(id="a"), condition(id="b"), type=kind))
        assert sent.state is PrefetchState.DATA
        assert sent.search.complete
        assert references(sent) == ["Condition/a", "Condition/b"]


def test_a_single_resource_stands_for_a_bundle() -> None:
    sent = read("problems", condition(id="a"))
    assert sent.state is PrefetchState.DATA
    assert references(sent) == ["Condition/a"]


def test_a_patient_in_a_bundle_stands_for_the_patient() -> None:
    assert references(read("patient", bundle(patient("p9")))) == ["Patient/p9"]


def test_types_not_asked_for_are_passed_over_and_included_ones_taken() -> None:
    medication = {"resourceType": "Medication", "id": "m"}
    value = bundle(patient(), observation("4548-4", 8, "%", "2026-01-01"))
    value["entry"] += [{"resource": {"resourceType": "MedicationRequest", "id": "r"}, "fullUrl": "urn:uuid:1"}]
    value["entry"] += [{"resource": medication, "search": {"mode": "include"}}]
    sent = read("medications", value)
    assert references(sent) == ["MedicationRequest/r", "Medication/m"]
    assert sent.page.reads[0].full_url == "urn:uuid:1"


@pytest.mark.parametrize("own", ["59204", "59205", "4119", "4130"])
def test_results_held_back_make_the_search_incomplete(own: str) -> None:
    value = bundle(condition())
    value["entry"].append(outcome_entry("processing", own=own))
    sent = read("problems", value)
    assert sent.state is PrefetchState.DATA
    assert sent.search.state is SearchState.SUPPRESSED
    assert "Jane" not in sent.search.reason


def test_suppressed_code_and_errors_among_the_entries_make_it_incomplete() -> None:
    for entry in (outcome_entry("suppressed"), outcome_entry("exception", "error")):
        value = {**bundle(), "entry": [entry]}
        sent = read("problems", value)
        assert sent.state is PrefetchState.DATA
        assert sent.search.state is SearchState.SUPPRESSED


@pytest.mark.parametrize("codes", [("not-supported", "suppressed"), ("suppressed", "not-supported")])
def test_the_graver_of_several_issues_counts(codes: tuple[str, str]) -> None:
    issues = [{"severity": "warning", "code": code} for code in codes]
    together = {"resourceType": "OperationOutcome", "issue": issues}
    apart = [{"resourceType": "OperationOutcome", "issue": [issue]} for issue in issues]
    for outcomes in ([together], apart):
        value = {**bundle(), "entry": [{"resource": one} for one in outcomes]}
        assert read("problems", value).search.state is SearchState.SUPPRESSED


def test_included_resources_are_not_counted_as_found() -> None:
    value = bundle({"resourceType": "MedicationRequest", "id": "r"}, total=2)
    value["entry"].append({"resource": {"resourceType": "Medication", "id": "m"}, "search": {"mode": "include"}})
    assert read("medications", value).state is PrefetchState.PAGED


def test_an_ignored_parameter_leaves_the_search_complete_and_is_noted() -> None:
    value = bundle(condition())
    value["entry"].append(outcome_entry("not-supported"))
    sent = read("problems", value)
    assert sent.search.complete
    assert sent.search.reason


def test_information_among_the_entries_means_nothing() -> None:
    value = bundle(condition())
    value["entry"].append(outcome_entry("informational", "information"))
    assert read("problems", value).search.reason == ""


@pytest.mark.parametrize(
    "more",
    [
        {
            "link": [
                {"relation": "self", "url": "x"},
                {"relation": "next", "url": "https://ehr.example/fhir?p=2"},
            ]
        },
        {"link": [{"relation": "next"}]},
        {"link": [{"relation": "next", "url": 7}]},
        {"link": "https://ehr.example/fhir?p=2"},
        {"total": 2},
    ],
)
def test_a_page_of_more_is_not_the_whole(more: dict[str, Any]) -> None:
    sent = read("problems", bundle(condition(id="a"), **more))
    assert sent.state is PrefetchState.PAGED
    assert sent.search.state is SearchState.TRUNCATED
    assert references(sent) == ["Condition/a"]


def test_totals_below_the_number_of_entries_prove_nothing() -> None:
    assert read("problems", bundle(condition(), condition(), total=1)).state is PrefetchState.DATA


def test_one_bad_entry_never_costs_the_others() -> None:
    broken = {"resourceType": "Condition", "id": "b", "recordedDate": ["2020"]}
    value = bundle(condition(id="a"), broken)
    value["entry"] += [None, "junk", 7, {"fullUrl": 7, "resource": condition(id="c")}, {}]
    value["link"] = [None, {"relation": 1}]
    sent = read("problems", value)
    assert [r for r in references(sent) if r != "(unknown)"] == ["Condition/a", "Condition/b", "Condition/c"]
    unreadable = [read.resource for read in sent.page.reads if isinstance(read.resource, Unreadable)]
    assert [u.reference for u in unreadable] == ["Condition/b", "(unknown)", "(unknown)"]
