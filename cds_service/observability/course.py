"""How one request went, step by step: all that its metrics and its trace are made from, when it has ended."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cds_service.cds_hooks.account import Account

STAGES: Mapping[str, str] = {
    "sign-in": "the token is checked, and remembered as used",
    "body": "the body arrives and is read",
    "prefetch": "the resources that the EHR sent are read",
    "gate": "what the gate needs is fetched, and the gate decides",
    "pull": "everything else is fetched",
    "rules": "all criteria are decided",
    "history": "what is known of earlier cards is waited for",
    "cards": "the card is written",
    "note": "the call is noted in the database",
}
"""The steps of a call, in their order."""


UNSENT = "not-sent"
"""How a search ended that was not sent: the server is left alone, or too many searches are under way."""


class Step(NamedTuple):
    """One stage or search: when it began and ended, in seconds of the monotonic clock."""

    name: str
    began: float
    ended: float


class SearchStep(NamedTuple):
    """One search of the FHIR server."""

    name: str
    outcome: str
    """State of the search, or `UNSENT`."""
    began: float
    ended: float


@dataclass(slots=True)
class Course:
    """Filled in while a request is answered. It holds names, states and times alone, but for the account of a call."""

    began: float = field(default_factory=time.monotonic)
    stages: list[Step] = field(default_factory=list)
    searches: list[SearchStep] = field(default_factory=list)
    prefetch: Mapping[str, str] = field(default_factory=dict)
    """State of each prefetch key."""
    late: bool = False
    """True when the deadline passed before all data had arrived."""
    account: Account | None = None
    """Of a patient-view call, with what its rules found in the chart; taken away when the request has ended."""

    def stage(self, name: str) -> _Timer:
        """Time what is done in a ``with`` block, however it ends; ``name`` is one of `STAGES`."""
        return _Timer(self, name)


class _Timer:
    __slots__ = ("_began", "_course", "_name")

    def __init__(self, course: Course, name: str) -> None:
        self._course = course
        self._name = name

    def __enter__(self) -> None:
        self._began = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self._course.stages.append(Step(self._name, self._began, time.monotonic()))
