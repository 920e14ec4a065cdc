"""Build the image from the Dockerfile, run it as it is meant to be run, and stop it in the middle of a call.

    python -m deploy.image_proof                           the base image is pulled
    python -m deploy.image_proof --stand-in /opt/python    a clean Debian with this Python stands for it
    python -m deploy.image_proof ... --write               what was seen goes into docs/deployment.md

Needs root and podman (Debian: podman, buildah, runc, iproute2, and debootstrap for a stand-in). Nothing but the
package index is asked, and while the service runs, it has no network but its own loopback.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from packaging.utils import canonicalize_name

from deploy.image_proof.podman import LOCKED_DOWN, CannotRun, Podman, that_runs
from deploy.image_proof.stand_in import make_stand_in
from tests.support.fault_server import Behaviour, FaultServer, Handler, holding
from tests.support.service import SERVICE, call, candidate
from tests.support.tokens import PUBLIC_URL, Client, st_mary

ROOT = Path(__file__).parents[2]
IMAGE = "localhost/trial-cds-proof"
DEMO = f"{IMAGE}-demo"
URL = "http://127.0.0.1:8000"
DOCUMENT = ROOT / "docs" / "deployment.md"
_BLOCK = re.compile(r"(<!-- image-proof -->\n).*?(<!-- /image-proof -->)", re.DOTALL)
_CLONE_NEWNET = 0x40000000
_SEARCH_SECONDS = 1.2


def main() -> int:
    """Prove it, a line a fact; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m deploy.image_proof", description="Build the image and try it.")
    parser.add_argument("--stand-in", type=Path, metavar="DIR", help="prefix of a Python 3.12 built from source")
    parser.add_argument("--write", action="store_true", help="put what was seen into docs/deployment.md")
    options = parser.parse_args()
    if lacking := [name for name in ("podman", "ip") if shutil.which(name) is None]:
        print(f"Not here: {', '.join(lacking)} (Debian: podman, buildah, runc, iproute2).", file=sys.stderr)
        return 1
    seen = []
    try:
        with tempfile.TemporaryDirectory(prefix="trial-cds-proof-") as folder:
            for fact in _facts(options.stand_in, Path(folder)):
                print(f"- {fact}", flush=True)
                seen.append(f"- {fact}\n")
    except (CannotRun, AssertionError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    if options.write:
        text = DOCUMENT.read_text(encoding="utf-8")
        DOCUMENT.write_text(_BLOCK.sub(lambda found: f"{found[1]}{''.join(seen)}{found[2]}", text), encoding="utf-8")
    return 0


def _facts(python: Path | None, folder: Path) -> Iterator[str]:
    """Each fact when it has been seen; raises AssertionError, `CannotRun`."""
    base = make_stand_in(Podman(), python, folder) if python else None
    began = time.monotonic()
    _build(IMAGE, base, "--no-cache")
    yield f"built from the Dockerfile and the locks in {time.monotonic() - began:.0f} s"
    _build(DEMO, base, "--target", "demo")
    podman = that_runs(IMAGE)
    yield _recipe(podman)
    yield _inside(podman)
    _leave_the_network()
    yield _refusal(podman)
    yield _tables(podman)
    yield _demo(podman)
    slow = FaultServer(otherwise=_slowly(holding(*_resources())))
    began = time.monotonic()
    with slow, _running(podman, folder, slow.base_url) as container:
        yield f"started, it is ready after {time.monotonic() - began:.1f} s"
        client = _client(folder)
        yield _answers(podman, container, client)
        yield _stop_in_the_middle(podman, container, client, slow.base_url)


def _build(image: str, base: str | None, *options: str) -> None:
    arguments = ("--build-arg", f"PYTHON={base}") if base else ()
    Podman()(
        "build", "--isolation", "chroot", "--format", "docker", "--tag", image, *arguments, *options, str(ROOT),
        timeout=1_800,
    )  # fmt: skip


def _recipe(podman: Podman) -> str:
    image = _image(podman)
    config = image["Config"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", config["User"]), "the user is a number other than 0"
    assert config["Cmd"][0] == "trial-cds", "the command is run directly, so that signals reach it"
    assert not config.get("Entrypoint")
    assert not [name for name in config["Env"] if re.search(r"KEY|SECRET|TOKEN|PASSWORD", name.split("=")[0])]
    return f"user {config['User']}; `{' '.join(config['Cmd'])}`; {image['Size'] / 1e6:.0f} MB with the base"


def _image(podman: Podman) -> dict[str, Any]:
    (image,) = json.loads(podman("image", "inspect", IMAGE).stdout)
    return dict(image)


_INSIDE = """
import importlib.metadata, importlib.util, json, os, pathlib, shutil
import psycopg
def writable(folder):
    try:
        pathlib.Path(folder, "probe").write_text("")
    except OSError:
        return False
    return True
status = dict(line.split(":", 1) for line in open("/proc/self/status") if ":" in line)
print(json.dumps({
    "user": os.getuid(),
    "capabilities": int(status["CapEff"], 16) | int(status["CapBnd"], 16),
    "no new privileges": status["NoNewPrivs"].strip(),
    "writable": [f for f in ("/", "/opt/trial-cds", "/etc", "/usr/local", "/data", "/tmp") if writable(f)],
    "compilers": [name for name in ("cc", "gcc", "clang", "make", "uv") if shutil.which(name)],
    "left behind": [name for name in ("tests", "benchmarks", "deploy", "docs") if importlib.util.find_spec(name)],
    "packages": {d.metadata["Name"]: d.version for d in importlib.metadata.distributions()},
}))
"""


def _inside(podman: Podman) -> str:
    found = json.loads(podman("run", *LOCKED_DOWN, IMAGE, "python", "-c", _INSIDE).stdout)
    packages = {canonicalize_name(name): version for name, version in found.pop("packages").items()}
    assert found == {
        "user": 10001, "capabilities": 0, "no new privileges": "1", "writable": ["/data", "/tmp"],
        "compilers": [], "left behind": [],
    }, found  # fmt: skip
    text = (ROOT / "requirements" / "run.lock").read_text(encoding="utf-8")
    locked = {
        canonicalize_name(name): version for name, version in re.findall(r"^(\S+?)==([^\s;]+)", text, re.MULTILINE)
    }
    del packages["trial-cds"]
    assert packages.items() <= locked.items(), packages.items() - locked.items()
    return (
        f"{len(packages)} packages, all of run.lock; no compiler, no tests, no capability; "
        "nothing but /data and /tmp can be written to"
    )


def _leave_the_network() -> None:
    """Give this process, and the containers that share its network, a network with nothing in it."""
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNET):
        raise CannotRun("no network of its own can be made: run this as root")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True, timeout=10)


def _refusal(podman: Podman) -> str:
    done = podman("run", *LOCKED_DOWN, IMAGE, check=False, timeout=60)
    assert done.returncode == 1
    assert "no tenant is configured" in done.stderr, done.stderr
    return "without a tenant it does not start, and says why"


def _tables(podman: Podman) -> str:
    done = podman("run", *LOCKED_DOWN, IMAGE, "trial-cds", "db", "upgrade")
    assert "now at revision" in done.stdout, done.stdout
    return "`trial-cds db upgrade` lays out the tables"


def _demo(podman: Podman) -> str:
    done = podman("run", *LOCKED_DOWN, DEMO, "trial-cds", "demo", "--once", timeout=180)
    assert "golden-ada" in done.stdout, done.stdout
    return "`trial-cds demo --once` shows its patients"


def _resources() -> list[dict[str, Any]]:
    chart = candidate()
    entries = [entry["resource"] for key in ("problems", "labs") for entry in chart[key]["entry"]]
    return [chart["patient"], *entries]


def _slowly(right: Behaviour) -> Behaviour:
    def answer(handler: Handler) -> None:
        handler.pause(_SEARCH_SECONDS)
        right(handler)

    return answer


def _client(folder: Path) -> Client:
    """Return the client whose public key lies in ``folder``."""
    client = st_mary()
    (folder / "settings").mkdir(exist_ok=True)
    (folder / "settings" / "keys.json").write_bytes(client.jwks)
    return client


@contextmanager
def _running(podman: Podman, folder: Path, fhir_server: str) -> Iterator[str]:
    """Start the image's own command, with settings mounted read-only and nothing else."""
    client = _client(folder)
    settings = folder / "settings" / "trial-cds.toml"
    settings.write_text(
        f'public_url = "{PUBLIC_URL}"\n[[tenants]]\nname = "{client.name}"\nissuer = "{client.issuer}"\n'
        f'jwks_file = "/etc/trial-cds/keys.json"\nfhir_servers = ["{fhir_server}"]\n',
        encoding="utf-8",
    )
    folder.chmod(0o755)
    container = podman(
        "run", "--detach", *(option for option in LOCKED_DOWN if option != "--rm"),
        "--volume", f"{settings.parent}:/etc/trial-cds:ro", "--env", "TRIAL_CDS_CONFIG=/etc/trial-cds/trial-cds.toml",
        "--env", 'TRIAL_CDS_PRIVACY__HASH_KEYS=["a key for this proof, of no worth to anybody"]', IMAGE,
    ).stdout.strip()  # fmt: skip
    try:
        _wait_until_ready(podman, container)
        yield container
    finally:
        podman("rm", "--force", "--volumes", container, check=False)


def _wait_until_ready(podman: Podman, container: str) -> None:
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        try:
            if _session().get(f"{URL}/health/ready", timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.05)
    raise AssertionError(podman("logs", container).stderr)


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.headers["Host"] = PUBLIC_URL.removeprefix("https://")
    return session


def _post(client: Client, body: dict[str, Any]) -> requests.Response:
    return _session().post(f"{URL}{SERVICE}", json=body, headers=client.signing_in(SERVICE), timeout=30)


def _answers(podman: Podman, container: str, client: Client) -> str:
    assert _session().post(f"{URL}{SERVICE}", json=call(candidate()), timeout=30).status_code == 401
    answer = _post(client, call(candidate()))
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["cards"]) == 1
    health = _image(podman)
    podman("exec", container, *(health.get("HealthCheck") or health["Healthcheck"])["Test"][1:])
    return "a call without a token is 401, a signed one gets its card; the health check passes"


def _stop_in_the_middle(podman: Podman, container: str, client: Client, fhir_server: str) -> str:
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(_post, client, call(fhirServer=fhir_server, user="Practitioner/2"))
        time.sleep(_SEARCH_SECONDS / 2)
        assert not under_way.done()
        began = time.monotonic()
        podman("stop", "--time", "30", container)
        seconds = time.monotonic() - began
        answer = under_way.result(timeout=5)
    (state,) = json.loads(podman("inspect", container).stdout)
    assert state["State"]["ExitCode"] == 0, podman("logs", container).stderr
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["cards"]) == 1
    return f"stopped in the middle of a call: the call gets its card, and the service ends with 0 after {seconds:.1f} s"


if __name__ == "__main__":
    sys.exit(main())
