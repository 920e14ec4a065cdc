"""The log: one JSON object a line on stderr, about requests and never about patients.

What can be written is fixed: the fields below, exceptions by their type and the lines of code they passed, and of
what libraries say only who said it and where. Their messages can quote addresses, patient data or tokens. Should a
token or an id come into a line all the same, it is blotted out.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import orjson

LOGGER = logging.getLogger("trial_cds")
REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Id of the request that is being answered: it stands in every line that is written meanwhile."""

FIELDS = {
    "request_id": "id of the request: the caller's, if it is one of 64 plain characters, or a new one",
    "method": "HTTP method of a request",
    "route": "pattern of the address, without what stands in its place",
    "status": "HTTP status of the answer",
    "ms": "milliseconds until the answer",
    "tenant": "name of the tenant, from the settings",
    "claimed": "name of the tenant that a refused caller claims to be, from the settings",
    "check": "which check failed: a code of client_token.py, or the name of a health check",
    "service": "id of the CDS service",
    "outcome": "how a call ended, in words of this project",
    "cause": "why there was no card, in words of this project",
    "prefetch": "state of each prefetch key",
    "searches": "state and milliseconds of each search by its name",
    "rules_ms": "milliseconds for the rules",
    "dropped": "how many resources were of another person",
    "advice": "what the caller could do better, in words of this project",
    "refused": "the sentence that a refused caller was told, which holds nothing it sent",
    "stored": "how many entries of feedback were new",
    "unknown_cards": "how many entries of feedback named no card shown",
    "refused_entries": "how many entries of feedback could not be read",
    "reason": "why something failed, in words of this project or as the name of a type",
    "keys": "how many keys of a tenant can be used",
    "unusable": "how many keys of a tenant cannot be used",
    "kept": "how many keys of a tenant stay in use",
    "value_set": "name of a value set of the trial",
    "expanded": "how many value sets a terminology server has expanded, now or before",
    "wanted": "how many value sets it is to expand",
    "host": "address on which the service listens",
    "exception": "type and lines of code of an exception",
}
"""All that a line may hold besides its event, and what it is. A field of another name is not written."""

_SPEAKERS = ("trial_cds", "cds_service", "rules", "cards", "gunicorn")
"""Loggers whose messages are written: this project's, and the server's about its processes."""


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON; ``extra={"fields": {...}}`` adds members."""

    def format(self, record: logging.LogRecord) -> str:
        given: dict[str, Any] = getattr(record, "fields", {})
        during = REQUEST_ID.get()
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": _message(record),
            "process": record.process,
            **({"request_id": during} if during else {}),
            **{name: value for name, value in given.items() if name in FIELDS},
        }
        if unlisted := sorted(given.keys() - FIELDS.keys()):
            line["unlisted"] = unlisted
        if record.exc_info and record.exc_info[0]:
            line["exception"] = describe(record.exc_info[0], record.exc_info[2])
        return blotted(orjson.dumps(line, default=str).decode())


_SECRETS = re.compile(
    r"(eyJ(?=[\w-]{5,}\.)"  # a JSON web token
    r"|[Bb]earer |[Bb]asic |[Pp]atient/|(?:patient|subject|individual)=)[\w.~%/+=-]+"
    r"|(://)[^/\s\"@]+(?=@)"  # user name and password in an address
)
_MARKS = ("eyJ", "earer ", "asic ", "atient/", "patient=", "subject=", "individual=", "://")
"""Whatever `_SECRETS` finds has one of these. Hardly a line has, and to look for them takes a hundredth of the time."""


def blotted(line: str) -> str:
    """Return ``line`` without what has the form of a token, a password in an address, or a patient's reference."""
    if not any(mark in line for mark in _MARKS):
        return line
    return _SECRETS.sub(r"\1\2[...]", line)


def _message(record: logging.LogRecord) -> str:
    """Fill in the arguments, an exception by its type alone; of libraries say only where they spoke."""
    if record.name.partition(".")[0] not in _SPEAKERS:
        return f"{record.name} at {record.module}:{record.lineno}"
    arguments = record.args
    if isinstance(arguments, tuple):
        arguments = tuple(type(a).__name__ if isinstance(a, BaseException) else a for a in arguments)
    message = str(record.msg)
    return message % arguments if arguments else message


def describe(kind: type[BaseException], trace: TracebackType | None) -> dict[str, Any]:
    """Return an exception's type and where it passed, without its message."""
    frames = traceback.extract_tb(trace)
    return {
        "type": f"{kind.__module__}.{kind.__qualname__}",
        "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }


def configure_logs() -> None:
    """Send everything to stderr as JSON lines; libraries only from warnings up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    LOGGER.setLevel(logging.INFO)
    # Its warnings quote the addresses of requests, which hold patients' ids.
    logging.getLogger("urllib3").setLevel(logging.CRITICAL)


def log(event: str, level: int = logging.INFO, **fields: Any) -> None:
    """Write one event. ``fields`` are those listed in `FIELDS`, and never come from a patient's record."""
    LOGGER.log(level, event, extra={"fields": fields})


def log_failure(event: str, error: BaseException, **fields: Any) -> None:
    """Write an event that an exception caused, by its type and frames."""
    LOGGER.error(event, extra={"fields": {**fields, "exception": describe(type(error), error.__traceback__)}})
