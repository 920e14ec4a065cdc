"""Killed in the middle of a feedback load, the service has lost nothing that it answered 200."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import requests
from sqlalchemy import select

from cds_service.storage.database import Database
from cds_service.storage.tables import feedback
from tests.support.server import RunningService, running_service
from tests.support.service import FEEDBACK

ENOUGH = 40
"""Batches answered before the kill."""
SENDERS = 4
IN_A_BATCH = 5


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
            thread.join(timeout=20)

    def _send(self, sender: int) -> None:
        session = self._service.session
        give_up = time.monotonic() + 30
        number = 0
        while time.monotonic() < give_up:
            number += 1
            cards = [f"card-{sender}-{number}-{place}" for place in range(IN_A_BATCH)]
            entries = [
                {"card": card, "outcome": "overridden", "outcomeTimestamp": "2026-11-22T10:00:00Z"} for card in cards
            ]
            try:
                answer = session.post(f"{self._service.url}{FEEDBACK}", json={"feedback": entries}, timeout=10)
            except requests.RequestException:
                return
            if answer.status_code == 200:
                self.answered += cards
            else:
                self.wrong.append(answer.status_code)


def test_feedback_that_was_answered_survives_a_kill(tmp_path: Path, database_url: str) -> None:
    database = Database(database_url)
    database.upgrade()
    with running_service(tmp_path, "--workers", "2", TRIAL_CDS_DATABASE__URL=database_url) as service:
        load = Load(service)
        load.start()
        give_up = time.monotonic() + 25
        while len(load.answered) < ENOUGH * IN_A_BATCH and time.monotonic() < give_up:
            time.sleep(0.01)
        service.kill()
        load.end()
    with database.engine.connect() as connection:
        kept = list(connection.execute(select(feedback.c.card)).scalars())
    assert not load.wrong
    assert len(load.answered) >= ENOUGH * IN_A_BATCH
    assert set(load.answered) <= set(kept)
    assert len(kept) == len(set(kept))
    assert len(kept) % IN_A_BATCH == 0, "a batch is stored whole or not at all"
