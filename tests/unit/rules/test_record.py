"""The record of one person: references in all their forms, foreign resources, duplicates, order."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from rules.codes import LOINC
from rules.datatypes import Reference
from rules.entries import Entry, RecordError, read_record
from rules.record import PatientRecord  # fmt: skip
from rules.resources import Medication, Observation, Specimen
from rules.searches import COMPLETE, NOT_ASKED, SEARCHES, SEARCHES_OF_TYPE, Search, SearchState
from rules.value_sets import Row, ValueSet

PATIENT = {"resourceType": "Patient", "id": "p1"}
UUID = "urn:uuid:7d1c6a1e-0b7b-4e0f-9d5c-0f3a5f2d9a11"
SERVER = "https://fhir.example/r4"


def record(
    *resources: Any, patient: dict[str, Any] | None = PATIENT, urls: dict[int, str] | None = None
) -> PatientRecord:
    """Return the record of ``resources``; ``urls`` gives the full URL of the patient (-1) or a resource."""
    everything = [*enumerate(resources), *([(-1, patient)] if patient else [])]
    entries = [Entry(json.dumps(r).encode(), (urls or {}).get(i)) for i, r in everything]
    return read_record(entries, dict.fromkeys(SEARCHES, COMPLETE))


def observation(
    id: str | None = "o1",  # noqa: A002
    subject: str | None = "Patient/p1",
    code: str = "4548-4",
    **more: Any,
) -> dict[str, Any]:
    resource: dict[str, Any] = {"resourceType": "Observation", "status": "final",
                                "code": {"coding": [{"system": LOINC, "code": code}]}, **more}  # fmt: skip
    if id:
        resource["id"] = id
    if subject:
        resource["subject"] = {"reference": subject}
    return resource


def codes(*listed: str) -> ValueSet:
    return ValueSet("t", "t", [Row(LOINC, code, code, "exact", (), "yes", "", "") for code in listed])


# -- one Patient -----------------------------------------------------------------------------------------


def test_no_patient() -> None:
    with pytest.raises(RecordError, match=r"^0 Patients found$"):
        record(observation(), patient=None)


def test_two_patients() -> None:
    with pytest.raises(RecordError, match=r"^2 Patients found$"):
        record({"resourceType": "Patient", "id": "p2"})


def test_an_unreadable_patient() -> None:
    with pytest.raises(RecordError, match=r"^the Patient resource cannot be read$"):
        record(patient={"resourceType": "Patient", "id": "p1", "birthDate": 1990})


def test_the_same_patient_twice_is_one() -> None:
    assert record(PATIENT).patient.id == "p1"


def test_the_error_names_no_patient() -> None:
    with pytest.raises(RecordError) as raised:
        record({"resourceType": "Patient", "id": "secret-2", "name": [{"family": "Doe"}]})
    assert "secret" not in str(raised.value)
    assert "Doe" not in str(raised.value)


# -- whose resource it is --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "subject",
    [
        "Patient/p1",
        "Patient/p1/_history/3",
        f"{SERVER}/Patient/p1",
        f"{SERVER}/Patient/p1/_history/3",
        "Patient/p1/",
        None,
    ],
)
def test_own(subject: str | None) -> None:
    found = record(observation(subject=subject))
    assert [o.id for o in found.observations] == ["o1"]
    assert found.dropped == 0


@pytest.mark.parametrize(
    "subject",
    [
        "Patient/p2",
        "Patient/p11",
        "Patient/xp1",
        f"{SERVER}/Patient/p2",
        "Patient/P1",
        "Group/p1",
        "p1",
        "urn:uuid:other",
    ],
)
def test_foreign(subject: str) -> None:
    found = record(observation(subject=subject))
    assert list(found.observations) == []
    assert found.dropped == 1


def test_full_urls_of_a_bundle_tell_whose_it_is() -> None:
    own = record(observation(subject=UUID), urls={-1: UUID})
    assert (len(own.observations), own.dropped) == (1, 0)
    other = record(observation(subject="urn:uuid:other"), urls={-1: UUID})
    assert (len(other.observations), other.dropped) == (0, 1)
    on_a_server = record(observation(subject=f"{SERVER}/Patient/p1"), urls={-1: f"{SERVER}/Patient/p1"})
    assert on_a_server.dropped == 0


def test_a_subject_that_is_no_patient_but_in_the_bundle() -> None:
    found = record(observation(subject="urn:uuid:device"), {"resourceType": "Medication", "id": "m"},
                   urls={-1: UUID, 1: "urn:uuid:device"})  # fmt: skip
    assert found.dropped == 1


@pytest.mark.parametrize(
    ("kind", "element"),
    [("Immunization", "patient"), ("ResearchSubject", "individual"), ("Consent", "patient"), ("Flag", "subject"),
     ("AllergyIntolerance", "patient"), ("MedicationRequest", "subject"), ("MedicationStatement", "subject"),
     ("Condition", "subject"), ("Procedure", "subject"), ("Encounter", "subject"), ("ServiceRequest", "subject")],
)  # fmt: skip
def test_every_type_is_checked(kind: str, element: str) -> None:
    found = record(
        {"resourceType": kind, "id": "own", element: {"reference": "Patient/p1"}},
        {"resourceType": kind, "id": "foreign", element: {"reference": "Patient/p2"}},
    )
    assert found.dropped == 1
    kept = [r.id for part in (found.immunizations, found.research_subjects, found.consents, found.flags,
            found.allergies, found.medication_requests, found.medication_statements, found.conditions,
            found.procedures, found.encounters, found.service_requests) for r in part]  # fmt: skip
    assert kept == ["own"]


# -- references ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reference", ["Medication/m1", "Medication/m1/_history/1", f"{SERVER}/Medication/m1", UUID])
def test_a_reference_is_resolved(reference: str) -> None:
    order = {"resourceType": "MedicationRequest", "id": "r1", "medicationReference": {"reference": reference}}
    drug = {"resourceType": "Medication", "id": "m1", "code": {"text": "insulin glargine"}}
    found = record(order, drug, urls={1: UUID})
    concept, known = found.medication(found.medication_requests[0])
    assert known
    assert concept is not None
    assert concept.text == "insulin glargine"


def test_a_contained_medication() -> None:
    order = {
        "resourceType": "MedicationRequest", "id": "r1", "medicationReference": {"reference": "#med"},
        "contained": [{"resourceType": "Medication", "id": "other", "code": {"text": "wrong"}},
                      {"resourceType": "Specimen", "id": "med"},
                      {"resourceType": "Medication", "id": "med", "code": {"text": "insulin glargine"}}],
    }  # fmt: skip
    found = record(order)
    concept, known = found.medication(found.medication_requests[0])
    assert known
    assert concept is not None
    assert concept.text == "insulin glargine"


def test_a_contained_id_is_not_a_resource_beside_it() -> None:
    order = {"resourceType": "MedicationRequest", "id": "r1", "medicationReference": {"reference": "#m1"}}
    found = record(order, {"resourceType": "Medication", "id": "m1", "code": {"text": "wrong"}})
    assert found.medication(found.medication_requests[0]) == (None, False)


def test_a_reference_that_leads_nowhere() -> None:
    orders = [
        {"resourceType": "MedicationRequest", "id": "r1", "medicationReference": {"reference": "Medication/x"}},
        {"resourceType": "MedicationRequest", "id": "r2",
         "medicationReference": {"reference": "Medication/x", "display": "glargine"}},
        {"resourceType": "MedicationRequest", "id": "r3"},
    ]  # fmt: skip
    found = record(*orders)
    none, named, bare = (found.medication(order) for order in found.medication_requests)
    assert none == bare == (None, False)
    assert named[1]
    assert named[0] is not None
    assert named[0].text == "glargine"


def test_a_reference_to_another_type_is_not_taken() -> None:
    found = record(observation(specimen={"reference": "Medication/m1"}), {"resourceType": "Medication", "id": "m1"})
    assert found.specimen(found.observations[0]) is None
    assert found.resolve(Reference("Medication/m1"), Medication, None) is not None
    assert found.resolve(Reference(), Medication, None) is None
    assert found.resolve(None, Specimen, None) is None


def test_a_contained_specimen() -> None:
    found = record(observation(specimen={"reference": "#s"}, contained=[{"resourceType": "Specimen", "id": "s"}]))
    specimen = found.specimen(found.observations[0])
    assert isinstance(specimen, Specimen)


def test_a_donors_specimen_still_tells_whose_it_is() -> None:
    donor = {"resourceType": "Specimen", "id": "s1", "subject": {"reference": "Patient/donor"}}
    found = record(observation(specimen={"reference": "Specimen/s1"}), donor)
    specimen = found.specimen(found.observations[0])
    assert specimen is not None
    assert specimen.subject == Reference("Patient/donor")
    assert found.dropped == 1


def test_contained_members_are_observations_of_their_own() -> None:
    member = {
        "resourceType": "Observation",
        "id": "m",
        "code": {"coding": [{"system": LOINC, "code": "2-2"}]},
    }
    later = {**member, "id": "n", "status": "preliminary", "effectiveDateTime": "2025-06-02"}
    panel = observation("panel", code="1-1", effectiveDateTime="2025-06-01", issued="2025-06-03",
                        contained=[member, later, {"resourceType": "Specimen", "id": "s"}])  # fmt: skip
    found = record(panel)
    inherited, own = found.retrieve_observations(codes("2-2"))
    assert (inherited.observation.reference, inherited.observation.status) == ("Observation/panel#m", "final")
    assert inherited.observation.effective_date_time == "2025-06-01"
    assert (own.observation.status, own.observation.effective_date_time) == ("preliminary", "2025-06-02")
    assert own.observation.issued == "2025-06-03"


# -- retrieves -------------------------------------------------------------------------------------------


def test_retrieve_finds_observations_and_components() -> None:
    components = [{"code": {"coding": [{"system": LOINC, "code": "8480-6"}]}, "valueQuantity": {"value": 120}},
                  {"code": {"coding": [{"system": LOINC, "code": "8462-4"}]}}, {}]  # fmt: skip
    found = record(observation("bp", code="85354-9", component=components), observation("a1c"))
    (systolic,) = found.retrieve_observations(codes("8480-6"))
    assert systolic.observation.id == "bp"
    assert systolic.value is not systolic.observation
    assert [r.observation.id for r in found.retrieve_observations(codes("4548-4", "85354-9"))] == [
        "a1c",
        "bp",
    ]
    assert found.retrieve_observations(codes("1-1")) == []


def test_one_observation_with_two_codes_of_the_set_is_one() -> None:
    both = {"coding": [{"system": LOINC, "code": c} for c in ("4548-4", "17856-6")]}
    assert len(record({**observation(), "code": both}).retrieve_observations(codes("17856-6", "4548-4"))) == 1


# -- duplicates and order --------------------------------------------------------------------------------


def test_the_same_resource_from_two_searches_is_one() -> None:
    assert len(record(observation(), observation()).observations) == 1


def test_ids_are_unique_within_a_type_only() -> None:
    found = record(observation("x"), {"resourceType": "Condition", "id": "x"})
    assert (len(found.observations), len(found.conditions)) == (1, 1)


def test_resources_without_id_are_all_kept() -> None:
    assert len(record(observation(None), observation(None)).observations) == 2


def test_order_never_matters() -> None:
    many = [observation(f"o{n}", code=f"{n % 7}-1") for n in range(30)]
    many += [observation(f"o{n}", issued="2025-01-01") for n in range(0, 30, 3)]  # other copies of the same
    many += [observation(None, code=f"{n}-2") for n in range(5)]
    straight = record(*many)
    for seed in range(10):
        shuffled = many[:]
        random.Random(seed).shuffle(shuffled)
        again = record(*shuffled)
        assert list(again.observations) == list(straight.observations)
        assert again.unreadable == straight.unreadable
    assert len(straight.observations) == 35


# -- what could not be read ------------------------------------------------------------------------------


def test_unreadable_resources_count_for_their_code() -> None:
    bad = {"valueQuantity": {"value": "high"}}
    found = record(observation("a", **bad), observation("b", code="2-2", **bad), observation("good"))
    assert [u.reference for u in found.unreadable_of("Observation", codes("4548-4"))] == ["Observation/a"]
    assert [u.reference for u in found.unreadable_of("Observation", codes("2-2", "4548-4"))] == [
        "Observation/a",
        "Observation/b",
    ]
    assert found.unreadable_of("Observation", codes("3-3")) == []
    assert found.unreadable_of("Condition", codes("4548-4")) == []
    assert [o.id for o in found.observations] == ["good"]


def test_without_a_readable_code_it_may_be_anything() -> None:
    found = record(
        {"resourceType": "Observation", "id": "a", "code": {"coding": "?"}, "status": []}, ["not a resource"]
    )
    assert len(found.unreadable_of("Observation", codes("3-3"))) == 2
    assert len(found.unreadable_of("Condition", codes("3-3"))) == 1


@pytest.mark.parametrize("depth", [100, 400, 700, 900, 950, 980, 1000, 100_000])
def test_depth_bombs_cost_at_most_themselves(depth: int) -> None:
    bomb = b'{"resourceType":"Encounter","class":' + b"[" * depth + b"]" * depth + b"}"
    entries = [
        Entry(json.dumps(PATIENT).encode()),
        *[Entry(bomb)] * 3,
        Entry(json.dumps(observation()).encode()),
    ]
    found = read_record(entries, {})
    assert isinstance(found.observations[0], Observation)
    assert len(found.encounters) + len(found.unreadable) == 3


# -- searches --------------------------------------------------------------------------------------------


def test_searches() -> None:
    found = read_record(
        [Entry(json.dumps(PATIENT).encode())], {"labs": Search(SearchState.TRUNCATED, "too many pages")}
    )
    assert found.search("labs").reason == "too many pages"
    assert not found.search("labs").complete
    assert found.search("labs").answered
    assert found.search("vitals") == NOT_ASKED
    assert not NOT_ASKED.answered


@pytest.mark.parametrize(
    ("state", "complete", "answered"),
    [("complete", True, True), ("suppressed", False, True), ("truncated", False, True), ("forbidden", False, False),
     ("failed", False, False), ("unsupported", False, False), ("not-asked", False, False)],
)  # fmt: skip
def test_states(state: str, complete: bool, answered: bool) -> None:
    search = Search(SearchState(state))
    assert (search.complete, search.answered) == (complete, answered)


def test_every_search_brings_a_type() -> None:
    assert {name for names in SEARCHES_OF_TYPE.values() for name in names} == set(SEARCHES)
