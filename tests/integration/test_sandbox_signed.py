"""The sandbox against a running service that asks who calls: its signed calls are let in, unsigned ones are not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import server
from tests.support.ports import free_port
from tests.support.server import PATIENT, running_service
from tests.support.tokens import key_set, private_jwk, public_jwk, st_luke

CONFIG = """
public_url = "http://127.0.0.1:{port}"

[privacy]
hash_keys = ["{secret}"]

[sandbox]
enabled = true
{client_key}

[[tenants]]
name = "sandbox"
test = true
issuer = "https://sandbox.example"
jwks_file = "{folder}/jwks.json"
fhir_servers = ["{fhir}"]
"""


@pytest.mark.parametrize("signed", [True, False])
def test_a_chart_is_opened_as_the_tenant_for_test_systems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signed: bool
) -> None:
    port, fhir = free_port(), f"http://127.0.0.1:{free_port()}/fhir"
    monkeypatch.setattr(server, "free_port", lambda: port)
    private = st_luke().private
    (tmp_path / "jwks.json").write_bytes(key_set(public_jwk(private, "sandbox-1")))
    (tmp_path / "key.json").write_text(json.dumps(private_jwk(private, "sandbox-1")))
    config = tmp_path / "trial-cds.toml"
    client_key = f'client_key = "{tmp_path}/key.json"' if signed else ""
    config.write_text(
        CONFIG.format(port=port, secret="s" * 40, folder=tmp_path, fhir=fhir, client_key=client_key), encoding="utf-8"
    )
    with running_service(tmp_path, "--config", str(config), program=PATIENT) as service:
        assert service.session.get(f"{service.url}/cds-services", timeout=10).status_code == 401
        form = {"patient": "p1", "server": fhir, "prefetch": "none"}
        page = service.session.post(f"{service.url}/sandbox", data=form, timeout=30).text
    if signed:  # let in, and told that the FHIR server of the test does not answer
        assert "The service answered 412: Required data are missing" in page
        assert "knew the tenant sandbox" in page
    else:
        assert "sandbox.client_key" in page
