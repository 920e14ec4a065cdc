"""Populations for tests: folders of NDJSON, and what a run over one has written."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from cds_service.cohort.checkpoint import Checkpoint
from cds_service.cohort.disclosure import Disclosure
from cds_service.cohort.local import LocalEngine
from cds_service.cohort.progress import Narrator
from cds_service.cohort.run import Engine, Screening
from cds_service.cohort.screener import Terms
from cds_service.cohort.source import open_source
from cds_service.cohort.synthetic.write import Population, chart, shared_resources
from rules.trial import Trial
from rules.trial_folder import load_trial

PACKAGE = "rules.nct01374854"
ON = date(2026, 10, 1)
RESULTS = (
    "assessments.ndjson", "candidates.csv", "research-subjects.json", "report.html", "quality.json",
    "not-assessed.ndjson", "quarantine.ndjson",
)  # fmt: skip


def terms(**more: Any) -> Terms:
    given: dict[str, Any] = {
        "trial": PACKAGE, "rules_version": "0.1.0", "on": ON, "zone": "UTC", "age_policy": "flag",
        "assess_test_patients": False, "name_sensitive": False,
    }  # fmt: skip
    return Terms(**{**given, **more})


def write_lines(path: Path, resources: Iterable[Mapping[str, Any] | bytes]) -> Path:
    """Write NDJSON, packed if the name says so; bytes stand for lines as they are."""
    lines = [r if isinstance(r, bytes) else json.dumps(r).encode() for r in resources]
    content = b"\n".join([*lines, b""])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content) if path.name.endswith(".gz") else content)
    return path


def charts(patients: int, seed: int) -> list[list[dict[str, Any]]]:
    """Return synthetic charts, the Patient first in each."""
    population = Population(patients, seed, ON)
    return [chart(population, number) for number in range(patients)]


def scatter(folder: Path, people: Sequence[Sequence[Mapping[str, Any]]], files: int = 5) -> Path:
    """Write charts as a server's export might: their resources all over the files, some of which are packed."""
    resources = [*shared_resources(), *(resource for person in people for resource in person)]
    for number in range(files):
        name = f"part-{number}.ndjson" + (".gz" if number % 2 else "")
        write_lines(folder / "nested" / name if number == 0 else folder / name, resources[number::files])
    return folder


def screen(
    source: Path,
    out: Path,
    *,
    engine: Engine | None = None,
    min_cell: int = 11,
    trial: Trial | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Screen a folder into ``out`` and return the quality of the data."""
    narrator = Narrator()
    checkpoint = Checkpoint(out)
    with checkpoint.locked():
        screening = Screening(
            open_source(source), terms(**more), trial or load_trial(PACKAGE), checkpoint, Disclosure(min_cell), narrator
        )
        return screening.run(engine or LocalEngine(10**9, 2, narrator))


def assessments(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "assessments.ndjson").read_bytes().splitlines()]


def bundle_of(person: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a chart, and what is shared, as a bundle."""
    entries = [{"resource": resource} for resource in (*person, *shared_resources())]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}
