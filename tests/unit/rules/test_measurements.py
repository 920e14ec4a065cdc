"""Numeric results: whose, when, how much, and which of several decides."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from rules.assessment import Confidence
from rules.causes import Cause
from rules.criterion import Window
from rules.measurements import Selection, near, newest
from rules.quantities import Interval, parse_number
from rules.results import results
from tests.criteria.given import Given, lab, resource
from tests.unit.rules.charts import A1C, PERCENT, chart

LIMIT = Fraction("7.5")
DECIDE, SHOWN = Window(90, None, "test"), Window(365, None, "test")


def read(given: Given, *more: Given) -> Any:
    (found,) = results(chart(given, *more), A1C, PERCENT)
    return found


def select(*given: Given, searches: dict[str, str] | None = None) -> Selection:
    seen = chart(*given, searches=searches)
    found = results(seen, A1C, PERCENT)
    return newest(
        seen, found, lambda v: v.wholly_above(LIMIT, inclusive=True), decide=DECIDE, shown_for=SHOWN, value_sets=[A1C]
    )


def a1c(value: str | None, when: str | None = "2025-06-01", **more: Any) -> Given:
    return lab("4548-4", value, when, **more)


def ratio(above: str, below: str | None) -> dict[str, Any]:
    """A Ratio of quantities written ``60 mmol``."""

    def quantity(written: str) -> dict[str, Any]:
        value, comparator, unit = parse_number(written) or (None, None, None)
        return {"value": value, "unit": unit, **({"comparator": comparator} if comparator else {})}

    return {"numerator": quantity(above), **({"denominator": quantity(below)} if below else {})}


# -- one result ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "counts", "preliminary"),
    [("final", True, False), ("amended", True, False), ("corrected", True, False), (" Final ", True, False),
     ("preliminary", True, True), ("registered", False, None), ("cancelled", False, None),
     ("entered-in-error", False, None), ("unknown", False, None), (None, False, None)],
)  # fmt: skip
def test_status(status: str | None, counts: bool, preliminary: bool | None) -> None:
    found = results(chart(a1c("8.0 %", status=status)), A1C, PERCENT)
    assert bool(found) is counts
    if found:
        assert found[0].preliminary is preliminary


@pytest.mark.parametrize(
    ("elements", "low", "high"),
    [
        ({"valueQuantity": {"value": 8.0, "unit": "%"}}, "8", "8"),
        ({"valueQuantity": {"value": 8.0, "unit": "nonsense", "code": "%"}}, "8", "8"),
        ({"valueQuantity": {"value": 8.0, "unit": "%", "code": "nonsense"}}, "8", "8"),
        ({"valueQuantity": {"value": 60, "code": "mmol/mol"}}, "8", "8"),
        ({"valueQuantity": {"value": 14, "comparator": ">", "unit": "%"}}, "14", None),
        ({"valueString": "8.0 %"}, "8", "8"),
        ({"valueString": "<8.0%"}, None, "8"),
        ({"valueString": "8.0"}, "8", "8"),
        ({"valueInteger": 8}, "8", "8"),
        ({"valueCodeableConcept": {"text": "8.0 %"}}, "8", "8"),
        ({"valueRange": {"low": {"value": 7, "unit": "%"}, "high": {"value": 8, "unit": "%"}}}, "7", "8"),
        ({"valueRange": {"high": {"value": 8, "unit": "%"}}}, None, "8"),
        ({"valueRatio": ratio("60 mmol", "1 mol")}, "8", "8"),
        ({"valueRatio": ratio("<60 mmol", "1 mol")}, None, "8"),
    ],
)  # fmt: skip
def test_forms_of_a_value(elements: dict[str, Any], low: str | None, high: str | None) -> None:
    interval = read(a1c(None, **elements)).interval
    assert interval is not None
    bounds = tuple(None if b is None else str(b) for b in (interval.low, interval.high))
    assert bounds == (low, high)


@pytest.mark.parametrize(
    ("elements", "problem"),
    [
        ({}, Cause.NO_VALUE),
        ({"dataAbsentReason": {"text": "hemolyzed"}}, Cause.NO_VALUE),
        ({"valueQuantity": {"unit": "%"}}, Cause.NO_VALUE),
        ({"valueRange": {}}, Cause.NO_VALUE),
        ({"valueRange": {"low": {"value": 9, "unit": "%"}, "high": {"value": 8, "unit": "%"}}}, Cause.UNPARSABLE),
        ({"valueString": ""}, Cause.NO_VALUE),
        ({"valueRatio": ratio("60 mmol", None)}, Cause.UNPARSABLE),
        ({"valueRatio": ratio("60 mmol", "0 mol")}, Cause.UNPARSABLE),
        ({"valueRatio": ratio("60 mmol", "<1 mol")}, Cause.UNPARSABLE),
        ({"valueRatio": ratio("60 mmol", "2 mol")}, Cause.UNIT_UNKNOWN),
        ({"valueString": "see note"}, Cause.UNPARSABLE),
        ({"valueCodeableConcept": {"text": "high"}}, Cause.UNPARSABLE),
        ({"valueQuantity": {"value": 8, "comparator": "ad", "unit": "%"}}, Cause.UNPARSABLE),
        ({"valueQuantity": {"value": 8, "unit": "g/dL"}}, Cause.UNIT_UNKNOWN),
        ({"valueQuantity": {"value": 80}}, Cause.UNIT_MISSING),
        ({"valueQuantity": {"value": 8, "comparator": "<"}}, Cause.UNIT_MISSING),
        ({"valueQuantity": {"value": 80, "unit": "%"}}, Cause.IMPLAUSIBLE),
        ({"when": "2025-06-16", "valueQuantity": {"value": 8, "unit": "%"}}, Cause.FUTURE),
        ({"when": "soon", "valueQuantity": {"value": 8, "unit": "%"}}, Cause.UNDATED),
    ],
)  # fmt: skip
def test_what_cannot_be_used(elements: dict[str, Any], problem: Cause) -> None:
    found = read(a1c(None, **{"when": "2025-06-01", **elements}))
    assert found.problem is problem
    assert found.interval is None
    assert found.why


def test_a_bare_number_is_taken_with_less_confidence() -> None:
    found = read(a1c("8.0"))
    assert found.interval == Interval.exactly(Fraction(8))
    assert found.confidence is Confidence.MODERATE
    assert found.why == "reported without a unit, taken as %"


@pytest.mark.parametrize(
    ("elements", "text", "confidence"),
    [
        ({"effectiveDateTime": "2025-06-01"}, "2025-06-01", "high"),
        ({"effectiveInstant": "2025-06-01T08:00:00Z"}, "2025-06-01T08:00:00Z", "high"),
        ({"effectivePeriod": {"start": "2025-05-30", "end": "2025-06-01"}}, "2025-06-01", "high"),
        ({"effectivePeriod": {"start": "2025-05-30"}}, "2025-05-30/", "high"),
        ({"issued": "2025-06-02T08:00:00Z"}, "2025-06-02T08:00:00Z", "moderate"),
        ({"effectiveDateTime": "2025-06-01", "issued": "2025-06-02T08:00:00Z"}, "2025-06-01", "high"),
    ],
)
def test_when(elements: dict[str, Any], text: str, confidence: str) -> None:
    found = read(a1c("8.0 %", None, **elements))
    assert found.when.text == text
    assert found.confidence.value == confidence


def test_a_period_without_end_lasts_until_today() -> None:
    days = read(a1c("8.0 %", None, effectivePeriod={"start": "2025-05-30"})).when.days
    assert (str(days.first), str(days.last)) == ("2025-05-30", "2025-06-15")


UUID = "urn:uuid:11111111-2222-3333-4444-555555555555"


@pytest.mark.parametrize(
    ("more", "specimen", "own"),
    [
        ({"focus": [{"reference": "Patient/p1"}]}, None, True),
        ({"focus": [{"reference": "https://fhir.example/Patient/p1/_history/1"}]}, None, True),
        ({"focus": [{"reference": "Patient/child"}]}, None, False),
        ({"focus": [{"display": "somebody"}]}, None, True),
        ({}, {"reference": "Patient/p1"}, True),
        ({}, {"reference": "Patient/donor"}, False),
        ({}, {"reference": "Group/p1"}, False),
        ({}, {"reference": "urn:uuid:p1"}, True),
        ({}, {}, True),
    ],
)
@pytest.mark.parametrize("contained", [True, False])
def test_whose(more: dict[str, Any], specimen: dict[str, str] | None, own: bool, contained: bool) -> None:
    beside = []
    if specimen is not None:
        part = {"resourceType": "Specimen", "id": "s1", "subject": specimen}
        more = {**more, "specimen": {"reference": "#s1" if contained else "Specimen/s1"}}
        more |= {"contained": [part]} if contained else {}
        beside = [] if contained else [Given(part, "specimen")]
    assert bool(results(chart(a1c("8.0 %", **more), *beside), A1C, PERCENT)) is own


def test_evidence_shows_both_numbers() -> None:
    evidence = read(a1c("60 mmol/mol")).evidence()
    assert (evidence.value, evidence.compared_as, evidence.date) == ("60 mmol/mol", "8 %", "2025-06-01")
    assert read(a1c("8.0 %")).evidence().compared_as is None
    assert read(a1c("8.0 %", status="preliminary")).evidence().value == "8.0 % (preliminary)"


@pytest.mark.parametrize(
    ("value", "blurred", "laboratory"),
    [
        ("7.5 %", True, True), ("7.45 %", False, True), ("7.4 %", False, False), ("7 %", True, True),
        ("8 %", True, True),
        ("7.42 %", False, False), ("7.425 %", False, True), ("7.575 %", False, True), ("7.58 %", False, False),
        ("9 %", False, False), ("<7.5 %", False, False), ("55 mmol/mol", True, True),
    ],
)  # fmt: skip
def test_nearness(value: str, blurred: bool, laboratory: bool) -> None:
    """Half of the last digit: 7.5 +- 0.05, 7 +- 0.5; one percent of 7.5 is 0.075."""
    found = read(a1c(value))
    assert near(found, LIMIT, laboratory=False) is blurred
    assert near(found, LIMIT) is laboratory
    assert not near(None, LIMIT)


# -- which one decides -----------------------------------------------------------------------------------

OLD, NEW = "2025-05-01", "2025-06-01"


@pytest.mark.parametrize(
    ("given", "state", "cause", "value"),
    [
        ([a1c("8 %", NEW)], "value", None, "8 %"),
        ([a1c("8 %", OLD), a1c("7 %", NEW)], "value", None, "7 %"),
        ([a1c("8 %", "2025-03-17")], "value", None, "8 %"),  # day 90
        ([a1c("8 %", "2025-03-16")], "unknown", Cause.STALE, "8 %"),
        ([a1c("8 %", "2025-03")], "unknown", Cause.IMPRECISE_DATE, "8 %"),
        ([a1c("8 %", "2024-06-14")], "unknown", Cause.NONE, None),
        ([], "unknown", Cause.NONE, None),
        ([a1c("8 %", NEW), a1c("7 %", NEW)], "conflict", None, "*"),
        ([a1c("8 %", NEW), a1c("9 %", NEW)], "value", None, "*"),
        ([a1c("8 %", NEW), a1c("58 mmol/mol", NEW)], "value", None, "8 %"),  # one sample in two units
        ([a1c("8 %", "2025-06"), a1c("7 %", NEW)], "unknown", Cause.IMPRECISE_DATE, "*"),
        ([a1c("8 %", OLD), a1c("7 %", NEW, status="preliminary")], "conflict", None, "8 %"),
        ([a1c("8 %", OLD), a1c("9 %", NEW, status="preliminary")], "value", None, "8 %"),
        ([a1c("8 %", NEW), a1c("7 %", OLD, status="preliminary")], "value", None, "8 %"),
        ([a1c("8 %", NEW, status="preliminary")], "unknown", Cause.PRELIMINARY, None),
        ([a1c("8 %", OLD), a1c("high", NEW, text=True)], "unknown", Cause.UNPARSABLE, None),
        ([a1c("8 %", NEW), a1c("high", OLD, text=True)], "value", None, "8 %"),
        ([a1c("8 %", OLD), a1c(None, NEW)], "value", None, "8 %"),
        ([a1c("8 %", OLD), a1c("7 %", "2025-07-01")], "value", None, "8 %"),
        ([a1c("8 %", OLD), a1c("7 %", None)], "value", None, "8 %"),
        ([a1c("7 %", "2025-07-01")], "unknown", Cause.FUTURE, None),
        ([a1c("8 %", OLD), a1c("7 g/dL", NEW)], "unknown", Cause.UNIT_UNKNOWN, None),
    ],
)  # fmt: skip
def test_which_decides(given: list[Given], state: str, cause: Cause | None, value: str | None) -> None:
    for order in (given, given[::-1]):
        found = select(*order)
        assert (found.state, found.cause) == (state, cause)
        if value != "*":
            assert (found.chosen.reported if found.chosen else None) == value
        assert (found.interval is not None) is (state == "value")
        assert bool(found.why) is (state != "value")


@pytest.mark.parametrize(
    ("state", "result", "confidence"),
    [("complete", "value", "high"), ("suppressed", "value", "moderate"), ("truncated", "unknown", "high"),
     ("failed", "unknown", "high"), ("forbidden", "unknown", "high"), ("not-asked", "unknown", "high")],
)  # fmt: skip
def test_a_newer_result_may_have_been_missed(state: str, result: str, confidence: str) -> None:
    found = select(a1c("8 %"), searches={"labs": state})
    assert (found.state, found.confidence.value) == (result, confidence)
    assert found.cause is (Cause.SEARCH if result == "unknown" else None)
    assert len(found.shown) == 1
    if result == "unknown":
        assert found.why == f"the labs search was {state}; a newer result may exist"


def test_nothing_found_where_results_were_held_back() -> None:
    found = select(searches={"labs": "suppressed"})
    assert (found.state, found.cause, found.why) == ("unknown", Cause.SEARCH, "the labs search was suppressed")


def test_an_unreadable_result_may_be_the_newest() -> None:
    broken = resource("Observation", "broken", status="final", valueQuantity={"value": "high"},
                      code={"coding": [{"system": "http://loinc.org", "code": "4548-4"}]})  # fmt: skip
    elsewhere = Given({**broken.resource, "code": {"coding": [{"system": "http://loinc.org", "code": "1-1"}]}}, "other")
    assert select(a1c("8 %"), broken).cause is Cause.UNREADABLE
    assert select(a1c("8 %"), elsewhere).state == "value"
