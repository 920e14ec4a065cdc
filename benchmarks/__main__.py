"""Measures and prints: ``python -m benchmarks [--write] [--long]``. Some six minutes; loopback only.

``--write`` puts tables and pictures into ``docs/performance.md``; ``--long`` first makes the budget's hundred
thousand requests of one worker, half an hour or more.
"""

from __future__ import annotations

import argparse

from benchmarks import document, memory
from benchmarks.budgets import measure
from benchmarks.service import collect_as_served
from benchmarks.tables import table


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/performance.md too")
    parser.add_argument("--long", action="store_true", help=f"make {memory.REQUESTS:,} requests of one worker")
    options = parser.parse_args(arguments)
    collect_as_served()
    long_run = memory.samples(memory.REQUESTS) if options.long else None
    if long_run and options.write:
        document.write_long(long_run)
    measured = measure(memory_samples=long_run)
    for one in measured.tables().values():
        print(f"{one.title}\n\n{table(one.head, one.rows)}\n")
    if options.write:
        document.write(measured)


if __name__ == "__main__":
    main()
