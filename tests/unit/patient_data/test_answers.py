"""A page that is read at one go says the same as when it is read step by step."""

from __future__ import annotations

import random
from typing import Any

import orjson
import pytest

from cds_service.patient_data import answers
from cds_service.patient_data.answers import NotAnAnswer, OutcomeInstead, read_page

TYPES = frozenset({"Observation", "Patient"})
SUBJECT = {"reference": "Patient/1"}


def observation(number: int, **more: Any) -> dict[str, Any]:
    code = {"coding": [{"system": "http://loinc.org", "code": "4548-4"}]}
    return {
        "resourceType": "Observation",
        "id": str(number),
        "status": "final",
        "code": code,
        "subject": SUBJECT,
        **more,
    }


def report(severity: str, code: str) -> dict[str, Any]:
    return {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": code}]}


ENTRIES: tuple[Any, ...] = (
    {"resource": observation(1), "fullUrl": "https://ehr.example.org/Observation/1", "search": {"mode": "match"}},
    {"resource": observation(2, valueQuantity={"value": 7.1, "unit": "%"})},
    {"resource": observation(3, valueQuantity={"value": "1e999999"})},
    {"resource": observation(4, status=5)},
    {"resource": observation(5), "search": {"mode": "outcome"}},
    {"resource": {"id": "6", "resourceType": "Patient"}, "search": {"mode": "include"}},
    {"resource": {"resourceType": "Medication", "id": "7"}, "search": {"mode": "include"}},
    {"resource": {"resourceType": "Consent", "id": "8"}},
    {"resource": {"resourceType": "Practitioner", "id": "9"}},
    {"resource": {"id": "10"}},
    {"resource": report("warning", "suppressed"), "search": {"mode": "outcome"}},
    {"resource": report("information", "informational")},
    {"resource": {"resourceType": "OperationOutcome"}},
    {"resource": {"resourceType": "OperationOutcome", "issue": "none"}},
    {"resource": None},
    {"fullUrl": "https://ehr.example.org/Observation/11"},
    {"resource": observation(12), "search": None},
    {"resource": observation(13), "fullUrl": 13},
    None,
    "entry",
)
LINKS: tuple[Any, ...] = (None, [{"relation": "next", "url": "https://ehr.example.org/2"}], [{"relation": "self"}], "x")


def said(read: Any, content: bytes) -> Any:
    try:
        page = read(content, TYPES)
        return [(r.resource, r.full_url) for r in page.reads], page.search, page.matches, page.total, page.next_url
    except (NotAnAnswer, OutcomeInstead) as error:
        return type(error), str(error)


@pytest.mark.parametrize("seed", range(60))
def test_a_page_at_one_go_is_the_page_step_by_step(seed: int) -> None:
    chance = random.Random(seed)
    # Half of the pages are made of what real servers send, so that many of them are read at one go.
    pool = ENTRIES if seed % 2 else [ENTRIES[place] for place in (0, 1, 4, 5, 6, 10, 11, 12, 16, 18)]
    bundle = {"resourceType": "Bundle", "entry": chance.choices(pool, k=chance.randint(0, 6))}
    if chance.random() < 0.5:
        bundle |= {"total": chance.choice([3, None, "many"]), "link": chance.choice(LINKS)}
    content = orjson.dumps(bundle)
    assert said(read_page, content) == said(answers._read_carefully, content)


@pytest.mark.parametrize(
    "content",
    [b"{}", b"null", b"[]", b"", b"<html>", b'{"resourceType": "Bundle"}', b'{"resourceType": "Bundle", "entry": {}}',
     b'{"entry": []}', b'{"resourceType": "Patient", "id": "1"}', b'{"resourceType": "OperationOutcome"}'],
)  # fmt: skip
def test_what_is_no_page_is_told_in_the_same_way(content: bytes) -> None:
    assert said(read_page, content) == said(answers._read_carefully, content)


def test_a_page_of_plain_entries_is_read_at_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "_read_carefully", lambda *_: pytest.fail("read step by step"))
    page = read_page(orjson.dumps({"resourceType": "Bundle", "entry": [ENTRIES[0], ENTRIES[1], ENTRIES[10]]}), TYPES)
    assert len(page.reads) == 2
