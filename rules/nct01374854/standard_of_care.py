"""What the tests of ``standard_of_care.yaml`` need to know of this trial's disease."""

from __future__ import annotations

from datetime import date

from rules.criterion import Chart
from rules.nct01374854.t1dm_onset import earliest_credible, t1dm_onset


def latest_onset(chart: Chart) -> date | None:
    """Return the latest day on which type 1 diabetes can have begun by any statement; None when none is known."""
    onset = t1dm_onset(chart)
    spans = [source.days for source in onset.stated]
    bounded = onset.span(earliest_credible(chart))
    days = [span.last for span in (*spans, bounded) if span]
    return max(days) if days else None
