"""Writes ``docs/criteria.md``: ``python -m docs``; with ``--check`` it only tells whether the file is current."""

from __future__ import annotations

import sys

from docs.criteria import PATH, document


def main(arguments: list[str]) -> int:
    text = document()
    if "--check" in arguments:
        current = PATH.exists() and PATH.read_text(encoding="utf-8") == text
        print(f"{PATH.name} is {'current' if current else 'stale: run `make docs`'}")
        return 0 if current else 1
    PATH.write_text(text, encoding="utf-8")
    print(f"wrote {PATH.name}: {len(text.splitlines())} lines")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
