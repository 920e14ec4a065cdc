"""The log: one JSON object a line on stderr, about requests and never about patients.

Nothing that came in a request is written but its id, and nothing of an exception but its type and the lines
of code it passed: messages of exceptions can hold patient data or tokens. Should a token or an id come into a
line all the same, such as by a library's warning, it is blotted out.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import orjson

LOGGER = logging.getLogger("trial_cds")


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON; ``extra={"fields": {...}}`` adds members."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": _message(record),
            "process": record.process,
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[0]:
            line["exception"] = describe(record.exc_info[0], record.exc_info[2])
        return blotted(orjson.dumps(line, default=str).decode())


_SECRETS = re.compile(
    r"\beyJ[\w-]{5,}\.[\w.-]+"  # a JSON web token
    r"|(?<=bearer )[\w.~+/=-]+"
    r"|(?<=basic )[\w.~+/=-]+"
    r"|(?<=://)[^/\s\"@]+(?=@)"  # user name and password in an address
    r"|(?<=\bpatient/)[\w.~-]+"
    r"|(?<=\bpatient=)[\w.~%/-]+|(?<=\bsubject=)[\w.~%/-]+|(?<=\bindividual=)[\w.~%/-]+",
    re.IGNORECASE,
)


def blotted(line: str) -> str:
    """Return ``line`` without what has the form of a token, a password in an address, or a patient's reference."""
    return _SECRETS.sub("[...]", line)


def _message(record: logging.LogRecord) -> str:
    """Fill in the arguments, an exception by its type alone."""
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
    """Write one event. ``fields`` must not come from a patient's record."""
    LOGGER.log(level, event, extra={"fields": fields})


def log_failure(event: str, error: BaseException, **fields: Any) -> None:
    """Write an event that an exception caused, by its type and frames."""
    LOGGER.error(event, extra={"fields": {**fields, "exception": describe(type(error), error.__traceback__)}})
