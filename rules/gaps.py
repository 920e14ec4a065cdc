"""What could not be looked at: for criteria that only list what a person should consider."""

from __future__ import annotations

from rules.criterion import Chart
from rules.diagnoses import all_read
from rules.searches import SEARCHES_OF_TYPE, SearchState

_QUIET = (SearchState.COMPLETE, SearchState.UNSUPPORTED)


def gaps(chart: Chart, *searches: str) -> tuple[str, ...]:
    """Return, once each, why ``searches`` did not bring everything; "diagnoses" stands for all Conditions."""
    reasons = []
    for name in searches:
        if name == "diagnoses":
            reasons.append(all_read(chart).why)
        elif chart.search(name).state not in _QUIET:
            reasons.append(chart.search(name).reason or f"the {name} are not available to the service")
    types = {kind for kind, names in SEARCHES_OF_TYPE.items() if set(names) & set(searches)} - {"Condition"}
    reasons += [f"{u.reference} could not be read" for u in chart.record.unreadable if u.type in types]
    return tuple(dict.fromkeys(reason for reason in reasons if reason))
