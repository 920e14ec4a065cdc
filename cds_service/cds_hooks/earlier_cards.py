"""What is known of earlier cards, looked up beside the searches for the record."""

from __future__ import annotations

import contextlib

from sqlalchemy.exc import SQLAlchemyError

from cds_service.logs import log_failure
from cds_service.storage.database import DatabaseBusy
from cds_service.storage.journal import Journal, Parties
from cds_service.storage.lane import Pending
from cds_service.suppression import History

_SECONDS = 0.25
"""Longest wait for the database. After it the card is shown: hiding it would be the worse error."""


class EarlierCards:
    """The look-up of one call. It has its own time, so searches that use up the deadline take nothing from it."""

    def __init__(self, journal: Journal, parties: Parties) -> None:
        self._journal = journal
        self._parties = parties
        self._begun: Pending[History] | None = None

    def look_up(self) -> None:
        """Begin, when a card has become likely and there is something else to wait for."""
        with contextlib.suppress(DatabaseBusy):  # `known` tries again
            self._begun = self._journal.begin_history(self._parties, _SECONDS)

    def known(self) -> History | None:
        """Return what is known; None when the database fails or takes too long."""
        try:
            begun = self._begun or self._journal.begin_history(self._parties, _SECONDS)
            return begun.result()
        except (DatabaseBusy, SQLAlchemyError) as error:
            log_failure("earlier cards not looked up", error)
            return None
