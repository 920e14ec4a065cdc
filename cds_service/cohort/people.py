"""Reads people from bundles, one file a person, for both engines."""

from __future__ import annotations

import hashlib
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from cds_service.assess_files import UnusableFile, read_bundle
from cds_service.cohort.screener import Outcome, Person
from cds_service.cohort.source import Source, open_unpacked


def people_of_bundles(folder: Path, names: Sequence[str], outcome: Outcome) -> Iterator[Person]:
    """Yield the people of these files; what is no bundle is noted in ``outcome``."""
    for name in names:
        try:
            with open_unpacked(folder / name) as file:
                yield Person(None, read_bundle(file.read()), name)
        except UnusableFile as error:
            outcome.not_assessed.append((name, str(error)))
        except (OSError, EOFError, zlib.error):
            outcome.not_assessed.append((name, "cannot be read"))


def shards_of_bundles(source: Source, shards: int) -> dict[int, list[str]]:
    """Return the names of the files of each shard, by their hash."""
    found: dict[int, list[str]] = defaultdict(list)
    for file in source.files:
        digest = hashlib.md5(file.name.encode(), usedforsecurity=False).digest()
        found[int.from_bytes(digest[:8], "big") % shards].append(file.name)
    return found
