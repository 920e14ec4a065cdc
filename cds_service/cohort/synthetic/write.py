"""Writes an invented population as a Bulk Data export would: NDJSON, several files a type (``trial-cds synth``)."""

from __future__ import annotations

import gzip
import multiprocessing
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import orjson

from cds_service.cohort.folders import private_folder, write_file
from cds_service.cohort.processes import end_with_parent
from cds_service.cohort.synthetic.chance import Chance
from cds_service.cohort.synthetic.chart import ChartWriter, Resource, shared_resources
from cds_service.cohort.synthetic.person import draw_person

LAST_DAY = date(2026, 10, 1)
"""The day on which the records end unless another is asked for: fixed, so that a seed means one population."""

_PEOPLE_A_FILE = 1_000


@dataclass(frozen=True, slots=True)
class Population:
    """What is to be written."""

    patients: int
    seed: int
    on: date = LAST_DAY
    compress: bool = False


def write_population(population: Population, out: Path, processes: int) -> Iterator[int]:
    """Write the files into ``out``, and yield how many people are done after each of its parts.

    The bytes depend on ``population`` alone, not on the processes or the version of Python.
    """
    private_folder(out)
    parts = [(population, start, out) for start in range(0, population.patients, _PEOPLE_A_FILE)]
    lines = b"".join(_line(resource) for resource in shared_resources())
    _write(out, "Medication", 0, lines, population.compress)
    done = 0
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), end_with_parent) as pool:
        for written in pool.map(_write_part, parts):
            done += written
            yield done


def chart(population: Population, number: int) -> list[Resource]:
    """Return the resources of one person."""
    chance = Chance(f"{population.seed}/{number}")
    return ChartWriter(draw_person(number, chance), population.on, chance).write()


def _write_part(part: tuple[Population, int, Path]) -> int:
    population, start, out = part
    people = range(start, min(start + _PEOPLE_A_FILE, population.patients))
    by_file: dict[tuple[str, int], list[bytes]] = defaultdict(list)
    for number in people:
        for place, resource in enumerate(chart(population, number)):
            kind = str(resource["resourceType"])
            # A person's observations lie in two files, as when an export is split by size.
            by_file[kind, place % 2 if kind == "Observation" else 0].append(_line(resource))
    part_number = start // _PEOPLE_A_FILE
    order = Chance(f"{population.seed}/order/{part_number}")
    for (kind, half), lines in sorted(by_file.items()):
        order.shuffle(lines)
        number = part_number * 2 + half if kind == "Observation" else part_number
        _write(out, kind, number, b"".join(lines), population.compress)
    return len(people)


def _line(resource: Resource) -> bytes:
    return orjson.dumps(resource) + b"\n"


def _write(out: Path, kind: str, number: int, content: bytes, compress: bool) -> None:
    name = f"{kind}.{number:04d}.ndjson"
    if compress:
        # Without time and name in its head, so that the same population is the same bytes.
        write_file(out / f"{name}.gz", gzip.compress(content, compresslevel=5, mtime=0))
    else:
        write_file(out / name, content)
