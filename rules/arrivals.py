"""Searches that were asked and did not bring everything: what they may hold is not known.

A search that was never asked, or that the server does not offer, is a limit of the record itself; one that
failed, was refused or was cut off is not, and neither is an entry that could not be read.
"""

from __future__ import annotations

from rules.criterion import Chart
from rules.resources import Condition
from rules.searches import SearchState
from rules.value_sets import ValueSet

LOST = frozenset({SearchState.FAILED, SearchState.FORBIDDEN, SearchState.TRUNCATED})


def lost(chart: Chart, *searches: str) -> str:
    """Say why one of ``searches`` did not bring what it was asked for; empty when none was lost."""
    for name in searches:
        search = chart.search(name)
        if search.state in LOST:
            return search.reason or f"the {name} are not available to the service"
    return ""


def unread(chart: Chart, type_name: str, *value_sets: ValueSet) -> str:
    """Say that an entry of a type that may belong to ``value_sets`` could not be read; else empty."""
    return (
        f"an entry of type {type_name} could not be read" if chart.record.unreadable_of(type_name, *value_sets) else ""
    )


def encounter_lost(chart: Chart, condition: Condition) -> str:
    """Say why the encounter that a diagnosis refers to, and that would date it, was lost; else empty."""
    if condition.encounter is None or chart.record.encounter_of(condition) is not None:
        return ""
    return lost(chart, "encounters")
