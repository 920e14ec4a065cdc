"""What a terminology server may add to the value sets, and what it may not draw in."""

from __future__ import annotations

from rules.codes import SNOMED
from rules.datatypes import CodeableConcept, Coding
from rules.expansions import LISTS_ONLY, Expansions, expanded, expression
from rules.trial import Trial
from rules.trial_folder import load_trial
from rules.value_sets import Row, ValueSet, with_concepts


def row(code: str, match: str = "descendants", exceptions: tuple[str, ...] = (), verified: str = "yes") -> Row:
    return Row(SNOMED, code, f"name of {code}", match, exceptions, verified, "list", "")


INFARCT = ValueSet("infarct", "Infarct", [row("22298006", exceptions=("1755008",)), row("57054005")])
OLD = ValueSet("old", "Old infarct", [row("1755008"), row("399211009", "exact")])
SETS = {"infarct": INFARCT, "old": OLD}
FOUND = Expansions(
    {"infarct": {"22298006": "MI", "304914007": "Q wave MI", "399211009": "History of MI"}}, "2025-06-01"
)


def matched(value_set: ValueSet, code: str) -> bool:
    return value_set.find(CodeableConcept([Coding(SNOMED, code)])) is not None


def test_the_expression_leaves_out_what_is_excepted() -> None:
    assert expression(INFARCT) == "(<< 22298006 OR << 57054005) MINUS (<< 1755008)"
    assert expression(OLD) == "<< 1755008"
    assert expression(ValueSet("x", "x", [row("1", "exact"), row("2", verified="no")])) is None


def test_what_lies_under_a_listed_concept_is_matched() -> None:
    sets = expanded(SETS, [("infarct", "old")], FOUND)
    assert not matched(INFARCT, "304914007")
    assert matched(sets["infarct"], "304914007")
    (added,) = [r for r in sets["infarct"] if r.code == "304914007"]
    assert (added.display, added.source) == ("Q wave MI", "terminology server")
    assert [r.code for r in sets["infarct"]].count("22298006") == 1


def test_what_another_value_set_of_the_criterion_lists_stays_with_it() -> None:
    together = expanded(SETS, [("infarct", "old")], FOUND)
    apart = expanded(SETS, [("infarct",), ("old",)], FOUND)
    assert not matched(together["infarct"], "399211009")
    assert matched(apart["infarct"], "399211009")


def test_an_expanded_concept_needs_no_words() -> None:
    sets = with_concepts(expanded(SETS, [("infarct", "old")], FOUND))
    words = ValueSet("w", "w", [Row("text", "infarct", "infarct", "text", (), "yes", "list", "")])
    known = with_concepts({**sets, "words": words})["words"]
    assert known.find_text(CodeableConcept([Coding(SNOMED, "304914007")], "infarct")) is None


def test_it_says_what_is_used() -> None:
    assert str(LISTS_ONLY) == "SNOMED CT: the listed concepts only"
    assert "3 under them in 1 value sets from a terminology server (2025-06-01)" in str(FOUND)


def test_the_trial_is_loaded_with_what_was_found(trial: Trial) -> None:
    """A concept under stroke joins it; one that the criterion lists elsewhere, or as a trap, does not."""
    found = Expansions({"stroke": {"195190007": "Embolic stroke", "266257000": "Transient ischemia"}}, "2025-06-01")
    served = load_trial("rules.nct01374854", found)
    assert matched(served.declaration("E25").value_sets["stroke"], "195190007")
    assert not matched(served.declaration("E25").value_sets["stroke"], "266257000")
    assert not matched(trial.declaration("E25").value_sets["stroke"], "195190007")
    assert (trial.expansions, served.expansions) == (LISTS_ONLY, found)


def test_maturity_onset_diabetes_is_no_type_1_diabetes(trial: Trial) -> None:
    assert expression(trial.value_sets["t1dm"]) == "(<< 46635009 OR << 420868002) MINUS (<< 609561005 OR << 426875007)"
