"""What is written down about one patient-view call: filled in while it is answered, noted when it ends."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import date

from cds_service.observability.course import Course
from cds_service.storage.journal import Call, Outcome, Parties
from rules.assessment import Assessment


@dataclass(slots=True)
class Account:
    """The account of one call. Until it says otherwise, the call has failed."""

    parties: Parties
    request_id: str
    day: date
    rules_version: str
    outcome: Outcome = Outcome.FAILED
    cause: str | None = None
    assessment: Assessment | None = None
    card: str | None = None
    course: Course = field(default_factory=Course)
    _started: float = field(default_factory=time.perf_counter)

    def ends(self, outcome: Outcome, cause: str | None = None) -> None:
        self.outcome, self.cause = outcome, cause

    def call(self) -> Call:
        """Return the account as it stands."""
        return Call(
            parties=self.parties,
            request_id=self.request_id,
            day=self.day,
            rules_version=self.rules_version,
            outcome=self.outcome,
            cause=self.cause,
            milliseconds=round((time.perf_counter() - self._started) * 1000),
            assessment=self.assessment,
            card=self.card,
        )
