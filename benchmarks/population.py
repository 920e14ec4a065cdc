"""Screens invented populations of growing size, and tells what a million people would take.

``python -m benchmarks.population [--sizes 1000 10000] [--folder DIR] [--workers 2] [--memory 4GB] [--write]``.
``--write`` puts the figures into ``docs/performance.md``. The populations stay in ``--folder`` for the next time;
100,000 people take 11 GB, their results 8 GB more while it runs, and some twenty minutes on two quiet cores.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import orjson

from benchmarks import process_tree
from benchmarks.tables import markdown, table
from cds_service.cohort.progress import duration
from cds_service.cohort.synthetic.write import LAST_DAY, Population, write_population

DOCUMENT = Path(__file__).parents[1] / "docs" / "performance.md"
BUDGET_MS = 2.5
"""CPU milliseconds of one core a patient: the design's."""
_BLOCK = re.compile(r"(<!-- population -->\n).*?(<!-- /population -->)", re.DOTALL)
_SEED = 1
_MILLION = 1_000_000
_HEAD = (
    "people", "resources a person", "source", "wall clock", "people a second", "CPU ms a person", "of it grouping",
    "memory, all processes", "results",
)  # fmt: skip


class MeasuringError(RuntimeError):
    """The run that was to be measured has failed."""


@dataclass(frozen=True, slots=True)
class Means:
    """With what everybody is screened."""

    workers: int
    memory: str


@dataclass(frozen=True, slots=True)
class Figures:
    """One run."""

    people: int
    resources: int
    source_bytes: int
    result_bytes: int
    seconds: float
    cpu_seconds: float
    grouping_cpu_seconds: float
    peak_bytes: int

    @property
    def ms_a_person(self) -> float:
        return 1000 * self.cpu_seconds / self.people

    @property
    def row(self) -> tuple[str, ...]:
        return (
            f"{self.people:,}",
            f"{self.resources / self.people:.0f}",
            f"{self.source_bytes / 1e9:.2f} GB",
            duration(self.seconds),
            f"{self.people / self.seconds:,.0f}",
            f"{self.ms_a_person:.1f}",
            f"{1000 * self.grouping_cpu_seconds / self.people:.1f}",
            f"{self.peak_bytes / 1e6:,.0f} MB",
            f"{self.result_bytes / 1e9:.2f} GB",
        )


def measure(people: int, folder: Path, means: Means, on: date = LAST_DAY) -> Figures:
    """Screen so many invented people, who are written below ``folder`` first unless they are there."""
    source = _population(Population(people, _SEED, on), folder)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        out = Path(scratch) / "out"
        began = time.monotonic()
        grouping = _Grouping()
        taken = process_tree.run(_command(source, out, means, on), grouping.told)
        seconds = time.monotonic() - began
        if taken.status != 0:
            raise MeasuringError(f"The run ended with {taken.status}: {grouping.last}")
        quality = orjson.loads((out / "quality.json").read_bytes())
        return Figures(
            people=quality["patientsAssessed"],
            resources=sum(quality["resources"].values()),
            source_bytes=_size(source),
            result_bytes=_size(out),
            seconds=seconds,
            cpu_seconds=taken.cpu_seconds,
            grouping_cpu_seconds=grouping.cpu_seconds,
            peak_bytes=taken.peak_bytes,
        )


class _Grouping:
    """Notes when the first stage ends, which is the first process's own work."""

    def __init__(self) -> None:
        self.cpu_seconds = 0.0
        self.last = ""

    def told(self, line: str, cpu_seconds: float) -> None:
        self.last = line
        if line.startswith("Grouped"):
            self.cpu_seconds = cpu_seconds


def _population(population: Population, folder: Path) -> Path:
    source = folder / f"{population.patients}-people"
    if not source.exists():
        unfinished = folder / f"{population.patients}-people.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        for _done in write_population(population, unfinished, os.cpu_count() or 1):
            pass
        unfinished.replace(source)
    return source


def _command(source: Path, out: Path, means: Means, on: date) -> list[str]:
    return [
        sys.executable, "-m", "cds_service", "screen", str(source), "--out", str(out), "--date", on.isoformat(),
        "--workers", str(means.workers), "--memory", means.memory,
    ]  # fmt: skip


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


# -- what is said of it ------------------------------------------------------------------------------------


def sentences(figures: list[Figures], means: Means, busy: float) -> str:
    """Return what the figures mean, and what they extrapolate to; ``busy`` is the load when the first run began."""
    largest = max(figures, key=lambda one: one.people)
    hours = largest.ms_a_person * _MILLION / 1000 / means.workers / 3600
    said = [
        f"{means.workers} workers, --memory {means.memory}, on a machine of {os.cpu_count()} cores with a load of "
        f"{busy:.1f} from other work when it began: the wall clock says little then, and CPU time is longer too, "
        "though less so.",
        f"One million such people would take {hours:.1f} hours of {means.workers} cores, at the largest run's "
        f"{largest.ms_a_person:.1f} ms of CPU a person, grouping and writing included (the budget: "
        f"{BUDGET_MS} ms), {largest.source_bytes / largest.people * _MILLION / 1e9:,.0f} GB of source and "
        f"{largest.result_bytes / largest.people * _MILLION / 1e9:,.0f} GB of results.",
    ]
    smaller = sorted(figures, key=lambda one: one.people)[:-1]
    if smaller:
        before = smaller[-1]
        said.append(
            f"With {largest.people:,} people, CPU a person is {largest.ms_a_person / before.ms_a_person:.2f} times "
            f"that with {before.people:,}, and memory {largest.peak_bytes / before.peak_bytes:.2f} times."
        )
    return " ".join(said)


def write(text: str, document: Path = DOCUMENT) -> None:
    """Put ``text`` between the document's marks."""
    before = document.read_text(encoding="utf-8")
    document.write_text(_BLOCK.sub(lambda block: f"{block[1]}{text}\n{block[2]}", before), encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.population", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "trial-cds-populations")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--memory", default="4GB")
    parser.add_argument("--write", action="store_true", help=f"into {DOCUMENT.name}")
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    means, busy, figures = Means(options.workers, options.memory), os.getloadavg()[0], []
    for size in sorted(options.sizes):
        try:
            figures.append(measure(size, options.folder, means))
        except MeasuringError as error:
            print(error, file=sys.stderr)
            return 1
        print(table(_HEAD, [figures[-1].row]), flush=True)
    said = sentences(figures, means, busy)
    print(said)
    if options.write:
        write(f"{markdown(_HEAD, [one.row for one in figures])}\n\n{said}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
