"""One person at a time: what is counted of each, and what the data's quality was."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cds_service.cohort.screener import Outcome, Person, Screener, not_exported, searches
from cds_service.cohort.tally import sets_apart
from rules.entries import Entry
from rules.searches import SearchState
from rules.trial_folder import load_trial
from tests.support.fhir import C_PEPTIDE, HBA1C, coded, condition, observation, patient
from tests.support.population import PACKAGE, terms


@pytest.fixture(scope="module")
def screener() -> Screener:
    return Screener(terms())


def _screen(screener: Screener, *resources: dict[str, Any] | bytes, source: str | None = None) -> tuple[Any, Outcome]:
    outcome = Outcome()
    lines = [r if isinstance(r, bytes) else json.dumps(r).encode() for r in resources]
    screened = screener.screen(Person("p1", [Entry(line) for line in lines], source), outcome)
    return (json.loads(screened[1]) if screened else None), outcome


def _chart(*more: dict[str, Any] | bytes) -> tuple[dict[str, Any] | bytes, ...]:
    return (
        patient(), condition(onset="2015-03-01"), observation(HBA1C, 8.4, "%", "2026-09-20"),
        observation(C_PEPTIDE, 0.1, "ng/mL", "2026-09-20"), *more,
    )  # fmt: skip


def test_a_person_is_assessed_and_counted(screener: Screener) -> None:
    document, outcome = _screen(screener, *_chart(), source="a.json")
    assert (document["patient"], document["source"], document["evaluatedOn"]) == ("p1", "a.json", "2026-10-01")
    assert outcome.tally.people == outcome.tally.applicable == 1
    assert outcome.tally.verdicts.total() == 1
    assert outcome.tally.unknown["E3"] == 1
    assert outcome.tally.causes["E3/no-data"] == 1
    assert outcome.tally.causes["E11/without hemoglobin, lymphocytes, neutrophils, platelets"] == 1


def test_the_first_that_blocks_removes_and_all_that_block_are_counted(screener: Screener) -> None:
    low = observation(HBA1C, 5.0, "%", "2026-09-25")
    _document, outcome = _screen(screener, *_chart(low, condition(code="I50.9")))
    assert outcome.tally.removed == {"I8": 1}
    assert outcome.tally.blocked == {"I8": 1, "E7": 1}
    assert outcome.tally.alone == {}
    _document, outcome = _screen(screener, *_chart(low))
    assert outcome.tally.alone == {"I8": 1}
    assert outcome.tally.unknown["E3"] == 0, "people who are removed before do not come that far"


def test_people_outside_the_gates_are_not_applicable(screener: Screener) -> None:
    _document, outcome = _screen(screener, patient(birth_date="2020-01-01"))
    assert outcome.tally.removed == {"I1": 1}
    assert (outcome.tally.people, outcome.tally.applicable) == (1, 0)


def test_the_dead_are_set_apart(screener: Screener) -> None:
    _document, outcome = _screen(screener, patient(deceasedBoolean=True), condition())
    assert outcome.tally.apart == {"deceased": 1}
    assert outcome.tally.removed == {}
    assert sets_apart(load_trial(PACKAGE)) == {"opted-out", "test-patient", "deceased"}


def test_without_a_patient_nothing_is_assessed_and_that_is_said(screener: Screener) -> None:
    document, outcome = _screen(screener, condition())
    assert document is None
    assert outcome.not_assessed == [("p1", "0 Patients found")]
    assert outcome.tally.people == 0


def test_what_was_not_understood_is_counted(screener: Screener) -> None:
    _document, outcome = _screen(
        screener,
        *_chart(
            observation(HBA1C, 8.4, "furlongs", "2026-09-20"),
            observation("2951-2", 140, "furlongs", "2026-09-20"),
            {**observation(HBA1C, 8.4, "%", "2026-09-20"), "code": coded("urn:local", "A1C")},
            {**condition(), "code": {"text": "Name of a person"}},
            {**condition(), "onsetDateTime": ["no", "date"]},
            {**condition(), "subject": {"reference": "Patient/another"}},
        ),
    )
    quality = outcome.quality
    assert quality.units == {f"http://loinc.org|{HBA1C} furlongs": 1}, "of codes that no criterion reads, none"
    assert quality.codes == {"Observation urn:local|A1C": 1, "Condition (text only)": 1}
    assert quality.unreadable == {"Condition": 1}
    assert quality.foreign == 1
    assert "Name of a person" not in json.dumps(quality.to_json())


def test_a_line_that_is_cut_makes_unknown_what_would_rest_on_absence(screener: Screener) -> None:
    whole, _outcome = _screen(screener, *_chart())
    cut, _outcome = _screen(
        screener, *_chart(b'{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/p1')
    )
    status = [{c["id"]: c["status"] for c in document["criteria"]} for document in (whole, cut)]
    assert status[0]["E22"] == "not-met"
    assert status[1]["E22"] == "unknown"


def test_a_type_that_was_not_exported_is_no_absence() -> None:
    assert not_exported({"Condition": 3, "Observation": 1, "Encounter": 9}) == ("MedicationRequest",)
    known = searches(("MedicationRequest",))
    assert known["medications"].state is SearchState.NOT_ASKED
    assert known["labs"].complete
    document, _outcome = _screen(Screener(terms(not_exported=("MedicationRequest",))), *_chart())
    statuses = {c["id"]: c["status"] for c in document["criteria"]}
    assert statuses["E13"] == statuses["E17"] == "unknown"


def test_outcomes_add_up_and_can_be_written_down(screener: Screener) -> None:
    charts = (_chart(), (patient(birth_date="2020"), condition()), (condition(),), _chart(condition(code="I50.9")))
    outcomes = [_screen(screener, *chart)[1] for chart in charts]
    forwards, backwards = Outcome(), Outcome()
    for one, other in zip(outcomes, reversed(outcomes), strict=True):
        forwards.add(Outcome.from_json(json.loads(json.dumps(one.to_json()))))
        backwards.add(other)
    assert forwards.tally.to_json() == backwards.tally.to_json()
    assert forwards.quality.to_json() == backwards.quality.to_json()
    assert forwards.tally.people == 3
    assert sorted(forwards.not_assessed) == sorted(backwards.not_assessed)
