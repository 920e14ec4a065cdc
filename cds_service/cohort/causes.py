"""Why something is unknown, in words for a report, and in few enough groups for a picture."""

from __future__ import annotations

from enum import StrEnum

from rules.causes import Cause


class Group(StrEnum):
    """What would mend it, roughly."""

    ABSENT = "nothing recorded"
    OLD = "too old or without a usable date"
    UNCLEAR = "sent, but not understood"
    PARTIAL = "part of a panel lacking"
    OTHER = "other"


_CAUSES: dict[str, tuple[Group, str]] = {
    Cause.NONE: (Group.ABSENT, "no result within the look-back"),
    Cause.NO_VALUE: (Group.ABSENT, "a result without a value"),
    Cause.STALE: (Group.OLD, "the newest result is too old"),
    Cause.UNDATED: (Group.OLD, "no date"),
    Cause.IMPRECISE_DATE: (Group.OLD, "the date is too imprecise"),
    Cause.FUTURE: (Group.OLD, "dated in the future"),
    Cause.PRELIMINARY: (Group.OLD, "only preliminary"),
    Cause.UNPARSABLE: (Group.UNCLEAR, "not a number"),
    Cause.UNIT_MISSING: (Group.UNCLEAR, "no unit"),
    Cause.UNIT_UNKNOWN: (Group.UNCLEAR, "unit not understood"),
    Cause.IMPLAUSIBLE: (Group.UNCLEAR, "implausible value"),
    Cause.TOO_FINE: (Group.UNCLEAR, "not comparable"),
    Cause.UNREADABLE: (Group.UNCLEAR, "resource cannot be read"),
    Cause.SEARCH: (Group.OTHER, "data not exported"),
    Cause.CONFOUNDED: (Group.OTHER, "taken when the value misleads"),
    Cause.INVALID: (Group.UNCLEAR, "computed where that does not hold"),
    "straddles": (Group.OTHER, "the value does not tell"),
    "unknown": (Group.ABSENT, "nothing that tells"),
    "untested": (Group.ABSENT, "not tested"),
    "smoking-not-known": (Group.ABSENT, "no smoking status"),
    "no-insulin": (Group.ABSENT, "no insulin order"),
    "dose-open": (Group.UNCLEAR, "dose or frequency not given"),
    "not-told": (Group.OTHER, "the value does not tell"),
    "no-birth-date": (Group.ABSENT, "no date of birth"),
    "one-eye": (Group.PARTIAL, "one eye only"),
    "triglycerides-need-fasting": (Group.UNCLEAR, "not known to be fasting"),
    "ldl-needs-fasting": (Group.UNCLEAR, "not known to be fasting"),
    "unstated-high": (Group.UNCLEAR, "not known to be fasting"),
}
"""Causes of the rules, and the names of deciding rules where these tell why; others show their own name."""

_WITHOUT = "without "


def group_of(cause: str) -> Group:
    """Return the group of a cause as `tally.cause_of` gives it."""
    if cause.startswith(_WITHOUT):
        return Group.PARTIAL
    return _CAUSES.get(cause, (Group.OTHER, ""))[0]


def words_of(cause: str) -> str:
    """Return a cause in words."""
    if cause.startswith(_WITHOUT):
        return f"no usable {cause.removeprefix(_WITHOUT).replace('_', ' ')}"
    return _CAUSES.get(cause, (Group.OTHER, cause.replace("-", " ")))[1]
