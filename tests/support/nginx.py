"""nginx with the configuration that is shipped, on loopback ports, with a certificate made for the test."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.ports import free_port

SHIPPED = Path(__file__).parents[2] / "deploy" / "nginx" / "trial-cds.conf"
PROGRAM = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
HOST = "cds.example.org"


@dataclass(frozen=True)
class Proxy:
    """A running nginx."""

    secure_port: int
    plain_port: int
    folder: Path

    def session(self) -> requests.Session:
        """Return a session that trusts the certificate."""
        session = requests.Session()
        session.trust_env = False
        session.verify = str(self.folder / "fullchain.pem")
        session.headers["Host"] = HOST
        return session


@contextmanager
def running_nginx(folder: Path, upstream: str) -> Iterator[Proxy]:
    """Start nginx with the shipped configuration, its lines marked CHANGE changed; end it at the end."""
    assert PROGRAM is not None
    proxy = Proxy(free_port(), free_port(), folder)
    make_certificate(folder)
    (folder / "nginx.conf").write_text(_whole(proxy, upstream), encoding="utf-8")
    command = [PROGRAM, "-p", str(folder), "-c", "nginx.conf", "-e", str(folder / "error.log")]
    subprocess.run([*command, "-t"], check=True, timeout=30)
    process = subprocess.Popen([*command, "-g", "daemon off;"])
    try:
        _wait(proxy)
        yield proxy
    finally:
        process.terminate()
        process.wait(timeout=60)


def _whole(proxy: Proxy, upstream: str) -> str:
    shipped = SHIPPED.read_text(encoding="utf-8")
    shipped = re.sub(r"^ *listen \[::\].*\n", "", shipped, flags=re.MULTILINE)
    for old, new in (
        ("127.0.0.1:8000", upstream),
        ("listen 80;", f"listen 127.0.0.1:{proxy.plain_port};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{proxy.secure_port} ssl;"),
        ("/etc/ssl/trial-cds", str(proxy.folder)),
        ("/var/log/nginx", str(proxy.folder)),
    ):
        assert old in shipped, old
        shipped = shipped.replace(old, new)
    kept = "\n".join(f"{kind}_temp_path {proxy.folder / kind};" for kind in _TEMPORARY)
    events = "worker_processes 1;\npid nginx.pid;\nevents {}\n"
    return f"{events}http {{\n{kept}\n{shipped}\n}}\n"


_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def make_certificate(folder: Path) -> None:
    """Write a key and its certificate for `HOST`, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.DNSName(HOST)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(private)


def _wait(proxy: Proxy) -> None:
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        try:
            proxy.session().get(f"https://localhost:{proxy.secure_port}/metrics", timeout=2)
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.05)
            continue
        return
    raise AssertionError("nginx did not start")
