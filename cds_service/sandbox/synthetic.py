"""What the sandbox knows of one synthetic patient besides the chart itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, tzinfo
from typing import Protocol

from fhir_core.fhirabstractmodel import FHIRAbstractModel


class BuildChart(Protocol):
    """Makes the whole chart as of the day `on`, with times of day in `zone`."""

    def __call__(self, on: date, zone: tzinfo = UTC) -> list[FHIRAbstractModel]: ...


@dataclass(frozen=True, slots=True)
class SyntheticPatient:
    """A synthetic patient: who, why, and what the service should make of the chart.

    `story` is one line for the demo's table. `expected_verdict` is worked out by hand from the trial's
    verdict rules; the reasons stand above each chart.
    """

    id: str
    story: str
    expected_verdict: str
    build: BuildChart
