"""The synthetic patients: valid R4B, self-contained, plainly synthetic, dated from the day of the run."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import cache
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle

from cds_service.sandbox.builders import before
from cds_service.sandbox.bundles import chart_bundle
from cds_service.sandbox.patients import ALL, SyntheticPatient
from rules.assessment import Verdict

TODAY = date(2026, 3, 14)
VERDICTS = {verdict.value for verdict in Verdict}
EACH = pytest.mark.parametrize("patient", ALL, ids=lambda patient: patient.id)
FULL_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}")
PLANNED = {"valueDateTime"}  # an estimated delivery date lies ahead


@cache
def resources(patient: SyntheticPatient, on: date = TODAY, zone: tzinfo = UTC) -> list[dict[str, Any]]:
    bundle = json.loads(chart_bundle(patient, on, zone).model_dump_json())
    return [entry["resource"] for entry in bundle["entry"]]


def walk(node: Any, name: str = "") -> list[tuple[str, Any]]:
    """Every leaf below `node` with the name of the field that holds it."""
    if isinstance(node, dict):
        return [leaf for key, child in node.items() for leaf in walk(child, key)]
    if isinstance(node, list):
        return [leaf for child in node for leaf in walk(child, name)]
    return [(name, node)]


def values(node: Any, name: str) -> list[Any]:
    return [value for key, value in walk(node) if key == name]


def test_ids_are_unique() -> None:
    assert len({patient.id for patient in ALL}) == len(ALL)


def test_there_are_enough_of_them_and_every_verdict() -> None:
    assert len(ALL) >= 16
    assert {patient.expected_verdict for patient in ALL} == VERDICTS


@EACH
def test_story_is_one_short_line(patient: SyntheticPatient) -> None:
    assert 10 <= len(patient.story) <= 60
    assert "\n" not in patient.story


@EACH
def test_chart_is_valid_r4b_after_a_round_trip(patient: SyntheticPatient) -> None:
    bundle = chart_bundle(patient, TODAY)
    again = Bundle.model_validate_json(bundle.model_dump_json())
    assert again.model_dump_json() == bundle.model_dump_json()


@EACH
def test_chart_has_one_patient_whose_id_is_the_registered_one(patient: SyntheticPatient) -> None:
    found = [r for r in resources(patient) if r["resourceType"] == "Patient"]
    assert [p["id"] for p in found] == [patient.id]
    assert found[0]["name"][0]["family"] == "Testperson"


@EACH
def test_every_resource_is_marked_as_test_data(patient: SyntheticPatient) -> None:
    for resource in resources(patient):
        assert [label["code"] for label in resource["meta"]["security"]] == ["HTEST"], resource["id"]


@EACH
def test_resource_ids_are_unique_and_legal(patient: SyntheticPatient) -> None:
    addresses = [f"{r['resourceType']}/{r['id']}" for r in resources(patient)]
    assert len(set(addresses)) == len(addresses)
    assert all(re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", address.partition("/")[2]) for address in addresses)


def test_ids_of_different_charts_do_not_collide() -> None:
    addresses = [
        f"{r['resourceType']}/{r['id']}"
        for patient in ALL
        for r in resources(patient)
        if r["resourceType"] != "Practitioner"
    ]
    assert len(set(addresses)) == len(addresses)


@EACH
def test_references_resolve_inside_the_bundle_and_to_the_patient(patient: SyntheticPatient) -> None:
    chart = resources(patient)
    held = {f"{r['resourceType']}/{r['id']}" for r in chart}
    assert set(values(chart, "reference")) <= held
    subjects = [
        r.get("subject", r.get("patient")) for r in chart if r["resourceType"] not in ("Patient", "Practitioner")
    ]
    assert subjects
    assert all(subject == {"reference": f"Patient/{patient.id}"} for subject in subjects)


@EACH
def test_codings_have_system_and_display_and_quantities_are_ucum(patient: SyntheticPatient) -> None:
    chart = resources(patient)
    for coding in (c for r in chart for c in _parts(r, "coding")):
        assert coding["system"]
        assert coding["code"]
        assert coding.get("display") or coding["system"] == "urn:ietf:bcp:47"
    for quantity in (q for r in chart for q in _parts(r, "valueQuantity")):
        assert quantity["system"] == "http://unitsofmeasure.org"
        assert quantity["unit"]
        assert quantity["code"]


def _parts(node: Any, name: str) -> list[dict[str, Any]]:
    """Every object, or item of a list, held by a field called `name` at any depth."""
    if isinstance(node, list):
        return [part for child in node for part in _parts(child, name)]
    if not isinstance(node, dict):
        return []
    here = node.get(name, [])
    below = [part for child in node.values() for part in _parts(child, name)]
    return (here if isinstance(here, list) else [here]) + below


@EACH
def test_nothing_happened_after_the_day_of_the_run(patient: SyntheticPatient) -> None:
    dates = [
        text
        for name, text in walk(resources(patient))
        if isinstance(text, str) and FULL_DATE.match(text) and name not in PLANNED
    ]
    assert dates
    assert max(text[:10] for text in dates) < TODAY.isoformat()


@EACH
def test_all_dates_move_with_the_day_of_the_run(patient: SyntheticPatient) -> None:
    def days_ago(on: date) -> list[int]:
        full = [text for _, text in walk(resources(patient, on)) if isinstance(text, str) and FULL_DATE.match(text)]
        return [(on - date.fromisoformat(text[:10])).days for text in full]

    # Four years apart: whole years and months are then the same number of days.
    assert days_ago(TODAY) == days_ago(date(2022, 3, 14))


@EACH
def test_years_only_move_with_the_year_of_the_run(patient: SyntheticPatient) -> None:
    def years(on: date) -> list[int]:
        texts = [text for text in values(resources(patient, on), "onsetDateTime") if len(text) in (4, 7)]
        return [on.year - int(text[:4]) for text in texts]

    assert years(TODAY) == years(date(2033, 3, 14))


@EACH
def test_chart_can_be_built_on_a_leap_day(patient: SyntheticPatient) -> None:
    assert resources(patient, date(2028, 2, 29))


@EACH
def test_times_carry_the_zone_they_were_asked_for(patient: SyntheticPatient) -> None:
    zone = timezone(timedelta(hours=8))
    moments = [
        datetime.fromisoformat(text)
        for _, text in walk(resources(patient, zone=zone))
        if isinstance(text, str) and FULL_DATE.match(text) and "T" in text
    ]
    assert moments
    assert {moment.utcoffset() for moment in moments} == {timedelta(hours=8)}


@EACH
def test_diagnoses_entered_in_error_have_no_clinical_status(patient: SyntheticPatient) -> None:
    for condition in (r for r in resources(patient) if r["resourceType"] == "Condition"):
        in_error = condition["verificationStatus"]["coding"][0]["code"] == "entered-in-error"
        assert in_error is ("clinicalStatus" not in condition)


def test_the_long_chart_has_more_laboratory_results_than_a_page() -> None:
    chart = resources(next(patient for patient in ALL if patient.id == "long-chart"))
    labs = [r for r in chart if r["resourceType"] == "Observation" and "laboratory" in values(r["category"], "code")]
    assert len(chart) >= 400
    assert len(labs) > 200


@pytest.mark.parametrize(
    ("on", "back", "expected"),
    [
        (date(2026, 3, 14), {"years": 9}, date(2017, 3, 14)),
        (date(2024, 2, 29), {"years": 1}, date(2023, 2, 28)),
        (date(2026, 8, 31), {"months": 6}, date(2026, 2, 28)),
        (date(2026, 1, 10), {"months": 1}, date(2025, 12, 10)),
        (date(2026, 3, 1), {"days": 1}, date(2026, 2, 28)),
        (date(2026, 3, 14), {"days": -3}, date(2026, 3, 17)),
    ],
)
def test_before_clamps_to_the_end_of_the_month(on: date, back: dict[str, int], expected: date) -> None:
    assert before(on, **back) == expected


@EACH
def test_utc_is_the_default_zone(patient: SyntheticPatient) -> None:
    assert patient.build(TODAY) == patient.build(TODAY, UTC)
