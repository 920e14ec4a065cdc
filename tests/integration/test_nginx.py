"""The shipped nginx configuration in front of the running service."""

from __future__ import annotations

import json
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import yaml

from tests.support.nginx import HOST, PROGRAM, SHIPPED, Proxy, make_certificate, running_nginx
from tests.support.ports import free_port
from tests.support.server import running_service
from tests.support.service import SERVICE, call, candidate
from tests.support.waiting import soon

needs_nginx = pytest.mark.skipif(PROGRAM is None, reason="needs nginx (Debian: apt install nginx-light)")


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("nginx")
    with (
        running_service(folder, "--workers", "1", TRIAL_CDS_PUBLIC_URL=f"https://{HOST}") as service,
        running_nginx(folder, service.url.removeprefix("http://")) as running,
    ):
        yield running


def _url(proxy: Proxy, path: str) -> str:
    return f"https://localhost:{proxy.secure_port}{path}"


@needs_nginx
def test_a_call_comes_through_with_a_token_of_12_kilobytes(proxy: Proxy) -> None:
    headers = {"Authorization": f"Bearer {'x' * 12_000}"}
    answer = proxy.session().post(_url(proxy, SERVICE), json=call(candidate()), headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["cards"]) == 1
    assert answer.headers["Strict-Transport-Security"]
    assert answer.headers["X-Request-Id"]


@needs_nginx
@pytest.mark.parametrize("path", ["/metrics", "/metrics?x=1"])
def test_metrics_are_not_shown_to_the_world(proxy: Proxy, path: str) -> None:
    assert proxy.session().get(_url(proxy, path), timeout=10).status_code == 404


@needs_nginx
def test_health_answers_this_computer(proxy: Proxy) -> None:
    assert proxy.session().get(_url(proxy, "/health/ready"), timeout=10).status_code == 200


@needs_nginx
def test_who_comes_by_the_proxy_is_not_taken_for_this_computer(proxy: Proxy) -> None:
    answer = proxy.session().get(_url(proxy, "/health/ready"), headers={"Host": "localhost"}, timeout=10)
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


@needs_nginx
def test_too_large_a_body_is_413_as_the_service_says_it(proxy: Proxy) -> None:
    answer = proxy.session().post(_url(proxy, SERVICE), data=b" " * 6_000_000, timeout=30)
    assert answer.status_code == 413
    assert answer.headers["Content-Type"] == "application/fhir+json"
    assert answer.json()["issue"][0]["code"] == "too-long"


@needs_nginx
def test_bodies_are_never_written_to_a_file(proxy: Proxy) -> None:
    body = call(candidate(), padding="x" * 3_000_000)
    assert proxy.session().post(_url(proxy, SERVICE), json=body, timeout=30).status_code == 200
    assert [path for path in (proxy.folder / "client_body").rglob("*") if path.is_file()] == []
    assert "buffered to a temporary file" not in _written(proxy)


@needs_nginx
def test_plain_http_is_sent_to_https(proxy: Proxy) -> None:
    url = f"http://127.0.0.1:{proxy.plain_port}/cds-services"
    answer = requests.get(url, headers={"Host": HOST}, timeout=10, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (308, f"https://{HOST}/cds-services")


@needs_nginx
def test_a_slow_body_is_cut_off_before_it_reaches_the_service(proxy: Proxy) -> None:
    context = ssl.create_default_context(cafile=str(proxy.folder / "fullchain.pem"))
    started = time.monotonic()
    with (
        socket.create_connection(("localhost", proxy.secure_port), timeout=60) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        head = (
            f"POST {SERVICE} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
        )
        connection.sendall(head.encode() + b"{")
        try:
            answer = connection.recv(1_000)
        except OSError:
            answer = b""
    assert answer == b"" or b" 408 " in answer.splitlines()[0]
    assert 4 < time.monotonic() - started < 40  # as the file says, and not after nginx's own sixty seconds


@needs_nginx
def test_what_is_written_holds_no_query_and_no_token(proxy: Proxy) -> None:
    headers = {"Authorization": "Bearer planted-token"}
    proxy.session().get(_url(proxy, "/cds-services?patient=planted-id"), headers=headers, timeout=10)
    soon(lambda: '"/cds-services"' in _written(proxy))
    written = _written(proxy)
    assert '"/cds-services"' in written
    assert "planted" not in written
    assert all(json.loads(line)["status"] for line in (proxy.folder / "trial-cds.log").read_text().splitlines())


@needs_nginx
def test_a_service_that_is_down_is_503_with_a_sentence(tmp_path: Path) -> None:
    with running_nginx(tmp_path, f"127.0.0.1:{free_port()}") as alone:
        answer = alone.session().post(_url(alone, SERVICE), json={}, timeout=10)
    assert answer.status_code == 503
    assert answer.json()["issue"][0]["code"] == "transient"


@needs_nginx
def test_the_container_of_compose_makes_a_configuration_that_nginx_takes(tmp_path: Path) -> None:
    root = SHIPPED.parents[2]
    compose = yaml.safe_load((root / "compose.yaml").read_text(encoding="utf-8"))
    shell, options, script = compose["services"]["nginx"]["command"]

    def here(text: str) -> str:
        """What only a container has, as it is in this test."""
        for there, instead in (
            ("/tmp/", f"{tmp_path}/made/"),
            ("/etc/ssl/trial-cds", f"{tmp_path}"),
            ("/etc/trial-cds/", f"{tmp_path}/"),
            ("service:8000", "127.0.0.1:1"),
            ("exec nginx", f"exec {PROGRAM} -t"),
        ):
            text = text.replace(there, instead)
        return text

    for name in ("compose/nginx.conf", "nginx/trial-cds.conf"):
        shipped = (root / "deploy" / name).read_text(encoding="utf-8")
        (tmp_path / Path(name).name).write_text(here(shipped), encoding="utf-8")
    make_certificate(tmp_path)
    (tmp_path / "made").mkdir()
    tried = subprocess.run([shell, options, here(script)], capture_output=True, text=True, timeout=60, check=False)
    assert tried.returncode == 0, tried.stderr
    made = (tmp_path / "made" / "trial-cds.conf").read_text(encoding="utf-8")
    assert "server 127.0.0.1:1;" in made, "the service is found by its name"
    assert "/var/log" not in made, "a container's logs go to where its engine reads them"


def test_the_proxy_and_the_service_have_limits_that_fit() -> None:
    from cds_service.settings import Settings

    text = SHIPPED.read_text(encoding="utf-8")
    limits = Settings().limits
    assert "client_max_body_size 5m;" in text
    assert limits.body_bytes <= 5 * 1024 * 1024
    (read,) = re.findall(r"proxy_read_timeout (\d+)s;", text)
    assert int(read) > limits.deadline_seconds
    assert "location = /metrics { return 404; }" in text
    assert text.count("proxy_pass ") == text.count("proxy_set_header X-Forwarded-For $remote_addr;")


def _written(proxy: Proxy) -> str:
    """Return all that nginx has written."""
    return "\n".join(
        path.read_text(encoding="utf-8") for path in proxy.folder.glob("*.log") if "service" not in path.name
    )
