"""Requests and answers as text for the curious, without the hundreds of resources that a prefetch may hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

ENTRIES_KEPT = 1


def shortened(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return a hook request whose prefetched Bundles keep their first entry and say how many follow."""
    prefetch = request.get("prefetch")
    if not isinstance(prefetch, Mapping):
        return dict(request)
    return {**request, "prefetch": {key: _shortened(value) for key, value in prefetch.items()}}


def pretty(content: Mapping[str, Any]) -> str:
    """Return JSON over several lines."""
    return orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()


def _shortened(value: Any) -> Any:
    entries = value.get("entry") if isinstance(value, Mapping) else None
    if not isinstance(entries, list) or len(entries) <= ENTRIES_KEPT:
        return value
    rest = len(entries) - ENTRIES_KEPT
    return {**value, "entry": [*entries[:ENTRIES_KEPT], f"... and {rest} more, left out here"]}
