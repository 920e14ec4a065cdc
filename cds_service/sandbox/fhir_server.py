"""A real FHIR R4 server from another project, sekmet-fhir, that holds the synthetic patients on loopback."""

from __future__ import annotations

import json
import sysconfig
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from fhir.resources.R4B.bundle import Bundle

from cds_service.sandbox.processes import (
    LOOPBACK,
    ChildProcess,
    StartError,
    kept_port,
    local_session,
    signals_end_the_block,
)

SECONDS_TO_START = 90.0
SECONDS_TO_LOAD_A_BUNDLE = 60.0
# Where the system does not keep the port, another program may take it before the server listens.
ATTEMPTS = 3


class LoadError(RuntimeError):
    """The server did not take a bundle. The message names entries by number, never by content."""


class SandboxFhirServer:
    """`with SandboxFhirServer() as server:` runs an empty FHIR server; leaving the block deletes it.

    It listens on 127.0.0.1 only. Its data live in a temporary directory. It also ends when the program gets
    SIGTERM or SIGHUP inside the block. Raises StartError if the `sandbox` extra is missing or it won't start.
    """

    base_url: str
    folder: Path
    """Where its data and its log lie."""

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        """``settings`` are added to the server's own, such as ``server_auth``."""
        self._settings = dict(settings or {})

    def __enter__(self) -> Self:
        program = sekmet_program()
        with ExitStack() as stack:
            stack.enter_context(signals_end_the_block())
            self.folder = Path(stack.enter_context(TemporaryDirectory(prefix="trial-cds-fhir-")))
            self.base_url = _start(program, self.folder, self._settings, stack)
            self._resources = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resources.close()

    def load(self, bundles: Iterable[Bundle]) -> int:
        """Sends transactions or batches, which keep the ids they carry; returns the number of entries.

        Raises LoadError if the server refuses a bundle or an entry of it.
        """
        count = 0
        with local_session() as session:
            for bundle in bundles:
                answer = session.post(
                    self.base_url,
                    data=bundle.model_dump_json().encode(),
                    headers={"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"},
                    timeout=SECONDS_TO_LOAD_A_BUNDLE,
                )
                if not answer.ok:
                    raise LoadError(f"the sandbox FHIR server answered {answer.status_code} to a {bundle.type}")
                count += _count_accepted(answer.json().get("entry", []))
        return count


def sekmet_program() -> Path:
    """The `sekmet` command of the environment this Python runs in. Raises StartError without it."""
    program = Path(sysconfig.get_path("scripts")) / "sekmet"
    if not program.is_file():
        raise StartError(
            "The sandbox needs the package sekmet-fhir, which is not installed in this environment: "
            "install the `sandbox` extra, as in: pip install 'trial-cds[sandbox]'"
        )
    return program


def _start(program: Path, folder: Path, more: Mapping[str, Any], stack: ExitStack) -> str:
    for attempt in range(1, ATTEMPTS + 1):
        with kept_port() as port:
            base_url = f"http://{LOOPBACK}:{port}/fhir"
            settings = _write_settings(folder, base_url, port, more)
            command = [str(program), "serve", "-c", str(settings), "--host", LOOPBACK, "--port", str(port)]
            process = ChildProcess("The sandbox FHIR server", command, folder / "server.log")
            try:
                process.wait_until_it_answers(f"{base_url}/metadata", SECONDS_TO_START)
            except BaseException as error:
                process.stop()
                if isinstance(error, StartError) and attempt < ATTEMPTS:
                    continue
                raise
        stack.callback(process.stop)
        return base_url
    raise AssertionError("the last attempt returns or raises")


def _write_settings(folder: Path, base_url: str, port: int, more: Mapping[str, Any]) -> Path:
    settings = {
        "base_url": base_url,
        "host": LOOPBACK,
        "port": port,
        "data_dir": str(folder / "data"),
        "validation": {"inbound": "warn"},
        "simulator": {"enabled": False},  # it would otherwise "fulfil" orders by itself
        "log_inbound": False,
        **more,
    }
    file = folder / "settings.yaml"
    file.write_text(json.dumps(settings, indent=2), encoding="utf-8")  # JSON is YAML
    return file


def _count_accepted(entries: list[dict[str, dict[str, str]]]) -> int:
    for number, entry in enumerate(entries, start=1):
        status = entry.get("response", {}).get("status", "")
        if not status.startswith("2"):
            raise LoadError(f"the sandbox FHIR server answered {status or 'nothing'} to entry {number}")
    return len(entries)
