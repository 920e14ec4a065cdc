"""Concepts under the listed ones, as a terminology server gives them: an argument of the loader.

A value set lists few SNOMED concepts; rows that say ``descendants`` stand for all that lie under them. Which
those are only a terminology server knows. It is asked by an expression of SNOMED's constraint language (ECL);
without an answer, the listed concepts alone are matched. What another value set of the same criterion lists by
itself stays with that one, so that a look-alike is never drawn in by its parent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from rules.codes import SNOMED
from rules.value_sets import Row, ValueSet, with_rows

Concepts = Mapping[str, str]
"""SNOMED codes and their names."""


@dataclass(frozen=True, slots=True)
class Expansions:
    """The concepts of each value set that was expanded, by its name."""

    concepts: Mapping[str, Concepts] = field(default_factory=dict)
    fetched: str = ""
    """The day on which they were fetched, as YYYY-MM-DD; of several, the earliest."""

    def __bool__(self) -> bool:
        return bool(self.concepts)

    def __str__(self) -> str:
        """Return for people how SNOMED codes are matched."""
        if not self:
            return "SNOMED CT: the listed concepts only"
        found = sum(map(len, self.concepts.values()))
        return (
            f"SNOMED CT: the listed concepts, and {found} under them in {len(self.concepts)} value sets "
            f"from a terminology server ({self.fetched})"
        )


LISTS_ONLY = Expansions()


def expression(value_set: ValueSet) -> str | None:
    """Return the ECL of what lies under the rows of ``value_set`` that are to be expanded; None without any."""
    rows = [row for row in value_set if _is_root(row)]
    if not rows:
        return None
    within = " OR ".join(f"<< {row.code}" for row in rows)
    without = " OR ".join(dict.fromkeys(f"<< {code}" for row in rows for code in row.exceptions))
    return f"({within}) MINUS ({without})" if without else within


def _is_root(row: Row) -> bool:
    return row.system == SNOMED and row.match == "descendants" and row.verified != "no"


def expanded(
    value_sets: Mapping[str, ValueSet], used_together: Iterable[Iterable[str]], expansions: Expansions
) -> dict[str, ValueSet]:
    """Return ``value_sets`` with the concepts of ``expansions``.

    ``used_together``: for each criterion the names of its value sets.
    """
    groups = [frozenset(names) for names in used_together]
    return {
        name: _with_concepts(value_set, _listed_beside(name, value_sets, groups), expansions.concepts.get(name, {}))
        for name, value_set in value_sets.items()
    }


def _listed_beside(name: str, value_sets: Mapping[str, ValueSet], groups: Iterable[frozenset[str]]) -> frozenset[str]:
    """Return the SNOMED codes that the other value sets of the same criteria list."""
    others = {other for group in groups if name in group for other in group} - {name}
    return frozenset(r.code for other in others if other in value_sets for r in value_sets[other] if r.system == SNOMED)


def _with_concepts(value_set: ValueSet, elsewhere: frozenset[str], concepts: Concepts) -> ValueSet:
    if not concepts:
        return value_set
    listed = {row.code for row in value_set if row.system == SNOMED}
    pattern = next(row for row in value_set if _is_root(row))
    rows = [
        replace(pattern, code=code, display=display, match="exact", exceptions=(), source="terminology server", note="")
        for code, display in concepts.items()
        if code not in listed and code not in elsewhere
    ]
    return with_rows(value_set, rows)
