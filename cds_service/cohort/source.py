"""What a population can be read from: a folder of NDJSON as a Bulk Data export writes it, or of patient bundles."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

LINES = (".ndjson", ".ndjson.gz")
BUNDLES = (".json", ".json.gz")
_MANIFEST = "manifest.json"
"""The list of files that is often kept beside an export."""
_UNPACKED = 8
"""How many times larger NDJSON becomes when it is unpacked: only to plan with."""


class SourceError(ValueError):
    """The source cannot be read; the message says what to do."""


class Form(StrEnum):
    """How the resources of a patient lie in a source."""

    LINES = "ndjson"
    BUNDLES = "bundles"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file, by its path below the source's folder; size and time tell whether it is still the same."""

    name: str
    size: int
    changed: int


@dataclass(frozen=True, slots=True)
class Source:
    """A folder with the files of one form, sorted by name."""

    folder: Path
    form: Form
    files: tuple[SourceFile, ...]

    def path(self, file: SourceFile) -> Path:
        return self.folder / file.name

    @property
    def bytes(self) -> int:
        """About how large the files are, unpacked."""
        return sum(file.size * (_UNPACKED if file.name.endswith(".gz") else 1) for file in self.files)


def open_source(folder: Path) -> Source:
    """Find the files below ``folder``; raises `SourceError` when there are none, or both kinds."""
    if not folder.is_dir():
        raise SourceError(f"{folder}: there is no such folder. Give a folder of NDJSON files or of patient bundles.")
    found = {Form.LINES: list(_files(folder, LINES)), Form.BUNDLES: list(_files(folder, BUNDLES))}
    if all(found.values()):
        raise SourceError(
            f"{folder}: holds NDJSON files ({', '.join(LINES)}) and bundles ({', '.join(BUNDLES)}), and it would be "
            "a guess how they belong together. Put them into folders of their own."
        )
    for form, files in found.items():
        if files:
            return Source(folder, form, tuple(files))
    raise SourceError(f"{folder}: holds no file that ends in {', '.join((*LINES, *BUNDLES))}.")


def open_unpacked(path: Path) -> BinaryIO:
    """Open a file for reading, unpacked if its name ends in .gz."""
    return gzip.open(path, "rb") if path.name.endswith(".gz") else path.open("rb")  # type: ignore[return-value]


def _files(folder: Path, endings: Sequence[str]) -> Iterator[SourceFile]:
    for path in sorted(folder.rglob("*")):
        if path.name.lower().endswith(tuple(endings)) and path.name.lower() != _MANIFEST and path.is_file():
            facts = path.stat()
            yield SourceFile(path.relative_to(folder).as_posix(), facts.st_size, facts.st_mtime_ns)
