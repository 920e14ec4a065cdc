"""The token of a call goes to the tenant's own FHIR server alone: whatever a request or a record says, a trap that
listens on loopback is never called.

The server and the trap are both on loopback, so nothing but the service's own checks keeps them apart.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.setting_parts import Limits
from tests.support import fault_server as faults
from tests.support.fault_server import FaultServer
from tests.support.fhir import bundle
from tests.support.service import SERVICE, call, candidate, make_app, post, said
from tests.support.tokens import PUBLIC_URL, st_mary
from tests.support.trap import Trap

TOKEN = "hush-token-0123456789"
ACCESS = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 300, "scope": "x", "subject": "y"}


@pytest.fixture
def trap() -> Iterator[Trap]:
    with Trap() as listening:
        yield listening


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory, server: FaultServer) -> FlaskClient:
    """A service whose tenant has one FHIR server, on this computer."""
    folder = tmp_path_factory.mktemp("outbound")
    tenant = st_mary().tenant(folder, fhir_servers=[server.base_url])
    limits = Limits(server_failures=1_000)
    app = make_app(folder, public_url=PUBLIC_URL, tenants=(tenant,), limits=limits)
    app.extensions["trial_cds_keys"].read_all()
    return app.test_client()


@pytest.fixture(autouse=True)
def _chart(server: FaultServer) -> None:
    """Give the server its chart back, and nothing asked of it yet."""
    chart = candidate()
    found = {key: [entry["resource"] for entry in chart[key]["entry"]] for key in ("problems", "labs")}
    server.otherwise = faults.empty
    server.behaviours.clear()
    server.behaviours["Patient"] = faults.content(json.dumps(chart["patient"]).encode())
    server.behaviours["Condition"] = faults.holding(*found["problems"])
    server.behaviours["Observation"] = faults.holding(*found["labs"])
    server.headers.clear()
    server.urls.clear()


def _call(hospital: FlaskClient, fhir_server: str, prefetch: Any = ...) -> Any:
    body = call(prefetch, fhirServer=fhir_server, fhirAuthorization=ACCESS)
    return post(hospital, body, headers=st_mary().signing_in(SERVICE))


def _assert_works(hospital: FlaskClient, server: FaultServer) -> None:
    """The service still reads from the tenant's server, with the token."""
    assert len(_call(hospital, server.base_url).get_json()["cards"]) == 1
    assert set(server.authorizations) == {f"Bearer {TOKEN}"}


TRICKS = {
    "the trap itself": "http://127.0.0.1:{trap}/fhir",
    "by another name": "http://localhost:{trap}/fhir",
    "mixed case": "HTTP://LocalHost:{trap}/fhir",
    "an at-sign": "http://127.0.0.1:{server}@127.0.0.1:{trap}/fhir",
    "an at-sign after a name": "http://ehr.example@127.0.0.1:{trap}/fhir",
    "user and password": "http://user:password@127.0.0.1:{trap}/fhir",
    "an empty user": "http://@127.0.0.1:{trap}/fhir",
    "an encoded at-sign": "http://127.0.0.1:{server}%40127.0.0.1:{trap}/fhir",
    "a backslash": "http://127.0.0.1:{trap}\\@127.0.0.1:{server}/fhir",
    "a backslash for a slash": "http:\\\\127.0.0.1:{trap}\\fhir",
    "a fragment": "http://127.0.0.1:{trap}#@127.0.0.1:{server}/fhir",
    "a question mark": "http://127.0.0.1:{trap}?@127.0.0.1:{server}/fhir",
    "two ports": "http://127.0.0.1:{server}:{trap}/fhir",
    "a port with a sign": "http://127.0.0.1:+{trap}/fhir",
    "a port in other digits": "http://127.0.0.1:{wide_trap}/fhir",
    "a port with zeros": "http://127.0.0.1:000{trap}/fhir",
    "IPv6": "http://[::1]:{trap}/fhir",
    "IPv6 that holds IPv4": "http://[::ffff:127.0.0.1]:{trap}/fhir",
    "IPv6 with a zone": "http://[::1%25lo]:{trap}/fhir",
    "IPv6 with a zone as it is": "http://[::1%lo]:{trap}/fhir",
    "a short address": "http://127.1:{trap}/fhir",
    "a decimal address": "http://2130706433:{trap}/fhir",
    "a hexadecimal address": "http://0x7f000001:{trap}/fhir",
    "an octal address": "http://0177.0.0.1:{trap}/fhir",
    "any address": "http://0.0.0.0:{trap}/fhir",
    "another loopback address": "http://127.0.0.2:{trap}/fhir",
    "full-width digits": "http://１２７.０.０.１:{trap}/fhir",
    "circled letters": "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{trap}/fhir",
    "a name that leads here": "http://127.0.0.1.nip.io:{trap}/fhir",
    "no scheme": "//127.0.0.1:{trap}/fhir",
    "a scheme without slashes": "http:127.0.0.1:{trap}/fhir",
    "another scheme": "ftp://127.0.0.1:{trap}/fhir",
    "a tab": "http://127.0.0.1:{trap}\t/fhir",
    "a line break": "http://127.0.0.1:{server}/fhir\r\nHost: 127.0.0.1:{trap}",
    "a blank before": " http://127.0.0.1:{trap}/fhir",
    "a null": "http://127.0.0.1:{trap}\0.example/fhir",
    "dot segments": "http://127.0.0.1:{server}/fhir/../../127.0.0.1:{trap}",
    "a path beneath ours": "http://127.0.0.1:{server}/fhir/tenant",
    "a path like ours": "http://127.0.0.1:{server}/fhirx",
    "a path above ours": "http://127.0.0.1:{server}",
    "our server by another name": "http://localhost:{server}/fhir",
    "our server by IPv6": "http://[::1]:{server}/fhir",
}


def _fill(template: str, server: FaultServer, trap: Trap) -> str:
    wide = str(trap.port).translate({ord(str(n)): ord("０") + n for n in range(10)})
    port = server.origin.rpartition(":")[2]
    return template.replace("{trap}", str(trap.port)).replace("{server}", port).replace("{wide_trap}", wide)


@pytest.mark.parametrize("trick", TRICKS.values(), ids=TRICKS.keys())
def test_another_fhir_server_is_refused_and_never_called(
    hospital: FlaskClient, server: FaultServer, trap: Trap, trick: str
) -> None:
    response = _call(hospital, _fill(trick, server, trap))
    assert response.status_code == 400
    assert "fhirServer" in said(response)
    assert trap.caught == []
    assert server.urls == []
    _assert_works(hospital, server)


LINKS = {
    **{name: trick for name, trick in TRICKS.items() if "our server" not in name and "path beneath" not in name},
    "relative to the protocol, beneath ours": "//127.0.0.1:{trap}/fhir/Condition?page=2",
    "relative with a host in it": "Condition/../../..//127.0.0.1:{trap}/fhir",
    "javascript": "javascript:fetch('http://127.0.0.1:{trap}')",
    "our server in the query of the trap": "http://127.0.0.1:{trap}/?http://127.0.0.1:{server}/fhir",
}


@pytest.mark.parametrize("where", ["server", "prefetch"])
@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS.keys())
def test_a_next_link_elsewhere_is_never_followed(
    hospital: FlaskClient, server: FaultServer, trap: Trap, link: str, where: str
) -> None:
    url = _fill(link, server, trap)
    problems = [entry["resource"] for entry in candidate()["problems"]["entry"]]
    server.behaviours["Condition"] = faults.linking_to(url, *problems)
    page = bundle(*problems, link=[{"relation": "next", "url": url}])
    response = _call(hospital, server.base_url, ... if where == "server" else {"problems": page})
    assert response.status_code == 200
    assert trap.caught == []
    assert set(server.authorizations) == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_elsewhere_is_never_followed(
    hospital: FlaskClient, server: FaultServer, trap: Trap, status: int
) -> None:
    here, there = server.base_url, f"http://127.0.0.1:{trap.port}/fhir"
    for target in (there, f"//127.0.0.1:{trap.port}/", f"{here}@127.0.0.1:{trap.port}/fhir"):
        server.behaviours["Observation"] = faults.status(status, {}, Location=target, Refresh=f"0; url={target}")
        assert _call(hospital, here).status_code == 200
    assert trap.caught == []
    server.behaviours["Observation"] = faults.empty
    assert set(server.authorizations) == {f"Bearer {TOKEN}"}


def test_addresses_in_a_record_are_never_called(hospital: FlaskClient, server: FaultServer, trap: Trap) -> None:
    there = f"http://127.0.0.1:{trap.port}/fhir"
    order = {
        "resourceType": "MedicationRequest", "id": "m1", "status": "active", "intent": "order",
        "subject": {"reference": "Patient/p1"}, "medicationReference": {"reference": f"{there}/Medication/1"},
    }  # fmt: skip
    photo = [{"contentType": "image/png", "url": f"{there}/photo.png"}]
    chart = {
        **candidate(),
        "patient": {**candidate()["patient"], "photo": photo, "link": [{"other": {"reference": f"{there}/Patient/2"}}]},
        "medications": bundle(order),
    }
    body = call(chart, fhirServer=server.base_url, fhirAuthorization=ACCESS, extension={"callback": there})
    assert post(hospital, body, headers=st_mary().signing_in(SERVICE)).status_code == 200
    assert trap.caught == []


def test_the_environment_cannot_lead_the_token_elsewhere(
    hospital: FlaskClient, server: FaultServer, trap: Trap, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login user password hush\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login user password hush\n", encoding="utf-8")
    (tmp_path / ".netrc").chmod(0o600)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{trap.port}")
        monkeypatch.setenv(name.upper(), f"http://127.0.0.1:{trap.port}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    _assert_works(hospital, server)
    assert trap.caught == []


def test_paging_as_hapi_and_meditech_do_it_is_followed(hospital: FlaskClient, server: FaultServer) -> None:
    problems = [entry["resource"] for entry in candidate()["problems"]["entry"]]
    server.behaviours["Condition"] = server.behaviours[""] = faults.paged([bundle(), bundle(*problems)])
    assert len(_call(hospital, server.base_url).get_json()["cards"]) == 1
    assert any("?_getpages=" in url for url in server.urls)
    assert set(server.authorizations) == {f"Bearer {TOKEN}"}


def test_a_tenant_without_servers_reads_the_prefetch_alone(tmp_path: Path, trap: Trap) -> None:
    app = make_app(tmp_path, public_url=PUBLIC_URL, tenants=(st_mary().tenant(tmp_path),))
    app.extensions["trial_cds_keys"].read_all()
    there = f"http://127.0.0.1:{trap.port}/fhir"
    assert len(_call(app.test_client(), there, candidate()).get_json()["cards"]) == 1
    assert _call(app.test_client(), there).status_code == 412
    assert trap.caught == []
