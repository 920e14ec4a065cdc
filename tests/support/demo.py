"""The demo without its table: the FHIR server with the synthetic patients, and the service, on loopback.

It runs in a process of its own, ``python -m tests.support.demo``, for it takes over the signals of the one it is in.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass

from cds_service.sandbox import demo
from cds_service.sandbox.demo import start_everything
from cds_service.sandbox.processes import LOOPBACK
from tests.support.ports import free_port
from tests.support.server import PATIENT

_SECONDS_TO_STOP = 60


@dataclass(frozen=True)
class Demo:
    """Where it runs."""

    url: str
    fhir_url: str


@contextmanager
def running_demo() -> Iterator[Demo]:
    """Start it; end it with all that it started."""
    command = [sys.executable, "-m", __name__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        said = process.stdout.readline()
        if not said:
            raise RuntimeError(f"the demo did not start: exit status {process.wait(_SECONDS_TO_STOP)}")
        yield Demo(**json.loads(said))
        process.stdin.close()
        process.wait(_SECONDS_TO_STOP)


def _main() -> None:
    """Run until the caller closes its end, say by ending."""
    port = free_port()
    demo.PROGRAM = (sys.executable, "-m", PATIENT)
    with ExitStack() as stack:
        _, ehr = start_everything(port, LOOPBACK, stack, io.StringIO())
        print(json.dumps(asdict(Demo(f"http://{LOOPBACK}:{port}", ehr.fhir_url))), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    _main()
