"""A server's export: signing in, waiting, fetching, going on after an interruption, and where no request goes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from cds_service.cli import main
from cds_service.cohort import outgoing
from cds_service.cohort.backend_services import Access, Client, read_key
from cds_service.cohort.bulk_export import BulkExport, Level
from cds_service.cohort.outgoing import Answer, ExportError, Wire
from cds_service.patient_data.outbound import parse_base_url
from tests.support.bulk_server import Behaviour, BulkServer
from tests.support.population import ON, assessments, charts

PEOPLE = charts(6, 5)


def _lines(*kinds: str) -> bytes:
    found = [r for person in PEOPLE for r in person if not kinds or r["resourceType"] in kinds]
    return b"".join(json.dumps(r).encode() + b"\n" for r in found)


def _files() -> dict[str, bytes]:
    return {
        "Patient.0": _lines("Patient"), "Condition.0": _lines("Condition"), "Observation.0": _lines("Observation"),
        "Observation.1": _lines("Encounter"), "MedicationRequest.0": _lines("MedicationRequest"),
    }  # fmt: skip


def _key(kind: str) -> Any:
    return rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP384R1())


def _write_key(path: Path, key: Any) -> Path:
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


def _public(key: Any) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()  # type: ignore[no-any-return]


KEY = _key("ec")


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Nobody waits in these tests; what would have been waited is noted."""
    noted: list[float] = []
    monkeypatch.setattr(outgoing, "sleep", noted.append)
    return noted


@pytest.fixture
def server() -> Iterator[BulkServer]:
    with BulkServer(Behaviour(_files(), _public(KEY))) as running:
        yield running


def _export(server: BulkServer, folder: Path, level: Level | None = None, **more: Any) -> BulkExport:
    wire = Wire(parse_base_url(server.base))
    client = Client("screening", KEY, "k1", "system/*.read")
    return BulkExport(wire, Access(wire, client), level or Level(), folder, lambda _text: None, **more)


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_the_command_signs_in_exports_and_screens(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = _key(kind)
    path = _write_key(tmp_path / "key.pem", key)
    config = tmp_path / "c.toml"
    config.write_text(f'[bulk_data]\nclient_id = "screening"\nkey_file = "{path}"\nkey_id = "k1"\n')
    with BulkServer(Behaviour(_files(), _public(key))) as server:
        out = tmp_path / "out"
        command = ["screen", server.base, "--out", str(out), "--date", ON.isoformat(), "--config", str(config)]
        assert main([*command, "--memory", "1GB", "--workers", "1"]) == 0, capsys.readouterr().err
        assert len(assessments(out)) == len(PEOPLE)
        assert (out / "export").stat().st_mode & 0o777 == 0o700
        assert server.asked["DELETE /state"] == 1
        printed = capsys.readouterr()
        assert "token-" not in printed.out + printed.err


@pytest.mark.parametrize(
    ("level", "path"),
    [
        (Level(), "/fhir/Patient/$export"),
        (Level(system=True), "/fhir/$export"),
        (Level(group="g-1"), "/fhir/Group/g-1/$export"),
    ],
)
def test_all_patients_the_system_or_a_group(server: BulkServer, tmp_path: Path, level: Level, path: str) -> None:
    _export(server, tmp_path / "export", level).fetch()
    assert server.asked[f"GET {path}"] == 1
    assert {"Patient", "Observation", "Medication"} <= set(server.queries[0]["_type"].split(","))
    headers = dict(server.headers)[path]
    assert headers["prefer"] == "respond-async"
    assert headers["accept"] == "application/fhir+json"


def test_a_group_is_an_id(server: BulkServer, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="id of a Group"):
        _export(server, tmp_path / "export", Level(group="../Patient/1"))


def test_the_server_says_how_long_to_wait_within_limits(
    server: BulkServer, tmp_path: Path, pauses: list[float]
) -> None:
    server.behaviour.retry_after = "7"
    _export(server, tmp_path / "a").fetch()
    assert pauses == [7.0, 7.0]
    server.behaviour.busy, server.behaviour.retry_after = 1, "86400"
    _export(server, tmp_path / "b").fetch()
    assert pauses[-1] == 300.0


def test_retry_after_may_be_a_date() -> None:
    answer = Answer(202, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, b"")
    assert answer.retry_after(5) == 0.0
    assert Answer(202, {"Retry-After": "soon"}, b"").retry_after(5) == 5
    assert Answer(202, {}, b"").retry_after(5) == 5


@pytest.mark.parametrize("given", ["²", f"Wed, 21 Oct 2015 07:28:00 +{'9' * 20}"])
def test_a_retry_after_that_means_nothing_ends_no_run(given: str) -> None:
    assert Answer(503, {"Retry-After": given}, b"").retry_after(5) == 5


def test_waiting_has_an_end_and_can_go_on(server: BulkServer, tmp_path: Path) -> None:
    server.behaviour.busy, server.behaviour.retry_after = 20, "100"
    with pytest.raises(ExportError, match="go on waiting"):
        _export(server, tmp_path / "export", hours=0.1).fetch()
    server.behaviour.busy = 0
    _export(server, tmp_path / "export").fetch()
    assert server.asked["GET /fhir/Patient/$export"] == 1, "the export that is under way is waited for"


def test_an_interrupted_fetch_goes_on_with_the_files_that_lack(server: BulkServer, tmp_path: Path) -> None:
    server.behaviour.statuses = [("Observation.0", 403)]
    with pytest.raises(ExportError, match="does not give a file"):
        _export(server, tmp_path / "export").fetch()
    folder = _export(server, tmp_path / "export").fetch()
    assert server.asked["GET /files/Patient.0"] == 1
    assert server.asked["GET /fhir/Patient/$export"] == 1
    written = b"".join(path.read_bytes() for path in sorted(folder.glob("*.ndjson")))
    assert sorted(written.splitlines()) == sorted(b"".join(_files().values()).splitlines())
    before = sum(server.asked.values())
    _export(server, tmp_path / "export").fetch()
    assert sum(server.asked.values()) == before, "a complete export is not asked for again"


def test_another_export_does_not_go_on_in_the_folder(server: BulkServer, tmp_path: Path) -> None:
    _export(server, tmp_path / "export").fetch()
    with pytest.raises(ExportError, match="another export"):
        _export(server, tmp_path / "export", Level(system=True)).fetch()


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize("where", ["$export", "/state", "Patient.0"])
def test_what_fails_in_passing_is_tried_again(server: BulkServer, tmp_path: Path, where: str, status: int) -> None:
    server.behaviour.statuses = [(where, status)]
    assert len(list(_export(server, tmp_path / "export").fetch().glob("*.ndjson"))) == 5


def test_a_file_that_breaks_off_is_fetched_again(server: BulkServer, tmp_path: Path) -> None:
    server.behaviour.cut = {"Patient.0"}
    folder = _export(server, tmp_path / "export").fetch()
    assert (folder / "Patient.00000.ndjson").read_bytes() == _files()["Patient.0"]
    assert server.asked["GET /files/Patient.0"] == 2


def test_a_file_with_fewer_lines_than_counted_is_refused(server: BulkServer, tmp_path: Path) -> None:
    server.behaviour.counts = {"Condition.0": 10_000}
    with pytest.raises(ExportError, match="the server counted 10,000"):
        _export(server, tmp_path / "export").fetch()
    assert not (tmp_path / "export" / "Condition.00001.ndjson").exists()


def test_a_token_that_runs_out_is_renewed(server: BulkServer, tmp_path: Path) -> None:
    server.behaviour.token_life = 30  # below what is left for a request: a new one each time
    _export(server, tmp_path / "a").fetch()
    assert len(server.tokens) > 3
    server.behaviour.token_life = 300
    export = _export(server, tmp_path / "b")
    server.behaviour.statuses = [("/state", 401), ("Patient.0", 401)]
    export.fetch()


def test_an_export_that_the_server_forgot_is_begun_anew(server: BulkServer, tmp_path: Path) -> None:
    server.behaviour.statuses = [("/state", 404)]
    with pytest.raises(ExportError, match="asks for a new export"):
        _export(server, tmp_path / "export").fetch()
    _export(server, tmp_path / "export").fetch()
    assert server.asked["GET /fhir/Patient/$export"] == 2


def test_files_elsewhere_get_no_token(server: BulkServer, tmp_path: Path) -> None:
    with BulkServer(Behaviour(_files(), requires_token=False)) as store:
        output = [{"type": "Patient", "url": f"{store.origin}/files/Patient.0"}]
        server.behaviour.manifest = {"output": output, "requiresAccessToken": False}
        _export(server, tmp_path / "a").fetch()
        assert all("authorization" not in headers for _path, headers in store.headers)
        server.behaviour.manifest = {"output": output, "requiresAccessToken": True}
        with pytest.raises(ExportError, match="gets no token"):
            _export(server, tmp_path / "b").fetch()


def test_the_state_of_an_export_elsewhere_gets_no_token(server: BulkServer, tmp_path: Path) -> None:
    server.behaviour.content_location = "https://elsewhere.example.org/state"
    with pytest.raises(ExportError, match="gets no token"):
        _export(server, tmp_path / "export").fetch()


def test_redirects_are_not_followed(server: BulkServer, tmp_path: Path) -> None:
    server.behaviour.redirect = f"{server.base}/Patient/$export"
    with pytest.raises(ExportError, match="302"):
        _export(server, tmp_path / "export").fetch()
    assert server.asked["GET /fhir/Patient/$export"] == 1


@pytest.mark.parametrize(
    "url",
    ["http://elsewhere.example.org/token", "file:///etc/passwd", "https://user:pw@elsewhere.example.org/token", ""],
)
def test_the_servers_own_addresses_are_checked(server: BulkServer, tmp_path: Path, url: str) -> None:
    server.behaviour.token_endpoint = url or "nonsense"
    with pytest.raises(ExportError, match="not called"):
        _export(server, tmp_path / "export").fetch()


def test_a_server_elsewhere_does_not_point_to_this_computer() -> None:
    wire = Wire(parse_base_url("https://ehr.example.org/fhir"))
    with pytest.raises(ExportError, match="this computer"):
        wire.may_call("https://127.0.0.1/token")
    assert not wire.is_own("https://elsewhere.example.org/fhir")
    assert wire.is_own("https://ehr.example.org/other?state=1")


def test_failures_tell_codes_and_nothing_of_the_servers_words(server: BulkServer, tmp_path: Path) -> None:
    server.behaviour.statuses = [("$export", 403)]
    with pytest.raises(ExportError, match="403, exception") as caught:
        _export(server, tmp_path / "export").fetch()
    assert "Jane" not in str(caught.value)
    server.behaviour.public_key = _public(_key("ec"))
    with pytest.raises(ExportError, match="invalid_client") as caught:
        _export(server, tmp_path / "b").fetch()
    assert "Jane" not in str(caught.value)
    assert server.refused == ["InvalidSignatureError"]


def test_keys_that_cannot_sign_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="cannot be read"):
        read_key(tmp_path / "absent.pem")
    (tmp_path / "text.pem").write_text("no key")
    with pytest.raises(ExportError, match="no private key"):
        read_key(tmp_path / "text.pem")
    with pytest.raises(ExportError, match="P-384"):
        read_key(_write_key(tmp_path / "p256.pem", ec.generate_private_key(ec.SECP256R1())))
    assert "PRIVATE" not in repr(Client("screening", KEY, None, "x"))


def test_a_server_that_is_not_there_is_said(tmp_path: Path, server: BulkServer) -> None:
    wire = Wire(parse_base_url("http://127.0.0.1:9/fhir"))
    export = BulkExport(wire, Access(wire, None), Level(), tmp_path / "export", lambda _text: None)
    with pytest.raises(ExportError, match="cannot be reached"):
        export.fetch()
