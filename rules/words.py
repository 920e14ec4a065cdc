"""Numbers and lists of things in plain English."""

from __future__ import annotations

from collections.abc import Iterable


def count(number: int, one: str, many: str | None = None) -> str:
    """Return ``1 day`` or ``3 days``; ``many`` is given where it is not ``one`` with an s."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def by_reason(reasons: Iterable[tuple[str, str]]) -> str:
    """Return ``name: reason`` for each, those with the same reason together: ``ALT, AST: no result``."""
    names: dict[str, list[str]] = {}
    for name, reason in reasons:
        names.setdefault(reason, []).append(name)
    return "; ".join(f"{', '.join(sharing)}: {reason}" for reason, sharing in names.items())
