"""Shows what the service makes of each fault of a FHIR server: ``python -m benchmarks.faults [--write]``.

``--write`` puts the table into ``docs/reliability.md``. About two minutes; loopback only.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from flask.testing import FlaskClient

from benchmarks.service import log_to_nowhere
from benchmarks.tables import markdown, table
from cds_service.setting_parts import Limits
from tests.support.faults import DEADLINE, FAULTS, Fault, faulty, open_chart
from tests.support.service import make_app

DOCUMENT = Path(__file__).parents[1] / "docs" / "reliability.md"
HEAD = ("fault", "where", "expected", "seen", "seconds")
_BLOCK = re.compile(r"(<!-- faults -->\n).*?(<!-- /faults -->)", re.DOTALL)


ROUNDS = 4
"""Rounds before the first look: the pool's threads and the allocator's memory come into being."""


class Footprint(NamedTuple):
    """What the process holds; the server that misbehaves lives in it too."""

    client_threads: int
    open_files: int
    megabytes: float

    @classmethod
    def now(cls) -> Footprint:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        kilobytes = int(re.search(r"VmRSS:\s+(\d+)", status)[1])  # type: ignore[index]
        threads = sum(thread.name.startswith("fhir") for thread in threading.enumerate())
        return cls(threads, len(list(Path("/proc/self/fd").iterdir())), round(kilobytes / 1024, 1))


def measure(client: FlaskClient) -> Iterator[tuple[str, ...]]:
    """Yield a row for each fault and place."""
    for fault in FAULTS:
        for everywhere in (True, False):
            yield _row(client, fault, everywhere=everywhere)


def _row(client: FlaskClient, fault: Fault, *, everywhere: bool) -> tuple[str, ...]:
    expected = fault.everywhere if everywhere else fault.in_orders
    with faulty(fault, everywhere=everywhere) as server:
        seen = open_chart(client, server)
    return fault.name, "everywhere" if everywhere else "orders", expected, seen.outcome, f"{seen.seconds:.2f}"


def main() -> int:
    """Return 1 when something was seen that is not expected."""
    limits = Limits(deadline_seconds=DEADLINE, server_failures=10_000)
    with TemporaryDirectory() as folder, log_to_nowhere():
        client = make_app(Path(folder), limits=limits).test_client()
        for _ in range(ROUNDS):
            list(measure(client))
        before = Footprint.now()
        rows = list(measure(client))
        after = Footprint.now()
    held = [(name, str(a), str(b)) for name, a, b in zip(Footprint._fields, before, after, strict=True)]
    print(table(HEAD, rows), table(("held by the process", "before", "after"), held), sep="\n\n")
    if "--write" in sys.argv[1:]:
        text = f"{markdown(HEAD, rows)}\n\n{markdown(('held by the process', 'before', 'after'), held)}\n"
        DOCUMENT.write_text(_BLOCK.sub(rf"\g<1>{text}\g<2>", DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
    return int(any(expected != seen for _, _, expected, seen, _ in rows))


if __name__ == "__main__":
    sys.exit(main())
