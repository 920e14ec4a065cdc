"""Which results belong together: of one specimen, or taken at one time."""

from __future__ import annotations

from datetime import timedelta

from rules.criterion import Chart
from rules.measurements import effective
from rules.resources import Observation


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
