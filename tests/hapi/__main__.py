"""Runs the tests for any FHIR server against HAPI FHIR: ``python -m tests.hapi [arguments of pytest]``.

Exit status: that of pytest, or 77, which pytest never ends with, when this computer could not do it: the server could
not be brought here, did not start, or was too slow. A test that hangs fails by itself, long before.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

from cds_service.sandbox.processes import StartError, signals_end_the_block
from tests.hapi.server import PROJECT, NotBuilt, build, missing, running_hapi

NOT_TESTED = 77
SECONDS_TO_TEST = 420
TESTS = "tests/integration/test_fhir_servers.py"


def main(arguments: list[str]) -> int:
    if lacks := missing():
        print(f"HAPI FHIR was not tested: it needs {lacks}.", file=sys.stderr)
        return NOT_TESTED
    started = time.monotonic()
    try:
        class_path = build()
    except NotBuilt as error:
        print(f"HAPI FHIR was not tested, for it could not be built: {error}", file=sys.stderr)
        return NOT_TESTED
    built = time.monotonic()
    try:
        with signals_end_the_block(), running_hapi(class_path) as base_url:
            print(f"HAPI FHIR: built in {built - started:.0f} s, up after {time.monotonic() - built:.0f} s", flush=True)
            return _test(base_url, arguments)
    except StartError as error:
        print(f"HAPI FHIR was not tested, for it did not start: {error}", file=sys.stderr)
        return NOT_TESTED


def _test(base_url: str, arguments: list[str]) -> int:
    command = [sys.executable, "-m", "pytest", "-k", "given", TESTS, *arguments]
    environment = os.environ | {"TRIAL_CDS_TEST_FHIR": base_url}
    try:
        return subprocess.run(
            command, cwd=PROJECT.parents[1], env=environment, timeout=SECONDS_TO_TEST, check=False
        ).returncode
    except subprocess.TimeoutExpired:
        print(f"The tests against HAPI FHIR did not end within {SECONDS_TO_TEST} s.", file=sys.stderr)
        return NOT_TESTED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
