"""Loading a trial: a whole folder loads, and each thing that lacks or contradicts is named, all at once."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import UTC
from fractions import Fraction
from pathlib import Path

import pytest

from rules.assess import Executor, assess, durable_executor, passes_gates, reference_executor
from rules.assessment import Status, Verdict
from rules.record import PatientRecord
from rules.trial import NOT_ASSESSED, Trial
from rules.trial_folder import TrialError, load_trial
from tests.criteria.given import TODAY, Given, diagnosis, lab
from tests.criteria.tables import record

TINY = Path(__file__).parents[2] / "support" / "tiny_trial"
Folder = Callable[[str], Path]


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the tiny trial, importable as ``copied_trial``."""
    folder = tmp_path / "copied_trial"
    shutil.copytree(TINY, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for name in [name for name in sys.modules if name.split(".")[0] == "copied_trial"]:
        del sys.modules[name]


def problems(_copy: Path) -> tuple[str, ...]:
    with pytest.raises(TrialError) as raised:
        load_trial("copied_trial")
    assert all(problem in str(raised.value) for problem in raised.value.problems)
    assert str(raised.value).startswith("The trial folder copied_trial cannot be used:")
    return raised.value.problems


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text, f"{old!r} is not in {file.name}"
    file.write_text(text.replace(old, new, 1))


def test_the_history_begins_with_the_version_that_is_served(copy: Path) -> None:
    text = (copy / "trial.yaml").read_text()
    given = 'history:\n  - {version: "2", date: "2026-01", changes: "A reading."}\n' + text
    (copy / "trial.yaml").write_text(given)
    assert problems(copy) == ("trial.yaml history: the first entry must be that of trial.rules_version",)
    (copy / "trial.yaml").write_text(given.replace("changes", "change"))
    assert set(problems(copy)) > {"trial.yaml history: change is not known", "trial.yaml history: changes is missing"}


def test_a_timeline_names_what_its_criterion_declares(copy: Path) -> None:
    module = copy / "i1_potassium.py"
    module.write_text(
        f"{module.read_text()}\n\nfrom rules.timeline import Timeline\n"
        'TIMELINE = Timeline("potassium", ("sodium",), "minimum", ("later",))\n'
    )
    assert problems(copy) == (
        "i1_potassium.py: the timeline's value set sodium is not declared",
        "i1_potassium.py: the timeline's limit minimum is not declared",
        "i1_potassium.py: the timeline's window later is not declared",
    )


# -- a whole folder --------------------------------------------------------------------------------------


def test_nothing_outside_the_folder_is_needed(copy: Path) -> None:
    trial = load_trial("copied_trial")
    assert trial.id == "TINY"
    assert [d.id for d in trial.declarations] == ["I1", "E1"]
    assert trial.declaration("I1").limits["maximum"].value == Fraction("3.5")
    assert trial.declaration("I1").laboratory
    assert not trial.declaration("E1").laboratory
    assert trial.gates == {"I1"}
    with pytest.raises(KeyError):
        trial.declaration("I9")


LOW, HIGH = lab("2823-3", "3.1 mEq/L", "2025-06-10"), lab("2823-3", "3.5 mmol/L", "2025-06-10")
GOUT, OTHER = diagnosis("icd10cm:M10.9"), diagnosis("icd10cm:J45.909")


@pytest.mark.parametrize("executor_of", [durable_executor, reference_executor])
@pytest.mark.parametrize(
    ("given", "verdict", "gate"),
    [
        ((LOW, OTHER), Verdict.POTENTIALLY_ELIGIBLE, True),
        ((LOW, GOUT), Verdict.NOT_ELIGIBLE, True),
        ((HIGH, OTHER), Verdict.NOT_ELIGIBLE, False),
        ((LOW,), Verdict.POSSIBLY_ELIGIBLE, True),
        ((OTHER,), Verdict.POSSIBLY_ELIGIBLE, True),
    ],
)
def test_a_tiny_trial_is_assessed(
    executor_of: Callable[[Trial], Executor], given: tuple[Given, ...], verdict: Verdict, gate: bool
) -> None:
    trial = load_trial("tests.support.tiny_trial")
    executor, person = executor_of(trial), record(given, {})
    assert assess(person, trial, executor, TODAY, UTC).verdict is verdict
    assert passes_gates(person, trial, executor, TODAY, UTC) is gate


def test_a_trial_without_gates_is_refused(copy: Path) -> None:
    change(copy / "trial.yaml", "gates: {potassium: I1}\n", "")
    assert problems(copy) == ("trial.yaml: gates is missing",)


def test_a_criterion_without_module_stays_unknown(copy: Path) -> None:
    change(copy / "trial.yaml", "    module: e1_gout\n", "")
    trial = load_trial("copied_trial")
    assert trial.evaluables["E1"] is NOT_ASSESSED
    person: PatientRecord = record((LOW, GOUT), {})
    result = assess(person, trial, durable_executor(trial), TODAY, UTC)
    assert result["E1"].status is Status.UNKNOWN
    assert result["E1"].missing == ("a later version of this service",)
    assert result.verdict is Verdict.POSSIBLY_ELIGIBLE


# -- what lacks ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ("trial.yaml", "trial.yaml is missing"),
        ("units.yaml", "units.yaml is missing"),
        ("value_sets/gout.csv", "value_sets/gout.csv is declared and missing"),
        ("i1_potassium.py", "i1_potassium.py is declared (I1) and missing"),
        ("verdict.py", "verdict.py is missing"),
    ],
)
def test_a_missing_file(copy: Path, file: str, problem: str) -> None:
    (copy / file).unlink()
    assert problem in problems(copy)


def test_a_missing_folder_of_value_sets(copy: Path) -> None:
    shutil.rmtree(copy / "value_sets")
    assert "value_sets/potassium.csv is declared and missing" in problems(copy)


def test_what_a_module_itself_lacks_is_not_blamed_on_the_folder(copy: Path) -> None:
    change(copy / "e1_gout.py", "from rules.assessment", "import no_such_library\nfrom rules.assessment")
    with pytest.raises(ModuleNotFoundError, match="no_such_library"):
        load_trial("copied_trial")


CRITERION = "trial.yaml criterion I1"
YAML_FAULTS = [
    ("    label: \"Low potassium\"\n", "", f"{CRITERION}: label is missing"),
    ("    text: \"Potassium below 3.5 mmol/L\"\n", "    text: \" \"\n", f"{CRITERION}: text is missing"),
    ("    reason: \"Potassium changes quickly [S1].\"\n", "", f"{CRITERION}: reason is missing"),
    ("    settled_by: \"a potassium of the last 30 days\"\n", "", f"{CRITERION}: settled_by is missing"),
    ("    computability: computable\n", "    computability: easy\n",
     f"{CRITERION}: computability must be one of computable, partly, human-only"),
    ("    consequence: transient\n", "    consequence: bad\n",
     f"{CRITERION}: consequence must be one of immutable, transient, human"),
    ("    kind: inclusion\n", "    kind: condition\n",
     f"{CRITERION}: kind must be one of header, inclusion, exclusion"),
    ("    kind: inclusion\n", "", f"{CRITERION}: kind must be one of header, inclusion, exclusion"),
    ("    limits:\n", "    limit:\n", f"{CRITERION}: limit is not known"),
    ("    value_sets: [potassium]\n", "    value_sets: [sodium]\n", f"{CRITERION}: value set sodium is not declared"),
    ("    value_sets: [potassium]\n", "", "value set potassium is used by no criterion"),
    ("    sources: [S1]\n", "", f"{CRITERION}: no source is cited"),
    ("    sources: [S1]\n", "    sources: [S1, S2]\n", "source S2 is cited and not listed"),
    ("{value: \"3.5\", unit", "{value: \"low\", unit", f"{CRITERION}: ValueError: Invalid literal for Fraction: 'low'"),
    ("value: \"3.5\", unit: \"mmol/L\", source: \"protocol [S1]\"", "value: \"3.5\", unit: \"mmol/L\"",
     f"{CRITERION}: KeyError: 'source'"),
    ("{days: 30, source", "{source", f"{CRITERION}: window decide must have either days or months"),
    ("{days: 30, source", "{days: 30, months: 1, source",
     f"{CRITERION}: window decide must have either days or months"),
    ("  - id: E1\n", "  - id: I1\n", "trial.yaml: criterion I1 is declared twice"),
    ("  - id: I1\n", "  - kind2: x\n", "trial.yaml criterion 1: id is missing"),
    ("gates: {potassium: I1}", "gates: {potassium: I9}", "trial.yaml: gate I9 is not a declared criterion"),
    ("verdict: {value_sets: [opt_out]}", "verdict: {value_sets: [opt_in]}",
     "trial.yaml verdict: value set opt_in is not declared"),
    ("verdict: {value_sets: [opt_out]}", "", "value set opt_out is used by no criterion"),
    ("  gout: \"Gout\"\n", "", "value_sets/gout.csv is not declared in trial.yaml"),
    ("  id: TINY\n", "", "trial.yaml: trial.id is missing"),
    ("  service_id: tiny-screening\n", "", "trial.yaml: trial.service_id is missing"),
    ("  rules_version: \"1\"\n", "", "trial.yaml: trial.rules_version is missing"),
    ("    verified: \"2025-01\"\n", "", "trial.yaml trial.registry: verified is missing"),
    ("    verified: \"2025-01\"\n", "    checked: \"2025-01\"\n", "trial.yaml trial.registry: checked is not known"),
    ("sources:\n  S1: \"The protocol of the tiny trial.\"\n", "", "trial.yaml: sources is missing"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "problem"), YAML_FAULTS, ids=[problem for _o, _n, problem in YAML_FAULTS])
def test_a_fault_of_trial_yaml(copy: Path, old: str, new: str, problem: str) -> None:
    change(copy / "trial.yaml", old, new)
    assert problem in problems(copy)


UNIT_FAULTS = [
    ("aliases:\n  \"mmol/L\": [\"mEq/L\"]\n", "", "units.yaml: aliases is missing"),
    ("[\"mEq/L\"]", "[\"mEq/L\"]\n  \"x\": [\"MEQ/L\"]", "units.yaml: unit 'MEQ/L' is given as 'mmol/L' and as 'x'"),
    ("  canonical: \"mmol/L\"\n", "", "units.yaml potassium: KeyError: 'canonical'"),
    ("factor: \"1\"", "factor: \"one\"", "units.yaml potassium: ValueError: Invalid literal for Fraction: 'one'"),
    ("factor: \"1\"", "faktor: \"1\"",
     "units.yaml potassium: ValueError: a conversion has factor, divisor and offset, not faktor"),
    ("    \"mmol/L\": {factor", "    \"mg/dL\": {factor", "units.yaml potassium: mg/dL is no canonical spelling"),
    ("    \"mmol/L\": {factor", "    \"mEq/L\": {factor", "units.yaml potassium: mEq/L is no canonical spelling"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "problem"), UNIT_FAULTS, ids=[problem for _o, _n, problem in UNIT_FAULTS])
def test_a_fault_of_units_yaml(copy: Path, old: str, new: str, problem: str) -> None:
    change(copy / "units.yaml", old, new)
    assert problem in problems(copy)


def test_a_fault_of_a_value_set_names_file_and_line(copy: Path) -> None:
    change(copy / "value_sets" / "gout.csv", "prefix", "perhaps")
    assert any(p.startswith("gout.csv line 2: match must be one of") for p in problems(copy))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("RULES = (", "TABLE = (", "e1_gout.py: module 'copied_trial.e1_gout' has no attribute 'RULES'"),
        ("def find(", "def look(", "e1_gout.py: module 'copied_trial.e1_gout' has no attribute 'find'"),
        ('"no-gout"', '"gout"', "e1_gout.py: E1: two rules share a name"),
        ("field.found", "field.id", "e1_gout.py: E1.gout (id = true): the field name 'id' is reserved"),
    ],
)
def test_a_fault_of_a_module(copy: Path, old: str, new: str, problem: str) -> None:
    change(copy / "e1_gout.py", old, new)
    assert any(p.startswith(problem) for p in problems(copy))


@pytest.mark.parametrize("name", ["tally", "RULES", "GATE_RULES"])
def test_a_fault_of_the_verdict(copy: Path, name: str) -> None:
    change(
        copy / "verdict.py",
        f"def {name}" if name == "tally" else f"\n{name}",
        f"\ndef _{name}" if name == "tally" else f"\n_{name}",
    )
    assert problems(copy) == (f"verdict.py: {name} is missing",)


@pytest.mark.parametrize("file", ["trial.yaml", "units.yaml"])
def test_what_is_not_yaml(copy: Path, file: str) -> None:
    (copy / file).write_text("a: [1")
    assert problems(copy)[0].startswith(f"{file} is not YAML: ")
    (copy / file).write_text("- a list")
    assert problems(copy) == (f"{file} must be a mapping",)


CARE = """
indication: {system: "http://snomed.info/sct", code: "1", display: Potassium}
note: "Routine care."
onset: I1
tests:
  - id: potassium
    name: Potassium
    criterion: I1
    results: [potassium]
    searches: [labs]
    every: {months: 12, source: "protocol [S1]"}
    order: {system: "http://loinc.org", code: "2823-3", display: Potassium}
    ordered_as: {codes: [], words: [potassium]}
"""
CARE_MODULE = "def latest_onset(chart):\n    return None\n"


def test_tests_of_routine_care_are_declared_in_a_file_of_their_own(copy: Path) -> None:
    assert load_trial("copied_trial").standard_of_care is None
    (copy / "standard_of_care.yaml").write_text(CARE)
    (copy / "standard_of_care.py").write_text(CARE_MODULE)
    care = load_trial("copied_trial").standard_of_care
    assert care is not None
    assert [test.id for test in care.tests] == ["potassium"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("onset: I1", "onset: I9", "standard_of_care.yaml: criterion I9 is not declared"),
        ("criterion: I1", "criterion: E1", "standard_of_care.yaml potassium: E1 has no value set potassium"),
        ("results: [potassium]", "results: [sodium]", "value set sodium is not declared"),
        ("    name: Potassium\n", "", "standard_of_care.yaml: KeyError: 'name'"),
        ("    name: Potassium", "    named: x\n    name: Potassium", "potassium: named is not known"),
        (
            "every: {",
            "above_goal: {from: '5', analyte: none, months: 1, source: s}\n    every: {",
            "analyte none is not",
        ),
    ],
)
def test_a_fault_of_the_tests_of_routine_care(copy: Path, old: str, new: str, problem: str) -> None:
    assert old in CARE
    (copy / "standard_of_care.yaml").write_text(CARE.replace(old, new, 1))
    (copy / "standard_of_care.py").write_text(CARE_MODULE)
    assert any(problem in found for found in problems(copy))


def test_tests_of_routine_care_need_their_module(copy: Path) -> None:
    (copy / "standard_of_care.yaml").write_text(CARE)
    assert "standard_of_care.py is missing" in problems(copy)


def test_all_faults_are_told_at_once(copy: Path) -> None:
    change(copy / "trial.yaml", '    label: "Low potassium"\n', "")
    change(copy / "units.yaml", '  canonical: "mmol/L"\n', "")
    (copy / "value_sets" / "gout.csv").unlink()
    found = problems(copy)
    for part in ("label is missing", "KeyError: 'canonical'", "gout.csv is declared and missing"):
        assert any(part in problem for problem in found), part


# -- the trial that ships --------------------------------------------------------------------------------


def test_the_trial_has_the_records_criteria_in_order(trial: Trial) -> None:
    expected = [f"H{n}" for n in range(1, 4)] + [f"I{n}" for n in range(1, 9)] + [f"E{n}" for n in range(1, 32)]
    assert [d.id for d in trial.declarations] == expected
    kinds = {"H": "header", "I": "inclusion", "E": "exclusion"}
    assert all(d.kind == kinds[d.id[0]] for d in trial.declarations)
