"""Two services that share one PostgreSQL act as one: what was answered at one keeps the card away at the other."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from cds_service.cli import main
from cds_service.settings import Settings, load_settings
from cds_service.storage.database import Database
from cds_service.storage.switches import LOOK_SECONDS
from cds_service.storage.tables import calls
from tests.support.postgresql import PostgresqlServer
from tests.support.server import RunningService, running_service
from tests.support.service import FEEDBACK, SERVICE, call, candidate


def _cards(service: RunningService, user: str) -> list[dict[str, Any]]:
    answer = service.session.post(f"{service.url}{SERVICE}", json=call(candidate(), user=user), timeout=30)
    assert answer.status_code == 200, answer.text
    cards: list[dict[str, Any]] = answer.json()["cards"]
    return cards


def test_two_hosts_share_what_was_answered_and_switched_off(
    tmp_path: Path, postgresql: PostgresqlServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgresql.new_database()
    Database(url).upgrade()
    shared = {"TRIAL_CDS_DATABASE__URL": url, "TRIAL_CDS_SERVER__PEERS": "true"}
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with (
        running_service(tmp_path / "one", "--workers", "1", **shared) as one,
        running_service(tmp_path / "two", "--workers", "1", **shared) as two,
    ):
        (card,) = _cards(one, "Practitioner/1")
        assert len(_cards(two, "Practitioner/2")) == 1
        entry = {
            "card": card["uuid"],
            "outcome": "overridden",
            "overrideReason": {"reason": {"system": "s", "code": "patient-refuses"}},
        }
        answer = two.session.post(f"{two.url}{FEEDBACK}", json={"feedback": [entry]}, timeout=30)
        assert answer.json() == {"stored": 1, "alreadyKnown": 0}, "the other host knows the card"
        assert _cards(one, "Practitioner/3") == []
        assert _cards(two, "Practitioner/3") == []
        _switch_off(url, monkeypatch)
        assert [_cards(host, "Practitioner/4") for host in (one, two)] == [[], []]
    with Database(url).engine.connect() as connection:
        endings = connection.execute(select(calls.c.outcome, calls.c.cause).order_by(calls.c.number)).all()
    refuses, off = ("suppressed", "patient-refuses"), ("filtered", "switched-off")
    assert endings == [("card", None), ("card", None), refuses, refuses, off, off]


def _switch_off(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Switch the cards off, as an operator does while the hosts go on, and wait until they must know."""
    monkeypatch.setenv("TRIAL_CDS_DATABASE__URL", url)
    assert main(["tenant", "off", "open", "--why", "a drill"]) == 0
    time.sleep(LOOK_SECONDS + 0.5)


def test_hosts_without_configured_keys_share_the_key_of_their_database(postgresql: PostgresqlServer) -> None:
    url = postgresql.new_database()
    Database(url).upgrade()
    assert Database(url).own_key() == Database(url).own_key()


def test_peers_on_sqlite_are_refused_by_every_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "trial-cds.toml"
    path.write_text("[server]\npeers = true\n", encoding="utf-8")
    for command in (["serve"], ["config", "check"], ["db", "upgrade"]):
        assert main([*command, "--config", str(path)]) == 1
        assert "database.url: give a PostgreSQL address, or set server.peers to false" in capsys.readouterr().err
    monkeypatch.setenv("TRIAL_CDS_DATABASE__URL", "postgresql://trial_cds@db.example/trial_cds")
    assert load_settings(path).server.peers
    assert not Settings().server.peers
