"""The table of pauses: for how long which override reason keeps the card away, with the site's durations."""

from __future__ import annotations

from cds_service.fatigue_settings import Fatigue
from cds_service.suppression import Lifted, Pause, Pauses, Scope


def pauses(given: Fatigue) -> Pauses:
    """Return the table with the durations of ``given``, in days."""
    return Pauses(
        by_reason={
            "patient-refuses": Pause(Scope.PATIENT, given.patient_refuses_days),
            "action-completed": Pause(Scope.PATIENT, given.action_completed_days, Lifted.VERDICT_RISES),
            "patient-ineligible": Pause(
                Scope.PATIENT, None, Lifted.CRITERION_CHANGES, at_least=given.patient_ineligible_days
            ),
            "inappropriate-recipient": Pause(Scope.USER, given.inappropriate_recipient_days),
            "need-more-info": Pause(Scope.BOTH, given.need_more_info_days, Lifted.CRITERION_CHANGES),
            "limited-time": Pause(Scope.BOTH, given.limited_time_days),
        },
        shown=Pause(Scope.BOTH, given.shown_days, Lifted.ANY_CHANGE),
    )
