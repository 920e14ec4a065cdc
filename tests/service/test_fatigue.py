"""Cards that stay away, over HTTP: by what clinicians answered, by what they saw, and by whom and where they are."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, select
from sqlalchemy.exc import OperationalError

from cards.override_reasons import SYSTEM
from cds_service.app import create_app
from cds_service.cds_hooks import patient_view
from cds_service.patient_data.gather import Gathered
from cds_service.setting_parts import Database as DatabaseSettings
from cds_service.settings import Settings
from cds_service.storage import journal
from cds_service.storage.database import Database, DatabaseBusy
from cds_service.storage.lane import Pending
from cds_service.storage.tables import calls
from cds_service.suppression import History
from tests.support.fault_server import FaultServer, hang
from tests.support.fhir import bundle, observation, patient
from tests.support.service import FEEDBACK, TODAY, call, candidate, post, without_type_1

A, B = "Practitioner/a", "Practitioner/b"


class Clinic:
    """An EHR's view of a service on a day that can be moved on."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.today = TODAY
        self.url = f"sqlite:///{folder / 'service.sqlite'}"
        given = Settings(database=DatabaseSettings(url=self.url), **settings)
        self.client: FlaskClient = create_app(given, today=lambda: self.today).test_client()

    def open(self, user: str = A, prefetch: dict[str, Any] | None = None, **more: Any) -> str | None:
        """Open the chart and return the card's uuid, if there is one."""
        answer = post(self.client, call(prefetch or candidate(), user=user, **more))
        assert answer.status_code == 200, answer.data
        cards = answer.get_json()["cards"]
        return cards[0]["uuid"] if cards else None

    def answer(self, card: str | None, code: str, **more: Any) -> None:
        """Put a card aside, as the specification has it."""
        assert card is not None
        reason = {"overrideReason": {"reason": {"system": SYSTEM, "code": code}}}
        entry = {"card": card, "outcome": "overridden", "outcomeTimestamp": f"{self.today}T12:00:00Z", **reason}
        assert post(self.client, {"feedback": [{**entry, **more}]}, url=FEEDBACK).get_json()["stored"] == 1

    def pass_days(self, days: int) -> None:
        self.today += timedelta(days=days)

    def endings(self) -> list[tuple[str, str | None]]:
        """Return outcome and cause of each call, as the audit has them."""
        with Database(self.url).engine.connect() as connection:
            rows = connection.execute(select(calls.c.outcome, calls.c.cause).order_by(calls.c.number))
            return [(row.outcome, row.cause) for row in rows]


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    return Clinic(tmp_path)


def other_chart() -> tuple[dict[str, Any], str]:
    """Return the prefetch of another person with the same record, and the id."""
    text = repr(candidate()).replace("Patient/p1", "Patient/p2").replace("'id': 'p1'", "'id': 'p2'")
    return eval(text), "p2"  # a literal made by repr just before


def with_another_status() -> dict[str, Any]:
    """The candidate after a new measurement that settles a criterion."""
    return {**candidate(), "vitals": bundle(*_blood_pressure())}


# -- answers -------------------------------------------------------------------------------------------------


def test_a_patient_who_declined_is_not_brought_up_again_to_anyone(clinic: Clinic) -> None:
    clinic.answer(clinic.open(), "patient-refuses")
    assert clinic.open(A) is None
    assert clinic.open(B) is None
    clinic.pass_days(364)
    assert clinic.endings()[-1] == ("suppressed", "patient-refuses")


def test_not_my_role_holds_for_every_patient_of_that_user_alone(clinic: Clinic) -> None:
    clinic.answer(clinic.open(A), "inappropriate-recipient")
    chart, other = other_chart()
    assert clinic.open(A, chart, of=other) is None
    assert clinic.open(B, chart, of=other) is not None
    assert clinic.open(B) is not None


def test_not_now_holds_for_seven_days(clinic: Clinic) -> None:
    clinic.answer(clinic.open(A), "limited-time")
    assert clinic.open(B) is not None
    clinic.pass_days(6)
    assert clinic.open(A) is None
    clinic.pass_days(24)
    assert clinic.open(A) is not None


def test_wrong_data_that_were_put_right_bring_the_card_back(clinic: Clinic) -> None:
    clinic.answer(clinic.open(), "need-more-info")
    assert clinic.open() is None
    assert clinic.open(prefetch=with_another_status()) is not None


def test_epics_numbers_mean_what_the_tenant_says(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path, feedback={"reasons": {"45": "patient-refuses"}})
    category = {"com.epic.cdshooks.feedback.overrideReason.reasonCategory": "45"}
    entry = {"card": clinic.open(), "outcome": "overridden", "overrideReasons": {"extension": category}}
    assert post(clinic.client, {"feedback": [entry]}, url=FEEDBACK).get_json() == {"stored": 1, "alreadyKnown": 0}
    assert clinic.open(B) is None
    assert clinic.endings()[-1] == ("suppressed", "patient-refuses")


def test_feedback_on_a_card_nobody_was_shown_is_kept_and_named(clinic: Clinic) -> None:
    entry = {"card": "0c6e2f6e-0000-4000-8000-000000000000", "outcome": "overridden"}
    answer = post(clinic.client, {"feedback": [entry]}, url=FEEDBACK).get_json()
    assert answer == {"stored": 1, "alreadyKnown": 0, "unknownCard": [0]}


def test_a_timestamp_of_last_week_counts_from_last_week(clinic: Clinic) -> None:
    card = clinic.open()
    clinic.pass_days(6)
    clinic.answer(card, "limited-time", outcomeTimestamp=f"{TODAY}T09:00:00Z")
    clinic.pass_days(1)
    assert clinic.open(A) is None  # seven days have passed, but it was shown before
    assert clinic.endings()[-1] == ("suppressed", "shown-lately")


def test_suppression_can_be_switched_off(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path, fatigue={"enabled": False})
    clinic.answer(clinic.open(), "patient-refuses")
    clinic.pass_days(1)
    assert clinic.open() is not None


def test_a_slow_fhir_server_does_not_bring_a_refused_card_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches that use up the deadline take nothing from the look-up of earlier answers: it goes on beside them."""
    clinic = Clinic(tmp_path, limits={"deadline_seconds": 1})
    clinic.answer(clinic.open(), "patient-refuses")
    gather, begin, look_up = patient_view.gather, journal.Journal.begin_history, journal._history
    searched = threading.Event()
    begun_after_the_searches: list[bool] = []

    def searches(**given: Any) -> Gathered:
        try:
            return gather(**given)
        finally:
            searched.set()

    def noted(*given: Any) -> Pending[History]:
        begun_after_the_searches.append(searched.is_set())
        return begin(*given)

    def longer_than_the_searches(*given: Any) -> History:
        assert searched.wait(10)
        return look_up(*given)

    monkeypatch.setattr(patient_view, "gather", searches)
    monkeypatch.setattr(journal.Journal, "begin_history", noted)
    monkeypatch.setattr(journal, "_history", longer_than_the_searches)
    sent = {key: value for key, value in candidate().items() if key != "medications"}
    with FaultServer(MedicationRequest=hang) as server:
        assert clinic.open(prefetch=sent, fhirServer=server.base_url) is None
    assert begun_after_the_searches == [False]
    assert clinic.endings()[-1] == ("suppressed", "patient-refuses")


def test_a_card_that_stays_away_is_not_written(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic.answer(clinic.open(), "patient-refuses")
    monkeypatch.setattr(patient_view, "build_cards", None)
    assert clinic.open() is None
    assert clinic.endings()[-1] == ("suppressed", "patient-refuses")


# -- showings ------------------------------------------------------------------------------------------------


def test_data_that_did_not_arrive_are_no_change(clinic: Clinic) -> None:
    assert clinic.open() is not None
    clinic.pass_days(1)
    failed = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "exception"}]}
    assert clinic.open(prefetch={**candidate(), "vitals": failed}) is None
    assert clinic.endings()[-1][0] == "suppressed"


def test_without_an_answer_it_is_shown_again_on_the_same_day_only(clinic: Clinic) -> None:
    assert clinic.open() is not None
    assert clinic.open() is not None
    clinic.pass_days(1)
    assert clinic.open() is None
    assert clinic.open(B) is not None
    assert clinic.endings()[-2] == ("suppressed", "shown-lately")
    clinic.pass_days(29)
    assert clinic.open() is not None


def test_a_chart_that_changed_is_shown_anew(clinic: Clinic) -> None:
    assert clinic.open() is not None
    clinic.pass_days(1)
    assert clinic.open(prefetch=with_another_status()) is not None
    assert clinic.open(prefetch=candidate()) is not None, "on that day it is shown again"


def _blood_pressure() -> list[dict[str, Any]]:
    parts = {"8480-6": 121, "8462-4": 74}
    given = observation("85354-9", 0, "mm[Hg]", "2026-11-20")
    del given["valueQuantity"]
    given["component"] = [
        {
            "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
            "valueQuantity": {"value": value, "unit": "mmHg", "system": "http://unitsofmeasure.org", "code": "mm[Hg]"},
        }
        for code, value in parts.items()
    ]
    return [given]


# -- filters -------------------------------------------------------------------------------------------------


def encounter(code: str, status: str = "in-progress", start: str = "2026-11-21", **more: Any) -> dict[str, Any]:
    kind = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": code}
    return {
        "resourceType": "Encounter", "id": "e1", "status": status, "class": kind,
        "subject": {"reference": "Patient/p1"}, "period": {"start": start}, **more,
    }  # fmt: skip


@pytest.mark.parametrize(("code", "cause"), [("EMER", "emergency"), ("IMP", "inpatient"), ("OBSENC", "inpatient")])
def test_no_card_in_a_hospital_bed_or_an_emergency(clinic: Clinic, code: str, cause: str) -> None:
    assert clinic.open(prefetch={**candidate(), "encounters": bundle(encounter(code))}) is None
    assert clinic.endings() == [("filtered", cause)]


def test_the_encounter_in_which_the_chart_is_open_decides(clinic: Clinic) -> None:
    visit = encounter("AMB", id="visit")
    prefetch = {**candidate(), "encounters": bundle(encounter("EMER"), visit)}
    body = call(prefetch, user=A)
    body["context"]["encounterId"] = "visit"
    assert len(post(clinic.client, body).get_json()["cards"]) == 1
    body["context"]["encounterId"] = "e1"
    assert post(clinic.client, body).get_json()["cards"] == []
    assert clinic.endings()[-1] == ("filtered", "emergency")


def test_which_care_settings_are_quiet_is_a_setting(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path, filters={"care_settings": []})
    assert clinic.open(prefetch={**candidate(), "encounters": bundle(encounter("EMER"))}) is not None


@pytest.mark.parametrize(("code", "shown"), [("80331", True), ("80 331", True), ("10115", False), (None, True)])
def test_the_catchment_goes_by_postal_code(tmp_path: Path, code: str | None, shown: bool) -> None:
    clinic = Clinic(tmp_path, filters={"postal_codes": ["80", "81"]})
    lives = [{"use": "home", "postalCode": code}] if code else None
    assert (clinic.open(prefetch={**candidate(), "patient": patient(address=lives)}) is not None) is shown
    if not shown:
        assert clinic.endings() == [("filtered", "catchment")]


def test_a_garbled_address_costs_nothing(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path, filters={"postal_codes": ["80"]})
    assert clinic.open(prefetch={**candidate(), "patient": patient(address=[7, {"postalCode": ["x"]}, None])})


def test_kinds_of_users_are_a_setting(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path, filters={"user_types": ["PractitionerRole"]})
    assert clinic.open("Practitioner/1") is None
    assert clinic.open("PractitionerRole/1") is not None
    assert clinic.open("Patient/p1") is None
    assert clinic.endings() == [("filtered", "user-type"), ("card", None), ("filtered", "viewer-not-clinician")]


def test_the_kill_switch_answers_without_looking_at_the_chart(tmp_path: Path, unused_port: int) -> None:
    clinic = Clinic(tmp_path, open={"enabled": False})
    answer = post(clinic.client, call(user=A, fhirServer=f"http://127.0.0.1:{unused_port}/fhir"))
    assert answer.get_json() == {"cards": []}
    assert clinic.endings() == [("filtered", "tenant-off")]


def test_a_tenant_that_is_switched_off_during_a_call_gets_no_card_from_it(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = iter([False, True])
    monkeypatch.setattr("cds_service.storage.switches.KillSwitch.is_off", lambda *_: next(asked))
    assert clinic.open() is None
    assert clinic.endings() == [("filtered", "switched-off")]


def test_a_patient_in_an_emergency_is_filtered_before_anything_is_fetched(clinic: Clinic, unused_port: int) -> None:
    """Nothing listens on that port: a fetch would end in 412."""
    body = call({"patient": patient(), "encounters": bundle(encounter("EMER"))}, user=A)
    assert post(clinic.client, {**body, "fhirServer": f"http://127.0.0.1:{unused_port}/fhir"}).status_code == 200
    assert clinic.endings() == [("filtered", "emergency")]


def test_another_persons_encounter_filters_nothing(clinic: Clinic) -> None:
    stranger = encounter("EMER", subject={"reference": "Patient/someone-else"})
    assert clinic.open(prefetch={**candidate(), "encounters": bundle(stranger)}) is not None


# -- audit and failure ---------------------------------------------------------------------------------------


def test_every_ending_is_in_the_audit(clinic: Clinic) -> None:
    clinic.open()
    clinic.open(prefetch=without_type_1())
    assert post(clinic.client, call(user=A)).status_code == 412
    assert post(clinic.client, {"hook": "order-sign"}).status_code == 400
    assert clinic.endings() == [("card", None), ("no-card", "not-applicable"), ("refused", "412"), ("refused", "400")]


def test_the_log_says_why_there_was_no_card(clinic: Clinic, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="trial_cds"):
        clinic.open(prefetch={**candidate(), "encounters": bundle(encounter("EMER"))})
    fields = [record.fields for record in caplog.records if record.getMessage() == "request"]  # type: ignore[attr-defined]
    assert (fields[-1]["outcome"], fields[-1]["cause"]) == ("filtered", "emergency")


@pytest.mark.parametrize("failure", ["busy", "broken", "hangs"])
@pytest.mark.parametrize("unsent", [(), ("medications",)], ids=["all is sent", "orders are pulled"])
def test_a_database_that_does_not_answer_hides_no_card(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    unsent: tuple[str, ...],
    failure: str,
) -> None:
    clinic = Clinic(tmp_path)
    clinic.answer(clinic.open(), "patient-refuses")

    def fail(_self: Database, _seconds: float, _work: Callable[[Connection], Any]) -> Pending[Any]:
        if failure == "busy":
            raise DatabaseBusy
        future: Future[Any] = Future()
        if failure == "broken":
            future.set_exception(OperationalError("SELECT", {}, Exception("gone")))
        return Pending(future, give_up=0)

    sent = {key: value for key, value in candidate().items() if key not in unsent}
    with monkeypatch.context() as patched, FaultServer() as server:
        patched.setattr(Database, "begin_read", fail)
        assert clinic.open(prefetch=sent, fhirServer=server.base_url) is not None
    assert "earlier cards not looked up" in caplog.text
    assert clinic.endings()[-1] == ("card", "history-not-available")
    assert clinic.open() is None
