"""The demo: a FHIR server with synthetic patients, the service, and an EHR that opens every chart."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

import requests

from cds_service.patient_data.outbound import is_loopback
from cds_service.ports import PortUnusable, require_free_port
from cds_service.sandbox.bundles import chart_bundle
from cds_service.sandbox.ehr import Answer, Ehr, EhrError, Prefetch
from cds_service.sandbox.fhir_server import LoadError, SandboxFhirServer
from cds_service.sandbox.patients import ALL, SyntheticPatient
from cds_service.sandbox.processes import (
    LOOPBACK,
    ChildProcess,
    StartError,
    signals_end_the_block,
)

PROGRAM = (sys.executable, "-m", "cds_service")
"""What serves; tests put their own way of starting it here."""
SERVICE_SECONDS_TO_START = 90.0
SECONDS_BETWEEN_LOOKS = 0.5
HEADINGS = ("patient", "story", "prefetch", "verdict", "ms", "card")
MARK = "!! expected "
INTERRUPTED = 128 + 2  # as shells report SIGINT


@dataclass(frozen=True, slots=True)
class Row:
    """One opened chart."""

    patient: SyntheticPatient
    prefetch: Prefetch
    answer: Answer

    @property
    def as_expected(self) -> bool:
        return self.answer.verdict == self.patient.expected_verdict

    def cells(self) -> tuple[str, ...]:
        answer = self.answer
        verdict = answer.verdict or f"none (HTTP {answer.status})"
        if not self.as_expected:
            verdict += f" {MARK}{self.patient.expected_verdict}"
        return (
            self.patient.id,
            self.patient.story,
            self.prefetch.value,
            verdict,
            str(answer.milliseconds),
            answer.summary or "-",
        )


def run_demo(port: int, once: bool, host: str = LOOPBACK, out: TextIO = sys.stdout) -> int:
    """Shows the service at work on `host`:`port`; then serves until Ctrl-C, or with `once` stops.

    Returns 0; 1 if something did not start, the service ended, or with `once` a verdict was unexpected; 130
    if Ctrl-C came before it served.
    Every process it started has ended when it returns, also on SIGTERM, which raises SystemExit.
    """
    try:
        with ExitStack() as stack:
            stack.enter_context(signals_end_the_block())
            service, ehr = start_everything(port, host, stack, out)
            rows = _open_every_chart(ehr)
            _print_table(rows, out)
            if once:
                return 0 if all(row.as_expected for row in rows) else 1
            _print_addresses(ehr, _service_url(host, port), out)
            return _serve_until_stopped(service, out)
    except KeyboardInterrupt:
        _say(out, "Stopped before the end.")
        return INTERRUPTED
    except (StartError, PortUnusable, LoadError, EhrError, requests.RequestException) as error:
        _say(out, f"The demo could not go on: {error}")
        return 1


def start_everything(port: int, host: str, stack: ExitStack, out: TextIO) -> tuple[ChildProcess, Ehr]:
    require_free_port(host, port)
    _say(out, "Starting a FHIR server for the synthetic patients ...")
    fhir = stack.enter_context(SandboxFhirServer())
    today = datetime.now(UTC).date()
    count = fhir.load(chart_bundle(patient, today) for patient in ALL)
    _say(out, f"{len(ALL)} patients, {count} resources at {fhir.base_url}. Starting the service ...")
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="trial-cds-demo-")))
    service = stack.enter_context(_service(port, host, folder, fhir.base_url))
    url = _service_url(host, port)
    service.wait_until_it_answers(f"{url}/health/live", SERVICE_SECONDS_TO_START)
    return service, stack.enter_context(Ehr(url, fhir.base_url))


def _service(port: int, host: str, folder: Path, fhir_url: str) -> ChildProcess:
    command = [*PROGRAM, "serve", "--host", host, "--port", str(port)]
    if not is_loopback(host):
        command.append("--allow-open")
    # The demo shows the service as shipped: settings of this machine's own service stay out.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRIAL_CDS_")}
    environment |= {
        "TRIAL_CDS_SANDBOX__ENABLED": "true",
        "TRIAL_CDS_SANDBOX__FHIR_SERVER": fhir_url,
        "TRIAL_CDS_DATABASE__URL": f"sqlite:///{folder / 'demo.sqlite'}",
        "TRIAL_CDS_PUBLIC_URL": _service_url(host, port),
    }
    return ChildProcess("The service", command, folder / "service.log", environment)


def _service_url(host: str, port: int) -> str:
    """Where this machine reaches the service; 0.0.0.0 includes loopback."""
    name = LOOPBACK if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared with, not bound to
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def _open_every_chart(ehr: Ehr) -> list[Row]:
    """Each patient once, the three ways of prefetching by turns."""
    turns = zip(ALL, cycle(Prefetch))
    return [Row(patient, prefetch, ehr.open_chart(patient.id, prefetch)) for patient, prefetch in turns]


def _print_table(rows: Sequence[Row], out: TextIO) -> None:
    lines = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    _say(out, "")
    for number, line in enumerate(lines):
        _say(out, "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
        if number == 0:
            _say(out, "  ".join("-" * width for width in widths))
    unexpected = sum(not row.as_expected for row in rows)
    _say(out, f"\n{len(rows)} charts opened, {unexpected} with an unexpected verdict.")


def _print_addresses(ehr: Ehr, service_url: str, out: TextIO) -> None:
    _say(out, f"\nOpen charts here:  {service_url}/sandbox")
    _say(out, f"The service:       {service_url}")
    _say(out, f"Its discovery:     {service_url}/cds-services")
    _say(out, f"The hook:          {ehr.hook_url}")
    _say(out, f"The FHIR server:   {ehr.fhir_url}")
    _say(out, "Ctrl-C stops both and deletes the data.")


def _serve_until_stopped(service: ChildProcess, out: TextIO) -> int:
    try:
        while service.exit_code is None:
            time.sleep(SECONDS_BETWEEN_LOOKS)
    except KeyboardInterrupt:
        _say(out, "Stopped.")
        return 0
    _say(out, f"The service ended with exit code {service.exit_code}. {service.last_words()}")
    return 1


def _say(out: TextIO, text: str) -> None:
    out.write(text + "\n")
    out.flush()
