"""The searches that make up a record, and how complete each one was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class SearchState(StrEnum):
    """How a search ended. Only a complete one lets a criterion rest on absence."""

    COMPLETE = "complete"
    SUPPRESSED = "suppressed"
    """The server says that it held results back (outside records, segmented data)."""
    TRUNCATED = "truncated"
    """Pages were cut off by a cap, the deadline, or a next link that could not be followed."""
    FORBIDDEN = "forbidden"
    FAILED = "failed"
    UNSUPPORTED = "unsupported"
    """The server does not offer this type: not a failure, the other sources decide."""
    NOT_ASKED = "not-asked"


@dataclass(frozen=True, slots=True)
class Search:
    """How complete one search is, and why it is not."""

    state: SearchState
    reason: str = ""

    @property
    def complete(self) -> bool:
        return self.state is SearchState.COMPLETE

    @property
    def answered(self) -> bool:
        """True when at least part of the data arrived."""
        return self.state in (SearchState.COMPLETE, SearchState.SUPPRESSED, SearchState.TRUNCATED)


COMPLETE = Search(SearchState.COMPLETE)
NOT_ASKED = Search(SearchState.NOT_ASKED, "not available to the service")

SEARCHES = (
    "patient", "problems", "diagnoses", "medications", "medication-statements", "labs", "vitals", "social",
    "encounters", "procedures", "immunizations", "research-subjects", "consents", "flags", "service-requests", "exams",
)  # fmt: skip
"""Names of the searches that make up a record; the first eight are also prefetch keys."""

SEARCHES_OF_TYPE: Mapping[str, tuple[str, ...]] = {
    "Patient": ("patient",),
    "Condition": ("problems", "diagnoses"),
    "MedicationRequest": ("medications",),
    "MedicationStatement": ("medication-statements",),
    "Medication": ("medications", "medication-statements"),
    "Observation": ("labs", "vitals", "social", "exams"),
    "Encounter": ("encounters",),
    "Procedure": ("procedures",),
    "Immunization": ("immunizations",),
    "ResearchSubject": ("research-subjects",),
    "Consent": ("consents",),
    "Flag": ("flags",),
    "ServiceRequest": ("service-requests",),
}
