"""The service as it is run, with tenants: replay across its workers and restarts, and what it refuses."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.server import PATIENT, RunningService, running_service
from tests.support.service import SERVICE, call, candidate
from tests.support.tokens import PUBLIC_URL, Client, bearer, st_mary

CARD = call(candidate())


def _config(folder: Path, client: Client) -> Path:
    keys = folder / "keys.json"
    keys.write_bytes(client.jwks)
    config = folder / "trial-cds.toml"
    config.write_text(
        f'''
        public_url = "{PUBLIC_URL}"
        privacy.hash_keys = ["{"k" * 32}"]
        [[tenants]]
        name = "{client.name}"
        issuer = "{client.issuer}"
        jwks_file = "{keys}"
        ''',
        encoding="utf-8",
    )
    return config


def _ask(service: RunningService, token: str) -> int:
    """Return the status of one call over a new connection."""
    answer = service.session.post(f"{service.url}{SERVICE}", json=CARD, headers=bearer(token), timeout=20)
    if answer.status_code == 401:
        assert answer.content == b""
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert "Content-Type" not in answer.headers
    return answer.status_code


def _workers(service: RunningService) -> set[int]:
    return {line["process"] for line in service.lines() if line["event"] == "request" and "status" in line}


def test_a_token_is_good_once_for_all_workers_and_after_a_restart(tmp_path: Path) -> None:
    mary = st_mary()
    arguments = ("--workers", "2", "--config", str(_config(tmp_path, mary)))
    used: list[str] = []
    with running_service(tmp_path, *arguments, program=PATIENT) as service, ThreadPoolExecutor(8) as pool:
        give_up = time.monotonic() + 60  # one that is forked late must have had its part
        while len(used) < 10 or (len(_workers(service)) < 2 and time.monotonic() < give_up):
            token = mary.token(SERVICE)
            used.append(token)
            statuses = Counter(pool.map(lambda t: _ask(service, t), [token] * 8))
            assert statuses == {200: 1, 401: 7}
        assert len(_workers(service)) == 2
        assert {line["check"] for line in service.lines() if line.get("status") == 401} == {"replay"}
        service.kill()
    with running_service(tmp_path, *arguments, program=PATIENT) as service:
        for token in used:
            assert _ask(service, token) == 401
        assert _ask(service, mary.token(SERVICE)) == 200


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    folder = tmp_path_factory.mktemp("running")
    with running_service(folder, "--config", str(_config(folder, st_mary())), program=PATIENT) as running:
        yield running


@pytest.mark.parametrize("size", [10_000, 15_000, 20_000])
def test_a_long_header_is_refused_and_harms_nothing(service: RunningService, size: int) -> None:
    token = st_mary().token(SERVICE, padding="hush" * (size // 5))
    assert len(token) > size
    answer = service.session.post(f"{service.url}{SERVICE}", json=CARD, headers=bearer(token), timeout=20)
    assert answer.status_code == (401 if len(token) < 16_000 else 431)
    assert _ask(service, st_mary().token(SERVICE)) == 200
    assert token[:200] not in service.log.read_text(encoding="utf-8")


def test_a_stranger_who_sends_much_gets_the_answer(service: RunningService) -> None:
    body = json.dumps({**CARD, "padding": "x" * 4_000_000}).encode()
    headers = {"Content-Type": "application/json"}
    for content in (body, iter([body[:1_000_000]] * 4)):
        answer = service.session.post(f"{service.url}{SERVICE}", data=content, headers=headers, timeout=20)
        assert (answer.status_code, answer.content) == (401, b"")
    assert _ask(service, st_mary().token(SERVICE)) == 200


def test_behind_a_proxy_its_name_is_known_and_another_is_not(service: RunningService) -> None:
    for host, status in (("cds.example.org", 200), ("evil.example.org", 400)):
        headers = {"Host": host, **bearer(st_mary().token(SERVICE))}
        answer = service.session.post(f"{service.url}{SERVICE}", json=CARD, headers=headers, timeout=20)
        assert answer.status_code == status
    probe = service.session.get(f"{service.url}/health/ready", headers={"Host": "10.1.2.3:8000"}, timeout=20)
    assert probe.status_code == 200
