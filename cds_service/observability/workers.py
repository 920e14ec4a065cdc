"""Numbers of several worker processes: a folder with a file of each, made and emptied when the service starts.

A worker that replaces another takes over its place, and goes on with its file: so there are as many files as there
are places, however often workers are replaced, and nothing that was counted is lost.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

from prometheus_client import values
from prometheus_client.multiprocess import mark_process_dead

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Names a folder to use instead of one of the service's own, as the library's other users know it."""
_MAIN = "main"
_FILES = re.compile(r"(counter|histogram|summary|gauge_[a-z]+)_\w+\.db")


class WorkerMetrics:
    """Which place each worker has, in the process that starts them."""

    def __init__(self) -> None:
        """Prepare the folder. Call before metrics are made and before workers are forked; raises OSError."""
        given = os.environ.get(VARIABLE)
        self._process = os.getpid()
        self._own = given is None
        self.folder = Path(given or tempfile.mkdtemp(prefix="trial-cds-metrics-"))
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file in self.folder.iterdir():
            if _FILES.fullmatch(file.name):
                file.unlink()
        os.environ[VARIABLE] = str(self.folder)
        self._here = _MAIN
        self._taken: dict[object, int] = {}
        values.ValueClass = values.MultiProcessValue(lambda: self._here)  # type: ignore[no-untyped-call]

    def place(self, worker: object) -> None:
        """Give a worker the lowest place that is free. Called before it is forked."""
        taken = self._taken.values()
        self._taken[worker] = next(number for number in range(len(taken) + 1) if number not in taken)

    def enter(self, worker: object) -> None:
        """Count for this worker from now on. Called in its process."""
        self._here = str(self._taken[worker])

    def leave(self, worker: object) -> None:
        """Forget what an ended worker was doing; what it counted stays. Called in the process that started it."""
        place = self._taken.pop(worker, None)
        if place is not None:
            mark_process_dead(place, str(self.folder))  # type: ignore[no-untyped-call]

    def end(self) -> None:
        """Remove the folder, unless it was given. In workers, which leave by the same way, this does nothing."""
        if self._own and os.getpid() == self._process:
            shutil.rmtree(self.folder, ignore_errors=True)
            os.environ.pop(VARIABLE, None)
