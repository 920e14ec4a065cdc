"""What is written and looked up, on SQLite and on PostgreSQL: tenants apart, corrections, new keys, duplicates."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from cds_service.storage.database import Database, DatabaseBusy
from cds_service.storage.journal import Call, Feedback, Journal, Outcome, Parties
from cds_service.storage.pseudonyms import Pseudonyms
from cds_service.storage.tables import calls, cards_shown, feedback
from cds_service.suppression import History, Override, Shown, Snapshot
from rules.assessment import Status, Verdict
from tests.support.assessments import assessment, result
from tests.support.postgresql import PostgresqlServer
from tests.support.waiting import soon

TODAY = date(2026, 11, 25)
SECONDS = 20.0
"""Longest wait for a database that works, on a machine that is busy otherwise."""
GRACE = 3.0
"""Seconds by which such a machine may be late."""
NEW, OLD = Pseudonyms([b"new" * 20, b"old" * 20]), Pseudonyms([b"old" * 20])
GIVEN = assessment(result("I8", Status.MET), result("E3", Status.NOT_MET), verdict=Verdict.POSSIBLY_ELIGIBLE)
SNAPSHOT = Snapshot("possibly-eligible", {"I8": "met", "E3": "not-met"})


@pytest.fixture
def database(database_url: str) -> Database:
    made = Database(database_url)
    made.upgrade()
    return made


@pytest.fixture
def journal(database: Database) -> Journal:
    return Journal(database)


def of(patient: str = "p1", user: str = "Practitioner/1", tenant: str = "a", keys: Pseudonyms = NEW) -> Parties:
    return Parties(tenant, "screening", keys.patient(tenant, patient), keys.user(tenant, user))


def shown(journal: Journal, parties: Parties, card: str, day: date = TODAY) -> None:
    """Note a call that gave ``card``."""
    call = Call(parties, f"request-{card}", day, "0.1.0", Outcome.CARD, None, 120, GIVEN, card)
    journal.note(call, SECONDS)


def answer(card: str, reason: str | None = "patient-refuses", **more: Any) -> Feedback:
    fields: dict[str, Any] = {
        "card": card, "outcome": "overridden", "outcome_at": None, "reason_system": "s", "reason_code": reason,
        "accepted_suggestions": (), "comment": None, "shape": "standard", "given_on": TODAY, "reason": reason,
    }  # fmt: skip
    return Feedback(**{**fields, **more})


def give(journal: Journal, *entries: Feedback, tenant: str = "a", service: str = "screening") -> Any:
    return journal.feedback(tenant, service, entries, SECONDS)


def reasons(history: History) -> list[str]:
    return sorted(override.reason for override in history.overrides)


def rows(database: Database, table: Any) -> list[Any]:
    with database.engine.connect() as connection:
        return list(connection.execute(select(table)).mappings())


def test_a_call_is_noted_without_patient_and_user(journal: Journal, database: Database) -> None:
    shown(journal, of(), "c1")
    journal.note(Call(of(), "r2", TODAY, "0.1.0", Outcome.FILTERED, "emergency", 3), SECONDS)
    with_card, without = rows(database, calls)
    assert (with_card["outcome"], with_card["card"], with_card["verdict"]) == ("card", "c1", "possibly-eligible")
    assert (without["outcome"], without["cause"], without["card"]) == ("filtered", "emergency", None)
    assert with_card["at"].tzinfo is not None
    everything = str(rows(database, calls) + rows(database, cards_shown))
    assert "p1" not in everything
    assert "Practitioner" not in everything
    assert "secret-id-77" not in everything


def test_feedback_takes_a_snapshot_of_its_card(journal: Journal, database: Database) -> None:
    shown(journal, of(), "c1", TODAY - timedelta(days=1))
    assert give(journal, answer("c1")).unknown_cards == frozenset()
    (row,) = rows(database, feedback)
    assert (row["verdict"], row["statuses"], row["rules_version"]) == (*_snapshot(), "0.1.0")
    assert row["shown_on"] == TODAY - timedelta(days=1)
    assert row["patient_hash"] == of().patient.newest  # type: ignore[union-attr]


def _snapshot() -> tuple[str, dict[str, str]]:
    return SNAPSHOT.verdict, dict(SNAPSHOT.statuses)


def test_feedback_is_kept_although_its_card_is_not_known(journal: Journal, database: Database) -> None:
    stored = give(journal, answer("never-shown"))
    assert (stored.new, stored.unknown_cards) == (1, {"never-shown"})
    (row,) = rows(database, feedback)
    assert (row["patient_hash"], row["statuses"]) == (None, None)
    assert journal.history(of(), SECONDS) == History()


def test_the_same_feedback_again_is_one_row(journal: Journal, database: Database) -> None:
    shown(journal, of(), "c1")
    entry = answer("c1")
    assert give(journal, entry, entry).new == 1
    assert give(journal, replace(entry, given_on=TODAY + timedelta(days=3))).new == 0
    assert len(rows(database, feedback)) == 1


@pytest.mark.parametrize("where", [{"tenant": "b"}, {"service": "other"}])
def test_feedback_of_another_tenant_or_service_is_not_joined(
    journal: Journal, database: Database, where: dict[str, str]
) -> None:
    shown(journal, of(), "c1")
    assert give(journal, answer("c1"), **where).unknown_cards == {"c1"}
    assert journal.history(of(), SECONDS).overrides == ()
    assert give(journal, answer("c1")).new == 1  # and it has not taken the place of the tenant's own
    assert reasons(journal.history(of(), SECONDS)) == ["patient-refuses"]


def test_the_same_patient_id_at_another_tenant_is_another_person(journal: Journal) -> None:
    shown(journal, of(), "c1")
    give(journal, answer("c1"))
    assert journal.history(of(tenant="b"), SECONDS) == History()


def test_what_was_answered_and_shown_is_found(journal: Journal) -> None:
    shown(journal, of(), "c1", TODAY - timedelta(days=9))
    shown(journal, of(), "c2", TODAY - timedelta(days=2))
    give(journal, answer("c1", given_on=TODAY - timedelta(days=8)))
    history = journal.history(of(), SECONDS)
    expected = Override("patient-refuses", TODAY - timedelta(days=8), True, True, SNAPSHOT)
    assert history == History((expected,), Shown(TODAY - timedelta(days=2), SNAPSHOT))


def test_another_user_sees_the_answer_but_not_the_showing(journal: Journal) -> None:
    shown(journal, of(), "c1")
    give(journal, answer("c1"))
    history = journal.history(of(user="Practitioner/2"), SECONDS)
    assert [(o.same_patient, o.same_user) for o in history.overrides] == [(True, False)]
    assert history.last_shown is None


def test_of_other_patients_only_not_my_role_is_looked_up(journal: Journal) -> None:
    for number, reason in enumerate(("limited-time", "inappropriate-recipient", "patient-refuses")):
        shown(journal, of(), f"c{number}")
        give(journal, answer(f"c{number}", reason))
    history = journal.history(of(patient="p2"), SECONDS)
    assert [(o.reason, o.same_patient, o.same_user) for o in history.overrides] == [
        ("inappropriate-recipient", False, True)
    ]


def test_the_last_word_on_a_card_counts(journal: Journal) -> None:
    shown(journal, of(), "c1")
    give(journal, answer("c1", "patient-refuses"))
    give(journal, answer("c1", "limited-time"))
    assert reasons(journal.history(of(), SECONDS)) == ["limited-time"]
    give(journal, answer("c1", None, outcome="accepted"))
    assert reasons(journal.history(of(), SECONDS)) == []


def test_an_answer_without_a_reason_keeps_nothing_away(journal: Journal) -> None:
    shown(journal, of(), "c1")
    give(journal, answer("c1", None))
    assert journal.history(of(), SECONDS).overrides == ()


def test_nobody_answers_a_card_before_it_is_shown(journal: Journal) -> None:
    shown(journal, of(), "c1")
    give(journal, answer("c1", given_on=date(1990, 1, 1)))
    assert journal.history(of(), SECONDS).overrides[0].given_on == TODAY


def test_a_new_key_still_knows_those_noted_under_the_old_one(journal: Journal, database: Database) -> None:
    shown(journal, of(keys=OLD), "c1")
    give(journal, answer("c1"))
    assert reasons(journal.history(of(keys=NEW), SECONDS)) == ["patient-refuses"]
    assert journal.history(of(keys=NEW), SECONDS).last_shown is not None
    shown(journal, of(keys=NEW), "c2")
    hashes = {row["patient_hash"] for row in rows(database, cards_shown)}
    assert len(hashes) == 2
    assert journal.history(of(keys=Pseudonyms([b"another" * 9])), SECONDS) == History()


def test_all_of_a_batch_is_stored_or_nothing(journal: Journal, database: Database) -> None:
    with pytest.raises(Exception, match=r"(?i)not null|not-null"):
        give(journal, answer("c1"), answer("c2", outcome=None))
    assert rows(database, feedback) == []
    assert give(journal, answer("c1"), answer("c2")).new == 2


def test_a_look_up_is_one_query_that_uses_an_index(journal: Journal, database: Database) -> None:
    """Among thousands of cards of a busy user it reads a handful of rows."""
    with database.engine.begin() as connection:
        shown(journal, of(), "c0")
        template = dict(connection.execute(select(cards_shown)).mappings().one())
        others = [{**template, "card": f"m{number}", "patient_hash": f"{number:064}"} for number in range(5_000)]
        connection.execute(cards_shown.insert(), others)
    asked: list[tuple[str, Any]] = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: asked.append((given[2], given[3])))
    assert journal.history(of(), SECONDS).last_shown is not None
    ((statement, parameters),) = asked
    with database.engine.connect() as connection:
        if database.is_postgresql:
            connection.exec_driver_sql("ANALYZE cards_shown")
        explain = "EXPLAIN" if database.is_postgresql else "EXPLAIN QUERY PLAN"
        plan = str(connection.exec_driver_sql(f"{explain} {statement}", parameters).all())
    assert "cards_shown_of_patient" in plan
    assert not re.search("(SCAN|Seq Scan on) cards_shown", plan)


def test_a_frozen_server_costs_no_more_than_the_time_given(postgresql: PostgresqlServer) -> None:
    database = Database(postgresql.new_database())
    database.upgrade()
    journal = Journal(database)
    shown(journal, of(), "c1")
    with postgresql.frozen():
        for seconds in (0.3, 0.3):
            started = time.monotonic()
            with pytest.raises(DatabaseBusy):
                journal.history(of(), seconds)
            assert time.monotonic() - started < seconds + GRACE
    assert soon(lambda: _answers(journal)), "the database is back, and is not used again"


def _answers(journal: Journal) -> bool:
    try:
        return journal.history(of(), SECONDS).last_shown is not None
    except DatabaseBusy:
        return False


def test_a_hanging_server_holds_up_only_as_many_callers_as_there_are_threads(postgresql: PostgresqlServer) -> None:
    database = Database(postgresql.new_database(), threads=2)
    database.upgrade()
    journal = Journal(database)
    with postgresql.frozen():
        for _ in range(2):
            with pytest.raises(DatabaseBusy):
                journal.history(of(), 0.2)
        started = time.monotonic()
        for _ in range(50):
            with pytest.raises(DatabaseBusy):
                journal.history(of(), SECONDS)
        assert time.monotonic() - started < GRACE
