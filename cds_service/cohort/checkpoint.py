"""What a run has done so far, kept in its output folder, so that one that was interrupted goes on from there.

Everything appears under its name only when it is whole: a shard counts as done when its outcome is there.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import orjson

from cds_service.cohort.folders import is_free, private_folder, write_file
from cds_service.cohort.grouping import Grouped
from cds_service.cohort.screener import Outcome, Terms
from cds_service.cohort.source import Form, Source, SourceFile


class RunError(RuntimeError):
    """The run cannot start or go on; the message says what to do."""


class Plan(msgspec.Struct, frozen=True):
    """What a run is about. An interrupted run goes on only with the same."""

    terms: Terms
    folder: str
    form: Form
    files: tuple[SourceFile, ...]
    shards: int

    @classmethod
    def of(cls, source: Source, terms: Terms, shards: int) -> Plan:
        return cls(terms, str(source.folder.resolve()), source.form, source.files, shards)


class Whole(msgspec.Struct, frozen=True):
    """What came of a whole run: of it the results are written, also again."""

    outcome: dict[str, Any]
    lines: Grouped | None


class Checkpoint:
    """The folder ``work`` of a run."""

    def __init__(self, out: Path) -> None:
        """Raises `RunError` for a folder that holds something else: it would be closed to others, and mixed up."""
        if not is_free(out) and not (out / "work").is_dir():
            raise RunError(f"{out}: is not empty and holds no run. Choose a new folder.")
        self.out = private_folder(out)
        self.folder = private_folder(out / "work")
        self.groups = self.folder / "groups"
        self.scratch = self.folder / "scratch"
        self._shards = private_folder(self.folder / "shards")
        self._plan = self.folder / "plan.json"
        self._whole = self.folder / "outcome.json"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep a second run out of the folder; raises `RunError` when there is one. A killed run leaves no lock."""
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise RunError(
                f"{self.folder.parent}: another run is at work here. Wait for it, or choose another --out."
            ) from None
        try:
            yield
        finally:
            os.close(descriptor)

    def begin(self, plan: Plan) -> bool:
        """Note what the run is about; True when it goes on with an earlier one. Raises `RunError` for another run's."""
        if not self._plan.exists():
            write_file(self._plan, msgspec.json.encode(plan))
            return False
        try:
            earlier = msgspec.json.decode(self._plan.read_bytes(), type=Plan)
        except msgspec.MsgspecError:
            raise RunError(
                f"{self._plan}: is not of this version. Choose another --out, or delete the folder."
            ) from None
        if earlier == plan:
            return True
        raise RunError(
            f"{self.folder.parent}: holds another run, which differs in: {', '.join(_differences(earlier, plan))}. "
            "Give the same to go on with it, choose another --out, or delete the folder."
        )

    # -- shards ------------------------------------------------------------------------------------------

    def assessments(self, shard: int) -> Path:
        return self._shards / f"{shard:06d}.ndjson"

    def finish_shard(self, shard: int, outcome: Outcome) -> None:
        """Note that a shard is done; its assessments must be written by then."""
        write_file(self._outcome(shard), orjson.dumps(outcome.to_json()))

    def is_done(self, shard: int) -> bool:
        return self._outcome(shard).exists()

    def outcome_of(self, shard: int) -> Outcome:
        return Outcome.from_json(orjson.loads(self._outcome(shard).read_bytes()))

    def _outcome(self, shard: int) -> Path:
        return self._shards / f"{shard:06d}.json"

    # -- the whole ---------------------------------------------------------------------------------------

    def finish(self, whole: Whole) -> None:
        """Note what came of the whole run."""
        write_file(self._whole, msgspec.json.encode(whole))

    def tidy(self) -> None:
        """Remove what a finished run no longer needs."""
        for folder in (self._shards, self.groups, self.scratch):
            shutil.rmtree(folder, ignore_errors=True)

    def finished(self) -> Whole | None:
        """Return what `finish` noted; None for a run that is not at its end."""
        return msgspec.json.decode(self._whole.read_bytes(), type=Whole) if self._whole.exists() else None


_NAMES = {
    "on": "--date, which was {}",
    "zone": "--zone, which was {}",
    "rules_version": "version of the rules",
    "assess_test_patients": "sandbox.allow_test_patients",
    "name_sensitive": "sensitive_detail",
    "not_exported": "types that the source lacks",
    "folder": "source, which was {}",
    "form": "form of the source",
    "files": "files of the source",
    "shards": "number of shards",
}


def _differences(earlier: Plan, plan: Plan) -> Iterator[str]:
    """Give what has changed, in the words of the command and of the settings."""
    for before, now in ((earlier.terms, plan.terms), (earlier, plan)):
        for name in before.__struct_fields__:
            if name != "terms" and getattr(before, name) != getattr(now, name):
                yield _NAMES.get(name, name).format(getattr(before, name))
