"""Whether the service is about to stop, known to each of its processes at once."""

from __future__ import annotations

import mmap


class Stopping:
    """A byte that the server shares with its workers. Make it before they are forked."""

    def __init__(self) -> None:
        self._byte = mmap.mmap(-1, 1)

    def begin(self) -> None:
        """Say that the end has begun; it cannot be taken back."""
        self._byte[0] = 1

    @property
    def begun(self) -> bool:
        return bool(self._byte[0])
