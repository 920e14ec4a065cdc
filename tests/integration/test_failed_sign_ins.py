"""Callers that could not sign in are counted, by whom they claimed to be and what failed, and nothing else of them."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, select
from sqlalchemy.exc import OperationalError

from cds_service.app import create_app
from cds_service.cli import main
from cds_service.setting_parts import Database as DatabaseSettings
from cds_service.settings import Settings
from cds_service.storage.database import Database
from cds_service.storage.failed_sign_ins import NOBODY, FailedSignIns
from cds_service.storage.replay import UsedTokens
from cds_service.storage.tables import failed_sign_ins
from tests.support.service import SERVICE
from tests.support.tokens import PUBLIC_URL, bearer, st_mary
from tests.support.waiting import soon

DAY = timedelta(days=1)
Count = tuple[str, str, int]


@pytest.fixture
def database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setenv("TRIAL_CDS_DATABASE__URL", database_url)
    made = Database(database_url)
    made.upgrade()
    return made


def _today() -> date:
    return datetime.now(UTC).date()


def _counts(database: Database) -> list[Count]:
    columns = (failed_sign_ins.c.tenant, failed_sign_ins.c.check, failed_sign_ins.c.number)
    with database.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(*columns))]


def test_processes_add_to_the_same_counts(database: Database) -> None:
    one, two = FailedSignIns(database, 3600), FailedSignIns(database, 3600)
    for counter in (one, two):
        for _ in range(3):
            counter.count("st-mary", "exp")
        counter.count(None, "no token")
        assert _counts(database) == [] or counter is two, "strangers cause no write by themselves"
        counter.write()
    assert _counts(database) == [(NOBODY, "no token", 2), ("st-mary", "exp", 6)]
    one.write()
    assert _counts(database) == [(NOBODY, "no token", 2), ("st-mary", "exp", 6)]


def test_counting_them_takes_no_requests_place(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one thread a call has one place; to count strangers costs it the time of a write, and no refusal."""
    database = Database(database_url, threads=1)
    database.upgrade()
    counter = FailedSignIns(database, 3600)
    counting, release = threading.Event(), threading.Event()

    def slowly(_: Connection, __: Any) -> None:
        counting.set()
        release.wait(10)

    monkeypatch.setattr("cds_service.storage.failed_sign_ins._add", slowly)
    counter.count("st-mary", "exp")
    writer = threading.Thread(target=counter.write)
    writer.start()
    try:
        assert counting.wait(10)
        threading.Timer(0.1, release.set).start()
        assert UsedTokens(database).first_use("https://ehr.example", "a", time.time() + 60, 10.0)
    finally:
        release.set()
        writer.join()


def test_what_a_failing_database_did_not_take_is_added_later(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = FailedSignIns(database, 3600)

    def fail(*_: Any, **__: Any) -> None:
        raise OperationalError("INSERT", {}, Exception())

    counter.count("st-mary", "kid")
    with monkeypatch.context() as broken:
        broken.setattr(database, "write", fail)
        counter.write()
    counter.count("st-mary", "kid")
    counter.write()
    assert _counts(database) == [("st-mary", "kid", 2)]


def test_old_counts_are_purged(database: Database) -> None:
    with database.engine.begin() as connection:
        for day in (date(2020, 1, 1), _today() - 10 * DAY, _today()):
            connection.execute(
                failed_sign_ins.insert(), {"day": day, "tenant": NOBODY, "check": "form", "number": day.year}
            )
    assert main(["purge", "--older-than", "30d"]) == 0
    assert 2020 not in (kept := [number for *_, number in _counts(database)])
    assert len(kept) == 2


# -- a service with a tenant ---------------------------------------------------------------------------------


def _app(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Flask, Database]:
    url = f"sqlite:///{folder / 'service.sqlite'}"
    monkeypatch.setenv("TRIAL_CDS_DATABASE__URL", url)
    monkeypatch.setattr("cds_service.storage.failed_sign_ins.SECONDS", 0.05)
    settings = Settings(
        database=DatabaseSettings(url=url), public_url=PUBLIC_URL, tenants=(st_mary().tenant(folder),),
        privacy={"hash_keys": ["a key for this test, worth nothing"]},
    )  # fmt: skip
    app = create_app(settings)
    app.extensions["trial_cds_keys"].read_all()
    return app, Database(url)


def test_a_refused_caller_is_counted_by_check_and_nothing_of_its_token_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app, database = _app(tmp_path, monkeypatch)
    mary, client = st_mary(), app.test_client()
    hush = mary.token(SERVICE, exp=1, jti="hush-jti", sub="hush-sub")
    good = mary.token(SERVICE)
    headers = [{}, bearer("hush"), bearer(hush), bearer(good), bearer(good)]
    assert [client.post(SERVICE, json={}, headers=given).status_code for given in headers] == [401, 401, 401, 400, 401]
    expected = [(NOBODY, "form", 1), (NOBODY, "no token", 1), ("st-mary", "exp", 1), ("st-mary", "replay", 1)]
    _wait_for(database, expected)
    assert b"hush" not in b"".join(file.read_bytes() for file in tmp_path.glob("service.sqlite*"))
    # The day may have changed since they were counted.
    assert main(["report", "--format", "json", "--from", str(_today() - DAY), "--to", str(_today())]) == 0
    rows = {row["tenant"]: row["notSignedIn"] for row in json.loads(capsys.readouterr().out)["rows"]}
    assert rows == {NOBODY: {"form": 1, "no token": 1}, "st-mary": {"exp": 1, "replay": 1}}
    assert main(["report"]) == 0
    assert "not signed in, by check        exp 1, replay 1" in capsys.readouterr().out


def _wait_for(database: Database, expected: list[Count]) -> None:
    soon(lambda: _counts(database) == expected)
    assert _counts(database) == expected
