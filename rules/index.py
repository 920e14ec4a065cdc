"""An index of coded things by what their concepts show, so that a retrieve looks at few of them.

It gives what may belong to a value set, in the order in which it was added; the value set then decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Generic, TypeVar

from rules.codes import Trace
from rules.value_sets import ValueSet

T = TypeVar("T")


class Index(Generic[T]):
    """Things by the traces of their concepts (`rules.codes.Trace`)."""

    def __init__(self, traced: Iterable[tuple[T, Iterable[Trace]]]) -> None:
        """Take each thing with the traces of all concepts that say what it is."""
        self._things: list[T] = []
        places: dict[Trace, list[int]] = defaultdict(list)
        for place, (thing, traces) in enumerate(traced):
            self._things.append(thing)
            for trace in traces:
                places[trace].append(place)
        self._places = dict(places)
        self._traces = frozenset(places)  # a set meets a set faster than it meets a dictionary

    def candidates(self, *value_sets: ValueSet) -> list[T]:
        """Return what may belong to one of ``value_sets``, each once."""
        found: set[int] = set()
        for value_set in value_sets:
            if not value_set.triggers.isdisjoint(self._traces):
                for trace in value_set.triggers & self._traces:
                    found.update(self._places[trace])
        return [self._things[place] for place in sorted(found)] if found else []
