"""When a card that could be shown is not: the table of override reasons, and what was shown lately.

A pure decision: what is known of this patient and this user, the assessment of now and the day go in, and the
reason why the card stays away comes out, or none. Days are those of the site.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum

from cards.override_reasons import REASONS
from rules.assessment import Assessment, Kind, Status, Verdict

SHOWN = "shown-lately"
"""The cause when no feedback stops the card, but the same user has seen it on another day."""

_RISING: tuple[str, ...] = (
    Verdict.NOT_APPLICABLE, Verdict.NOT_ELIGIBLE, Verdict.INSUFFICIENT_DATA, Verdict.POSSIBLY_ELIGIBLE,
    Verdict.POTENTIALLY_ELIGIBLE,
)  # fmt: skip
"""Verdicts from the furthest to the nearest."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a card rested on: the verdict, and the status of each criterion by its id."""

    verdict: str
    statuses: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Present:
    """The assessment of this call."""

    assessment: Assessment
    unread: frozenset[str] = frozenset()
    """Criteria of whose data some did not arrive this time."""

    def changes_since(self, before: Snapshot) -> Changes:
        """Return what is otherwise than on an earlier card. Headers only inform, and are not looked at."""
        now = self.assessment
        deciding = [result for result in now.criteria if result.kind is not Kind.HEADER]
        changed = [result for result in deciding if before.statuses.get(result.id) != result.status]
        lost = [result for result in changed if result.status is Status.UNKNOWN and result.id in self.unread]
        return Changes(
            criterion=len(changed) > len(lost),
            verdict=now.verdict != before.verdict and not lost,
            rise=_rank(now.verdict) > _rank(before.verdict) and not lost,
        )


@dataclass(frozen=True, slots=True)
class Changes:
    """What has changed. A search that failed is no news of the patient: what only it made unknown does not count."""

    criterion: bool
    verdict: bool
    rise: bool


@dataclass(frozen=True, slots=True)
class Override:
    """One card that somebody put aside, with the last reason given for it."""

    reason: str
    given_on: date
    same_patient: bool
    same_user: bool
    before: Snapshot
    """What the card rested on when it was shown."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The last card that this user was shown about this patient."""

    on: date
    before: Snapshot


@dataclass(frozen=True, slots=True)
class History:
    """What is known of earlier cards that can matter to this patient and this user."""

    overrides: tuple[Override, ...] = ()
    last_shown: Shown | None = None


class Scope(Enum):
    """Whom a reason given once keeps the card from."""

    PATIENT = "this patient, every user"
    USER = "this user, every patient"
    BOTH = "this patient, this user"

    def covers(self, override: Override) -> bool:
        patient = override.same_patient or self is Scope.USER
        user = override.same_user or self is Scope.PATIENT
        return patient and user


class Lifted(Enum):
    """What brings the card back before its time."""

    NEVER = "nothing"
    VERDICT_RISES = "the verdict rises"
    CRITERION_CHANGES = "a criterion changes its status"
    ANY_CHANGE = "the verdict or a criterion changes"

    def by(self, changes: Changes) -> bool:
        if self is Lifted.VERDICT_RISES:
            return changes.rise
        if self is Lifted.CRITERION_CHANGES:
            return changes.criterion
        return self is Lifted.ANY_CHANGE and (changes.verdict or changes.criterion)


@dataclass(frozen=True, slots=True)
class Pause:
    """How long a card stays away, counted in days from the one on which the reason was given."""

    scope: Scope
    days: int | None
    """The card is back on this day; None: only when it is lifted."""
    lifted: Lifted = Lifted.NEVER
    at_least: int = 0
    """Before this day nothing lifts it."""

    def holds(self, since: date, before: Snapshot, now: Present, today: date) -> bool:
        """Return whether the card stays away ``today``."""
        passed = max(0, (today - since).days)
        if passed < self.at_least:
            return True
        return (self.days is None or passed < self.days) and not self.lifted.by(now.changes_since(before))


@dataclass(frozen=True, slots=True)
class Pauses:
    """The table: one pause a reason, and one for a card that was merely shown."""

    by_reason: Mapping[str, Pause]
    shown: Pause

    def __post_init__(self) -> None:
        """Raises ValueError unless each override reason on the card has its line."""
        if set(self.by_reason) != set(REASONS):
            raise ValueError("Each override reason of the card needs a pause, and nothing else does.")


def suppressed_by(history: History, now: Present, today: date, pauses: Pauses) -> str | None:
    """Return why the card that ``now`` gives stays away ``today``: an override reason, `SHOWN`, or None."""
    for reason, pause in pauses.by_reason.items():
        given = (override for override in history.overrides if override.reason == reason)
        if any(pause.scope.covers(one) and pause.holds(one.given_on, one.before, now, today) for one in given):
            return reason
    shown = history.last_shown
    if shown and shown.on < today and pauses.shown.holds(shown.on, shown.before, now, today):
        return SHOWN
    return None


def _rank(verdict: str) -> int:
    """Return the place of a verdict; one that this version does not know is lower than all."""
    return _RISING.index(verdict) if verdict in _RISING else -1
