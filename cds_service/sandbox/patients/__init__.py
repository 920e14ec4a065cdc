"""The synthetic patients, in the order in which the demo opens them. All are invented and marked HTEST."""

from __future__ import annotations

from cds_service.sandbox.patients import (
    gaps,
    golden,
    long_chart,
    obstacles,
    other_diabetes,
    outside_the_trial,
    si_units,
)
from cds_service.sandbox.synthetic import SyntheticPatient

ALL: tuple[SyntheticPatient, ...] = (
    *golden.PATIENTS,
    *gaps.PATIENTS,
    *si_units.PATIENTS,
    *long_chart.PATIENTS,
    *obstacles.PATIENTS,
    *other_diabetes.PATIENTS,
    *outside_the_trial.PATIENTS,
)

__all__ = ["ALL", "SyntheticPatient"]
