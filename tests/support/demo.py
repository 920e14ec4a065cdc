"""The demo without its table: the FHIR server with the synthetic patients, and the service, on loopback."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from cds_service.sandbox.demo import start_everything
from cds_service.sandbox.processes import LOOPBACK, free_port


@dataclass(frozen=True)
class Demo:
    """Where it runs."""

    url: str
    fhir_url: str


@contextmanager
def running_demo() -> Iterator[Demo]:
    port = free_port()
    with ExitStack() as stack:
        _, ehr = start_everything(port, LOOPBACK, stack, io.StringIO())
        yield Demo(f"http://{LOOPBACK}:{port}", ehr.fhir_url)
