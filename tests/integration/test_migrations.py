"""The layout of the tables: migrations and metadata agree, old data survive, and a wrong layout is told at start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text

from cds_service.cli import main
from cds_service.storage.database import Database
from cds_service.storage.revisions import HEAD, REVISIONS, stamp
from cds_service.storage.tables import cards_shown, feedback, metadata
from cds_service.storage.unusable import DatabaseUnusable
from cds_service.storage.upgrade import alembic_config
from tests.support.ports import free_port
from tests.support.postgresql import PostgresqlServer

OLD_CARD = {
    "card": "4e0a3a1e", "shown_at": "2026-10-01 23:30:00", "service": "s", "trial": "NCT01374854",
    "rules_version": "0.1.0", "verdict": "possibly-eligible", "statuses": '{"I1": "met"}',
}  # fmt: skip
OLD_FEEDBACK = {
    "fingerprint": "f1", "received_at": "2026-10-02 08:00:00", "service": "s", "card": "4e0a3a1e",
    "outcome": "overridden", "reason_code": "patient-refuses", "accepted_suggestions": "[]", "shape": "standard",
}  # fmt: skip


def _make_first_layout(database: Database, *, numbered: bool = True) -> None:
    """Lay the tables out as the first version did, with a row in each."""
    with database.engine.begin() as connection:
        command.upgrade(alembic_config(connection), REVISIONS[0])
        _insert(connection, "cards_shown", OLD_CARD)
        _insert(connection, "feedback", OLD_FEEDBACK)
        if not numbered:
            connection.execute(text("DROP TABLE alembic_version"))


def _insert(connection: Any, table: str, row: dict[str, str]) -> None:
    values = ", ".join(f":{name}" for name in row)
    connection.execute(text(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})"), row)


def test_the_numbers_are_those_of_the_migrations(database_url: str) -> None:
    scripts = ScriptDirectory.from_config(alembic_config())
    assert tuple(script.revision for script in reversed(list(scripts.walk_revisions()))) == REVISIONS


def test_migrations_lead_to_the_tables_that_are_used(database_url: str) -> None:
    database = Database(database_url)
    assert database.upgrade() == (None, HEAD)
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert inspect(connection).get_pk_constraint("calls")["constrained_columns"] == ["number"]


def test_what_hinders_the_database_is_named(tmp_path: Path, postgresql: PostgresqlServer) -> None:
    path = tmp_path / "notes.sqlite"
    path.write_text("no database, but a text that somebody has put in its place\n" * 20)
    with pytest.raises(DatabaseUnusable, match=r"cannot be made or opened \(SQLITE_NOTADB\)"):
        Database(f"sqlite:///{path}").open()
    owner = Database(postgresql.new_database())
    owner.upgrade()
    with owner.engine.begin() as connection:
        schema = connection.execute(text("SELECT current_schema()")).scalar_one()
        connection.execute(text("CREATE ROLE guest LOGIN"))
        connection.execute(text(f"GRANT USAGE ON SCHEMA {schema} TO guest"))
    guest = Database(str(owner.engine.url.set(username="guest").render_as_string(hide_password=False)))
    with pytest.raises(DatabaseUnusable, match=r"cannot be made or opened \(InsufficientPrivilege\)"):
        guest.open()
    with owner.engine.begin() as connection:
        connection.execute(text(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO guest"))
    with (
        pytest.raises(DatabaseUnusable, match=r"did not do this \(InsufficientPrivilege\)\. .*who may read and write"),
        guest.at_leisure() as connection,
    ):
        connection.execute(feedback.delete())


def test_a_new_sqlite_file_gets_the_same_tables_without_alembic(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new.sqlite'}")
    database.create()
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    assert database.upgrade() == (HEAD, HEAD)


@pytest.mark.parametrize("numbered", [True, False])
def test_what_the_first_version_kept_survives(database_url: str, numbered: bool) -> None:
    database = Database(database_url)
    _make_first_layout(database, numbered=numbered)
    with pytest.raises(DatabaseUnusable, match=r"is at revision 0001 and this version needs 0003.*db upgrade"):
        database.create()
    assert database.upgrade() == ("0001", HEAD)
    database.create()
    with database.engine.connect() as connection:
        (card,) = connection.execute(select(cards_shown)).mappings()
        (answer,) = connection.execute(select(feedback)).mappings()
    assert (card["tenant"], card["shown_on"].isoformat(), card["patient_hash"]) == ("open", "2026-10-01", None)
    assert (answer["reason"], answer["given_on"].isoformat()) == ("patient-refuses", "2026-10-02")
    assert (answer["verdict"], answer["statuses"]) == ("possibly-eligible", {"I1": "met"})


def test_a_database_of_a_newer_version_is_left_alone(database_url: str) -> None:
    database = Database(database_url)
    database.upgrade()
    with database.engine.begin() as connection:
        stamp(connection, "0999")
    for attempt in (database.create, database.open, database.upgrade):
        with pytest.raises(DatabaseUnusable, match="0999, which this version does not know"):
            attempt()


def test_an_empty_postgresql_is_not_laid_out_unasked(database_url: str) -> None:
    database = Database(database_url)
    if not database.is_postgresql:
        database.create()
        return
    with pytest.raises(DatabaseUnusable, match=r"no tables yet.*trial-cds db upgrade"):
        database.create()


def test_the_service_says_in_one_line_that_the_tables_are_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path / 'old.sqlite'}"
    _make_first_layout(Database(url))
    monkeypatch.setenv("TRIAL_CDS_DATABASE__URL", url)
    serve = [sys.executable, "-m", "cds_service", "serve", "--port", str(free_port())]
    served = subprocess.run(serve, capture_output=True, text=True, timeout=120, check=False)
    assert served.returncode == 1
    assert "trial-cds db upgrade" in served.stderr
    assert "Traceback" not in served.stderr
    assert main(["db", "check"]) == 1
    said = capsys.readouterr()
    assert (said.out, said.err.strip().endswith("trial-cds db upgrade")) == ("", True)
    assert main(["db", "upgrade"]) == 0
    assert capsys.readouterr().out == "The database is now at revision 0003; before: 0001.\n"
    assert main(["db", "check"]) == 0
