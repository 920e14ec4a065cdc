"""What the site's generator is told beyond ``mkdocs.yml``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent


def on_config(config: Any) -> Any:
    """List in the navigation only what is written already."""
    config["nav"] = [entry for item in config["nav"] if (entry := _present(item))]
    return config


def _present(item: dict[str, Any]) -> dict[str, Any] | None:
    ((title, target),) = item.items()
    if isinstance(target, str):
        return item if (_HERE / target).is_file() else None
    kept = [entry for one in target if (entry := _present(one))]
    return {title: kept} if kept else None
