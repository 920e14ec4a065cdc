"""When a card stays away: one table a row of the design, both sides of each day, and what brings the card back.

Read a line so: who gave the reason about whom, how many days ago, what has changed since, and whether there is a card.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from cards.override_reasons import REASONS
from cds_service.fatigue_settings import Fatigue
from cds_service.pauses import pauses
from cds_service.suppression import SHOWN, History, Override, Pauses, Present, Shown, Snapshot, suppressed_by
from rules.assessment import CriterionResult, Status, Verdict
from tests.support.assessments import assessment, result

TODAY = date(2026, 11, 25)
TABLE = pauses(Fatigue())

BEFORE = Snapshot("possibly-eligible", {"H1": "met", "I1": "met", "I8": "unknown", "E3": "not-met"})
"""What the card rested on that was put aside or shown."""

H1, I1, I8, E3 = (
    result("H1", Status.MET), result("I1", Status.MET), result("I8"), result("E3", Status.NOT_MET),
)  # fmt: skip


def _now(*results: CriterionResult, verdict: Verdict = Verdict.POSSIBLY_ELIGIBLE, lost: str = "") -> Present:
    return Present(assessment(*results, verdict=verdict), frozenset(lost.split()))


SAME = _now(H1, I1, I8, E3)
NOW = {
    "nothing": SAME,
    "verdict rose": _now(H1, I1, I8, E3, verdict=Verdict.POTENTIALLY_ELIGIBLE),
    "verdict fell": _now(H1, I1, I8, E3, verdict=Verdict.INSUFFICIENT_DATA),
    "a criterion": _now(H1, I1, result("I8", Status.MET), E3),
    "an exclusion": _now(H1, I1, I8, result("E3", Status.MET)),
    "a header": _now(result("H1", Status.NOT_MET), I1, I8, E3),
    "a new criterion": _now(H1, I1, I8, E3, result("E9")),
    "known turned unknown": _now(H1, result("I1"), I8, E3, lost="E3"),
    "a search failed": _now(H1, result("I1"), I8, E3, verdict=Verdict.INSUFFICIENT_DATA, lost="I1 I8"),
    "one failed, one changed": _now(H1, result("I1"), result("I8", Status.MET), E3, lost="I1"),
}
"""What changed since, by name."""

WHO = {
    "both": (True, True),
    "other user": (True, False),
    "other patient": (False, True),
    "others": (False, False),
}
"""Whether the reason was given about this patient, and by this user."""


def _after(days: int) -> date:
    return TODAY - timedelta(days=days)


def _cause(reason: str, who: str, days: int, changed: str, table: Pauses = TABLE) -> str | None:
    override = Override(reason, _after(days), *WHO[who], BEFORE)
    return suppressed_by(History((override,)), NOW[changed], TODAY, table)


AWAY, BACK = True, False

# Patient declined: this patient, every user, 365 days; nothing brings the card back before.
PATIENT_REFUSES = [
    ("both", 0, "nothing", AWAY),
    ("other user", 0, "nothing", AWAY),
    ("other patient", 0, "nothing", BACK),
    ("both", 364, "nothing", AWAY),
    ("both", 365, "nothing", BACK),
    ("both", 100, "verdict rose", AWAY),
    ("both", 100, "a criterion", AWAY),
]

# Already discussed or referred: this patient, every user, 180 days, or the verdict rises.
ACTION_COMPLETED = [
    ("both", 0, "nothing", AWAY),
    ("other user", 179, "nothing", AWAY),
    ("other user", 180, "nothing", BACK),
    ("other patient", 1, "nothing", BACK),
    ("both", 0, "verdict rose", BACK),
    ("other user", 1, "verdict rose", BACK),
    ("both", 1, "verdict fell", AWAY),
    ("both", 1, "a criterion", AWAY),
]

# Not suitable: this patient, every user, until a criterion changes, and at least 30 days.
PATIENT_INELIGIBLE = [
    ("both", 0, "nothing", AWAY),
    ("other user", 29, "a criterion", AWAY),
    ("other user", 30, "a criterion", BACK),
    ("both", 30, "an exclusion", BACK),
    ("both", 30, "a new criterion", BACK),
    ("both", 30, "known turned unknown", BACK),
    ("both", 30, "a search failed", AWAY),
    ("both", 30, "one failed, one changed", BACK),
    ("both", 30, "a header", AWAY),
    ("both", 30, "verdict rose", AWAY),
    ("both", 30, "nothing", AWAY),
    ("both", 3_000, "nothing", AWAY),
    ("other patient", 1, "nothing", BACK),
]

# Not my role: this user, every patient, 365 days.
INAPPROPRIATE_RECIPIENT = [
    ("both", 0, "nothing", AWAY),
    ("other patient", 0, "nothing", AWAY),
    ("other patient", 364, "a criterion", AWAY),
    ("other patient", 365, "nothing", BACK),
    ("other user", 0, "nothing", BACK),
    ("others", 0, "nothing", BACK),
]

# Data on the card are wrong: this patient, this user, until a criterion changes, or 90 days.
NEED_MORE_INFO = [
    ("both", 0, "nothing", AWAY),
    ("both", 0, "a criterion", BACK),
    ("both", 0, "a search failed", AWAY),
    ("both", 89, "nothing", AWAY),
    ("both", 89, "verdict rose", AWAY),
    ("both", 90, "nothing", BACK),
    ("other user", 0, "nothing", BACK),
    ("other patient", 0, "nothing", BACK),
]

# Not now: this patient, this user, 7 days.
LIMITED_TIME = [
    ("both", 0, "nothing", AWAY),
    ("both", 6, "a criterion", AWAY),
    ("both", 6, "verdict rose", AWAY),
    ("both", 7, "nothing", BACK),
    ("other user", 0, "nothing", BACK),
    ("other patient", 0, "nothing", BACK),
]

ROWS = {
    "patient-refuses": PATIENT_REFUSES,
    "action-completed": ACTION_COMPLETED,
    "patient-ineligible": PATIENT_INELIGIBLE,
    "inappropriate-recipient": INAPPROPRIATE_RECIPIENT,
    "need-more-info": NEED_MORE_INFO,
    "limited-time": LIMITED_TIME,
}


@pytest.mark.parametrize(
    ("reason", "who", "days", "changed", "away"), [(reason, *row) for reason, rows in ROWS.items() for row in rows]
)
def test_a_reason_keeps_the_card_away(reason: str, who: str, days: int, changed: str, away: bool) -> None:
    assert _cause(reason, who, days, changed) == (reason if away else None)


def test_every_reason_on_the_card_has_its_rows() -> None:
    assert set(ROWS) == set(REASONS)


# Without feedback: the same day again; after that only when the verdict or a criterion changed, or 30 days passed.
@pytest.mark.parametrize(
    ("days", "changed", "away"),
    [
        (0, "nothing", BACK),
        (1, "nothing", AWAY),
        (29, "nothing", AWAY),
        (30, "nothing", BACK),
        (1, "verdict rose", BACK),
        (1, "verdict fell", BACK),
        (1, "a criterion", BACK),
        (1, "an exclusion", BACK),
        (1, "a search failed", AWAY),
        (1, "a header", AWAY),
        (-1, "nothing", BACK),
    ],
)
def test_a_card_that_was_shown_stays_away(days: int, changed: str, away: bool) -> None:
    history = History(last_shown=Shown(_after(days), BEFORE))
    assert suppressed_by(history, NOW[changed], TODAY, TABLE) == (SHOWN if away else None)


def test_nothing_known_means_a_card() -> None:
    assert suppressed_by(History(), SAME, TODAY, TABLE) is None


def test_an_answer_counts_on_the_same_day_although_a_showing_does_not() -> None:
    history = History((Override("limited-time", TODAY, True, True, BEFORE),), Shown(TODAY, BEFORE))
    assert suppressed_by(history, SAME, TODAY, TABLE) == "limited-time"


def test_of_several_answers_one_that_holds_is_enough() -> None:
    over = Override("limited-time", _after(100), True, True, BEFORE)
    holds = Override("action-completed", _after(100), True, False, BEFORE)
    assert suppressed_by(History((over, holds)), SAME, TODAY, TABLE) == "action-completed"
    assert suppressed_by(History((holds, over)), SAME, TODAY, TABLE) == "action-completed"


def test_each_answer_is_measured_by_the_card_it_was_given_on() -> None:
    """Referred as possibly eligible, again as potentially eligible: the second answer stops the card that rose."""
    risen = Snapshot("potentially-eligible", BEFORE.statuses)
    first = Override("action-completed", _after(20), True, True, BEFORE)
    second = Override("action-completed", _after(10), True, True, risen)
    assert suppressed_by(History((first,)), NOW["verdict rose"], TODAY, TABLE) is None
    assert suppressed_by(History((first, second)), NOW["verdict rose"], TODAY, TABLE) == "action-completed"


@pytest.mark.parametrize(
    ("reason", "setting"),
    [
        ("patient-refuses", "patient_refuses_days"),
        ("action-completed", "action_completed_days"),
        ("inappropriate-recipient", "inappropriate_recipient_days"),
        ("need-more-info", "need_more_info_days"),
        ("limited-time", "limited_time_days"),
    ],
)
def test_durations_are_settings_and_zero_is_no_pause(reason: str, setting: str) -> None:
    five = pauses(Fatigue.model_validate({setting: 5}))
    assert _cause(reason, "both", 4, "nothing", five) == reason
    assert _cause(reason, "both", 5, "nothing", five) is None
    assert _cause(reason, "both", 0, "nothing", pauses(Fatigue.model_validate({setting: 0}))) is None


def test_the_least_time_of_not_suitable_is_a_setting() -> None:
    five = pauses(Fatigue(patient_ineligible_days=5))
    assert _cause("patient-ineligible", "both", 4, "a criterion", five) == "patient-ineligible"
    assert _cause("patient-ineligible", "both", 5, "a criterion", five) is None


def test_an_answer_from_the_future_counts_as_of_today() -> None:
    assert _cause("limited-time", "both", -3, "nothing") == "limited-time"


def test_what_a_later_version_wrote_brings_the_card_back_rather_than_failing() -> None:
    strange = Snapshot("a-verdict-of-tomorrow", BEFORE.statuses)
    history = History((Override("action-completed", TODAY, True, True, strange),))
    assert suppressed_by(history, SAME, TODAY, TABLE) is None


def test_a_reason_without_a_line_in_the_table_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="Each override reason"):
        Pauses({}, TABLE.shown)
