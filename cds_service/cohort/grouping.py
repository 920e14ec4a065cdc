"""Groups the lines of a Bulk Data export by patient, in bounded memory, with DuckDB.

An export scatters the resources of a patient over many files. One pass over all lines reads who each is about
and writes it to a *shard*, a folder of Parquet files that holds whole patients; what memory cannot hold goes to
a temporary folder. A second pass, over the names alone, delivers the drugs and specimens that patients refer to
and that are not filed under them.
"""

from __future__ import annotations

import itertools
import re
import shutil
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import msgspec

from cds_service.cohort.address import (
    DELIVERED,
    LONGEST_LINE,
    SEEN,
    STAND_IN,
    Fault,
    Unused,
    fault_of_bytes,
    fingerprint,
    seen,
    text_of,
)
from cds_service.cohort.folders import private_folder, write_file
from cds_service.cohort.source import Source, open_unpacked
from rules.resources import TYPES

SET_ASIDE = -1
"""The shard of what is of no use, without its text."""
NOBODYS = -2
"""The shard of resources that belong to no patient and are delivered to those who refer to them."""

_MOST_REJECTED = 100_000
"""Lines that are no text at all, of which each takes memory; a source with more holds other than NDJSON."""
_BUFFER = 2 * LONGEST_LINE + 1_000_000
MOST_QUARANTINED = 10_000
_ROWS_A_GROUP = 4_096
"""Rows of a shard that wait until they are written: of every shard at once, so that many would fill the memory."""
_BYTES_A_LINE = 16_000
"""What one line may take while it waits to be written: a generous guess, for a bound on waiting lines."""


class GroupingError(RuntimeError):
    """The lines could not be grouped; the message says what to do."""


class Grouped(msgspec.Struct, frozen=True):
    """What was found in the source, and how many patients each shard holds."""

    shards: dict[int, int]
    """Shard -> Patient resources in it."""
    types: dict[str, int]
    """Type -> resources that were grouped."""
    unused: list[tuple[str, str, int]]
    """Cause, type and number of resources that are of no use."""
    faults: dict[str, int]
    """Cause -> lines that cannot be read."""
    quarantine: list[tuple[str, int, str]]
    """File, line number and cause of those lines: of the first `MOST_QUARANTINED`."""


@dataclass(frozen=True, slots=True)
class Means:
    """What DuckDB may use."""

    memory: int
    """Bytes."""
    threads: int
    scratch: Path
    """Folder for what memory cannot hold."""

    def connect(self) -> duckdb.DuckDBPyConnection:
        database = duckdb.connect(
            config={
                "memory_limit": f"{self.memory // 1_000_000}MB",
                "threads": self.threads,
                "temp_directory": str(self.scratch),
                "preserve_insertion_order": False,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            }
        )
        database.execute("SET enable_progress_bar = false")
        return database


def group(source: Source, folder: Path, shards: int, means: Means) -> Grouped:
    """Write the shards of ``source`` into ``folder``, whole or not at all; raises `GroupingError`."""
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    private_folder(unfinished)
    if not any(file.size for file in source.files):
        raise GroupingError(f"{source.folder}: all files are empty.")
    _check_packed(source, means.threads)
    try:
        with means.connect() as database:
            _shard(database, source, unfinished, shards, means)
            _stand_in(database, source, unfinished, shards)
            _deliver(database, unfinished)
            grouped = _summed_up(database, source, unfinished)
    except duckdb.OutOfMemoryException:
        raise GroupingError("Grouping needs more memory: give a larger --memory, or fewer --workers.") from None
    except duckdb.IOException as error:
        # Its text names a file of ours or of the source, never a line.
        raise GroupingError(f"Grouping failed while reading or writing: {str(error).splitlines()[0]}") from None
    except duckdb.Error as error:
        raise GroupingError(f"Grouping failed ({type(error).__name__}). Are all files of the source NDJSON?") from None
    write_file(unfinished / "grouped.json", msgspec.json.encode(grouped))
    unfinished.replace(folder)
    return grouped


def _check_packed(source: Source, threads: int) -> None:
    """Raise `GroupingError` for a packed file that is cut short: DuckDB would take what is left for all there is."""
    packed = [source.path(file) for file in source.files if file.name.lower().endswith(".gz") and file.size]
    with ThreadPoolExecutor(threads) as pool:
        broken = [path.name for path, whole in zip(packed, pool.map(_is_whole, packed), strict=True) if not whole]
    if broken:
        raise GroupingError(f"Packed files are cut short or damaged: {', '.join(broken[:5])}. Fetch them again.")


def _is_whole(path: Path) -> bool:
    try:
        with open_unpacked(path) as file:
            while file.read(1_000_000):
                pass
    except (OSError, EOFError, zlib.error):
        return False
    return True


def read_grouped(folder: Path) -> Grouped | None:
    """Return what an earlier run found and wrote to ``folder``; None when there was none."""
    path = folder / "grouped.json"
    return msgspec.json.decode(path.read_bytes(), type=Grouped) if path.exists() else None


_LINES = f"""
    read_csv($files, columns = {{'content': 'VARCHAR'}}, header = false, auto_detect = false, delim = '\x01',
        quote = '', escape = '', strict_mode = false, null_padding = true, ignore_errors = true, store_rejects = true,
        rejects_limit = {_MOST_REJECTED}, filename = true, max_line_size = {LONGEST_LINE}, buffer_size = {_BUFFER})
"""
"""The reader of CSV reads lines: nothing separates columns but a character that JSON cannot hold."""

_HEADS = f"""
    SELECT filename, line, try(json_extract_string(line, [
        '$.resourceType', '$.id', '$.subject.reference', '$.patient.reference', '$.individual.reference',
        '$.medicationReference.reference', '$.specimen.reference'
    ])) AS head
    FROM (SELECT filename, ltrim(content, chr(65279)) AS line FROM {_LINES})
    WHERE starts_with(line, '{{') OR trim(line, ' \t\r') <> ''
"""
"""Of each line that is not blank, what tells whose it is. To trim takes longer than all else: it is the exception."""

_NAMED = r"""
    SELECT filename, line, head[1] AS type, head[2] AS id, head IS NULL AS broken,
        coalesce(head[3], head[4], head[5]) AS subject,
        nullif(CASE
            WHEN broken THEN coalesce(
                nullif(regexp_extract(line, $seen[1], 1), ''),
                nullif(regexp_extract(line, $seen[2], 1), ''),
                regexp_extract(line, $seen[3], 1))
            WHEN type = 'Patient' THEN id
            ELSE coalesce(
                nullif(regexp_extract(subject, '(?:^|/)Patient/([^/]+)(?:/_history/.*)?/?$', 1), ''),
                regexp_extract(subject, '^urn:uuid:(.+)$', 1))
        END, '') AS patient,
        nullif(regexp_extract(
            coalesce(head[6], head[7]), '(?:^|/)((?:Medication|Specimen)/[^/]+)(?:/_history/.*)?/?$', 1
        ), '') AS refers
    FROM heads
"""
"""Whose a line is; of one that is no JSON, cut short perhaps, as much as can be seen. `address` says the same."""

_JUDGED = f"""
    SELECT *,
        CASE
            WHEN broken THEN '{Fault.NOT_JSON}'
            WHEN type IS NULL THEN '{Fault.NO_RESOURCE}'
            WHEN type = 'Patient' AND patient IS NULL THEN '{Fault.NO_ID}'
        END AS fault,
        CASE
            WHEN fault IS NOT NULL THEN NULL
            WHEN NOT list_contains($types, type) THEN '{Unused.TYPE}'
            WHEN patient IS NULL AND NOT list_contains($delivered, type) THEN '{Unused.NOBODY}'
        END AS unused
    FROM named
"""
_REJECTED = {"INVALID ENCODING": Fault.NOT_UTF8, "LINE SIZE OVER MAXIMUM": Fault.TOO_LONG}
"""What DuckDB says of a line that it does not even read."""


def _shard(database: duckdb.DuckDBPyConnection, source: Source, folder: Path, shards: int, means: Means) -> None:
    waiting = max(2_000, means.memory // (means.threads * _BYTES_A_LINE))
    database.execute(f"SET partitioned_write_flush_threshold = {waiting}")
    database.execute(f"SET partitioned_write_max_open_files = {shards + 2}")
    database.execute(
        f"""
        COPY (
            WITH heads AS ({_HEADS}), named AS ({_NAMED}), judged AS ({_JUDGED})
            SELECT
                CASE
                    WHEN unused IS NOT NULL OR fault IS NOT NULL AND (patient IS NULL OR NOT broken) THEN {SET_ASIDE}
                    WHEN patient IS NULL THEN {NOBODYS}
                    ELSE (md5_number_lower(patient) % {shards})::INT
                END AS shard,
                patient, type, refers, unused, fault,
                CASE WHEN list_contains($delivered, type) THEN type || '/' || id END AS name,
                CASE WHEN fault IS NOT NULL THEN filename END AS file,
                CASE WHEN fault IS NOT NULL THEN md5(line) END AS fingerprint,
                CASE
                    WHEN shard = {SET_ASIDE} THEN NULL
                    WHEN fault IS NOT NULL THEN $stand_in::BLOB
                    ELSE encode(line)
                END AS raw
            FROM judged
        ) TO '{_quoted(folder)}' (FORMAT parquet, PARTITION_BY (shard), COMPRESSION zstd,
            ROW_GROUP_SIZE {_ROWS_A_GROUP}, DICTIONARY_SIZE_LIMIT 1, -- no two lines are the same
            OVERWRITE_OR_IGNORE)
        """,
        {
            "files": [as_glob(source.path(file)) for file in source.files if file.size],
            "types": sorted(TYPES),
            "delivered": list(DELIVERED),
            "seen": list(SEEN),
            "stand_in": STAND_IN,
        },
    )


_REJECTS = "reject_errors JOIN reject_scans USING (scan_id, file_id)"


def _stand_in(database: duckdb.DuckDBPyConnection, source: Source, folder: Path, shards: int) -> None:
    """Let the patients of lines that DuckDB does not take for text have something in their place."""
    files = database.execute(f"SELECT DISTINCT file_path FROM {_REJECTS}").fetchall()
    patients = [whose for (file,) in files for whose in _patients_of_rejects(Path(file))]
    if not patients:
        return
    database.execute(
        f"""
        COPY (
            SELECT (md5_number_lower(patient) % {shards})::INT AS shard, patient, NULL::VARCHAR AS type,
                NULL::VARCHAR AS refers, NULL::VARCHAR AS unused, NULL::VARCHAR AS fault, NULL::VARCHAR AS name,
                NULL::VARCHAR AS file, NULL::VARCHAR AS fingerprint, $stand_in::BLOB AS raw
            FROM (SELECT unnest($patients) AS patient)
        ) TO '{_quoted(folder)}'
            (FORMAT parquet, PARTITION_BY (shard), FILENAME_PATTERN 'rejected_{{i}}', OVERWRITE_OR_IGNORE)
        """,
        {"patients": patients, "stand_in": STAND_IN},
    )


def _patients_of_rejects(path: Path) -> Iterator[str]:
    with open_unpacked(path) as file:
        for line in _bounded_lines(file):
            text = text_of(line)
            whose = seen(text) if fault_of_bytes(text) else None
            if whose:
                yield whose


def _deliver(database: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Write, for each patient, the Medications and Specimens that are referred to and filed elsewhere."""
    delivered = private_folder(folder / "delivered")
    database.execute(
        f"""
        COPY (
            SELECT DISTINCT holder.shard, holder.patient, target.raw
            FROM {_all(folder)} AS holder JOIN {_all(folder)} AS target ON holder.refers = target.name
            WHERE holder.shard >= 0 AND target.patient IS DISTINCT FROM holder.patient
        ) TO '{_quoted(delivered)}' (FORMAT parquet, PARTITION_BY (shard), COMPRESSION zstd, OVERWRITE_OR_IGNORE)
        """
    )


def _summed_up(database: duckdb.DuckDBPyConnection, source: Source, folder: Path) -> Grouped:
    def rows(query: str) -> list[tuple[Any, ...]]:
        return database.execute(query.replace("$all", _all(folder))).fetchall()

    most = f"LIMIT {MOST_QUARANTINED}"
    rejected = rows(f"SELECT error_type::VARCHAR, count(*) FROM {_REJECTS} GROUP BY ALL ORDER BY ALL")
    faults = Counter(dict(rows("SELECT fault, count(*) FROM $all WHERE fault IS NOT NULL GROUP BY ALL ORDER BY ALL")))
    for kind, number in rejected:
        faults[str(_REJECTED.get(kind, Fault.NOT_JSON))] += number
    return Grouped(
        shards=dict(rows("SELECT shard, count_if(type = 'Patient') FROM $all WHERE shard >= 0 GROUP BY 1 ORDER BY 1")),
        types=dict(
            rows("SELECT type, count(*) FROM $all WHERE type IS NOT NULL AND raw IS NOT NULL GROUP BY 1 ORDER BY 1")
        ),
        unused=rows("SELECT unused, type, count(*) FROM $all WHERE unused IS NOT NULL GROUP BY ALL ORDER BY ALL"),
        faults=dict(sorted(faults.items())),
        quarantine=quarantine_of(
            source,
            [file for (file,) in rows(f"SELECT DISTINCT file_path FROM {_REJECTS}")],
            rows(f"SELECT file, fingerprint, fault FROM $all WHERE fault IS NOT NULL ORDER BY ALL {most}"),
        ),
    )


def quarantine_of(
    source: Source, rejected: Iterable[str], faulty: Iterable[tuple[str, str, str]]
) -> list[tuple[str, int, str]]:
    """Return file, line number and cause of what cannot be read, in order: only files with faults are read again.

    ``rejected`` are files with lines that were not even taken for text; ``faulty`` are file, fingerprint and fault.
    """
    by_file: dict[str, dict[str, str]] = {file: {} for file in rejected}
    for file, mark, fault in faulty:
        by_file.setdefault(file, {})[mark] = fault
    found: list[tuple[str, int, str]] = []
    for file, faults in sorted(by_file.items()):
        name = Path(file).relative_to(source.folder).as_posix()
        numbered = ((name, number, fault) for number, fault in _numbered(Path(file), faults))
        found += itertools.islice(numbered, MOST_QUARANTINED - len(found))
    return found


def _numbered(path: Path, faults: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """Find the lines again: by what is wrong with their bytes, or by their fingerprints."""
    with open_unpacked(path) as file:
        for number, line in enumerate(_bounded_lines(file), start=1):
            text = text_of(line)
            fault = fault_of_bytes(text) or faults.get(fingerprint(text))
            if fault:
                yield number, str(fault)


def _bounded_lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines; of one that is too long only as much as shows that."""
    while line := file.readline(LONGEST_LINE + 3):
        rest = line
        while rest and not rest.endswith(b"\n"):
            rest = file.readline(LONGEST_LINE)
        yield line


def _all(folder: Path) -> str:
    return f"read_parquet('{as_glob(Path(_quoted(folder)))}/shard=*/*.parquet', hive_partitioning = true)"


def as_glob(path: Path) -> str:
    """Return a path as a pattern that fits it alone."""
    return re.sub(r"[*?[]", r"[\g<0>]", str(path))


def _quoted(path: Path) -> str:
    """Return a path as it may stand in a string of SQL."""
    return str(path).replace("'", "''")
