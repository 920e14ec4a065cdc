"""The threads of the FHIR client: which of them are still at work."""

from __future__ import annotations

import sys
import threading
from typing import Any


def busy_threads() -> list[str]:
    """Return the names of the client's threads that are reading from a server."""
    frames = sys._current_frames()
    threads = [t for t in threading.enumerate() if t.name.startswith("fhir") and t.ident in frames]
    return [t.name for t in threads if _runs_a_task(frames[t.ident or 0])]


def _runs_a_task(frame: Any) -> bool:
    while frame is not None:
        if frame.f_code.co_qualname == "Task.run":
            return True
        frame = frame.f_back
    return False
