"""What `report` counts and what `purge` deletes, on both kinds of database."""

from __future__ import annotations

import csv
import io
import json
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from cds_service.cli import main
from cds_service.storage.database import Database
from cds_service.storage.journal import Call, Feedback, Journal, Outcome, Parties
from cds_service.storage.pseudonyms import Pseudonyms
from cds_service.storage.report import Summary, text_lines
from cds_service.storage.tables import calls, cards_shown, feedback, used_tokens
from rules.assessment import Status, Verdict
from tests.support.assessments import assessment, result

GIVEN = assessment(result("I8", Status.MET), verdict=Verdict.POSSIBLY_ELIGIBLE)
KEY = "key" * 20
KEYS = Pseudonyms([KEY.encode()])
TODAY = datetime.now(UTC).date()
"""When the tests begin: in each that compares with it, a day more makes no difference."""
SECONDS = 5.0


class Books:
    """A database to write calls and answers of any day into."""

    def __init__(self, url: str) -> None:
        self.database = Database(url)
        self.database.upgrade()
        self._journal = Journal(self.database)
        self._number = 0

    def call(self, day: date, outcome: Outcome = Outcome.CARD, cause: str | None = None, **more: Any) -> str:
        """Note a call and return its card."""
        self._number += 1
        tenant, ms = more.get("tenant", "a"), more.get("ms", 100)
        parties = Parties(tenant, "s", KEYS.patient(tenant, f"p{self._number}"), KEYS.user(tenant, "Practitioner/1"))
        card = f"card-{self._number}"
        shown = card if outcome is Outcome.CARD else None
        self._journal.note(Call(parties, "r", day, "0.1.0", outcome, cause, ms, GIVEN, shown), SECONDS)
        return card

    def answer(self, card: str, day: date, reason: str | None, outcome: str = "overridden", tenant: str = "a") -> None:
        entry = Feedback(card, outcome, None, None, reason, (), None, "standard", day, reason)
        assert self._journal.feedback(tenant, "s", [entry], SECONDS).new == 1

    def count(self, table: Any) -> int:
        with self.database.engine.connect() as connection:
            return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


@pytest.fixture
def books(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Books]:
    monkeypatch.setenv("TRIAL_CDS_DATABASE__URL", database_url)
    made = Books(database_url)
    yield made
    made.database.engine.dispose()


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


# -- report --------------------------------------------------------------------------------------------------


def _report(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert main(["report", "--format", "json", *arguments]) == 0
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["rows"]
    return rows


def test_it_counts_calls_cards_answers_and_causes(books: Books, capsys: pytest.CaptureFixture[str]) -> None:
    first, second, third = (books.call(TODAY) for _ in range(3))
    books.answer(first, TODAY, "limited-time")
    books.answer(first, TODAY, "patient-refuses")  # a correction: the last word counts
    books.answer(second, TODAY, None, "accepted")
    books.answer(third, TODAY, None)
    for outcome, cause in (
        (Outcome.SUPPRESSED, "patient-refuses"), (Outcome.SUPPRESSED, "shown-lately"),
        (Outcome.SUPPRESSED, "shown-lately"), (Outcome.FILTERED, "emergency"), (Outcome.NO_CARD, "not-applicable"),
        (Outcome.REFUSED, "412"), (Outcome.FAILED, None),
    ):  # fmt: skip
        books.call(TODAY, outcome, cause)
    (row,) = _report(capsys)
    assert row["milliseconds"] == {"p50": 100, "p95": 100, "p99": 100}
    del row["milliseconds"]
    assert row == {
        "tenant": "a",
        "period": "total",
        "calls": 10,
        "cards": 3,
        "accepted": 1,
        "overridden": {"not-stated": 1, "patient-refuses": 1},
        "suppressed": {"shown-lately": 2, "patient-refuses": 1},
        "filtered": {"emergency": 1},
        "noCard": {"not-applicable": 1},
        "refused": {"412": 1},
        "failed": 1,
        "notSignedIn": {},
    }


def test_it_goes_by_tenant_and_period(books: Books, capsys: pytest.CaptureFixture[str]) -> None:
    books.call(date(2026, 1, 31))
    books.call(date(2026, 2, 1))
    books.call(date(2026, 2, 28), tenant="b")
    by_month = _report(capsys, "--by", "month")
    assert [(row["tenant"], row["period"], row["calls"]) for row in by_month] == [
        ("a", "2026-01", 1), ("a", "2026-02", 1), ("b", "2026-02", 1),
    ]  # fmt: skip
    assert [row["tenant"] for row in _report(capsys, "--tenant", "b")] == ["b"]
    some = _report(capsys, "--from", "2026-02-01", "--to", "2026-02-27", "--by", "day")
    assert [(row["tenant"], row["period"]) for row in some] == [("a", "2026-02-01")]


def test_the_other_formats_say_the_same(books: Books, capsys: pytest.CaptureFixture[str]) -> None:
    books.call(TODAY, ms=40)
    books.call(TODAY, Outcome.FILTERED, "emergency", ms=60)
    assert main(["report", "--format", "csv"]) == 0
    lines = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert {"tenant": "a", "period": "total", "measure": "filtered", "detail": "emergency", "value": "1"} in lines
    assert main(["report"]) == 0
    text = capsys.readouterr().out
    assert "emergency 1" in text
    assert "p50 40, p95 60, p99 60" in text


def test_a_text_says_nothing_of_times_that_are_none() -> None:
    assert "  milliseconds                   -" in text_lines([Summary("a", "total")])


@pytest.mark.parametrize(
    ("times", "expected"), [({}, None), ({7: 1}, 7), ({1: 50, 2: 50}, 1), ({1: 49, 2: 51}, 2), ({1: 94, 9: 6}, 1)]
)
def test_the_median_is_a_time_within_which_half_was_answered(times: dict[int, int], expected: int | None) -> None:
    summary = Summary("a", "total")
    summary.milliseconds.update(times)
    assert summary.percentile(50) == expected


# -- purge ---------------------------------------------------------------------------------------------------


def test_it_deletes_what_is_old_and_keeps_what_still_holds(books: Books, capsys: pytest.CaptureFixture[str]) -> None:
    gone, held, lasting = books.call(days_ago(400)), books.call(days_ago(200)), books.call(days_ago(900))
    lately, fresh = books.call(days_ago(25)), books.call(days_ago(2))
    books.answer(gone, days_ago(400), "patient-refuses")
    books.answer(held, days_ago(200), "patient-refuses")
    books.answer(lasting, days_ago(900), "patient-ineligible")
    books.answer(fresh, days_ago(2), "limited-time")
    assert main(["purge", "--older-than", "10d", "--dry-run"]) == 0
    planned = capsys.readouterr().out
    assert (books.count(calls), books.count(feedback), books.count(cards_shown)) == (5, 4, 5)
    assert main(["purge", "--older-than", "10d"]) == 0
    done = capsys.readouterr().out
    assert planned.replace("would be deleted", "deleted") == done
    assert done.splitlines() == [
        "calls: 4 deleted",
        "feedback: 1 deleted, 2 kept: they still keep a card away",
        "cards_shown: 3 deleted, 1 kept: they still keep a card away",
        "switches: 0 deleted",
        "failed_sign_ins: 0 deleted",
        "used_tokens: 0 deleted",
    ]
    with books.database.engine.connect() as connection:
        assert set(connection.execute(select(feedback.c.card)).scalars()) == {held, lasting, fresh}
        assert set(connection.execute(select(cards_shown.c.card)).scalars()) == {lately, fresh}


def test_it_deletes_that_too_when_told(books: Books) -> None:
    books.answer(books.call(days_ago(11)), days_ago(11), "patient-ineligible")
    assert main(["purge", "--older-than", "10d", "--even-if-needed"]) == 0
    assert (books.count(calls), books.count(feedback), books.count(cards_shown)) == (0, 0, 0)


def test_0d_takes_everything_whatever_day_it_is_at_the_site(books: Books) -> None:
    for day in (days_ago(11), TODAY, TODAY + timedelta(days=1)):
        books.answer(books.call(day), day, "patient-ineligible")
    assert main(["purge", "--older-than", "0d", "--even-if-needed"]) == 0
    assert (books.count(calls), books.count(feedback), books.count(cards_shown)) == (0, 0, 0)


def test_answers_on_unknown_cards_hold_nothing(books: Books) -> None:
    books.answer("never-shown", days_ago(11), "patient-refuses")
    assert main(["purge", "--older-than", "10d"]) == 0
    assert books.count(feedback) == 0


def test_expired_tokens_go_and_others_stay(books: Books) -> None:
    now = int(time.time())
    with books.database.engine.begin() as connection:
        for number, expires in enumerate((now - 5, now + 500)):
            connection.execute(used_tokens.insert(), {"fingerprint": str(number), "expires": expires})
    assert main(["purge", "--older-than", "0d"]) == 0
    with books.database.engine.connect() as connection:
        assert list(connection.execute(select(used_tokens.c.fingerprint)).scalars()) == ["1"]


def test_more_rows_than_go_at_once_go(books: Books) -> None:
    books.call(days_ago(400))
    with books.database.engine.begin() as connection:
        row = dict(connection.execute(select(calls)).mappings().one())
        del row["number"]
        connection.execute(calls.insert(), [row] * 2_500)
    assert main(["purge", "--older-than", "365d"]) == 0
    assert books.count(calls) == 0


@pytest.mark.parametrize("age", ["365", "d", "-3d", "1y"])
def test_an_age_is_a_number_of_days(age: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["purge", "--older-than", age])
    assert "such as 365d" in capsys.readouterr().err or age.startswith("-")


def test_a_person_is_forgotten_and_others_are_not(
    books: Books, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRIAL_CDS_PRIVACY__HASH_KEYS", json.dumps(["a newer key, which came later" * 2, KEY]))
    first, other = books.call(TODAY), books.call(TODAY)
    books.answer(first, TODAY, "patient-refuses")
    books.answer(other, TODAY, "patient-refuses")
    books.call(TODAY, tenant="b")
    monkeypatch.setattr("sys.stdin", io.StringIO("p1\nPatient/unknown\n"))
    assert main(["forget", "--tenant", "a"]) == 0
    assert capsys.readouterr().out == "3 rows deleted\n0 rows deleted\n"
    assert (books.count(calls), books.count(feedback), books.count(cards_shown)) == (2, 1, 2)


@pytest.mark.parametrize("command", ["forget", "report"])
def test_a_tenant_that_the_settings_do_not_have_is_told(
    command: str, books: Books, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRIAL_CDS_PRIVACY__HASH_KEYS", json.dumps([KEY]))
    books.call(TODAY, tenant="taken-out")
    monkeypatch.setattr("sys.stdin", io.StringIO("p1\n"))
    assert main([command, "--tenant", "taken-out"]) == 0, "what is left of it is found all the same"
    told = capsys.readouterr()
    assert "taken-out: the settings have no tenant of this name now; they have: open." in told.err
    assert {"forget": "2 rows deleted", "report": "calls                          1"}[command] in told.out


# -- what SQLite keeps beside its file -------------------------------------------------------------------------


@pytest.fixture
def sqlite_books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Books]:
    """As a service that is running has them open."""
    url = f"sqlite:///{tmp_path / 'new.sqlite'}"
    monkeypatch.setenv("TRIAL_CDS_DATABASE__URL", url)
    monkeypatch.setenv("TRIAL_CDS_PRIVACY__HASH_KEYS", json.dumps([KEY]))
    made = Books(url)
    yield made
    made.database.engine.dispose()


def _files_naming(patient: str, folder: Path) -> list[str]:
    hashed = KEYS.patient("a", patient).newest.encode()
    return [file.name for file in folder.iterdir() if hashed in file.read_bytes()]


def test_what_is_deleted_is_in_no_file_any_more(
    sqlite_books: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        sqlite_books.answer(sqlite_books.call(days_ago(400)), days_ago(400), "limited-time")
    assert _files_naming("p1", tmp_path)
    monkeypatch.setattr("sys.stdin", io.StringIO("p1\n"))
    assert main(["forget", "--tenant", "a"]) == 0
    assert _files_naming("p1", tmp_path) == []
    assert _files_naming("p2", tmp_path)
    assert main(["purge", "--older-than", "365d"]) == 0
    assert _files_naming("p2", tmp_path) == []


@pytest.mark.parametrize("command", [["forget", "--tenant", "a"], ["purge", "--older-than", "365d"]])
def test_while_another_program_reads_it_is_said_that_copies_are_left(
    sqlite_books: Books, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    monkeypatch.setattr("cds_service.storage.database._MOST_SECONDS", 0)
    monkeypatch.setattr("sys.stdin", io.StringIO("p1\n"))
    sqlite_books.call(days_ago(400))
    with sqlite_books.database.engine.connect() as reader:
        reader.exec_driver_sql("BEGIN")
        reader.execute(select(func.count()).select_from(calls)).scalar_one()
        assert main(command) == 1
    assert "-wal" in capsys.readouterr().err
    assert sqlite_books.count(calls) == 0
    assert main(command) == 0


@pytest.mark.parametrize("make", [Database.create, Database.upgrade])
def test_nobody_else_can_read_the_files(tmp_path: Path, make: Callable[[Database], object]) -> None:
    """Wherever they lie, and whatever the account leaves open to others by habit."""
    before = os.umask(0o022)
    try:
        database = Database(f"sqlite:///{tmp_path / 'new.sqlite'}")
        make(database)
        with database.engine.begin() as connection:
            connection.execute(used_tokens.insert(), {"fingerprint": "x", "expires": 1})
            modes = {file.name: oct(file.stat().st_mode & 0o777) for file in tmp_path.iterdir()}
        database.engine.dispose()
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("new.sqlite", "new.sqlite-wal", "new.sqlite-shm"), "0o600")
