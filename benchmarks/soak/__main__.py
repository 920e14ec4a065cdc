"""Runs the whole service under a mixed load: ``python -m benchmarks.soak [--seconds N] [--write]``. Loopback only.

Exit status 1 when anything is not as it has to be. ``--write`` puts the tables into ``docs/reliability.md``.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.document import machine
from benchmarks.service import collect_as_served
from benchmarks.soak.run import Extent, Report, as_rows, soak
from benchmarks.tables import markdown, table

DOCUMENT = Path(__file__).parents[2] / "docs" / "reliability.md"
CHECKED = ("what", "expected", "seen", "")
COUNTED = ("what happened", "how often")
HELD = ("seconds", "MB of both workers", "threads", "sockets")
_BLOCK = re.compile(r"(<!-- soak -->\n).*?(<!-- /soak -->)", re.DOTALL)
_LOOKS = 10


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300, help="for how long there is load; default: %(default)s")
    parser.add_argument("--users", type=int, default=6, help="clients at once; default: %(default)s")
    parser.add_argument("--write", action="store_true", help="write docs/reliability.md too")
    options = parser.parse_args(arguments)
    collect_as_served()
    with TemporaryDirectory() as folder:
        report = soak(Extent(options.seconds, options.users), Path(folder))
    for head, rows in _tables(report):
        print(f"{table(head, rows)}\n")
    if options.write:
        _write(report, options)
    print("sound" if report.sound else "NOT SOUND")
    return 0 if report.sound else 1


def _tables(report: Report) -> list[tuple[tuple[str, ...], list[tuple[str, ...]]]]:
    looks = report.held[:: max(1, len(report.held) // _LOOKS)]
    return [
        (CHECKED, as_rows(report)),
        (COUNTED, [(what, f"{number:,}") for what, number in report.counts.items()]),
        (HELD, [(f"{h.seconds:.0f}", f"{h.megabytes:.0f}", str(h.threads), str(h.sockets)) for h in looks]),
    ]


def _write(report: Report, options: argparse.Namespace) -> None:
    said = f"{options.seconds:.0f} seconds, {options.users} users, {machine()}.\n"
    text = "\n\n".join([said.rstrip(), *(markdown(head, rows) for head, rows in _tables(report))]) + "\n"
    whole = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(_BLOCK.sub(lambda found: f"{found[1]}{text}{found[2]}", whole), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
