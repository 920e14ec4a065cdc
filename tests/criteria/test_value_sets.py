"""Every code list is pinned: a row that is added, lost or changed in what it matches fails here, by name.

What is meant stands in ``value_sets.txt``, one line a list: its name, how many rows of each system decide, and a
digest of them. After a change that is meant, give the criterion's table a line that shows it, run
``python -m tests.criteria.test_value_sets`` to write the file anew, and read the difference before you commit it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from rules.codes import plain_code
from rules.trial import Trial
from rules.trial_folder import load_trial
from rules.value_sets import Row, ValueSet

PINS = Path(__file__).with_name("value_sets.txt")


def pin(value_set: ValueSet) -> str:
    """Return the line of a list. Unverified rows are counted apart: they are listed and never match."""
    deciding = [row for row in value_set if row.verified != "no"]
    systems = Counter(row.system.rstrip("/").rpartition("/")[2] for row in deciding)
    listed = [*(f"{system} {rows}" for system, rows in sorted(systems.items()))]
    if len(deciding) < len(value_set.rows):
        listed.append(f"unverified {len(value_set.rows) - len(deciding)}")
    digest = hashlib.sha256("\n".join(sorted(map(_matched, value_set))).encode()).hexdigest()[:12]
    return f"{value_set.name}: {', '.join(listed)}; {digest}"


def _matched(row: Row) -> str:
    """Return what a row matches, and whether it does; not its display, source or note."""
    exceptions = ";".join(sorted(row.exceptions))
    return "|".join((row.system, plain_code(row.system, row.code), row.match, exceptions, str(row.verified != "no")))


def pinned() -> Mapping[str, str]:
    return {line.partition(":")[0]: line for line in PINS.read_text(encoding="utf-8").splitlines()}


def differences(trial: Trial) -> list[str]:
    """Return what differs from the pins, in words."""
    expected, found = pinned(), {name: pin(value_set) for name, value_set in trial.value_sets.items()}
    return [
        f"now     {found.get(name, f'{name} is gone')}\n  pinned  {expected.get(name, 'nothing')}"
        for name in sorted({*expected, *found})
        if expected.get(name) != found.get(name)
    ]


def test_no_code_list_has_changed(trial: Trial) -> None:
    changed = differences(trial)
    assert not changed, (
        "These code lists match other codes than before:\n- "
        + "\n- ".join(changed)
        + "\nIf that is meant: a line in the criterion's table, then python -m tests.criteria.test_value_sets"
    )


CHANGES = {
    "a row lost": lambda rows: rows[1:],
    "a row added": lambda rows: (*rows, replace(rows[0], code=f"{rows[0].code}9")),
    "another system": lambda rows: (replace(rows[0], system="http://elsewhere"), *rows[1:]),
    "another kind of match": lambda rows: (
        replace(rows[0], match={"prefix": "exact"}.get(rows[0].match, "prefix")),
        *rows[1:],
    ),
    "another exception": lambda rows: (replace(rows[0], exceptions=("X",)), *rows[1:]),
    "no longer verified": lambda rows: (replace(rows[0], verified="no"), *rows[1:]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_each_kind_of_change_is_seen(change: str, trial: Trial) -> None:
    unseen = [
        name
        for name, value_set in trial.value_sets.items()
        if value_set.rows[0].verified != "no"
        and pin(ValueSet(name, value_set.title, CHANGES[change](value_set.rows))) == pin(value_set)
    ]
    assert not unseen


def test_words_for_people_are_not_pinned(trial: Trial) -> None:
    value_set = trial.value_sets["t1dm"]
    reworded = [replace(row, display="another", note="another", source="another") for row in value_set]
    assert pin(ValueSet("t1dm", value_set.title, reversed(reworded))) == pin(value_set)


if __name__ == "__main__":
    lines = [pin(value_set) for _name, value_set in sorted(load_trial("rules.nct01374854").value_sets.items())]
    PINS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"wrote {PINS.name}: {len(lines)} code lists")
