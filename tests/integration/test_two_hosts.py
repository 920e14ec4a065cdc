"""Two services that share one PostgreSQL act as one: what was answered at one keeps the card away at the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select

from cds_service.cli import main
from cds_service.settings import Settings, load_settings
from cds_service.storage.database import Database
from cds_service.storage.tables import calls
from tests.support.postgresql import PostgresqlServer
from tests.support.server import HASH_KEYS, PATIENT, RunningService, running_service
from tests.support.service import FEEDBACK, SERVICE, call, candidate
from tests.support.tokens import PUBLIC_URL, bearer, st_mary
from tests.support.waiting import soon


def _post(service: RunningService, body: Any, path: str = SERVICE, token: str | None = None) -> requests.Response:
    """Call one host as the tenant; ``token`` is one to send again."""
    headers = bearer(token or st_mary().token(path))
    return service.session.post(f"{service.url}{path}", json=body, headers=headers, timeout=30)


def _cards(service: RunningService, user: str) -> list[dict[str, Any]]:
    answer = _post(service, call(candidate(), user=user))
    assert answer.status_code == 200, answer.text
    cards: list[dict[str, Any]] = answer.json()["cards"]
    return cards


def _config(folder: Path) -> Path:
    keys, config = folder / "keys.json", folder / "trial-cds.toml"
    keys.write_bytes(st_mary().jwks)
    tenant = f'name = "{st_mary().name}"\nissuer = "{st_mary().issuer}"\njwks_file = "{keys}"'
    config.write_text(f'public_url = "{PUBLIC_URL}"\nserver.peers = true\n[[tenants]]\n{tenant}\n', encoding="utf-8")
    return config


def test_two_hosts_share_what_was_used_answered_and_switched_off(
    tmp_path: Path, postgresql: PostgresqlServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgresql.new_database()
    Database(url).upgrade()
    config = str(_config(tmp_path))
    arguments = ("--workers", "1", "--config", config)
    variables = {"program": PATIENT, "TRIAL_CDS_DATABASE__URL": url}
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with (
        running_service(tmp_path / "one", *arguments, **variables) as one,
        running_service(tmp_path / "two", *arguments, **variables) as two,
    ):
        (card,) = _cards(one, "Practitioner/1")
        assert len(_cards(two, "Practitioner/2")) == 1
        used = st_mary().token(SERVICE)
        statuses = [_post(host, {}, token=used).status_code for host in (one, two, one)]
        assert statuses == [400, 401, 401], "a token is good once, whatever came of it"
        entry = {
            "card": card["uuid"],
            "outcome": "overridden",
            "overrideReason": {"reason": {"system": "s", "code": "patient-refuses"}},
        }
        answer = _post(two, {"feedback": [entry]}, FEEDBACK)
        assert answer.json() == {"stored": 1, "alreadyKnown": 0}, "the other host knows the card"
        assert _cards(one, "Practitioner/3") == []
        assert _cards(two, "Practitioner/3") == []
        refused, refuses = ("refused", "400"), ("suppressed", "patient-refuses")
        assert _endings(url) == [("card", None), ("card", None), refused, refuses, refuses]
        monkeypatch.setenv("TRIAL_CDS_DATABASE__URL", url)
        monkeypatch.setenv("TRIAL_CDS_PRIVACY__HASH_KEYS", HASH_KEYS)
        assert main(["tenant", "off", st_mary().name, "--why", "a drill", "--config", config]) == 0
        assert soon(lambda: _is_off(one, url))
        assert soon(lambda: _is_off(two, url))


def _endings(url: str) -> list[tuple[str, str | None]]:
    with Database(url).engine.connect() as connection:
        rows = connection.execute(select(calls.c.outcome, calls.c.cause).order_by(calls.c.number))
        return [(row.outcome, row.cause) for row in rows]


def _is_off(host: RunningService, url: str) -> bool:
    assert _cards(host, "Practitioner/4") == []
    return _endings(url)[-1] == ("filtered", "switched-off")


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
