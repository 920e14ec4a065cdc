"""HAPI FHIR's JPA server on loopback, with its data in memory: built by Maven, started, stopped."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from cds_service.sandbox.processes import LOOPBACK, ChildProcess
from tests.support.ports import free_port

PROJECT = Path(__file__).parent
SECONDS_TO_BUILD = 300.0
"""The first time about 280 MB of libraries come from the Maven repository."""
SECONDS_TO_START = 120.0


class NotBuilt(RuntimeError):
    """Maven did not bring or compile the server: nothing has been tested."""


def missing() -> str:
    """Return what this computer lacks to build and run the server; empty when nothing."""
    lacks = [name for name, program in (("Java 17", "java"), ("Maven", "mvn")) if shutil.which(program) is None]
    return " and ".join(lacks)


def build() -> str:
    """Compile the server and return its class path; raises `NotBuilt`."""
    goals = ["compile", "dependency:build-classpath", "-Dmdep.outputFile=target/classpath"]
    command = ["mvn", "--batch-mode", "--quiet", "--no-transfer-progress", *goals]
    try:
        done = subprocess.run(
            command, cwd=PROJECT, capture_output=True, text=True, timeout=SECONDS_TO_BUILD, check=False
        )
    except subprocess.TimeoutExpired:
        raise NotBuilt(f"Maven did not end within {SECONDS_TO_BUILD:.0f} s") from None
    if done.returncode:
        raise NotBuilt(f"Maven ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    libraries = (PROJECT / "target" / "classpath").read_text(encoding="utf-8").strip()
    return f"{PROJECT / 'target' / 'classes'}:{libraries}"


@contextmanager
def running_hapi(class_path: str) -> Iterator[str]:
    """Start an empty server and give its base URL; raises StartError when it does not answer in time."""
    port = free_port()
    base_url = f"http://{LOOPBACK}:{port}/fhir"
    with TemporaryDirectory(prefix="trial-cds-hapi-") as folder:
        arguments = Path(folder) / "arguments"
        # In a file: the class path alone is longer than some systems let a command be. The quick compiler alone
        # halves the time to start, and no test runs long enough to miss the other.
        options = "-Xmx1g -XX:+UseSerialGC -XX:TieredStopAtLevel=1"
        arguments.write_text(f'{options} -cp "{class_path}"', encoding="utf-8")
        command = ["java", f"@{arguments}", "org.trialcds.hapi.HapiServer", str(port)]
        with ChildProcess("HAPI FHIR", command, Path(folder) / "server.log") as process:
            process.wait_until_it_answers(f"{base_url}/metadata", SECONDS_TO_START)
            yield base_url
