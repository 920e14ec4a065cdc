"""The Spark engine: the same screener for each patient, on a cluster that already exists.

Driver and executors see the source's folder under the same path and have this package installed; the results are
written by the driver. Who a line is about is asked by `address`, as the local engine asks it in SQL.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import orjson

from cds_service.cohort.address import STAND_IN, Address, address, fingerprint, text_of
from cds_service.cohort.checkpoint import Checkpoint, Plan, RunError
from cds_service.cohort.folders import whole_file
from cds_service.cohort.grouping import MOST_QUARANTINED, Grouped, quarantine_of
from cds_service.cohort.people import people_of_bundles, shards_of_bundles
from cds_service.cohort.progress import Narrator
from cds_service.cohort.screener import Outcome, Person, Screener, Terms
from cds_service.cohort.source import Form, Source
from rules.entries import Entry

Rdd: TypeAlias = Any
"""A distributed collection of PySpark, which carries no types that hold for every version."""
Line: TypeAlias = tuple[str, Address, bytes]
"""File, whose it is, text."""


@dataclass(frozen=True, slots=True)
class SparkEngine:
    """Screens a source with Spark: under ``spark-submit`` on its cluster, otherwise on this machine's cores."""

    workers: int
    narrator: Narrator

    def screen(
        self, source: Source, plan: Plan, checkpoint: Checkpoint, assessments: Path
    ) -> tuple[Outcome, Grouped | None]:
        """Screen everybody, and put the assessments into one file. An interrupted run begins again."""
        session = _session(self.workers, checkpoint)
        try:
            if source.form is Form.BUNDLES:
                return self._bundles(session, source, plan, assessments), None
            return self._lines(session, source, plan, assessments)
        finally:
            session.stop()

    def _bundles(self, session: Any, source: Source, plan: Plan, assessments: Path) -> Outcome:
        folder, terms = source.folder, plan.terms
        shards = list(shards_of_bundles(source, plan.shards).values())

        def screen(part: Iterator[list[str]]) -> Iterator[bytes]:
            outcome = Outcome()
            people = (person for names in part for person in people_of_bundles(folder, names, outcome))
            return _screen(terms, people, outcome)

        return _collect(session.sparkContext.parallelize(shards, len(shards)).mapPartitions(screen), assessments)

    def _lines(self, session: Any, source: Source, plan: Plan, assessments: Path) -> tuple[Outcome, Grouped]:
        from pyspark import StorageLevel

        lines = _addressed(session, source).persist(StorageLevel.DISK_ONLY)
        grouped = _summed_up(lines, source)
        self.narrator.say(f"Read {sum(grouped.types.values()):,} resources.")
        terms = plan.terms.with_types(grouped.types)

        def screen(part: Iterator[tuple[str, Iterable[bytes]]]) -> Iterator[bytes]:
            people = (Person(patient, [Entry(text) for text in texts]) for patient, texts in sorted(part, key=_key))
            return _screen(terms, people, Outcome())

        people = _by_patient(lines, plan.shards).mapPartitions(screen)
        return _collect(people, assessments), grouped


def _session(workers: int, checkpoint: Checkpoint) -> Any:
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError:
        raise RunError("PySpark is not installed: install the extra `spark`, or leave out --engine spark.") from None
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("PYSPARK_DRIVER_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("trial-cds screen")
    if "SPARK_ENV_LOADED" not in os.environ:  # not under spark-submit
        builder = (
            builder.master(f"local[{workers}]")
            .config("spark.ui.enabled", "false")
            .config("spark.ui.showConsoleProgress", "false")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.local.dir", str(checkpoint.scratch))
            .config("spark.log.level", "ERROR")
        )
    try:
        return builder.getOrCreate()
    except PySparkException as error:
        raise RunError(f"Spark does not start ({type(error).__name__}). Is a Java of version 17 installed?") from None


# -- whose the lines are -------------------------------------------------------------------------------------------


def _addressed(session: Any, source: Source) -> Rdd:
    """Return all lines with their addresses; read as bytes, for Spark would mend what is no UTF-8."""
    from pyspark.sql.functions import col

    paths = [str(source.path(file)) for file in source.files if file.size]
    frame = session.read.text(paths, lineSep="\n").select(
        col("_metadata.file_path").alias("file"), col("value").cast("binary").alias("content")
    )
    return frame.rdd.mapPartitions(_address_all)


def _address_all(rows: Iterator[Any]) -> Iterator[Line]:
    for row in rows:
        text = text_of(bytes(row.content))
        if text.strip(b" \t\r"):
            yield row.file, address(text), text


def _summed_up(lines: Rdd, source: Source) -> Grouped:
    types, unused, faults = lines.aggregate((Counter(), Counter(), Counter()), _counted, _added)
    faulty = lines.filter(lambda line: line[1].fault is not None)
    found = faulty.map(lambda line: (_path(line[0]), fingerprint(line[2]), str(line[1].fault)))
    return Grouped(
        shards={},
        types=dict(sorted(types.items())),
        unused=[(cause, kind, number) for (cause, kind), number in sorted(unused.items())],
        faults=dict(sorted(faults.items())),
        quarantine=quarantine_of(source, (), found.takeOrdered(MOST_QUARANTINED)),
    )


_Counts: TypeAlias = tuple["Counter[str]", "Counter[tuple[str, str]]", "Counter[str]"]


def _counted(counts: _Counts, line: Line) -> _Counts:
    types, unused, faults = counts
    whose = line[1]
    if whose.fault is not None:
        faults[str(whose.fault)] += 1
    elif whose.unused is not None:
        unused[str(whose.unused), whose.type or ""] += 1
    else:
        types[whose.type or ""] += 1
    return counts


def _added(one: _Counts, other: _Counts) -> _Counts:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


def _path(uri: str) -> str:
    from urllib.parse import unquote, urlsplit

    return unquote(urlsplit(uri).path)


def _by_patient(lines: Rdd, shards: int) -> Rdd:
    """Return the texts of each patient, with those of the drugs and specimens that the patient's refer to."""
    own = lines.filter(lambda line: line[1].patient and line[1].unused is None).map(
        lambda line: (line[1].patient, STAND_IN if line[1].fault else line[2])
    )
    targets = lines.filter(lambda line: line[1].name).map(lambda line: (line[1].name, (line[1].patient, line[2])))
    holders = lines.filter(lambda line: line[1].patient and line[1].refers).map(
        lambda line: (line[1].refers, line[1].patient)
    )
    delivered = (
        holders.distinct()
        .join(targets)
        .filter(lambda found: found[1][0] != found[1][1][0])
        .map(lambda found: (found[1][0], found[1][1][1]))
        .distinct()
    )
    return own.union(delivered).groupByKey(shards)


def _key(item: tuple[str, Iterable[bytes]]) -> str:
    return item[0]


# -- screening -----------------------------------------------------------------------------------------------------

_OUTCOME = b"\t"
"""Marks the line that holds the outcome of a part; an assessment begins with a brace."""


def _screen(terms: Terms, people: Iterable[Person], outcome: Outcome) -> Iterator[bytes]:
    """Yield the assessments of a part, then its outcome."""
    screener = _screener(terms)
    for person in people:
        screened = screener.screen(person, outcome)
        if screened:
            yield screened[1]
    yield _OUTCOME + orjson.dumps(outcome.to_json())


_screeners: dict[Terms, Screener] = {}
"""This process's own: Spark uses a Python process for many parts."""


def _screener(terms: Terms) -> Screener:
    if terms not in _screeners:
        _screeners[terms] = Screener(terms)
    return _screeners[terms]


def _collect(parts: Rdd, assessments: Path) -> Outcome:
    """Write the assessments, and add up the outcomes."""
    from pyspark import StorageLevel

    outcome = Outcome()
    # All parts side by side first; the iterator alone would have them computed one after another.
    parts.persist(StorageLevel.DISK_ONLY).count()
    with whole_file(assessments) as file:
        for line in parts.toLocalIterator(prefetchPartitions=True):
            if line.startswith(_OUTCOME):
                outcome.add(Outcome.from_json(orjson.loads(line[1:])))
            else:
                file.write(line)
    return outcome
