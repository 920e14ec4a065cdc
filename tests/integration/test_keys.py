"""Keys from the web and from files: rotation, outages, and key servers that misbehave in every way."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from cds_service.security.key_source import KeyAddress, KeyFile, KeysUnreachable
from cds_service.security.key_store import KeyStore, KeyStores, Pace
from cds_service.security.tenants import Tenants
from cds_service.settings import Settings
from cds_service.tenant_settings import TenantSettings
from tests.support import fault_server as faults
from tests.support import numbers
from tests.support.fault_server import Behaviour, FaultServer
from tests.support.forks import in_child
from tests.support.numbers import total
from tests.support.service import SERVICE, call, candidate, make_app
from tests.support.tokens import PUBLIC_URL, Client, key, key_set, public_jwk, st_luke, st_mary
from tests.support.waiting import soon

SET = "application/json"
QUICK = Pace(after_failure=0.05, unknown_key=60.0)
SHORT = 1.0
"""Seconds for a server that uses them up: it would go on for twenty and more."""
AMPLE = 10.0
"""Seconds for whatever ends before them, on a busy machine too."""


def _serving(*clients: Client) -> Behaviour:
    return faults.content(key_set(*(public_jwk(one.private, one.kid) for one in clients)), SET)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer(jwks=_serving(st_mary())) as running:
        yield running


Make = Callable[..., KeyStore]


@pytest.fixture
def make_store() -> Iterator[Make]:
    """Makes key stores, and stops them at the end."""
    made: list[KeyStore] = []

    def make(server: FaultServer, pace: Pace = QUICK, limit: float = AMPLE) -> KeyStore:
        made.append(KeyStore("st-mary", KeyAddress(f"{server.origin}/jwks", limit=limit), pace))
        return made[-1]

    yield make
    for store in made:
        store.stop()


def test_keys_are_fetched_in_the_background(make_store: Make, server: FaultServer) -> None:
    store = make_store(server)
    store.start()
    assert store.wait(AMPLE)
    assert store.find("mary-1") is not None
    assert server.urls == ["/jwks"]


def test_asking_for_a_key_never_waits_for_the_network(make_store: Make) -> None:
    with FaultServer(jwks=faults.hang) as hanging:
        store = make_store(hanging, limit=5)
        started = time.monotonic()
        for _ in range(100):
            assert store.find("mary-1") is None
        assert time.monotonic() - started < 3
        assert not store.loaded


BROKEN: dict[str, tuple[str, Behaviour]] = {
    "hang": ("too long", faults.hang),
    "drip headers": ("too long", faults.drip_headers),
    "drip body": ("too long", faults.drip_body),
    "drip chunks": ("too long", faults.drip_chunks),
    "break off": ("broke off", faults.cut),
    "too large": ("larger than", faults.content(b" " * 300_000, SET)),
    "too large when unpacked": ("larger than", faults.gzip_bomb(20)),
    "redirect": ("status 302", faults.redirect("http://127.0.0.1:9/jwks")),
    "not found": ("status 404", faults.status(404)),
    "fault": ("status 500", faults.status(500)),
    "HTML": ("not JSON", faults.content(b"<html>log in</html>", "text/html")),
    "no set": ("not a JWK Set", faults.content(b'{"error": 1}', SET)),
    "a list": ("not a JWK Set", faults.content(b"[]", SET)),
    "too many": ("more than 100", faults.content(key_set(*({"kid": str(n)} for n in range(101))), SET)),
}


@pytest.mark.parametrize(("said", "behaviour"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_key_server_costs_no_key(
    make_store: Make, server: FaultServer, caplog: pytest.LogCaptureFixture, said: str, behaviour: Behaviour
) -> None:
    limit = SHORT if said == "too long" else AMPLE
    store = make_store(server, limit=limit)
    assert store.refresh()
    server.behaviours["jwks"] = behaviour
    started = time.monotonic()
    assert not store.refresh()
    assert time.monotonic() - started < limit + 2
    (line,) = [record.fields for record in caplog.records if record.message == "keys not refreshed"]  # type: ignore[attr-defined]
    assert said in line["reason"]
    assert store.find("mary-1") is not None
    server.behaviours["jwks"] = _serving(st_mary(), st_luke())
    assert store.refresh()
    assert store.find("luke-1") is not None


def test_nothing_listens(unused_port: int) -> None:
    with pytest.raises(KeysUnreachable, match="cannot be reached"):
        KeyAddress(f"http://127.0.0.1:{unused_port}/jwks", limit=AMPLE).read()


def test_the_key_server_is_told_nothing_and_no_other_is_asked(
    make_store: Make, server: FaultServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login user password hush\n", encoding="utf-8")
    netrc.chmod(0o600)
    with FaultServer() as trap:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, trap.origin)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("NETRC", str(netrc))
        server.behaviours["jwks"] = faults.redirect(f"{trap.origin}/jwks")
        assert not make_store(server).refresh()
        assert trap.urls == []
    assert server.authorizations == []
    assert all("cookie" not in headers for headers in server.headers)


def test_new_keys_come_and_old_ones_go(make_store: Make, server: FaultServer) -> None:
    store = make_store(server)
    store.refresh()
    server.behaviours["jwks"] = _serving(st_luke())
    store.refresh()
    assert store.find("luke-1") is not None
    assert store.find("mary-1") is None


def test_an_unknown_key_brings_the_next_look_forward_once(make_store: Make, server: FaultServer) -> None:
    store = make_store(server)
    store.start()
    assert store.wait(AMPLE)
    server.behaviours["jwks"] = _serving(st_mary(), st_luke())
    assert store.find("luke-1") is None
    assert soon(lambda: store.find("luke-1"))
    for number in range(200):
        assert store.find(f"unknown-{number}") is None
    time.sleep(0.2)
    assert len(server.urls) == 2


def test_unknown_keys_do_not_make_a_failing_server_be_asked_more_often(make_store: Make, server: FaultServer) -> None:
    server.behaviours["jwks"] = faults.status(500)
    store = make_store(server, Pace(after_failure=30, unknown_key=60))
    store.start()
    assert soon(lambda: server.urls)
    for number in range(200):
        store.find(f"unknown-{number}")
    time.sleep(0.2)
    assert len(server.urls) <= 2


def test_after_an_outage_at_the_start_keys_come_by_themselves(make_store: Make, server: FaultServer) -> None:
    server.behaviours["jwks"] = faults.in_turn(faults.status(503), faults.status(503), _serving(st_mary()))
    store = make_store(server)
    store.start()
    assert soon(lambda: store.loaded)
    assert store.find("mary-1") is not None


def test_a_failure_that_nobody_thought_of_does_not_end_the_refreshing(caplog: pytest.LogCaptureFixture) -> None:
    class Odd:
        seconds = 0.05
        looks = 0

        def read(self) -> bytes | None:
            self.looks += 1
            if self.looks == 1:
                raise ZeroDivisionError
            return b'{"keys": []}'

    store = KeyStore("st-mary", Odd(), Pace(after_failure=0.05))
    store.start()
    try:
        assert soon(lambda: store.loaded)
    finally:
        store.stop()
    (line,) = [record for record in caplog.records if record.message == "keys not refreshed"]
    assert "ZeroDivisionError" in line.fields["exception"]["type"]  # type: ignore[attr-defined]


def test_one_slow_issuer_does_not_hold_up_another(server: FaultServer) -> None:
    server.behaviours["slow"] = faults.hang
    mary, luke = st_mary(), st_luke()
    tenants = (
        TenantSettings(name="st-mary", issuer=mary.issuer, jwks_url=f"{server.origin}/slow"),
        TenantSettings(name="st-luke", issuer=luke.issuer, jwks_url=f"{server.origin}/jwks"),
    )
    server.behaviours["jwks"] = _serving(luke)
    stores = KeyStores(Tenants(Settings(tenants=tenants)))
    started = time.monotonic()
    stores.read_all()
    assert time.monotonic() - started < 10
    stores.check()
    assert stores.of(luke.issuer).find("luke-1") is not None
    stores.of(luke.issuer).stop()


def test_a_worker_that_starts_in_an_outage_has_the_keys_from_before_the_fork(
    make_store: Make, server: FaultServer
) -> None:
    store = make_store(server)
    store.refresh()
    server.behaviours["jwks"] = faults.status(503)
    assert in_child(lambda: _finds_after_its_first_look(store, "mary-1")) == 0


def test_each_process_looks_by_itself(make_store: Make, server: FaultServer) -> None:
    store = make_store(server)
    store.start()
    assert store.wait(AMPLE)
    server.behaviours["jwks"] = _serving(st_luke())
    assert in_child(lambda: _finds_after_its_first_look(store, "luke-1")) == 0


def _finds_after_its_first_look(store: KeyStore, kid: str) -> bool:
    store.start()
    store.wait(AMPLE)
    return store.find(kid) is not None


# -- files ---------------------------------------------------------------------------------------------------


def test_a_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_bytes(st_mary().jwks)
    source = KeyFile(file)
    assert source.read() == st_mary().jwks
    assert source.read() is None
    file.write_bytes(st_luke().jwks)
    assert source.read() == st_luke().jwks


def test_a_file_that_goes_costs_no_key(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_bytes(st_mary().jwks)
    store = KeyStore("st-mary", KeyFile(file))
    assert store.refresh()
    file.unlink()
    assert not store.refresh()
    assert store.find("mary-1") is not None
    store.stop()


# -- the whole service ---------------------------------------------------------------------------------------


def _ask(client: FlaskClient, by: Client) -> int:
    return client.post(SERVICE, json=call(candidate()), headers=by.signing_in(SERVICE)).status_code


@pytest.fixture
def service(tmp_path: Path, server: FaultServer) -> Iterator[FlaskClient]:
    """A service whose one tenant has its keys on ``server``; they have not been read yet."""
    tenant = TenantSettings(name="st-mary", issuer=st_mary().issuer, jwks_url=f"{server.origin}/jwks")
    app = make_app(tmp_path, public_url=PUBLIC_URL, tenants=(tenant,))
    yield app.test_client()
    app.extensions["trial_cds_keys"].stop()


def test_a_client_can_change_its_key_while_the_service_runs(service: FlaskClient, server: FaultServer) -> None:
    stores = service.application.extensions["trial_cds_keys"]
    stores.start()
    old = st_mary()
    new = old.with_key(key("P-384", 1), "mary-2", "ES384")
    assert _ask(service, old) == 200
    assert _ask(service, new) == 401
    server.behaviours["jwks"] = _serving(old, new)
    stores.of(old.issuer).refresh()
    assert (_ask(service, old), _ask(service, new)) == (200, 200)
    server.behaviours["jwks"] = _serving(new)
    stores.of(old.issuer).refresh()
    assert (_ask(service, old), _ask(service, new)) == (401, 200)
    server.behaviours["jwks"] = faults.status(503)
    stores.of(old.issuer).refresh()
    assert (_ask(service, old), _ask(service, new)) == (401, 200)


def test_the_service_is_ready_when_it_has_keys(service: FlaskClient) -> None:
    before = service.get("/health/ready")
    assert before.status_code == 503
    assert before.get_json()["checks"]["keys"] == "failed"
    assert _ask(service, st_mary()) == 401
    service.application.extensions["trial_cds_keys"].start()
    after = service.get("/health/ready")
    assert after.status_code == 200
    assert after.get_json()["checks"]["keys"] == "ok"
    assert _ask(service, st_mary()) == 200


def test_health_and_metrics_say_how_far_keys_can_be_relied_on(
    service: FlaskClient, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found() -> tuple[str, float]:
        state = service.get("/health/ready").get_json()["details"]["keys"]["st-mary"]["state"]
        samples = numbers.read(service.get("/metrics").get_data(as_text=True))
        return state, total(samples, "keys_read_timestamp_seconds", tenant="st-mary")

    store = service.application.extensions["trial_cds_keys"].of(st_mary().issuer)
    assert found() == ("absent", 0.0)
    store.refresh()
    state, read = found()
    assert (state, time.time() - read < 60) == ("fresh", True)
    server.behaviours["jwks"] = faults.status(503)
    store.refresh()
    assert found() == ("fresh", read)
    monkeypatch.setattr("cds_service.security.key_store._FRESH_SECONDS", 0)
    monkeypatch.setattr("cds_service.security.key_store._FRESH_LOOKS", 0)
    assert found() == ("stale", read)
    samples = numbers.read(service.get("/metrics").get_data(as_text=True))
    assert total(samples, "key_reads_total", tenant="st-mary", outcome="failed") >= 1


def test_the_jku_that_is_the_configured_address_is_taken(service: FlaskClient, server: FaultServer) -> None:
    service.application.extensions["trial_cds_keys"].start()
    for jku, status in ((f"{server.origin}/jwks", 200), (f"{server.origin}/jwks?x", 401), (server.origin, 401)):
        headers = st_mary().signing_in(SERVICE, header={"jku": jku})
        assert service.post(SERVICE, json=call(candidate()), headers=headers).status_code == status
    assert set(server.urls) == {"/jwks"}


def test_the_log_names_the_tenant_and_not_the_key_server(
    make_store: Make, server: FaultServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "trial_cds")
    store = make_store(server)
    store.refresh()
    server.behaviours["jwks"] = faults.status(500)
    store.refresh()
    written = json.dumps([record.__dict__ for record in caplog.records], default=str)
    assert "st-mary" in written
    assert server.origin not in written
