"""Used tokens are remembered long enough for all hosts, whatever their clocks say, and no longer."""

from __future__ import annotations

from sqlalchemy import func, select

from cds_service.storage.database import Database
from cds_service.storage.replay import CLOCKS_SECONDS, UsedTokens
from cds_service.storage.tables import used_tokens

ISSUER, SECONDS = "https://ehr.example/oauth", 5.0


def _of_clock(database: Database, now: float) -> UsedTokens:
    return UsedTokens(database, lambda: now)


def test_a_host_whose_clock_is_ahead_makes_no_other_forget(database_url: str) -> None:
    database = Database(database_url)
    database.upgrade()
    behind, ahead = _of_clock(database, 1_000.0), _of_clock(database, 1_000.0 + CLOCKS_SECONDS)
    assert behind.first_use(ISSUER, "a", 1_100.0, SECONDS)
    assert ahead.first_use(ISSUER, "b", 2_000.0, SECONDS), "and it deletes what it takes for expired"
    assert not behind.first_use(ISSUER, "a", 1_100.0, SECONDS)


def test_what_has_expired_long_ago_is_deleted(database_url: str) -> None:
    database = Database(database_url)
    database.upgrade()
    assert _of_clock(database, 1_000.0).first_use(ISSUER, "a", 1_100.0, SECONDS)
    assert _of_clock(database, 1_200.0 + CLOCKS_SECONDS).first_use(ISSUER, "b", 9_000.0, SECONDS)
    with database.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(used_tokens)).scalar_one() == 1
