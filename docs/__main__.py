"""Writes the generated documents: ``python -m docs``; with ``--check`` it only tells which are current."""

from __future__ import annotations

import sys

from docs import cards, configuration, criteria, dashboard, golden, observability, value_sets

GENERATED = (criteria, value_sets, cards, configuration, observability, golden, dashboard)
"""Modules with a ``PATH`` and a ``document()``."""


def main(arguments: list[str]) -> int:
    stale = 0
    for one in GENERATED:
        text, path = one.document(), one.PATH
        if "--check" in arguments:
            current = path.exists() and path.read_text(encoding="utf-8") == text
            stale += not current
            print(f"{path.name} is {'current' if current else 'stale: run `make docs`'}")
        else:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.name}: {len(text.splitlines())} lines")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
