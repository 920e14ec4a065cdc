"""Some cases of the fuzz of the hook body; `python -m tests.fuzz.hook_body` runs many more."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.fuzz.hook_body import Case, charts, fuzz, good_call, service

CASES, SEED = 150, 3
"""The same cases each time: a run that looks for new ones is the long one's task."""


def test_whatever_a_client_sends_is_answered_without_a_leak(tmp_path: Path) -> None:
    with service(tmp_path) as run:
        fuzz(run, CASES, start=SEED)
        assert sum(run.statuses.values()) >= CASES
        assert run.statuses[200] > 50
        assert run.statuses[400] > 20
        assert run.cards > 5


@pytest.mark.parametrize("leak", ["Hush", "hush street 1", "PERSON-4711 HUSH"])
def test_a_leak_would_be_seen(tmp_path: Path, leak: str) -> None:
    with service(tmp_path) as run:
        run(case := Case(orjson.dumps(good_call(list(charts()[0]))), None))
        run.lines.append(leak)
        with pytest.raises(AssertionError, match="the log holds a planted secret"):
            run(case)
