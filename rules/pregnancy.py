"""Whether a pregnancy may be going on: only to choose limits and to warn, never to decide on its own."""

from __future__ import annotations

from rules.criterion import Chart, Coverage, Window
from rules.diagnoses import Course, Diagnosis, diagnoses
from rules.sex import Sex, sex_of


def may_be_pregnant(chart: Chart, within: Window) -> bool:
    """Return True for a pregnancy recorded within the window and neither ended nor followed by a delivery.

    Uses the value sets ``pregnancy`` and ``pregnancy_ended``.
    """
    if sex_of(chart) is Sex.MALE:
        return False
    deliveries = diagnoses(chart, chart.value_set("pregnancy_ended"))
    return any(
        _going_on(chart, recorded, within) and not any(_after(delivery, recorded) for delivery in deliveries)
        for recorded in diagnoses(chart, chart.value_set("pregnancy"))
    )


def _going_on(chart: Chart, pregnancy: Diagnosis, within: Window) -> bool:
    if pregnancy.course is Course.PAST:
        return False
    return pregnancy.when is None or within.covers(pregnancy.when.days, chart.on) is not Coverage.OUTSIDE


def _after(delivery: Diagnosis, pregnancy: Diagnosis) -> bool:
    if delivery.when is None or pregnancy.when is None:
        return False
    return delivery.when.days.last >= pregnancy.when.days.first
