"""What the benchmark of whole populations says of its figures. No figure is judged here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import process_tree
from benchmarks.population import DOCUMENT, Figures, Means, sentences, write


def figures(people: int, ms_a_person: float, peak_bytes: int) -> Figures:
    return Figures(
        people=people, resources=people * 195, source_bytes=people * 109_000, result_bytes=people * 36_000,
        seconds=people / 100, cpu_seconds=people * ms_a_person / 1000, grouping_cpu_seconds=people / 1000,
        peak_bytes=peak_bytes,
    )  # fmt: skip


def test_a_million_people_are_extrapolated_from_the_largest_run() -> None:
    said = sentences([figures(100_000, 7.2, 600_000_000), figures(10_000, 8.0, 500_000_000)], Means(2, "4GB"), 0.5)
    assert "would take 1.0 hours of 2 cores, at the largest run's 7.2 ms" in said
    assert "109 GB of source and 36 GB of results" in said
    assert "(the budget: 2.5 ms)" in said
    assert "With 100,000 people, CPU a person is 0.90 times that with 10,000, and memory 1.20 times" in said


def test_figures_are_written_between_the_marks(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text(DOCUMENT.read_text(encoding="utf-8"), encoding="utf-8")
    write("the figures", document)
    written = document.read_text(encoding="utf-8")
    assert "<!-- population -->\nthe figures\n<!-- /population -->" in written
    write("others", document)
    assert written.replace("the figures", "others") == document.read_text(encoding="utf-8")


_HOLDS_MEMORY_IN_A_CHILD = """
import subprocess, sys
print("begun", file=sys.stderr, flush=True)
subprocess.run([sys.executable, "-c", sys.argv[1], sys.argv[2]], check=True)
sys.exit(3)
"""
_UNTIL_IT_IS_SEEN = """
import os, sys, time
held = bytearray(b"x") * 80_000_000
give_up = time.monotonic() + 60
while not os.path.exists(sys.argv[1]) and time.monotonic() < give_up:
    time.sleep(0.02)
"""


def test_memory_and_status_are_those_of_all_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    seen, held = tmp_path / "seen", process_tree.held

    def looked_at(pid: int) -> int:
        found = held(pid)
        if found > 80_000_000:
            seen.touch()
        return found

    monkeypatch.setattr(process_tree, "held", looked_at)
    command = [sys.executable, "-c", _HOLDS_MEMORY_IN_A_CHILD, _UNTIL_IT_IS_SEEN, str(seen)]
    taken = process_tree.run(command, lambda line, _cpu: told.append(line))
    assert told == ["begun"]
    assert taken.status == 3
    assert taken.cpu_seconds > 0
    assert taken.peak_bytes > 80_000_000


def test_a_process_that_has_ended_holds_nothing() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert process_tree.held(ended.pid) == 0
    assert process_tree.cpu_seconds(ended.pid) == pytest.approx(0)
