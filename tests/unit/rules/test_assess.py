"""From findings to results: softening, gaps, and the form in which an assessment is printed."""

from __future__ import annotations

import gc
import json
import weakref
from dataclasses import replace
from datetime import UTC, date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from rules.assess import Executor, assess, data_gaps, decide
from rules.assessment import (
    Assessment,
    Basis,
    Confidence,
    CriterionResult,
    Effect,
    Evidence,
    Kind,
    Status,
    effect_of,
)  # fmt: skip
from rules.criterion import Finding, TrialSettings
from rules.decision import Rule
from rules.trial import Evaluable, Trial
from tests.criteria.given import TODAY, diagnosis, lab, medication, patient
from tests.criteria.tables import record

PERSON = [patient("1992-03-01"), diagnosis("icd10cm:E10.9", onset="2015-04-01"), medication("insulin glargine"),
          lab("4548-4", "68 mmol/mol", "2025-05-20"), lab("13037-7", "0.1 ng/mL", "2025-05-20")]  # fmt: skip

IDS = [*(f"H{n}" for n in range(1, 4)), *(f"I{n}" for n in range(1, 9)), *(f"E{n}" for n in range(1, 32))]
ASSESSMENT_KEYS = [
    "source",
    "trial",
    "rulesVersion",
    "evaluatedOn",
    "patient",
    "verdict",
    "reasons",
    "criteria",
]
CRITERION_KEYS = ["id", "kind", "text", "status", "effect", "confidence", "basis", "summary", "rule", "nearThreshold",
                  "recheckOn", "evidence", "missing", "interpretation"]  # fmt: skip
EVIDENCE_KEYS = ["reference", "display", "value", "comparedAs", "date"]


@pytest.fixture(scope="module")
def printed(trial: Trial, durable: Executor) -> dict[str, Any]:
    result = assess(record(PERSON, {}), trial, durable, TODAY, UTC)
    loaded: dict[str, Any] = json.loads(json.dumps(result.to_json("p1.json")))
    return loaded


def test_a_record_goes_when_it_has_been_assessed(trial: Trial, durable: Executor) -> None:
    """Without the garbage collector, which workers let run so seldom that whole charts would pile up."""
    charted = record(PERSON, {})
    seen = weakref.ref(charted)
    gc.disable()
    try:
        assess(charted, trial, durable, TODAY, UTC)
        del charted
        assert seen() is None
    finally:
        gc.enable()


def test_the_printed_form_has_exactly_these_keys_in_this_order(printed: dict[str, Any]) -> None:
    assert list(printed) == ASSESSMENT_KEYS
    for criterion in printed["criteria"]:
        assert list(criterion) == CRITERION_KEYS
        for evidence in criterion["evidence"]:
            assert list(evidence) == EVIDENCE_KEYS


def test_every_criterion_is_printed_in_the_order_of_the_record(printed: dict[str, Any]) -> None:
    assert [criterion["id"] for criterion in printed["criteria"]] == IDS
    kinds = {"H": "header", "I": "inclusion", "E": "exclusion"}
    assert all(c["kind"] == kinds[c["id"][0]] for c in printed["criteria"])


def test_the_printed_words_are_those_of_the_contract(printed: dict[str, Any]) -> None:
    assert (printed["source"], printed["trial"], printed["patient"]) == ("p1.json", "NCT01374854", "p1")
    assert printed["evaluatedOn"] == "2025-06-15"
    assert printed["verdict"] == "possibly-eligible"
    assert all(isinstance(reason, str) and reason for reason in printed["reasons"])
    for criterion in printed["criteria"]:
        assert criterion["status"] in ("met", "not-met", "unknown", "needs-judgement")
        assert criterion["effect"] in ("supports", "blocks", "open")
        assert criterion["confidence"] in ("high", "moderate", "low")
        assert criterion["basis"] in ("direct", "surrogate", "derived", "absence-of-record", "human-only")
        assert criterion["rule"].startswith(criterion["id"] + ".")
        assert isinstance(criterion["nearThreshold"], bool)
        assert bool(criterion["missing"]) is (criterion["effect"] == "open")
        assert "{" not in criterion["summary"], "a word of the sentence was not filled in"


def test_evidence_is_printed_as_received_and_as_compared(printed: dict[str, Any]) -> None:
    hba1c = next(c for c in printed["criteria"] if c["id"] == "I8")
    assert (hba1c["status"], hba1c["nearThreshold"], hba1c["recheckOn"]) == ("met", False, None)
    (evidence,) = hba1c["evidence"]
    assert (evidence["value"], evidence["comparedAs"], evidence["date"]) == (
        "68 mmol/mol",
        "8.3726 %",
        "2025-05-20",
    )
    assert evidence["reference"].startswith("Observation/")


def test_a_day_is_printed_as_a_day() -> None:
    result = CriterionResult("E3", Kind.EXCLUSION, "", "", Status.MET, Effect.BLOCKS,
                             Confidence.HIGH, Basis.DIRECT, "", "E3.x",
                             recheck_on=date(2025, 7, 1), evidence=(Evidence("Observation/1", "CRP"),))  # fmt: skip
    assert result.to_json()["recheckOn"] == "2025-07-01"
    assert result.to_json()["evidence"] == [{"reference": "Observation/1", "display": "CRP", "value": None,
                                             "comparedAs": None, "date": None}]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "effects"),
    [
        (
            Kind.INCLUSION,
            {"met": "supports", "not-met": "blocks", "unknown": "open", "needs-judgement": "open"},
        ),
        (
            Kind.EXCLUSION,
            {"met": "blocks", "not-met": "supports", "unknown": "open", "needs-judgement": "open"},
        ),
        (Kind.HEADER, {"met": "supports", "not-met": "blocks", "unknown": "open", "needs-judgement": "open"}),
    ],
)
def test_effects(kind: Kind, effects: dict[str, str]) -> None:
    assert {status.value: effect_of(kind, status).value for status in Status} == effects


def test_confidence_is_the_weaker() -> None:
    low, moderate, high = Confidence.LOW, Confidence.MODERATE, Confidence.HIGH
    assert [a.at_most(b) for a, b in ((high, low), (low, high), (moderate, high), (moderate, moderate))] == [
        low, low, moderate, moderate,
    ]  # fmt: skip


def test_an_assessment_is_asked_by_id_and_effect(trial: Trial, reference: Executor) -> None:
    result: Assessment = assess(record(PERSON, {}), trial, reference, TODAY, UTC)
    assert result["I8"].id == "I8"
    with pytest.raises(KeyError):
        result["I9"]
    for effect in Effect:
        chosen = result.with_effect(effect)
        assert all(r.effect is effect and r.kind is not Kind.HEADER for r in chosen)
        assert [r.id for r in chosen] == [i for i in IDS if i in {r.id for r in chosen}]


# -- how a finding becomes a result ----------------------------------------------------------------------


def decided(
    trial: Trial, criterion: str, status: Status, rule: dict[str, Any] | None = None, **found: Any
) -> CriterionResult:
    """Return the result of ``criterion`` when it finds ``found`` and one rule gives ``status``."""
    table = (Rule("only", (), status, "It is {what}.", **(rule or {})),)
    finding = Finding(fact={"a": 1}, words={"what": "so"}, **found)
    changed = replace(trial, evaluables={criterion: Evaluable(lambda _chart: finding, table)})
    executor = Executor(_Always(), _Always())
    declarations = [trial.declaration(criterion)]
    return decide(record(PERSON, {}), changed, executor, declarations, TODAY, UTC, TrialSettings())[0]


class _Always:
    def deciding(self, facts: Any) -> dict[str, str]:
        return dict.fromkeys(facts, "only")


def test_notes_follow_the_sentence_of_the_rule(trial: Trial) -> None:
    result = decided(trial, "I8", Status.MET, notes=("One.", "Two."))
    assert result.summary == "It is so. One. Two."
    assert result.rule == "I8.only"


@pytest.mark.parametrize(
    ("criterion", "status", "near", "confidence", "softened"),
    [
        ("E3", Status.MET, True, Confidence.HIGH, True),  # a laboratory value near its limit
        ("E3", Status.MET, False, Confidence.HIGH, False),
        ("E3", Status.MET, False, Confidence.MODERATE, False),
        ("E3", Status.MET, False, Confidence.LOW, True),  # text alone
        ("E3", Status.NOT_MET, True, Confidence.LOW, False),  # does not block
        ("E3", Status.UNKNOWN, True, Confidence.LOW, False),
        ("I8", Status.NOT_MET, True, Confidence.HIGH, True),
        ("I8", Status.MET, True, Confidence.HIGH, False),
        ("E4", Status.MET, True, Confidence.HIGH, False),  # blood pressure is no laboratory result
        ("E1", Status.MET, True, Confidence.HIGH, False),
        ("I5", Status.NOT_MET, True, Confidence.HIGH, False),
        ("I5", Status.NOT_MET, False, Confidence.LOW, True),
    ],
)
def test_softening(
    trial: Trial, criterion: str, status: Status, near: bool, confidence: Confidence, softened: bool
) -> None:
    result = decided(trial, criterion, status, near_threshold=near, confidence=confidence)
    assert result.softened is softened
    assert result.near_threshold is near


def test_a_rule_of_low_confidence_softens_too(trial: Trial) -> None:
    assert decided(trial, "E22", Status.MET, {"confidence": Confidence.LOW}).softened
    assert decided(trial, "E22", Status.MET, {"confidence": Confidence.LOW}).confidence is Confidence.LOW


def test_basis_of_the_finding_wins(trial: Trial) -> None:
    assert decided(trial, "I8", Status.MET, {"basis": Basis.ABSENCE}).basis is Basis.ABSENCE
    assert decided(trial, "I8", Status.MET, {"basis": Basis.ABSENCE}, basis=Basis.DERIVED).basis is Basis.DERIVED


def test_a_day_to_look_again_only_for_a_block(trial: Trial) -> None:
    day = date(2025, 7, 1)
    assert decided(trial, "I8", Status.NOT_MET, recheck_on=day).recheck_on == day
    assert decided(trial, "I8", Status.MET, recheck_on=day).recheck_on is None
    assert decided(trial, "I8", Status.UNKNOWN, recheck_on=day).recheck_on is None


def test_what_would_settle_it_only_while_open(trial: Trial) -> None:
    declared = trial.declaration("I8").settled_by
    assert decided(trial, "I8", Status.UNKNOWN).missing == (declared,)
    assert decided(trial, "I8", Status.NEEDS_JUDGEMENT, missing=("a repeat",)).missing == ("a repeat",)
    assert decided(trial, "I8", Status.MET, missing=("a repeat",)).missing == ()
    assert decided(trial, "I8", Status.NOT_MET).missing == ()


# -- the rest --------------------------------------------------------------------------------------------


def test_gaps_are_told_in_words() -> None:
    foreign = diagnosis("icd10cm:J45.909", subject={"reference": "Patient/other"})
    broken = diagnosis("icd10cm:J45.909", onsetAge={"value": "many"}, id="c9")
    found = record([*PERSON, foreign, broken], {"labs": "failed", "procedures": "unsupported"})
    assert data_gaps(found) == (
        "labs: the labs search was failed", "Condition/c9 could not be read",
        "1 resource of another subject left out",
    )  # fmt: skip
    assert data_gaps(record(PERSON, {})) == ()
    (gap,) = data_gaps(record(PERSON, {"flags": "failed"}))
    assert gap == "flags: the flags search was failed; an opt-out from research cannot be ruled out"


def test_the_day_is_taken_in_the_zone_given(trial: Trial, reference: Executor) -> None:
    """Half past one in the night of the 15th in Berlin is still the 14th in UTC, and the future on that day."""
    person = [*PERSON[:3], lab("4548-4", "8.0 %", "2025-06-14T23:30:00Z")]
    on = date(2025, 6, 14)
    in_utc, in_berlin = (
        assess(record(person, {}), trial, reference, on, zone)["I8"].status for zone in (UTC, ZoneInfo("Europe/Berlin"))
    )
    assert (in_utc, in_berlin) == (Status.MET, Status.UNKNOWN)


def test_the_same_input_gives_the_same_answer(trial: Trial, durable: Executor, reference: Executor) -> None:
    first = assess(record(PERSON, {}), trial, durable, TODAY, UTC)
    assert assess(record(PERSON, {}), trial, durable, TODAY, UTC) == first
    assert assess(record(PERSON, {}), trial, reference, TODAY, UTC) == first
