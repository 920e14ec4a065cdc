"""Killed in the middle of a feedback load, the service has lost nothing that it answered 200."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import requests
from sqlalchemy import select

from cds_service.storage.database import Database
from cds_service.storage.tables import feedback
from tests.support.server import PATIENT, RunningService, running_service
from tests.support.service import FEEDBACK
from tests.support.waiting import soon

ENOUGH = 40
"""Batches answered before the kill."""
SENDERS = 4
IN_A_BATCH = 5
LONGEST = 60
"""Seconds that so many may take on a busy machine."""


class Load:
    """Senders that post batches of feedback until the service is gone."""

    def __init__(self, service: RunningService) -> None:
        self.answered: list[str] = []
        """Cards of the batches that were answered 200."""
        self.wrong: list[int] = []
        self._service = service
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(SENDERS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        for thread in self._threads:
            thread.join(timeout=40)

    def _send(self, sender: int) -> None:
        session = self._service.session
        give_up = time.monotonic() + 2 * LONGEST
        number = 0
        while time.monotonic() < give_up:
            number += 1
            cards = [f"card-{sender}-{number}-{place}" for place in range(IN_A_BATCH)]
            entries = [
                {"card": card, "outcome": "overridden", "outcomeTimestamp": "2026-11-22T10:00:00Z"} for card in cards
            ]
            try:
                answer = session.post(f"{self._service.url}{FEEDBACK}", json={"feedback": entries}, timeout=30)
            except requests.RequestException:
                return
            if answer.status_code == 200:
                self.answered += cards
            else:
                self.wrong.append(answer.status_code)


def test_feedback_that_was_answered_survives_a_kill(tmp_path: Path, database_url: str) -> None:
    database = Database(database_url)
    database.upgrade()
    variables = {"program": PATIENT, "TRIAL_CDS_DATABASE__URL": database_url}
    with running_service(tmp_path, "--workers", "2", **variables) as service:
        load = Load(service)
        load.start()
        soon(lambda: len(load.answered) >= ENOUGH * IN_A_BATCH, LONGEST)
        service.kill()
        load.end()
    with database.engine.connect() as connection:
        kept = list(connection.execute(select(feedback.c.card)).scalars())
    assert not load.wrong
    assert len(load.answered) >= ENOUGH * IN_A_BATCH
    assert set(load.answered) <= set(kept)
    assert len(kept) == len(set(kept))
    assert len(kept) % IN_A_BATCH == 0, "a batch is stored whole or not at all"
