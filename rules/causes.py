"""Why something is unknown, as a closed list. The sentences for people stand where the cause is found."""

from __future__ import annotations

from enum import StrEnum


class Cause(StrEnum):
    """Why a result or a criterion is unknown; also what metrics count."""

    NONE = "no-data"
    STALE = "stale"
    UNDATED = "undated"
    IMPRECISE_DATE = "imprecise-date"
    FUTURE = "future-date"
    PRELIMINARY = "preliminary"
    NO_VALUE = "no-value"
    UNPARSABLE = "unparsable"
    UNIT_MISSING = "unit-missing"
    UNIT_UNKNOWN = "unit-unknown"
    IMPLAUSIBLE = "implausible"
    TOO_FINE = "not-comparable"
    UNREADABLE = "unreadable"
    SEARCH = "search-incomplete"
    CONFOUNDED = "confounded"
    """Taken under circumstances in which the value misleads."""
    INVALID = "invalid-method"
    """Computed where the computation does not hold, which laboratories also report as no value."""
