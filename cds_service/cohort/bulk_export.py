"""A FHIR server's ``$export``: kick-off, waiting, and the files, which an interrupted run goes on to fetch.

https://hl7.org/fhir/uv/bulkdata/export.html. What is under way stands in ``export.state``; a file of the export
appears under its name only when it is whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec

from cds_service.cohort import outgoing
from cds_service.cohort.backend_services import Access
from cds_service.cohort.folders import private_folder, whole_file, write_file
from cds_service.cohort.outgoing import Answer, ExportError, Wire
from rules.resources import TYPES

_FIRST_PAUSE, _SHORTEST_PAUSE, _LONGEST_PAUSE = 5.0, 0.2, 300.0
"""Seconds between two looks at the state of an export; what the server asks for is kept within these."""
_ATTEMPTS = 4
"""At a request that fails for the moment: the state, or a file."""
_LARGEST_FILE = 200 * 10**9
_MOST_FILES = 100_000
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")


class File(msgspec.Struct, frozen=True):
    """A file of the export, as the server lists it."""

    type: str = ""
    url: str = ""
    count: int | None = None


class Manifest(msgspec.Struct, frozen=True, rename="camel"):
    """What the server has made."""

    requires_access_token: bool = False
    output: list[File] = []
    error: list[File] = []


class State(msgspec.Struct):
    """Where an export stands."""

    asked: str
    """The kick-off request, to tell whether an earlier export was of the same."""
    status_url: str | None = None
    manifest: Manifest | None = None
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Level:
    """Of whom data are exported: all patients, the members of a Group, or all that the server holds."""

    group: str | None = None
    system: bool = False

    @property
    def path(self) -> str:
        """The operation below the base URL; raises `ExportError` for a group that is no FHIR id."""
        if self.group is not None:
            if not _ID.fullmatch(self.group):
                raise ExportError("--group must be the id of a Group resource.")
            return f"Group/{self.group}/$export"
        return "$export" if self.system else "Patient/$export"


class BulkExport:
    """One export into one folder."""

    def __init__(
        self, wire: Wire, access: Access, level: Level, folder: Path, say: Callable[[str], None], hours: float = 24
    ) -> None:
        """``say`` is told how it goes; ``hours`` is how long the server may take to make the files."""
        self._wire, self._access, self._say = wire, access, say
        query = urlencode({"_outputFormat": "application/fhir+ndjson", "_type": ",".join(sorted(TYPES))})
        self._asked = f"{wire.base}/{level.path}?{query}"
        self._folder = private_folder(folder)
        self._state_file = folder / "export.state"
        self._longest = hours * 3600
        self._state = self._read_state()

    def fetch(self) -> Path:
        """Bring all files, going on where an earlier run stopped, and return their folder; raises `ExportError`."""
        if self._state.complete:
            return self._folder
        if self._state.status_url is None:
            self._kick_off()
        if self._state.manifest is None:
            self._wait()
        self._download_all()
        self._state.complete = True
        self._write_state()
        self._clean_up()
        return self._folder

    # -- state -------------------------------------------------------------------------------------------

    def _read_state(self) -> State:
        if not self._state_file.exists():
            return State(self._asked)
        state = msgspec.json.decode(self._state_file.read_bytes(), type=State)
        if state.asked != self._asked:
            raise ExportError(f"{self._folder}: holds another export. Choose another --out, or delete the folder.")
        return state

    def _write_state(self) -> None:
        write_file(self._state_file, msgspec.json.encode(self._state))

    def _start_over(self, why: str) -> ExportError:
        """Forget the export that the server no longer knows."""
        self._state = State(self._asked)
        self._write_state()
        return ExportError(f"{why} Start the same command again: it asks for a new export.")

    # -- kick-off and waiting ----------------------------------------------------------------------------

    def _kick_off(self) -> None:
        answer = self._call("GET", self._asked, Prefer="respond-async")
        location = answer.headers.get("Content-Location", "")
        if answer.status != 202 or not location:
            raise ExportError(f"The server does not begin the export ({answer.status}{_outcome(answer)}).")
        if not self._wire.is_own(location):
            raise ExportError("The server keeps the state of the export at another server, which gets no token.")
        self._state.status_url = location
        self._write_state()
        self._say("The server has begun the export.")

    def _wait(self) -> None:
        waited, told = 0.0, ""
        while True:
            answer = self._call("GET", self._state.status_url or "", Accept="application/json")
            if answer.status == 200:
                self._take(answer)
                return
            if answer.status in (404, 410):
                raise self._start_over("The server no longer knows the export.")
            if answer.status != 202:
                raise self._start_over(f"The export failed at the server ({answer.status}{_outcome(answer)}).")
            progress = _printable(answer.headers.get("X-Progress", ""))
            if progress and progress != told:
                told = progress
                self._say(f"Export: {progress}")
            pause = _within(answer.retry_after(_FIRST_PAUSE))
            if waited + pause > self._longest:
                raise ExportError(
                    f"The export was not ready after {self._longest / 3600:.0f} hours. Start the same command again "
                    "to go on waiting for it."
                )
            outgoing.sleep(pause)
            waited += pause

    def _take(self, answer: Answer) -> None:
        try:
            manifest = msgspec.json.decode(answer.content, type=Manifest)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise ExportError("The server's list of files cannot be read.") from None
        if len(manifest.output) > _MOST_FILES:
            raise ExportError(f"The export has more than {_MOST_FILES:,} files.")
        self._state.manifest = manifest
        self._write_state()

    # -- files -------------------------------------------------------------------------------------------

    def _download_all(self) -> None:
        manifest = self._state.manifest or Manifest()
        listed = [(f"{_safe(file.type)}.{n:05d}.ndjson", file) for n, file in enumerate(manifest.output)]
        listed += [(f"errors.{n:05d}.outcomes", file) for n, file in enumerate(manifest.error)]
        waiting = [(name, file) for name, file in listed if not (self._folder / name).exists()]
        if len(waiting) < len(listed):
            self._say(f"{len(listed) - len(waiting)} of {len(listed)} files were fetched before.")
        for place, (name, file) in enumerate(waiting, start=1):
            self._say(f"Fetching file {place} of {len(waiting)}: {name}")
            self._download(name, file)
        if manifest.error:
            self._say(
                f"The server could not export everything: {len(manifest.error)} files of errors are in {self._folder}. "
                "What is missing makes records look emptier than they are."
            )

    def _download(self, name: str, file: File) -> None:
        for attempt in range(_ATTEMPTS):
            if attempt:
                outgoing.sleep(_within(2.0**attempt / 4))
            try:
                with whole_file(self._folder / name) as target:
                    status = self._wire.download(file.url, self._file_headers(file), target, _LARGEST_FILE)
                    if status != 200:
                        raise _Refused(status)
                break
            except _Refused as refused:
                if refused.status in (404, 410):
                    raise self._start_over("The server no longer has the files of the export.") from None
                if refused.status == 401:
                    self._access.forget()
                elif refused.status not in _PASSING:
                    raise ExportError(f"The server does not give a file of the export ({refused.status}).") from None
            except outgoing.BROKEN:
                continue
        else:
            raise ExportError("A file of the export cannot be fetched. Start the same command again to go on with it.")
        self._check_count(name, file)

    def _file_headers(self, file: File) -> dict[str, str]:
        headers = {"Accept": "application/fhir+ndjson"}
        if self._state.manifest and self._state.manifest.requires_access_token:
            if not self._wire.is_own(file.url):
                raise ExportError("A file of the export lies at another server, which gets no token.")
            headers |= self._access.headers()
        return headers

    def _check_count(self, name: str, file: File) -> None:
        """Raise `ExportError` when a file has fewer lines than the server counted resources."""
        if file.count is None:
            return
        with (self._folder / name).open("rb") as content:
            lines = sum(1 for line in content if line.strip())
        if lines < file.count:
            (self._folder / name).unlink()
            raise ExportError(
                f"{name}: has {lines:,} lines where the server counted {file.count:,}. Start the same command again "
                "to fetch it anew."
            )

    def _clean_up(self) -> None:
        """Tell the server that its files are no longer needed; whether it listens does not matter."""
        if self._state.status_url:
            try:
                self._call("DELETE", self._state.status_url)
            except ExportError:
                self._say("The server did not answer to the request to delete its files.")

    # -- requests ----------------------------------------------------------------------------------------

    def _call(self, method: str, url: str, **headers: str) -> Answer:
        """Send a request with the token; once more with a new one, and some times more while it fails in passing."""
        renewed = False
        for attempt in range(_ATTEMPTS):
            given = {"Accept": "application/fhir+json", **headers, **self._access.headers()}
            answer = self._wire.call(method, url, given)
            if answer.status == 401 and self._access.has_client and not renewed:
                renewed = True
                self._access.forget()
            elif answer.status in _PASSING and attempt < _ATTEMPTS - 1:
                outgoing.sleep(_within(answer.retry_after(2.0**attempt)))
            else:
                return answer
        return answer


class _Refused(Exception):
    """A file was answered by another status than 200."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(str(status))


def _within(seconds: float) -> float:
    return min(max(seconds, _SHORTEST_PAUSE), _LONGEST_PAUSE)


def _safe(kind: str) -> str:
    return kind if kind in TYPES else "Other"


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())[:80]


def _outcome(answer: Answer) -> str:
    """Return the codes of an OperationOutcome; its words may hold anything."""
    try:
        document: Any = msgspec.json.decode(answer.content)
        codes = [str(issue["code"]) for issue in document["issue"]]
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, TypeError):
        return ""
    return "".join(f", {code}" for code in codes if re.fullmatch(r"[a-z-]{2,30}", code))
