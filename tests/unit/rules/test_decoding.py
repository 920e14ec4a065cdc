"""Lenient reading: what one struct cannot hold costs that one resource, never the record, never the process."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from rules.datatypes import CodeableConcept, Coding
from rules.decoding import Unreadable, read_resource
from rules.resources import TYPES, Condition, Encounter, MedicationRequest, Observation, Patient


def read(**elements: Any) -> Any:
    return read_resource(json.dumps(elements).encode())


def number(text: str) -> Any:
    return read_resource(
        b'{"resourceType":"Observation","id":"o1","code":{"coding":[{"system":"http://loinc.org","code":"4548-4"}]},'
        b'"valueQuantity":{"value":%s}}' % text.encode()
    )


def test_unknown_elements_are_passed_over() -> None:
    found = read(resourceType="Patient", id="p1", animal={"species": 1}, birthDate="1990", _birthDate={"id": "x"})
    assert isinstance(found, Patient)
    assert (found.reference, found.birth_date) == ("Patient/p1", "1990")


def test_other_types_are_passed_over() -> None:
    assert read(resourceType="Basic", id="b1") is None
    assert read(resourceType="Bundle", entry=[]) is None
    assert read(id="x") is None


@pytest.mark.parametrize("text", ["7.50", "58", "-0.1", "0", "1E+2", "1e-05", "1e40"])
def test_numbers_stay_as_they_were_written(text: str) -> None:
    observation = number(text)
    assert isinstance(observation, Observation)
    assert observation.value_quantity is not None
    assert str(observation.value_quantity.value) == str(Decimal(text))


def test_a_number_in_quotes_is_read() -> None:
    assert number('"7.50"').value_quantity.value == Decimal("7.50")


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "text", ["1e999999999", "1e-999999999", "-1e999999", "1e41", "1e-41", '"NaN"', '"sNaN"', '"Infinity"',
             "1" * 42, "0." + "1" * 5000, "true", "[7]", '"7,5"', '"high"'],
)  # fmt: skip
def test_numbers_that_cannot_be_computed_with(text: str) -> None:
    """A Fraction of 1e999999999 has a thousand million digits: one such result would stop the service."""
    found = number(text)
    assert isinstance(found, Unreadable)
    assert (found.type, found.reference) == ("Observation", "Observation/o1")
    assert found.code == CodeableConcept([Coding("http://loinc.org", "4548-4")])


@pytest.mark.timeout(60)
def test_the_numbers_of_a_dosage_are_checked_too() -> None:
    for name in ("period", "periodMax"):
        raw = b'{"resourceType":"MedicationRequest","dosageInstruction":[{"timing":{"repeat":{"%s":1e999999999}}}]}'
        assert isinstance(read_resource(raw % name.encode()), Unreadable)
    dose = (
        b'{"resourceType":"MedicationRequest","dosageInstruction":[{"doseAndRate":[{"doseQuantity":{"value":"NaN"}}]}]}'
    )
    assert isinstance(read_resource(dose), Unreadable)
    good = b'{"resourceType":"MedicationRequest","dosageInstruction":[{"timing":{"repeat":{"period":1.5}}}]}'
    assert isinstance(read_resource(good), MedicationRequest)


@pytest.mark.parametrize(
    ("elements", "coded"),
    [
        ({"status": ["final"]}, True),
        ({"valueQuantity": [1]}, True),
        ({"component": {"code": 1}}, True),
        ({"effectiveDateTime": 20240101}, True),
        ({"code": {"coding": [{"code": 4548}]}}, False),
        ({"code": "4548-4"}, False),
    ],
)
def test_a_wrong_shape_makes_one_resource_unreadable(elements: dict[str, Any], coded: bool) -> None:
    code = {"coding": [{"system": "http://loinc.org", "code": "4548-4"}]}
    found = read(**{"resourceType": "Observation", "id": "o1", "code": code, **elements})
    assert isinstance(found, Unreadable)
    assert found.reference == "Observation/o1"
    assert (found.code is not None) is coded


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"x"', b"\xff\xfe{}", b'{"resourceType":7}', b"null"])
def test_what_is_no_resource_is_unreadable(raw: bytes) -> None:
    assert read_resource(raw) == Unreadable("(unknown)", "(unknown)", None)


def test_an_unreadable_one_without_id_is_named_by_its_type() -> None:
    found = read(resourceType="Condition", code={"coding": "x"})
    assert found == Unreadable("Condition", "Condition", None)


@pytest.mark.parametrize("depth", [50, 500, 900, 1000, 1100, 20_000, 200_000])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"resourceType":"Encounter","id":"e","class":', "}"),
        ('{"resourceType":"Condition","id":"c","unknown":', "}"),
        ('{"resourceType":"Patient","id":"p","extension":', "}"),
        ('{"resourceType":"Observation","contained":', "}"),
        ('{"id":', ',"resourceType":"Patient"}'),
    ],
)
def test_depth_bombs(before: str, after: str, depth: int) -> None:
    """Whatever comes back, nothing is raised."""
    for opening, closing in (("[", "]"), ('{"extension":[', "]}"), ('{"a":', "}")):
        middle = "1" if opening[-1] == ":" else ""
        raw = f"{before}{opening * depth}{middle}{closing * depth}{after}".encode()
        found = read_resource(raw)
        assert found is None or isinstance(found, Unreadable | Encounter | Condition | Patient | Observation)


def test_names_for_people() -> None:
    assert CodeableConcept(text="a").display == "a"
    assert CodeableConcept([Coding(code="c"), Coding(display="d")]).display == "d"
    assert CodeableConcept([Coding(code="c")]).display == "c"
    assert CodeableConcept().display == "(no code)"
    assert CodeableConcept([None]).display == "(no code)"


def test_every_type_is_read_from_its_name_alone() -> None:
    for name, kind in TYPES.items():
        found = read(resourceType=name, id="x")
        assert isinstance(found, kind)
        assert found.reference == f"{name}/x"


def test_structs_are_frozen() -> None:
    patient = read(resourceType="Patient", id="p1")
    with pytest.raises(AttributeError):
        patient.id = "p2"
    assert msgspec.structs.replace(patient, id="p2").reference == "Patient/p2"
