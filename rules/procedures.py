"""Procedures: what was done to this person, and when. Only a completed one counts."""

from __future__ import annotations

from msgspec import Struct

from rules.assessment import Evidence
from rules.criterion import Chart, Coverage, Window
from rules.dates import Moment
from rules.resources import Procedure
from rules.value_sets import Match, ValueSet


class Done(Struct, frozen=True):
    """A completed Procedure of a value set."""

    procedure: Procedure
    match: Match
    when: Moment | None
    """When it was performed; of a period its end, else its start."""

    @property
    def certain(self) -> bool:
        """Recognised by its code, not by its name."""
        return not self.match.by_text

    @property
    def name(self) -> str:
        return self.procedure.code.display if self.procedure.code else self.match.row.display

    def evidence(self) -> Evidence:
        when = self.when.text if self.when else None
        return Evidence(self.procedure.reference, self.name, self.procedure.status, None, when)


def procedures(chart: Chart, *value_sets: ValueSet) -> list[Done]:
    """Return completed procedures whose code, or else name, is in ``value_sets``; none of the future."""
    found = []
    for procedure, match in chart.record.retrieve_procedures(*value_sets):
        if (procedure.status or "").strip().lower() == "completed":
            done = Done(procedure, match, performed(chart, procedure))
            if done.when is None or done.when.days.first <= chart.on:
                found.append(done)
    return found


def performed(chart: Chart, procedure: Procedure) -> Moment | None:
    """Return when a procedure was performed."""
    period = procedure.performed_period
    texts = (procedure.performed_date_time, period.end if period else None, period.start if period else None)
    return next((moment for text in texts if (moment := chart.moment(text))), None)


def when_done(chart: Chart, done: Done, window: Window) -> Coverage:
    """Return where a procedure lies with regard to ``window``; without a date, that cannot be told."""
    return window.covers(done.when.days, chart.on) if done.when else Coverage.STRADDLES
