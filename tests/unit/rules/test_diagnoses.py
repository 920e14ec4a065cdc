"""Which Conditions assert something, how surely, since when, and when their absence counts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from rules.codes import ICD10, ICD10CM
from rules.datatypes import CodeableConcept, Coding
from rules.diagnoses import Course, absence, all_read, diagnoses, evidence_of, find, status_code, unseen
from tests.criteria.given import Given, diagnosis, resource
from tests.unit.rules.charts import chart, codes, words

GOUT = codes("gout", (ICD10CM, "M10", "prefix"))
GOUT_WORDS = words("gout_words", "gout")


def only(given: Given, *more: Given) -> Any:
    (found,) = diagnoses(chart(given, *more), GOUT, GOUT_WORDS)
    return found


def marked(mark: str, *, verification: str | None = None, clinical: str | None = None) -> list[Any]:
    """A diagnosis in ICD-10-GM with the German mark of certainty."""
    mark_of = {"url": "http://fhir.de/StructureDefinition/icd-10-gm-diagnosesicherheit",
               "valueCoding": {"code": mark}}  # fmt: skip
    coding = {"system": "http://fhir.de/CodeSystem/bfarm/icd-10-gm", "code": "M10.90", "extension": [mark_of]}
    given = diagnosis(verification=verification, clinical=clinical, category=None)
    gout = codes("gout", (ICD10, "M10", "prefix"))
    return diagnoses(chart(Given({**given.resource, "code": {"coding": [coding]}}, "gout")), gout)


def test_german_marks_of_certainty() -> None:
    """G is certain, V suspected, A ruled out, Z the state afterwards."""
    assert [d.confirmed for mark in "GVZ" for d in marked(mark)] == [True, False, True]
    assert marked("A") == []
    assert [d.course for mark in "GZ" for d in marked(mark)] == [Course.UNKNOWN, Course.PAST]


def test_a_german_mark_beside_the_statuses() -> None:
    (ruled_out,) = marked("A", verification="confirmed")
    assert not ruled_out.confirmed, "what contradicts itself is for a clinician"
    (afterwards,) = marked("Z", clinical="active")
    assert afterwards.course is Course.CURRENT, "the clinical status goes before"
    assert marked("G", verification="refuted") == []


@pytest.mark.parametrize(
    ("verification", "asserted", "confirmed"),
    [("confirmed", True, True), (None, True, True), ("provisional", True, False), ("differential", True, False),
     ("unconfirmed", True, False), ("refuted", False, None), ("entered-in-error", False, None),
     ("certain-ish", True, False),
     (" confirmed ", True, True), ("REFUTED", False, None)],
)  # fmt: skip
def test_verification(verification: str | None, asserted: bool, confirmed: bool | None) -> None:
    found = diagnoses(chart(diagnosis("icd10cm:M10.9", verification=verification)), GOUT)
    assert bool(found) is asserted
    if found:
        assert found[0].confirmed is confirmed
        assert found[0].certain is confirmed


SNOMED_CODES = {"confirmed": "410605003", "refuted": "410516002"}


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(("status", "asserted"), [("confirmed", True), ("refuted", False)])
def test_the_same_verification_in_two_systems(status: str, asserted: bool, first: bool) -> None:
    codings = [{"code": status}, {"system": "http://snomed.info/sct", "code": SNOMED_CODES[status]}]
    given = diagnosis("icd10cm:M10.9", verification=None,
                      verificationStatus={"coding": codings if first else codings[::-1]})  # fmt: skip
    assert [d.certain for d in diagnoses(chart(given), GOUT)] == ([True] if asserted else [])


@pytest.mark.parametrize(
    ("clinical", "category", "more", "course"),
    [
        ("active", None, {}, "current"), ("recurrence", None, {}, "current"), ("relapse", None, {}, "current"),
        ("inactive", "problem-list-item", {}, "past"), ("remission", None, {}, "past"), ("resolved", None, {}, "past"),
        (None, "problem-list-item", {}, "current"), (None, "encounter-diagnosis", {}, "unknown"),
        (None, None, {}, "unknown"),
        ("active ", None, {}, "current"), ("whatever", "problem-list-item", {}, "current"),
        (None, "problem-list-item", {"abatementDateTime": "2020"}, "past"),
        (None, "problem-list-item", {"abatementString": "years ago"}, "past"),
        (None, None, {"abatementAge": {"value": 30}}, "past"),
        (None, None, {"abatementPeriod": {"end": "2020"}}, "past"),
        (None, None, {"abatementRange": {"low": {"value": 3}}}, "past"),
        ("active", None, {"abatementDateTime": "2020"}, "current"),
    ],
)  # fmt: skip
def test_course(clinical: str | None, category: str | None, more: dict[str, Any], course: str) -> None:
    found = only(diagnosis("icd10cm:M10.9", clinical=clinical, category=category, **more))
    assert found.course is Course(course)
    assert found.current is (course == "current")


def test_a_code_wins_over_words() -> None:
    assert not only(diagnosis("icd10cm:M10.9", text="gout")).by_text
    assert only(diagnosis(text="Gout of the left toe")).by_text
    assert not only(diagnosis(text="Gout")).certain
    assert diagnoses(chart(diagnosis("icd10cm:J45.909", text="gout")), GOUT, GOUT_WORDS) == []
    assert find(chart(diagnosis(text="no gout")).record.conditions[0], GOUT, GOUT_WORDS) is None


@pytest.mark.parametrize("text", [
    "Suspected gout", "r/o gout", "? gout", "Gout?", "Possible gout", "Family history of gout", "FH: gout", "No gout",
    "Denies gout", "Screening for gout", "Verdacht auf Gicht", "V. a. Gicht",
    "No gout.", "Not gout", "FH gout", "Mother with gout", "Gout - ruled out", "Gout negative", "Gout (suspected)",
    "Gout, suspected", "Gout; family history", "Gout, father", "Gout risk", "Gout screening",
])  # fmt: skip
def test_a_text_that_takes_back_its_code_needs_a_clinician(text: str) -> None:
    assert not only(diagnosis("icd10cm:M10.9", text=text)).certain


@pytest.mark.parametrize("text", [
    "Gout, not elsewhere classified", "Gout without tophus", "History of gout", "Norwegian gout", "Gout; no tophus",
    "FH", "Risky gout", "No tophus, gout", "Negative for tophus. Gout 3.5 cm", "At risk gout", "High risk gout",
    "Gout, high risk", "Screen-detected gout", "Gout, tophus negative", "Care of lactating mother", "Gout, unspecified",
    "Gout without mention of tophus", "Gout, not stated as uncontrolled", "Gout not having achieved remission",
])  # fmt: skip
def test_words_within_the_name_of_a_disease_do_not(text: str) -> None:
    assert only(diagnosis("icd10cm:M10.9", text=text)).certain


def test_a_display_takes_its_code_back_where_there_is_no_text() -> None:
    def certain(display: str, **more: str) -> bool:
        coding = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "M10.9", "display": display}
        return only(resource("Condition", display, code={"coding": [coding], **more})).certain

    assert not certain("Family history of gout")
    assert certain("Family history of gout", text="Gout")
    assert certain("Gout, unspecified")


def test_when_it_began() -> None:
    visit = resource("Encounter", "visit", id="e1", status="finished", period={"start": "2021-05-01"})
    at = {"encounter": {"reference": "Encounter/e1"}}
    full = only(diagnosis("icd10cm:M10.9", onset="2020", recorded="2022-01-01", **at), visit)
    assert [m.text for m in (full.when, full.encountered, full.recorded)] == ["2020", "2021-05-01", "2022-01-01"]
    assert only(diagnosis("icd10cm:M10.9", recorded="2022-01-01", **at), visit).when.text == "2021-05-01"
    assert only(diagnosis("icd10cm:M10.9", recorded="2022-01-01")).when.text == "2022-01-01"
    assert only(diagnosis("icd10cm:M10.9", onsetPeriod={"start": "2019-03"})).when.text == "2019-03"
    assert only(diagnosis("icd10cm:M10.9", onset="childhood")).when is None


def test_what_was_recorded_after_the_day_of_evaluation_is_not_on_file() -> None:
    visit = resource("Encounter", "visit", id="e1", status="planned", period={"start": "2025-06-16"})
    at = {"encounter": {"reference": "Encounter/e1"}}
    assert diagnoses(chart(diagnosis("icd10cm:M10.9", recorded="2025-06-16")), GOUT) == []
    assert diagnoses(chart(diagnosis("icd10cm:M10.9", onset="2020", recorded="2025-07")), GOUT) == []
    assert diagnoses(chart(diagnosis("icd10cm:M10.9", **at), visit), GOUT) == []
    assert only(diagnosis("icd10cm:M10.9", recorded="2025-06-15T23:59:59Z"))
    assert only(diagnosis("icd10cm:M10.9", recorded="2025"))
    seen = only(diagnosis("icd10cm:M10.9", recorded="2020-01-01", **at), visit)
    assert (seen.encountered, seen.when.text) == (None, "2020-01-01")


def test_an_onset_after_the_day_of_evaluation_is_no_date() -> None:
    seen = only(diagnosis("icd10cm:M10.9", onset="2025-06-16", recorded="2020-01-01"))
    assert (seen.onset, seen.impossible_onset.text, seen.when.text) == (None, "2025-06-16", "2020-01-01")
    assert only(diagnosis("icd10cm:M10.9", onset="2025-06-15")).impossible_onset is None


NOTHING = words("nothing_recorded", "no known problems")


@pytest.mark.parametrize(
    ("given", "counts"),
    [
        (diagnosis(text="No known problems"), False),
        (diagnosis("icd10cm:M10.9", text="Gout, no known problems"), True),
        (diagnosis(text="Gout"), True),
    ],
)
def test_an_entry_for_an_empty_list_is_no_diagnosis(given: Given, counts: bool) -> None:
    plain = chart(given)
    this = replace(plain.this, value_sets={"nothing_recorded": NOTHING})
    assert absence(structs.replace(plain, this=this), GOUT).counts is counts
    assert absence(plain, GOUT).counts, "a trial that lists no such entries"


def test_evidence() -> None:
    seen = diagnosis("icd10cm:M10.9", text="Gout", onset="2020", verification="provisional")
    (evidence,) = evidence_of([only(seen)])
    assert evidence.display == "Gout (M10.9)"
    assert (evidence.value, evidence.date) == ("current, not confirmed", "2020")


def test_status_codes() -> None:
    assert status_code(None) is None
    assert status_code(CodeableConcept()) is None
    assert status_code(CodeableConcept(text=" Active ")) == "active"
    assert status_code(CodeableConcept([Coding(code="Resolved ")], text="Active")) == "resolved"


OTHER = diagnosis("icd10cm:J45.909")
UNREADABLE = diagnosis("icd10cm:M10.9", onsetAge={"value": "many"}, id="c9")
UNREADABLE_OTHER = diagnosis("icd10cm:J45.909", onsetAge={"value": "many"}, id="c8")


@pytest.mark.parametrize(
    ("given", "searches", "counts", "why"),
    [
        ([OTHER], {}, True, ""),
        ([], {}, False, "no diagnoses are recorded here"),
        ([diagnosis("icd10cm:J45.909", verification="refuted")], {}, False, "no diagnoses are recorded here"),
        ([diagnosis("icd10cm:J45.909", verification="entered-in-error")], {}, False, "no diagnoses are recorded here"),
        ([diagnosis("icd10cm:J45.909", recorded="2025-06-16")], {}, False, "no diagnoses are recorded here"),
        ([OTHER], {"problems": "failed"}, False, "the problems search was failed"),
        ([OTHER], {"problems": "truncated"}, False, "the problems search was truncated"),
        ([OTHER], {"problems": "suppressed"}, False, "the problems search was suppressed"),
        ([OTHER], {"problems": "not-asked"}, False, "the problems search was not-asked"),
        ([OTHER], {"diagnoses": "failed"}, False, "the diagnoses search was failed"),
        ([OTHER], {"diagnoses": "forbidden"}, False, "the diagnoses search was forbidden"),
        ([OTHER], {"diagnoses": "truncated"}, False, "the diagnoses search was truncated"),
        ([OTHER], {"diagnoses": "not-asked"}, True, ""),
        ([OTHER], {"diagnoses": "unsupported"}, True, ""),
        ([OTHER, UNREADABLE], {}, False, "1 diagnosis could not be read"),
        ([OTHER, UNREADABLE_OTHER], {}, True, ""),
    ],
)
def test_the_absence_rule(given: list[Given], searches: dict[str, str], counts: bool, why: str) -> None:
    found = absence(chart(*given, searches=searches), GOUT)
    assert (found.counts, found.why) == (counts, why)


def test_all_read_does_not_ask_for_a_diagnosis() -> None:
    assert all_read(chart(), GOUT).counts
    assert not absence(chart(), GOUT).counts


@pytest.mark.parametrize(
    ("state", "missed"),
    [
        ("failed", True),
        ("forbidden", True),
        ("truncated", True),
        ("suppressed", False),
        ("not-asked", False),
        ("unsupported", False),
    ],
)
@pytest.mark.parametrize("search", ["problems", "diagnoses"])
def test_what_may_be_unseen(search: str, state: str, missed: bool) -> None:
    assert bool(unseen(chart(OTHER, searches={search: state}), GOUT)) is missed


def test_an_unreadable_entry_is_unseen_where_it_may_belong() -> None:
    assert unseen(chart(UNREADABLE), GOUT) == "1 diagnosis could not be read"
    assert unseen(chart(UNREADABLE_OTHER), GOUT) == ""
