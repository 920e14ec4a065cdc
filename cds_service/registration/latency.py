"""Answer times for the registration sheets, as ``python -m benchmarks.latency`` measured and wrote them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

PATH = Path(__file__).with_name("latency.json")


def measured() -> dict[str, Any]:
    """Return the day, the number of cores, and a row for each way of a call."""
    content: dict[str, Any] = orjson.loads(PATH.read_bytes())
    return content
