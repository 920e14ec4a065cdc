"""The verdict: every row of its table decides somebody, and no change of a row goes unnoticed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, timedelta, timezone
from typing import Any

import pytest

from rules.assess import Executor, passes_gates
from rules.assessment import Status, Verdict
from rules.criterion import Finding, TrialSettings
from rules.nct01374854.verdict import (
    GATE_RULES,
    HUMAN,
    MAY_BE_JUDGED,
    MUST_BE_MET,
    RULES,
    is_test_patient,
    tally,
)
from rules.trial import Trial
from tests.criteria.given import TODAY, Given, diagnosis, medication, patient, resource
from tests.criteria.tables import record
from tests.criteria.test_rules import answers, deciding, mutants
from tests.support.assessments import result

IDS = [*(f"H{n}" for n in range(1, 4)), *(f"I{n}" for n in range(1, 9)), *(f"E{n}" for n in range(1, 32))]
MET, NOT_MET, UNKNOWN, JUDGE = Status.MET, Status.NOT_MET, Status.UNKNOWN, Status.NEEDS_JUDGEMENT


@dataclass(frozen=True)
class Person:
    """Somebody in whom everything fits, but for ``but``: what a criterion says instead."""

    name: str
    verdict: Verdict
    rule: str
    but: dict[str, Status] = field(default_factory=dict)
    softened: tuple[str, ...] = ()
    given: tuple[Given, ...] = ()
    settings: TrialSettings = field(default_factory=TrialSettings)

    def tally(self, trial: Trial) -> Finding:
        fits = {name: JUDGE if name in HUMAN else NOT_MET if name[0] == "E" else MET for name in IDS}
        results = [
            result(name, status, softened=name in self.softened) for name, status in {**fits, **self.but}.items()
        ]
        return tally(record(self.given, {}), results, trial.value_sets, TODAY, UTC, self.settings)


def flag(text: str, status: str = "active", end: str | None = None, **more: Any) -> Given:
    period = {"period": {"end": end}} if end else {}
    return resource("Flag", f"flag {text}", status=status, **{"code": {"text": text}, **period, **more})


def consent(
    kind: str = "deny", status: str = "active", scope: str = "research", end: str | None = None, **provision: Any
) -> Given:
    period = {"period": {"end": end}} if end else {}
    return resource("Consent", f"{kind} {scope}", status=status, provision={"type": kind, **period, **provision},
                    scope={"coding": [{"code": scope}]})  # fmt: skip


HTEST = {"tag": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}]}
POTENTIALLY, POSSIBLY = Verdict.POTENTIALLY_ELIGIBLE, Verdict.POSSIBLY_ELIGIBLE
TOO_LITTLE, NOT_ELIGIBLE, NOT_APPLICABLE = (
    Verdict.INSUFFICIENT_DATA,
    Verdict.NOT_ELIGIBLE,
    Verdict.NOT_APPLICABLE,
)

PEOPLE = [
    Person("everything fits", POTENTIALLY, "all-met"),
    Person("age and diabetes by judgement", POTENTIALLY, "all-met", {"I1": JUDGE, "I4": JUDGE}),
    Person("an exclusion by judgement", POTENTIALLY, "all-met", {"E14": JUDGE}),
    Person("what only a person knows is unknown", POTENTIALLY, "all-met", dict.fromkeys(HUMAN, UNKNOWN)),
    Person("a header says no", POTENTIALLY, "all-met", {"H1": NOT_MET, "H2": UNKNOWN, "H3": NOT_MET}),
    *(Person(f"{name} unknown", POSSIBLY, "some-open", {name: UNKNOWN})
      for name in ("I1", "I5", "I6", "I7", "I8", "E3", "E30")),
    *(Person(f"{name} by judgement", POSSIBLY, "some-open", {name: JUDGE}) for name in MUST_BE_MET),
    Person("only the C-peptide known", POSSIBLY, "some-open", {"I8": UNKNOWN, "E1": UNKNOWN}),
    Person("only the HbA1c known", POSSIBLY, "some-open", {"I7": UNKNOWN, "E1": UNKNOWN}),
    Person("neither known", TOO_LITTLE, "too-little", {"I7": UNKNOWN, "I8": UNKNOWN}),
    Person("one by judgement, one unknown", TOO_LITTLE, "too-little", {"I7": JUDGE, "I8": UNKNOWN}),
    Person("diabetes unknown", TOO_LITTLE, "too-little", {"I4": UNKNOWN}),
    *(Person(f"{name} blocks", NOT_ELIGIBLE, "blocked", {name: NOT_MET}) for name in ("I5", "I6", "I7", "I8")),
    *(Person(f"E{n} blocks", NOT_ELIGIBLE, "blocked", {f"E{n}": MET}) for n in range(1, 32)),
    Person("two block", NOT_ELIGIBLE, "blocked", {"I7": NOT_MET, "E1": MET}),
    Person("blocked, and neither known", NOT_ELIGIBLE, "blocked", {"E22": MET, "I7": UNKNOWN, "I8": UNKNOWN}),
    Person("a borderline block", POSSIBLY, "some-open", {"E3": MET}, ("E3",)),
    Person("a borderline HbA1c", POSSIBLY, "some-open", {"I8": NOT_MET}, ("I8",)),
    Person("borderline HbA1c, C-peptide unknown", TOO_LITTLE, "too-little", {"I8": NOT_MET, "I7": UNKNOWN}, ("I8",)),
    Person("one borderline, one firm", NOT_ELIGIBLE, "blocked", {"E3": MET, "E1": MET}, ("E3",)),
    Person("too young or too old", NOT_APPLICABLE, "age-outside", {"I1": NOT_MET}),
    Person("age outside, borderline", NOT_APPLICABLE, "age-outside", {"I1": NOT_MET}, ("I1",)),
    Person("no type 1 diabetes", NOT_APPLICABLE, "no-type-1", {"I4": NOT_MET}),
    Person("no type 1 diabetes, borderline", NOT_APPLICABLE, "no-type-1", {"I4": NOT_MET}, ("I4",)),
    Person("neither age nor diabetes", NOT_APPLICABLE, "age-outside", {"I1": NOT_MET, "I4": NOT_MET}),
    Person("has died", NOT_APPLICABLE, "deceased", given=(patient(deceasedBoolean=True),)),
    Person("died on a day", NOT_APPLICABLE, "deceased", given=(patient(deceasedDateTime="2025-06-01"),)),
    Person("died, and too old", NOT_APPLICABLE, "deceased", {"I1": NOT_MET}, given=(patient(deceasedBoolean=True),)),
    Person("has not died", POTENTIALLY, "all-met", given=(patient(deceasedBoolean=False),)),
    Person("a test patient", NOT_APPLICABLE, "test-patient", given=(patient(meta=HTEST),)),
    Person("a test patient who died", NOT_APPLICABLE, "test-patient",
           given=(patient(meta=HTEST, deceasedBoolean=True),)),
    Person("a test patient in the sandbox", POTENTIALLY, "all-met", given=(patient(meta=HTEST),),
           settings=TrialSettings(assess_test_patients=True)),
    Person("consent denied", NOT_APPLICABLE, "opted-out", given=(consent(),)),
    Person("a test patient who denies", NOT_APPLICABLE, "opted-out", given=(consent(), patient(meta=HTEST))),
    Person("consent denied, and blocked", NOT_APPLICABLE, "opted-out", {"E1": MET}, given=(consent(),)),
    Person("consent given", POTENTIALLY, "all-met", given=(consent("permit"),)),
    Person("flagged", NOT_APPLICABLE, "opted-out", given=(flag("Opted out of research"),)),
]  # fmt: skip


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.name)
def test_verdict(person: Person, trial: Trial, durable: Executor, reference: Executor) -> None:
    fact = person.tally(trial).fact
    rule = deciding(RULES, fact)
    assert rule is not None
    assert (rule.name, rule.status) == (person.rule, person.verdict)
    fired = durable.verdict.fired({"verdict": fact})
    assert fired == reference.verdict.fired({"verdict": fact})


def test_every_rule_decides_somebody() -> None:
    assert {person.rule for person in PEOPLE} == {rule.name for rule in RULES}


def test_no_change_of_a_rule_goes_unnoticed(trial: Trial) -> None:
    lines: list[Any] = [(person, person.tally(trial).fact) for person in PEOPLE]
    right = answers(RULES, lines)
    survivors = [name for name, mutant in mutants(RULES) if answers(mutant, lines) == right]
    assert not survivors, "nobody notices these changes:\n" + "\n".join(survivors)


def test_the_reasons_name_what_blocks(trial: Trial) -> None:
    found = Person("", NOT_ELIGIBLE, "blocked", {"E1": MET, "E3": MET, "I1": NOT_MET}, ("E3",)).tally(trial)
    assert list(found.notes) == ["E1 Label of E1: Finding of E1.", "E3 Label of E3: Finding of E3."]
    words = (found.words["blocking"], found.words["borderline"], found.words["age"])
    assert words == ("2 criteria block", ", 1 borderline", "Finding of I1.")


def test_what_is_not_borderline_is_not_counted(trial: Trial) -> None:
    assert Person("", NOT_ELIGIBLE, "blocked", {"E1": MET}).tally(trial).words["borderline"] == ""


def test_the_criteria_named_here_exist(trial: Trial) -> None:
    declared = {d.id: d for d in trial.declarations}
    assert {*HUMAN, *MAY_BE_JUDGED, *MUST_BE_MET} <= set(declared)
    assert {name for name, d in declared.items() if d.consequence == "human" and d.id[0] != "H"} == HUMAN
    assert {f"{name}.{rule.name}" for name in trial.gates for rule in trial.tables[name]} >= GATE_RULES
    assert {name.partition(".")[0] for name in GATE_RULES} == set(trial.gates)


# -- opting out ------------------------------------------------------------------------------------------


def opted_out(trial: Trial, *given: Given, on: date = TODAY, zone: Any = UTC) -> Any:
    results = [result(name) for name in IDS]
    return tally(record(given, {}), results, trial.value_sets, on, zone, TrialSettings()).fact["opted_out"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([consent()], True),
        ([consent(end="2025-06-15")], True),
        ([consent(end="2025-06-14")], False),
        ([consent(period={"start": "2025-06-15"})], True),
        ([consent(period={"start": "2025-06-16"})], False),
        ([consent(provision=[{"type": "permit"}])], False),
        ([consent(provision=[{"type": "deny", "provision": [{"type": "permit"}]}])], False),
        ([consent(provision=[{"type": "deny"}])], True),
        ([consent(provision=[{"type": "permit"}]), consent()], True),
        ([consent("permit", provision=[{"type": "deny"}])], False),
        ([consent(status="active ")], True),
        ([consent("Deny")], True),
        ([flag("research opt-out", status="Active")], True),
        ([consent(status="inactive")], False),
        ([consent(status="entered-in-error")], False),
        ([consent(scope="patient-privacy")], False),
        ([consent("permit"), consent()], True),
        ([resource("Consent", "no provision", status="active", scope={"coding": [{"code": "research"}]})], False),
        ([resource("Consent", "no scope", status="active", provision={"type": "deny"})], False),
        ([flag("NO RESEARCH")], True),
        ([flag("Patient declines research, see letter")], True),
        ([flag("research  opt-out")], True),
        ([flag("", code={"coding": [{"code": "R1", "display": "Do not contact for research"}]})], True),
        ([flag("research opt-out", status="inactive")], False),
        ([flag("research opt-out", status="entered-in-error")], False),
        ([flag("research opt-out", end="2025-06-14")], False),
        ([flag("research opt-out", end="2025-06-15")], True),
        ([flag("research opt-out", end="2025-06")], True),
        ([flag("research opt-out", end="someday")], True),
        ([flag("Do not contact about research studies")], True),
        ([flag("Falls risk, not a research matter")], True),
        ([resource("Consent", "by category", status="active", provision={"type": "deny"},
                   category=[{"coding": [{"code": "research"}]}])], True),
        ([flag("Falls risk")], False),
        ([flag("research participant")], False),
        ([resource("Flag", "no code", status="active")], False),
        ([], False),
    ],
)  # fmt: skip
def test_opting_out(trial: Trial, given: list[Given], expected: bool) -> None:
    assert opted_out(trial, *given) is expected


def notes(trial: Trial, *given: Given, **searches: str) -> list[str]:
    fits = [result(name, JUDGE if name in HUMAN else NOT_MET if name[0] == "E" else MET) for name in IDS]
    return list(tally(record(given, searches), fits, trial.value_sets, TODAY, UTC, TrialSettings()).notes)


def test_a_consent_that_permits_parts_has_to_be_read(trial: Trial) -> None:
    (note,) = notes(trial, consent(provision=[{"type": "permit"}]))
    assert "read it before this person is addressed" in note
    assert notes(trial, consent()) == []


@pytest.mark.parametrize("search", ["consents", "flags"])
def test_an_opt_out_that_could_not_be_looked_for_is_said(trial: Trial, search: str) -> None:
    (note,) = notes(trial, **{search: "forbidden"})
    assert note == f"Whether this person has opted out of research is not known: the {search} search was forbidden."
    assert notes(trial, consent(), **{search: "forbidden"}) == []
    assert notes(trial, **{search: "unsupported"}) == []


def test_a_flag_ends_on_a_day_of_the_site(trial: Trial) -> None:
    ended = flag("no research", end="2025-06-14T23:30:00Z")
    assert opted_out(trial, ended) is False
    assert opted_out(trial, ended, zone=timezone(timedelta(hours=2))) is True


@pytest.mark.parametrize(
    ("meta", "expected"),
    [
        (HTEST, True),
        ({"security": [{"code": " htest "}]}, True),
        ({"tag": [{"code": "HTESTX"}], "security": [{"code": "R"}]}, False),
        ({"tag": [{"display": "HTEST"}]}, False),
        ({}, False),
        (None, False),
    ],
)
def test_test_patients(meta: dict[str, Any] | None, expected: bool) -> None:
    assert is_test_patient(record([patient(meta=meta) if meta is not None else patient()], {})) is expected


# -- gates -----------------------------------------------------------------------------------------------

T1DM, T2DM = diagnosis("icd10cm:E10.9"), diagnosis("icd10cm:E11.9")
OTHER, UNSPECIFIED = diagnosis("icd10cm:J45.909"), diagnosis("snomed:73211009")
METFORMIN = medication("atc:A10BA02", text="metformin")


@pytest.mark.parametrize(
    ("given", "searches", "passes"),
    [
        ((T1DM,), {}, True),
        ((T1DM, patient("1950-01-01")), {}, False),
        ((T1DM, patient("2010-01-01")), {}, False),
        ((T1DM, patient("2007")), {}, True),
        ((T1DM, patient(None)), {}, True),
        ((T2DM, METFORMIN), {}, False),
        ((OTHER, METFORMIN), {}, False),
        ((T1DM,), {"problems": "failed"}, True),
        # no diagnosis of type 1 arrived, and no result or drug can stand in for one
        ((OTHER,), {"problems": "failed"}, False),
        ((), {"problems": "failed", "diagnoses": "failed"}, False),
        # diabetes of unstated type: antibodies or C-peptide may still tell
        ((UNSPECIFIED, medication("insulin glargine")), {"labs": "not-asked"}, True),
    ],
)
def test_gates_stop_only_what_no_further_data_can_lift(
    trial: Trial, durable: Executor, given: Iterable[Given], searches: dict[str, str], passes: bool
) -> None:
    assert passes_gates(record(given, searches), trial, durable, TODAY, UTC) is passes
