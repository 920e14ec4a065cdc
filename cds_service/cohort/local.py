"""The local engine: groups by DuckDB, then a pool of processes screens shard after shard."""

from __future__ import annotations

import gc
import itertools
import multiprocessing
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from cds_service.cohort.checkpoint import Checkpoint, Plan, RunError
from cds_service.cohort.folders import private_folder, whole_file
from cds_service.cohort.grouping import Grouped, Means, as_glob, group, read_grouped
from cds_service.cohort.people import people_of_bundles, shards_of_bundles
from cds_service.cohort.processes import end_with_parent
from cds_service.cohort.progress import Narrator
from cds_service.cohort.screener import Outcome, Person, Screener, Terms
from cds_service.cohort.source import Form, Source
from rules.entries import Entry

_BYTES_A_SHARD = 256_000_000
_BUNDLES_A_SHARD = 200
_FEWEST_SHARDS, _MOST_SHARDS = 16, 1_000
_FOR_DUCKDB = 0.6
"""Share of the memory that DuckDB gets; the rest is for Python and for what DuckDB does not count."""
_ROWS_AT_ONCE = 1_000


def shards_for(source: Source) -> int:
    """Return into how many shards a source is cut: by its size alone, so that every machine cuts it alike."""
    wanted = len(source.files) // _BUNDLES_A_SHARD if source.form is Form.BUNDLES else source.bytes // _BYTES_A_SHARD
    return min(max(wanted, _FEWEST_SHARDS), _MOST_SHARDS)


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """Screens a source on this machine."""

    memory: int
    """Bytes for all processes together."""
    workers: int
    narrator: Narrator

    def screen(
        self, source: Source, plan: Plan, checkpoint: Checkpoint, assessments: Path
    ) -> tuple[Outcome, Grouped | None]:
        """Screen what is not done yet, and put the assessments of all shards into one file."""
        grouped = self._grouped(source, plan, checkpoint) if source.form is Form.LINES else None
        shards = grouped.shards if grouped else {n: len(f) for n, f in shards_of_bundles(source, plan.shards).items()}
        terms = plan.terms if grouped is None else plan.terms.with_types(grouped.types)
        self._screen_all(_Task(source, terms, plan.shards, checkpoint, self._share()), shards)
        outcome = Outcome()
        for shard in sorted(shards):
            outcome.add(checkpoint.outcome_of(shard))
        _concatenate(checkpoint, sorted(shards), assessments)
        return outcome, grouped

    def _grouped(self, source: Source, plan: Plan, checkpoint: Checkpoint) -> Grouped:
        grouped = read_grouped(checkpoint.groups)
        if grouped is None:
            self.narrator.say(f"Grouping {len(source.files):,} files by patient ...")
            means = Means(int(self.memory * _FOR_DUCKDB), self.workers, private_folder(checkpoint.scratch))
            grouped = group(source, checkpoint.groups, plan.shards, means)
            lines = sum(grouped.types.values())
            self.narrator.say(f"Grouped {lines:,} resources of {sum(grouped.shards.values()):,} patients.")
        return grouped

    def _share(self) -> int:
        return int(self.memory * _FOR_DUCKDB / self.workers)

    def _screen_all(self, task: _Task, shards: dict[int, int]) -> None:
        waiting = [shard for shard in sorted(shards) if not task.checkpoint.is_done(shard)]
        done = sum(people for shard, people in shards.items() if shard not in set(waiting))
        if done:
            self.narrator.say(f"{len(shards) - len(waiting)} of {len(shards)} shards were done before.")
        spawn = multiprocessing.get_context("spawn")
        with (
            self.narrator.counting("Screened", sum(shards.values()), done) as progress,
            ProcessPoolExecutor(min(self.workers, len(waiting)) or 1, spawn, _begin, (task,)) as pool,
        ):
            futures = {pool.submit(_screen_shard, shard): shard for shard in waiting}
            try:
                for future in as_completed(futures):
                    future.result()
                    progress.advance(shards[futures[future]])
            except BrokenProcessPool:
                raise RunError(
                    "A process that screens was killed, perhaps for want of memory. Start the same command again to "
                    "go on, with fewer --workers if memory was short."
                ) from None
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


# -- in the processes that screen ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Task:
    """What is the same for all shards."""

    source: Source
    terms: Terms
    shards: int
    checkpoint: Checkpoint
    memory: int


class _Worker:
    """One process's screener, kept from shard to shard."""

    def __init__(self, task: _Task) -> None:
        self._task = task
        self._screener = Screener(task.terms)

    def screen(self, shard: int) -> None:
        """Write the assessments of a shard, then its outcome."""
        outcome = Outcome()
        checkpoint = self._task.checkpoint
        with whole_file(checkpoint.assessments(shard)) as file:
            for person in self._people(shard, outcome):
                screened = self._screener.screen(person, outcome)
                if screened:
                    file.write(screened[1])
        checkpoint.finish_shard(shard, outcome)

    def _people(self, shard: int, outcome: Outcome) -> Iterator[Person]:
        if self._task.source.form is Form.BUNDLES:
            names = shards_of_bundles(self._task.source, self._task.shards)[shard]
            return people_of_bundles(self._task.source.folder, names, outcome)
        return _people_of_lines(self._task.checkpoint.groups, shard, self._task)


_workers: list[_Worker] = []
"""This process's own, made by `_begin`."""


def _begin(task: _Task) -> None:
    os.umask(0o077)
    end_with_parent()
    _workers[:] = [_Worker(task)]
    # What a trial is made of lives as long as the process: the collector need not look at it again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _screen_shard(shard: int) -> None:
    _workers[0].screen(shard)


def _people_of_lines(groups: Path, shard: int, task: _Task) -> Iterator[Person]:
    files = [
        as_glob(p)
        for part in (groups, groups / "delivered")
        for p in sorted((part / f"shard={shard}").glob("*.parquet"))
    ]
    scratch = private_folder(task.checkpoint.scratch / str(os.getpid()))
    with Means(task.memory, 1, scratch).connect() as database:
        rows = database.execute("SELECT patient, raw FROM read_parquet($files) ORDER BY patient", {"files": files})
        stream = itertools.chain.from_iterable(iter(lambda: rows.fetchmany(_ROWS_AT_ONCE), []))
        for patient, lines in itertools.groupby(stream, key=lambda row: row[0]):
            yield Person(patient, [Entry(line) for _patient, line in lines])


def _concatenate(checkpoint: Checkpoint, shards: Sequence[int], target: Path) -> None:
    """Put the assessments of all shards into one file."""
    with whole_file(target) as whole:
        for shard in shards:
            with checkpoint.assessments(shard).open("rb") as part:
                shutil.copyfileobj(part, whole, 1_000_000)
