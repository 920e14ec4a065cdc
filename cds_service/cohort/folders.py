"""Files and folders that hold patient data: for their owner only, and never half written under their name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner can enter, or close an existing one; parents that lack are made too."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def is_free(path: Path) -> bool:
    """True when nothing is there yet: no such path, or an empty folder."""
    return not path.exists() or (path.is_dir() and not any(path.iterdir()))


def write_file(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read; it appears whole or not at all."""
    with whole_file(path) as file:
        file.write(content)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file to be written that appears under its name when the block ends, and not if it fails."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
