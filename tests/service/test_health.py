"""Health: alive, and able to serve. What was found is for those who may look inside."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from cds_service import evaluation
from cds_service.self_test import GoldenPatient, SelfTest, golden_patients, self_test
from cds_service.setting_parts import Monitoring
from cds_service.storage.database import Database
from rules.assess import Executor
from rules.trial import Trial
from tests.support.service import call, candidate, make_app, post, said, valid

TOKEN = "a-token-of-at-least-thirty-two-characters"
TRIAL = "rules.nct01374854"


def test_a_service_that_can_serve_says_so(client: FlaskClient) -> None:
    assert client.get("/health/live").get_json() == {"status": "live"}
    response = client.get("/health/ready")
    valid("health", response.get_json())
    assert response.status_code == 200
    assert response.get_json()["status"] == "ready"
    assert response.get_json()["checks"] == {"database": "ok", "disk": "ok", "rules NCT01374854": "ok"}
    tested = response.get_json()["details"]["rules"]["NCT01374854"]
    assert tested["selfTest"] == "passed"
    assert tested["patients"] == len(golden_patients(TRIAL)) > 3


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"environ_base": {"REMOTE_ADDR": "10.1.2.3"}},
        {"headers": {"Host": "cds.example.org"}},
        {"headers": {"X-Forwarded-For": "10.1.2.3"}},
        {"headers": {"Authorization": "Bearer another"}, "environ_base": {"REMOTE_ADDR": "10.1.2.3"}},
    ],
    ids=["another computer", "by another name", "through a proxy", "with a wrong token"],
)
def test_others_are_told_no_more_than_yes(client: FlaskClient, elsewhere: dict[str, dict[str, str]]) -> None:
    response = client.get("/health/ready", **elsewhere)  # type: ignore[arg-type]
    assert (response.status_code, response.get_json()) == (200, {"status": "ready"})


def test_whoever_shows_the_token_is_told_everything(tmp_path: Path) -> None:
    client = make_app(tmp_path, monitoring=Monitoring(token=TOKEN)).test_client()  # type: ignore[arg-type]
    shown = {"Authorization": f"Bearer {TOKEN}"}
    far = {"REMOTE_ADDR": "10.1.2.3"}
    answer = client.get("/health/ready", environ_base=far, headers=shown | {"Host": "10.1.2.3:8000"}).get_json()
    assert answer["checks"]["database"] == "ok"


def _database(folder: Path) -> Database:
    return Database(f"sqlite:///{folder / 'service.sqlite'}")


@pytest.mark.parametrize("harm", ["DROP TABLE feedback", "UPDATE alembic_version SET version_num = '0001'"])
def test_a_service_without_its_tables_is_alive_and_not_ready(tmp_path: Path, harm: str) -> None:
    client = make_app(tmp_path).test_client()
    with _database(tmp_path).engine.begin() as connection:
        connection.execute(text(harm))
    assert client.get("/health/live").status_code == 200
    response = client.get("/health/ready")
    assert response.status_code == 503
    valid("health", response.get_json())
    assert response.get_json()["checks"]["database"] == "failed"


def test_a_disk_that_takes_no_more_is_not_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = make_app(tmp_path).test_client()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cds_service.storage.database.TemporaryFile", full)
    response = client.get("/health/ready")
    assert (response.status_code, response.get_json()["checks"]["disk"]) == (503, "failed")


# -- the rules' test of themselves ---------------------------------------------------------------------------


@pytest.fixture
def wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """A service that decides a golden patient otherwise than expected."""

    def failing(trial: Trial, executor: Executor, golden: Sequence[GoldenPatient]) -> SelfTest:
        ada = golden[0]
        other = GoldenPatient(ada.name, ada.on, ada.verdict, {**ada.statuses, "I8": "not-met"}, ada.resources)
        return self_test(trial, executor, (other, *golden[1:]))

    monkeypatch.setattr(evaluation, "self_test", failing)
    return make_app(tmp_path)


def test_rules_that_decide_otherwise_than_expected_give_no_card(wrong: Flask) -> None:
    response = post(wrong.test_client(), call(candidate()))
    assert response.status_code == 503
    assert "did not pass their own test" in said(response)


def test_rules_that_decide_otherwise_than_expected_are_not_ready_and_say_where(wrong: Flask) -> None:
    response = wrong.test_client().get("/health/ready")
    assert response.status_code == 503
    valid("health", response.get_json())
    assert response.get_json()["checks"]["rules NCT01374854"] == "failed"
    found = response.get_json()["details"]["rules"]["NCT01374854"]
    assert (found["selfTest"], found["problem"]) == ("failed", "golden-ada: I8 decided otherwise than expected")
    numbers = wrong.test_client().get("/metrics").get_data(as_text=True)
    assert 'trial_cds_rules_self_test_passed{trial="NCT01374854"} 0.0' in numbers


def test_every_golden_patient_is_decided_as_expected(trial: Trial, durable: Executor) -> None:
    assert self_test(trial, durable, golden_patients(TRIAL)).problem == ""
