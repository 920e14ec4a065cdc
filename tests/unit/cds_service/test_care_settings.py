"""In what kind of care a patient is now: by the class, however it is sent, and by the encounter that the EHR names."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson
import pytest

from cds_service.care_settings import care_settings
from rules.decoding import read_resource
from rules.resources import Encounter

ON = date(2026, 11, 25)
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
LOCAL = "urn:oid:1.2.840.114350.1.72.1.7.7.10.696784.13260"


def encounter(class_: Any = None, status: str = "in-progress", **more: Any) -> Encounter:
    period = {"start": "2026-11-20"}
    content = {"resourceType": "Encounter", "id": "e1", "status": status, "class": class_, "period": period}
    read = read_resource(orjson.dumps({**content, **more}))
    assert isinstance(read, Encounter)
    return read


def coded(code: str, system: str = ACT_CODE, display: str | None = None) -> dict[str, str | None]:
    return {"system": system, "code": code, "display": display}


def now(*encounters: Encounter, named: str | None = None, longest_days: int = 90) -> set[str]:
    return set(care_settings(encounters, named, ON, longest_days))


@pytest.mark.parametrize(
    ("class_", "expected"),
    [
        (coded("EMER"), {"emergency"}),
        (coded("IMP"), {"inpatient"}),
        (coded("ACUTE"), {"inpatient"}),
        (coded("NONAC"), {"inpatient"}),
        (coded("OBSENC"), {"inpatient"}),
        (coded("SS"), {"inpatient"}),
        (coded("AMB"), set()),
        (coded("VR"), set()),
        (coded("HH"), set()),
        (coded("PRENC"), set()),
        (coded("IMP", "urn:oid:2.16.840.1.113883.5.4"), {"inpatient"}),
        ("EMER", {"emergency"}),
        ({"coding": [coded("IMP")]}, {"inpatient"}),
        (coded("13", LOCAL, "Emergency"), {"emergency"}),
        (coded("7", LOCAL, "Hospital Encounter"), {"inpatient"}),
        (coded("5", LOCAL, "Appointment"), set()),
        (None, set()),
        (17, set()),
    ],
)
def test_the_class_tells(class_: Any, expected: set[str]) -> None:
    assert now(encounter(class_)) == expected


def test_intensive_care_is_told_by_type_or_service() -> None:
    assert now(encounter(coded("IMP"), type=[{"text": "Medical intensive care"}])) == {"inpatient", "intensive"}
    assert now(encounter(coded("IMP"), serviceType={"text": "ICU"})) == {"inpatient", "intensive"}


@pytest.mark.parametrize(
    ("status", "start", "end", "counts"),
    [
        ("in-progress", "2026-11-20", None, True),
        ("arrived", "2026-11-25T08:00:00Z", None, True),
        ("triaged", None, None, True),
        ("onleave", "2026-11-20", None, True),
        ("finished", "2026-11-20", None, False),
        ("planned", "2026-11-20", None, False),
        ("cancelled", "2026-11-20", None, False),
        ("entered-in-error", "2026-11-20", None, False),
        ("in-progress", "2026-11-20", "2026-11-24", False),
        ("in-progress", "2026-11-20", "2026-11-25", True),
        ("in-progress", "2026-08-27", None, True),
        ("in-progress", "2026-08-26", None, False),
        ("in-progress", "2026", None, True),
    ],
)
def test_only_what_is_going_on_counts(status: str, start: str | None, end: str | None, counts: bool) -> None:
    given = encounter(coded("EMER"), status, period={"start": start, "end": end})
    assert now(given) == ({"emergency"} if counts else set())


def test_the_encounter_that_is_named_decides_alone() -> None:
    visit, stay = encounter(coded("AMB"), id="visit"), encounter(coded("IMP"), id="stay")
    assert now(visit, stay) == {"inpatient"}
    assert now(visit, stay, named="visit") == set()
    assert now(visit, stay, named="stay") == {"inpatient"}
    assert now(visit, stay, named="not-among-them") == {"inpatient"}


def test_a_finished_stay_counts_when_the_chart_is_open_in_it() -> None:
    assert now(encounter(coded("IMP"), "finished", id="stay"), named="stay") == {"inpatient"}
    assert now(encounter(coded("IMP"), "entered-in-error", id="stay"), named="stay") == set()
