"""A few hundred cases of the fuzz of the hook body; `python -m tests.fuzz.hook_body` runs many more."""

from __future__ import annotations

from pathlib import Path

from tests.fuzz.hook_body import fuzz, service


def test_whatever_a_client_sends_is_answered_without_a_leak(tmp_path: Path) -> None:
    with service(tmp_path) as run:
        fuzz(run, 300)
        assert sum(run.statuses.values()) >= 300
        assert run.statuses[200] > 50
        assert run.statuses[400] > 20
        assert run.cards > 5
