"""Waiting for what comes by itself, however busy the machine."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 15.0
"""Seconds: half of what the servers that misbehave can hang, so that what waits for their end is seen."""


def soon(holds: Callable[[], object], seconds: float = PATIENCE) -> bool:
    """Return whether something comes to hold within ``seconds``."""
    give_up = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.01)
    return True
