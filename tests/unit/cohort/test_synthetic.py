"""Synthetic populations: the same everywhere for a seed, plausible, and messy as records are."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from cds_service.cohort.synthetic.write import Population, write_population
from rules.trial_folder import load_trial
from tests.support.population import ON, PACKAGE, charts


def _digest(people: list[list[dict[str, object]]]) -> str:
    return hashlib.sha256(json.dumps(people, sort_keys=True).encode()).hexdigest()


def test_a_seed_means_the_same_people_on_every_machine_and_python() -> None:
    # Changes only when the generator is meant to write other people: then benchmarks before are not comparable.
    assert _digest(charts(20, 1)) == "b122dddfbfc8804e36f2f1a5d445f1293cfc1306e966fb4caaaab0749eb5524f"


def test_another_process_writes_the_same_people() -> None:
    code = (
        "from tests.unit.cohort.test_synthetic import _digest; from tests.support.population import charts; "
        "print(_digest(charts(5, 7)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=150, check=True)
    assert told.stdout.strip() == _digest(charts(5, 7))


def test_seeds_and_people_differ() -> None:
    one, other = charts(3, 1), charts(3, 2)
    assert len({_digest([person]) for person in (*one, *other)}) == 6


def test_files_are_those_of_an_export_whatever_the_processes(tmp_path: Path) -> None:
    population = Population(1_200, 3, ON, compress=True)
    for processes in (1, 2):
        assert list(write_population(population, tmp_path / str(processes), processes)) == [1_000, 1_200]
    one, two = (sorted((tmp_path / n).iterdir()) for n in ("1", "2"))
    assert [path.name for path in one] == [path.name for path in two]
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]
    assert {path.name.partition(".")[0] for path in one} >= {"Patient", "Condition", "Observation", "Medication"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in one)


def test_there_are_people_with_each_kind_of_diabetes_and_without() -> None:
    found = Counter[str]()
    for person in charts(300, 1):
        codes = {c["code"] for r in person if r["resourceType"] == "Condition" for c in r["code"]["coding"]}
        found["type 1" if codes & {"E10.9", "E10.90", "46635009"} else "type 2" if "E11.9" in codes else "none"] += 1
    assert 0.05 < found["type 1"] / 300 < 0.25
    assert 0.15 < found["type 2"] / 300 < 0.45
    assert found["none"] > 100


def test_results_come_in_several_units_and_systems_with_gaps() -> None:
    resources = [r for person in charts(150, 1) for r in person]
    hba1c = [
        r
        for r in resources
        if r["resourceType"] == "Observation" and r["code"]["coding"][0]["code"] in ("4548-4", "59261-8")
    ]
    units = {r.get("valueQuantity", {}).get("unit") for r in hba1c}
    assert {"%", "mmol/mol", "%DCCT-old"} <= units
    assert any("effectiveDateTime" not in r for r in resources if r["resourceType"] == "Observation")
    onsets = {len(r["onsetDateTime"]) for r in resources if "onsetDateTime" in r}
    assert onsets == {4, 7, 10}, "years, months and days"
    systems = {c["system"] for r in resources if "code" in r for c in r["code"]["coding"]}
    assert {"http://loinc.org", "http://snomed.info/sct", "urn:example:synthetic:laboratory"} <= systems
    assert any("medicationReference" in r for r in resources)


def test_most_units_are_understood() -> None:
    units = load_trial(PACKAGE).units
    quantities = [r["valueQuantity"] for person in charts(50, 1) for r in person if "valueQuantity" in r]
    known = sum(
        units.canonical(q.get("code")) is not None or units.canonical(q.get("unit")) is not None for q in quantities
    )
    assert 0.6 < known / len(quantities) < 1
