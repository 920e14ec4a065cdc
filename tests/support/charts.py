"""Charts as plain resources that refer to each other by ``Type/id``, and what the rules make of them unaided."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, date, tzinfo
from pathlib import Path
from typing import Any

from cds_service.sandbox.synthetic import SyntheticPatient
from rules.assess import Executor, assess
from rules.criterion import TrialSettings
from rules.entries import Entry, read_record
from rules.searches import COMPLETE, SEARCHES, SEARCHES_OF_TYPE
from rules.trial import Trial

Json = dict[str, Any]

PUBLIC = Path(
    os.environ.get("TRIAL_CDS_TEST_BUNDLES") or Path(__file__).parents[2].parent / "shared" / "data" / "patients"
)
"""Where the public bundles lie, if they are there: beside the project, not in it."""

NO_PUBLIC = f"no public bundles in {PUBLIC}: they do not ship; name their folder in TRIAL_CDS_TEST_BUNDLES"
"""Why the tests of them skip."""

_READ = frozenset(SEARCHES_OF_TYPE) | {"Practitioner"}
"""Types that are put on a server: those that the service asks for, and whom they name.

A Specimen is read when a server sends it along, but not asked for.
"""


def sandbox_chart(person: SyntheticPatient, on: date, zone: tzinfo = UTC) -> list[Json]:
    """Return the chart of a synthetic patient as of a day."""
    return self_contained([json.loads(resource.model_dump_json()) for resource in person.build(on, zone)])


def public_chart(path: Path) -> list[Json]:
    """Return the chart in a file that holds a Bundle."""
    entries = json.loads(path.read_text(encoding="utf-8"))["entry"]
    for number, entry in enumerate(entries):
        entry["resource"].setdefault("id", f"entry-{number}")
    names = {entry["fullUrl"]: address(entry["resource"]) for entry in entries if "fullUrl" in entry}
    return self_contained([entry["resource"] for entry in entries], names)


def self_contained(resources: Iterable[Json], names: Mapping[str, str] | None = None) -> list[Json]:
    """Return what the service reads of ``resources``, referring to nothing outside it.

    ``names`` are other names that references use, with the ``Type/id`` that each stands for.
    """
    kept = [resource for resource in resources if resource["resourceType"] in _READ]
    targets = {place: place for place in map(address, kept)}
    targets |= {name: place for name, place in (names or {}).items() if place in targets}
    return [redirected(resource, targets) for resource in kept]


def redirected(resource: Json, targets: Mapping[str, str]) -> Json:
    """Return a copy whose references go to ``targets``; one to anything else loses its address."""

    def walk(node: Any) -> None:
        if isinstance(node, list):
            for item in node:
                walk(item)
        elif isinstance(node, dict):
            reference = node.get("reference")
            if isinstance(reference, str) and not reference.startswith("#"):
                del node["reference"]
                if reference in targets:
                    node["reference"] = targets[reference]
            for item in node.values():
                walk(item)

    changed = copy.deepcopy(resource)
    walk(changed)
    return changed


def address(resource: Json) -> str:
    """Return ``Type/id``."""
    return f"{resource['resourceType']}/{resource['id']}"


def assessed(chart: Iterable[Json], trial: Trial, executor: Executor, on: date, zone: tzinfo = UTC) -> Json:
    """Return the assessment as JSON of a chart that was read as a file, with every search complete."""
    record = read_record([Entry(json.dumps(r).encode()) for r in chart], dict.fromkeys(SEARCHES, COMPLETE))
    settings = TrialSettings(assess_test_patients=True)
    return assess(record, trial, executor, on, zone, settings).to_json(None)


def moved(chart: Iterable[Json], places: Mapping[str, str]) -> list[Json]:
    """Return the chart under other ids: those in ``places``, by ``Type/id``."""
    return [{**redirected(r, places), "id": places[address(r)].partition("/")[2]} for r in chart]
