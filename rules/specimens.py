"""Which results belong together: of one specimen, or taken at one time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from rules.criterion import Chart
from rules.dates import Moment
from rules.resources import Observation
from rules.results import effective

T = TypeVar("T")


def same_specimen(one: Observation, other: Observation) -> bool:
    """True when both name the same specimen."""
    names = [o.specimen.reference if o.specimen else None for o in (one, other)]
    return names[0] is not None and names[0] == names[1]


def taken_together(chart: Chart, one: Observation, other: Observation, within: timedelta = timedelta(0)) -> bool:
    """True for one specimen, or when both can have been taken at most ``within`` apart."""
    if same_specimen(one, other):
        return True
    first, second = effective(chart, one)[0], effective(chart, other)[0]
    if first is None or second is None:
        return False
    return first.start - within <= second.end and second.start - within <= first.end


class Beside(Generic[T]):
    """Answers `taken_together` for many at once: what among ``things`` goes with an observation."""

    def __init__(self, chart: Chart, things: Iterable[T], observation_of: Callable[[T], Observation]) -> None:
        self._chart = chart
        self._things = list(things)
        self._parts: dict[int, list[T]] = {}
        self._specimens: dict[str, list[int]] = {}
        timed: list[tuple[Moment, int]] = []
        for place, thing in enumerate(self._things):
            observation = observation_of(thing)
            self._parts.setdefault(id(observation), []).append(thing)
            if observation.specimen and observation.specimen.reference is not None:
                self._specimens.setdefault(observation.specimen.reference, []).append(place)
            when = effective(chart, observation)[0]
            if when:
                timed.append((when, place))
        timed.sort(key=lambda pair: pair[0].start)
        self._timed = timed
        self._starts: list[datetime] = [when.start for when, _place in timed]
        self._longest = max((when.end - when.start for when, _place in timed), default=timedelta(0))

    def part_of(self, observation: Observation) -> list[T]:
        """Return what is the observation itself or one of its components."""
        return self._parts.get(id(observation), [])

    def of(self, observation: Observation, within: timedelta = timedelta(0)) -> list[T]:
        """Return what is of the same specimen, or can have been taken at most ``within`` apart, as ordered before."""
        places: set[int] = set()
        if observation.specimen and observation.specimen.reference is not None:
            places.update(self._specimens.get(observation.specimen.reference, ()))
        when = effective(self._chart, observation)[0] if self._timed else None
        if when:
            earliest, latest = when.start - within, when.end + within
            first, last = bisect_left(self._starts, earliest - self._longest), bisect_right(self._starts, latest)
            places.update(place for other, place in self._timed[first:last] if other.end >= earliest)
        return [self._things[place] for place in sorted(places)]
