"""Writes the generated documents: ``python -m docs``; with ``--check`` it only tells whether they are current."""

from __future__ import annotations

import sys

from docs import cards, criteria, value_sets


def main(arguments: list[str]) -> int:
    stale = False
    for module in (criteria, value_sets, cards):
        text, path = module.document(), module.PATH
        if "--check" in arguments:
            current = path.exists() and path.read_text(encoding="utf-8") == text
            stale = stale or not current
            print(f"{path.name} is {'current' if current else 'stale: run `make docs`'}")
            continue
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.name}: {len(text.splitlines())} lines")
    return int(stale)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
