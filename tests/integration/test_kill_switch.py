"""A tenant is switched off while the service runs, and everybody who shares the database knows it soon.

With two services as they are run: test_two_hosts.
"""

from __future__ import annotations

import logging
import os
import pwd
from collections.abc import Iterator
from copy import copy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from cds_service import tenant_commands
from cds_service.cli import main
from cds_service.storage.database import Database
from cds_service.storage.switches import LOOK_SECONDS, KillSwitch, positions
from cds_service.storage.tables import switches
from tests.support.service import locked

TENANTS = ("another", "open")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setenv("TRIAL_CDS_DATABASE__URL", database_url)
    made = Database(database_url)
    made.upgrade()
    yield made
    made.engine.dispose()


def _switch(position: str, tenant: str = "open", why: str = "a test") -> int:
    return main(["tenant", position, tenant, "--why", why])


def _is_told(switch: KillSwitch, clock: Clock, position: str) -> bool:
    """Return whether it is so once the time has passed after which a process looks."""
    clock.now += LOOK_SECONDS
    return switch.is_off("open") == (position == "off")


def test_what_is_switched_holds_for_all_within_seconds(database: Database) -> None:
    clock = Clock()
    another_host = Database(database.engine.url.render_as_string(hide_password=False))
    one, two = KillSwitch(database, TENANTS, clock), KillSwitch(another_host, TENANTS, clock)
    assert not one.is_off("open")
    for position in ("off", "on"):
        assert _switch(position) == 0
        assert all(_is_told(switch, clock, position) for switch in (one, two))
        assert not one.is_off("another")


def test_a_tenant_that_is_off_stays_off_over_a_restart(database: Database) -> None:
    _switch("off")
    assert KillSwitch(database, TENANTS).is_off("open")


def test_while_the_database_does_not_answer_the_last_position_holds(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _switch("off")
    clock = Clock()
    switch = KillSwitch(database, TENANTS, clock)
    asked = []

    def fail(*_: Any) -> None:
        asked.append(clock.now)
        raise OperationalError("SELECT", {}, Exception())

    monkeypatch.setattr(database, "read", fail)
    clock.now += LOOK_SECONDS
    assert switch.is_off("open")
    assert switch.is_off("open")
    assert asked == [LOOK_SECONDS], "it is asked again only after a while"
    said = [record.message for record in caplog.records if "switch" in record.message]
    assert said == ["kill switch not looked up"]


def test_a_worker_that_starts_in_an_outage_has_the_last_word_of_the_others(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a worker begins with is a copy of what was made before the fork, hours ago perhaps."""
    clock = Clock()
    before_the_fork = KillSwitch(database, TENANTS, clock)
    worker = copy(before_the_fork)
    _switch("off")
    assert _is_told(worker, clock, "off")
    monkeypatch.setattr(database, "read", fail_to_read)
    late = copy(before_the_fork)
    assert _is_told(late, clock, "off")
    assert not late.is_off("another")


def fail_to_read(*_: Any) -> None:
    raise OperationalError("SELECT", {}, Exception())


def test_the_time_that_a_look_takes_is_not_added(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    switch = KillSwitch(database, TENANTS, clock)
    began = []

    def slowly(*_: Any) -> frozenset[str]:
        began.append(clock.now)
        clock.now += 0.25
        return frozenset()

    monkeypatch.setattr(database, "read", slowly)
    for _ in range(2):
        clock.now = LOOK_SECONDS * (len(began) + 1)
        switch.is_off("open")
    assert began == [LOOK_SECONDS, 2 * LOOK_SECONDS]


def test_a_change_is_in_the_log(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clock = Clock()
    switch = KillSwitch(database, TENANTS, clock)
    for position in ("off", "on"):
        _switch(position)
        assert _is_told(switch, clock, position)
    events = [(record.message, record.fields) for record in caplog.records if record.message.startswith("switched")]
    assert events == [
        ("switched off", {"tenant": "open"}),
        ("switched on", {"tenant": "open"}),
    ]


def test_who_switched_when_and_why_is_kept(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    _switch("off", why="cards for the wrong patients")
    _switch("on", why="mended in 1.2")
    with database.engine.connect() as connection:
        rows = connection.execute(select(switches).order_by(switches.c.number)).all()
        last = positions(connection)["open"]
    assert [(row.position, row.why) for row in rows] == [
        ("off", "cards for the wrong patients"), ("on", "mended in 1.2"),
    ]  # fmt: skip
    assert all(row.who for row in rows)
    assert not last.off
    capsys.readouterr()
    assert main(["tenant", "list"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("open is on; switched on 20")
    assert said.endswith(f"by {last.who}: mended in 1.2\n")


@pytest.mark.parametrize(
    ("told", "recorded"),
    [
        ({}, "{}"),
        ({"LOGNAME": "alice"}, "{} (as told: alice)"),
        ({"LOGNAME": "root", "SUDO_USER": "alice"}, "{} (as told: alice)"),
        ({"LOGNAME": "alice\nbob"}, "{}"),
        ({"LOGNAME": "a" * 200}, f"{{}} (as told: {'a' * 200})"),
    ],
)
def test_who_it_was_is_the_account_itself_and_then_what_it_was_told(
    monkeypatch: pytest.MonkeyPatch, told: dict[str, str], recorded: str
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME", "SUDO_USER"):
        monkeypatch.delenv(name, raising=False)
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    assert tenant_commands._account() == recorded.format(pwd.getpwuid(os.getuid()).pw_name)[:100]


def test_an_account_without_a_name_is_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4_242_424)
    for name in ("LOGNAME", "SUDO_USER"):
        monkeypatch.delenv(name, raising=False)
    assert tenant_commands._account() == "uid 4242424"


def test_while_another_program_holds_the_database_the_command_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'service.sqlite'}"
    monkeypatch.setenv("TRIAL_CDS_DATABASE__URL", url)
    monkeypatch.setattr("cds_service.storage.database._MOST_SECONDS", 0)
    Database(url).create()
    with locked(tmp_path):
        assert _switch("off") == 1
    assert "Another program may hold it: try again." in capsys.readouterr().err
    assert _switch("off") == 0


def test_a_purge_keeps_the_last_position(database: Database) -> None:
    for position in ("off", "on", "off"):
        _switch(position)
    assert main(["purge", "--older-than", "1d"]) == 0
    with database.engine.begin() as connection:
        assert len(connection.execute(select(switches)).all()) == 3, "today's are not old"
        connection.execute(switches.update().values(at=datetime(2020, 1, 1, tzinfo=UTC)))
    assert main(["purge", "--older-than", "365d", "--even-if-needed"]) == 0
    with database.engine.connect() as connection:
        assert [row.position for row in connection.execute(select(switches))] == ["off"]
    assert KillSwitch(database, TENANTS).is_off("open")


def test_what_cannot_be_meant_is_refused(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    assert _switch("off", "st-mary") == 1
    assert "there is no such tenant. The settings have: open." in capsys.readouterr().err
    for arguments in (["off", "open"], ["off", "open", "--why", " "], ["on", "open", "--why", "two\nlines"]):
        with pytest.raises(SystemExit):
            main(["tenant", *arguments])
    with database.engine.connect() as connection:
        assert positions(connection) == {}


def test_the_settings_can_switch_off_too(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRIAL_CDS_OPEN__ENABLED", "false")
    assert _switch("on") == 0
    assert "still say enabled = false" in capsys.readouterr().out
    main(["tenant", "list"])
    assert capsys.readouterr().out.startswith("open is off; the settings say enabled = false; switched on ")
