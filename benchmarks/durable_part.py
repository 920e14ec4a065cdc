"""Row 2: what durable_rules takes of one assessment."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.row import Row

ALLOWED_MS = 4.0


def row(stages: Mapping[str, float]) -> Row:
    """Return the row from the stages of row 1, of which this is one."""
    ms = stages["durable"]
    return Row("the same, durable_rules part: CPU", f"<= {ALLOWED_MS:.1f} ms", f"{ms:.2f} ms", ms / ALLOWED_MS)
