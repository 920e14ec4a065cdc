"""Grouping by patient: scattered files, odd lines, references; and the same addresses in SQL and in Python."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cds_service.cohort.address import STAND_IN, Fault, address, text_of
from cds_service.cohort.grouping import Grouped, GroupingError, Means, group, read_grouped
from cds_service.cohort.source import SourceError, open_source
from tests.support.fhir import condition, observation, patient
from tests.support.population import charts, scatter, write_lines

SHARDS = 4


def _group(folder: Path, tmp_path: Path, memory: int = 400_000_000) -> Grouped:
    return group(open_source(folder), tmp_path / "groups", SHARDS, Means(memory, 2, tmp_path / "scratch"))


def _people(tmp_path: Path) -> dict[str, set[bytes]]:
    """Return what each patient's shard, and only that, holds of the patient."""
    found: dict[str, set[bytes]] = defaultdict(set)
    shards: dict[str, set[str]] = defaultdict(set)
    for path in sorted((tmp_path / "groups").rglob("shard=[0-9]*/*.parquet")):
        for patient_id, raw in duckdb.execute("SELECT patient, raw FROM read_parquet(?)", [str(path)]).fetchall():
            found[patient_id].add(raw)
            shards[patient_id].add(path.parent.name)
    assert all(len(names) == 1 for names in shards.values()), "a patient lies in several shards"
    return found


def _ids(lines: set[bytes]) -> set[str]:
    return {json.loads(line)["id"] for line in lines}


def test_scattered_resources_come_together(tmp_path: Path) -> None:
    people = charts(30, 1)
    grouped = _group(scatter(tmp_path / "source", people), tmp_path)
    found = _people(tmp_path)
    assert sum(grouped.shards.values()) == len(found) == 30
    for person in people:
        own = {resource["id"] for resource in person}
        drugs = {r["medicationReference"]["reference"].partition("/")[2] for r in person if "medicationReference" in r}
        assert _ids(found[person[0]["id"]]) == own | drugs
    assert grouped.types["Observation"] == sum(r["resourceType"] == "Observation" for p in people for r in p)
    assert grouped.faults == {}
    assert grouped.unused == []
    assert read_grouped(tmp_path / "groups") == grouped


ODD = [
    b"\xef\xbb\xbf" + json.dumps(patient("a")).encode(),
    b"",
    b"   ",
    json.dumps(patient("b")).encode() + b"\r",
    json.dumps(condition(of="a", id="whole")).encode(),
    b'{"resourceType":"Observation","id":"cut","subject":{"reference":"Patient/a"},"sta',
    b'{"resourceType":"Patient","id":"b","birthDa',
    b'{"performer":[{"reference":"Patient/z"}],"subject":{"display":"x","reference":"Patient/a"},"sta',
    b'{"resourceType":"Patient","id":"b","link":[{"other":{"reference":"Patient/z"}}],"birthDa',
    b'{"performer":[{"reference":"Patient/b"}],"sta',
    b"\xff\xfe broken",
    b"null",
    b"[1, 2]",
    b"{}",
    b'"text"',
    b'{"resourceType": 5}',
    b'{"resourceType":"Patient"}',
    b'{"resourceType":"Claim","id":"c","patient":{"reference":"Patient/a"}}',
    b'{"resourceType":"Observation","id":"o1","subject":{"reference":"Group/g"}}',
    b'{"resourceType":"Observation","id":"o2"}',
    b'{"resourceType":"Observation","id":"o3","subject":"Patient/a"}',
    b'{"resourceType":"Observation","id":"o4","subject":{"reference":["Patient/a"]}}',
    b'{"resourceType":"Observation","id":"o5","subject":{"reference":"https://ehr.example.org/fhir/Patient/a"}}',
    b'{"resourceType":"Observation","id":"o6","subject":{"reference":"Patient/a/_history/3"}}',
    b'{"resourceType":"Observation","id":"o7","subject":{"reference":"urn:uuid:a"}}',
    b'{"resourceType":"Immunization","id":"i1","patient":{"reference":"Patient/b"}}',
    b'{"resourceType":"ResearchSubject","id":"r1","individual":{"reference":"Patient/b"}}',
    b'{"resourceType":"Observation","id":"o8","subject":{"display":"nobody"},"patient":{"reference":"Patient/b"}}',
    b'{"resourceType":"Observation","id":7,"subject":{"reference":"Patient/b"}}',
    b'{"resourceType":"Observation","id":"o\x019","subject":{"reference":"Patient/b"}}',
    b'{"resourceType":"Observation","id":"o10","subject":{"reference":"Patient/b"},"x":"tab\there"}',
    b'{"resourceType":"Observation","id":"o11","subject":{"reference":"Patient/b"}} {"second":1}',
    b'{"resourceType":"Observation","id":"o12","subject":{"reference":"Patient/\xc3\xa4"}}',
    b'{"resourceType":"Medication","id":"m1"}',
    b'{"resourceType":"MedicationRequest","id":"q1","subject":{"reference":"Patient/b"},'
    b'"medicationReference":{"reference":"https://ehr.example.org/fhir/Medication/m1/_history/2"}}',
    b'{"resourceType":"Specimen","id":"s1","subject":{"reference":"Patient/a"}}',
    b'{"resourceType":"Observation","id":"o13","subject":{"reference":"Patient/b"},"specimen":{"reference":"Specimen/s1"}}',
    b'{"resourceType":"Observation","id":"last","subject":{"reference":"Patient/b"}}',
]


def _by_python(lines: list[bytes]) -> dict[str, set[bytes]]:
    """Return who has which line as `address` says, with what is delivered."""
    texts = [text for text in map(text_of, lines) if text.strip()]
    found: dict[str, set[bytes]] = defaultdict(set)
    targets = {a.name: text for text in texts if (a := address(text)).name}
    for text in texts:
        whose = address(text)
        if whose.patient and whose.unused is None:
            found[whose.patient].add(STAND_IN if whose.fault else text)
            if whose.refers in targets:
                found[whose.patient].add(targets[whose.refers])
    return found


def test_sql_and_python_agree_whose_a_line_is(tmp_path: Path) -> None:
    write_lines(tmp_path / "source" / "odd.ndjson", ODD)
    grouped = _group(tmp_path / "source", tmp_path)
    assert {name: {line.rstrip() for line in lines} for name, lines in _people(tmp_path).items()} == {
        name: {line.rstrip() for line in lines} for name, lines in _by_python(ODD).items()
    }
    faults: dict[str, int] = defaultdict(int)
    for line in ODD:
        if line.strip() and (fault := address(text_of(line)).fault):
            faults[str(fault)] += 1
    assert grouped.faults == dict(faults)


def test_a_line_that_cannot_be_read_is_named_by_file_and_number(tmp_path: Path) -> None:
    write_lines(tmp_path / "source" / "odd.ndjson", ODD)
    write_lines(tmp_path / "source" / "packed.ndjson.gz", [patient("z"), b"{"])
    grouped = _group(tmp_path / "source", tmp_path)
    told = {(file, line): fault for file, line, fault in grouped.quarantine}
    assert told["packed.ndjson.gz", 2] == Fault.NOT_JSON
    expected = {n: f for n, line in enumerate(ODD, 1) if line.strip() and (f := address(text_of(line)).fault)}
    assert {line: fault for (file, line), fault in told.items() if file == "odd.ndjson"} == expected
    assert sum(grouped.faults.values()) == len(grouped.quarantine)


def test_a_line_that_cannot_be_read_leaves_a_mark_so_that_nothing_counts_as_absent(tmp_path: Path) -> None:
    latin = b'{"resourceType":"Condition","subject":{"reference":"Patient/latin"},"note":[{"text":"M\xfcller"}]}'
    long = b'{"subject":{"reference":"Patient/long"},"x":"' + b"y" * 16_100_000 + b'"}'
    write_lines(tmp_path / "source" / "odd.ndjson", [*ODD, latin, long])
    _group(tmp_path / "source", tmp_path)
    found = _people(tmp_path)
    assert all(STAND_IN in found[name] for name in ("a", "b", "latin", "long"))


def test_another_persons_specimen_is_delivered(tmp_path: Path) -> None:
    write_lines(tmp_path / "source" / "odd.ndjson", ODD)
    _group(tmp_path / "source", tmp_path)
    assert any(b'"id":"s1"' in line for line in _people(tmp_path)["b"])


def test_what_is_of_no_use_is_counted_by_cause(tmp_path: Path) -> None:
    write_lines(tmp_path / "source" / "odd.ndjson", ODD)
    grouped = _group(tmp_path / "source", tmp_path)
    assert ("of a type that no criterion reads", "Claim", 1) in grouped.unused
    assert ("names no patient", "Observation", 4) in grouped.unused


def test_a_line_longer_than_the_longest_is_set_aside(tmp_path: Path) -> None:
    long = json.dumps(observation("4548-4", 8.0, "%", "2026-09-01", note=[{"text": "x" * 16_100_000}])).encode()
    write_lines(tmp_path / "source" / "a.ndjson", [patient(), long, condition()])
    grouped = _group(tmp_path / "source", tmp_path)
    assert grouped.faults == {Fault.TOO_LONG: 1}
    assert grouped.quarantine == [("a.ndjson", 2, Fault.TOO_LONG)]
    assert address(long).fault is Fault.TOO_LONG


def test_too_little_memory_is_said(tmp_path: Path) -> None:
    with pytest.raises(GroupingError, match="--memory"):
        _group(scatter(tmp_path / "source", charts(20, 1)), tmp_path, memory=20_000_000)
    assert not (tmp_path / "groups").exists()


def test_an_empty_or_broken_source_is_said(tmp_path: Path) -> None:
    write_lines(tmp_path / "source" / "a.ndjson.gz", [patient()] * 500)
    content = (tmp_path / "source" / "a.ndjson.gz").read_bytes()
    (tmp_path / "source" / "a.ndjson.gz").write_bytes(content[: len(content) // 2])
    with pytest.raises(GroupingError, match=r"cut short or damaged: a\.ndjson\.gz"):
        _group(tmp_path / "source", tmp_path)
    (tmp_path / "source" / "a.ndjson.gz").write_bytes(b"")
    with pytest.raises(GroupingError, match="empty"):
        _group(tmp_path / "source", tmp_path)


@pytest.mark.parametrize("name", ["it's", "two words", "ünï", "a[1]", "b*?"])
def test_folders_of_any_name(tmp_path: Path, name: str) -> None:
    write_lines(tmp_path / name / f"{name}.ndjson", [patient(), condition()])
    grouped = group(open_source(tmp_path / name), tmp_path / f"g {name}", SHARDS, Means(400_000_000, 1, tmp_path / "s"))
    assert grouped.types == {"Condition": 1, "Patient": 1}


def _source(tmp_path: Path, *names: str) -> Path:
    for name in names:
        write_lines(tmp_path / name, [patient()])
    return tmp_path


def test_a_folder_must_be_of_one_form(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such folder"):
        open_source(tmp_path / "absent")
    with pytest.raises(SourceError, match="no file that ends in"):
        open_source(_source(tmp_path, "a.txt"))
    with pytest.raises(SourceError, match="folders of their own"):
        open_source(_source(tmp_path, "a.ndjson", "b.json"))


def test_files_are_known_by_size_and_time(tmp_path: Path) -> None:
    before: Any = open_source(_source(tmp_path, "a.ndjson", "sub/b.ndjson.gz")).files
    assert [file.name for file in before] == ["a.ndjson", "sub/b.ndjson.gz"]
    write_lines(tmp_path / "a.ndjson", [patient(), condition()])
    assert open_source(tmp_path).files[0] != before[0]
