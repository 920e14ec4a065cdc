"""Whether a specimen may have been taken during or soon after ketoacidosis or a hyperosmolar state."""

from __future__ import annotations

from rules.criterion import Chart, Window
from rules.dates import Days, Moment
from rules.diagnoses import Diagnosis, diagnoses
from rules.results import Result


def ketoacidosis_before(chart: Chart, result: Result, within: Window) -> Diagnosis | None:
    """Return a dated episode that can have been going on at most ``within`` before ``result``.

    An unconfirmed episode counts: this only takes certainty away. Uses the value set ``dka_hhs``.
    """
    if result.when is None:
        return None
    taken = result.when.days
    for episode in diagnoses(chart, chart.value_set("dka_hhs")):
        days = episode_days(chart, episode)
        if days and days.first <= taken.last and days.last >= within.start(taken.first):
            return episode
    return None


def undated(chart: Chart) -> list[Diagnosis]:
    """Return episodes without any date."""
    return [d for d in diagnoses(chart, chart.value_set("dka_hhs")) if d.when is None]


def episode_days(chart: Chart, episode: Diagnosis) -> Days | None:
    """Return the days of an episode, up to its abatement, else to the end of its encounter, where known.

    It may have begun on the last day of a period of onset.

    An encounter that began after the onset only mentions the episode: it does not lengthen it.
    """
    if episode.when is None:
        return None
    start, onset = episode.when.days, episode.condition.onset_period
    began_by = chart.moment(onset.end) if onset else None
    encounter = chart.record.encounter_of(episode.condition)
    began = episode.encountered and episode.encountered.days.first <= start.last
    discharge = chart.moment(encounter.period.end) if began and encounter and encounter.period else None
    over = chart.moment(episode.condition.abatement_date_time) or _abated_by(chart, episode)
    ends = [moment.days.last for moment in (began_by, over or discharge) if moment]
    return Days(start.first, max(start.last, *ends) if ends else start.last)


def _abated_by(chart: Chart, episode: Diagnosis) -> Moment | None:
    period = episode.condition.abatement_period
    return chart.moment(period.end) if period else None
