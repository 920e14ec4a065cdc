"""The log never holds what an exception says, for that can be patient data or a token."""

from __future__ import annotations

import ast
import json
import logging
import sys
from pathlib import Path

import pytest

from cds_service.logs import FIELDS, JsonLines, describe

SECRET = "Ada Testperson"


def _line(
    message: str, *arguments: object, failure: bool = False, logger: str = "trial_cds", **fields: object
) -> dict[str, object]:
    info = sys.exc_info() if failure else None
    record = logging.LogRecord(logger, logging.ERROR, "f.py", 1, message, arguments, info)
    record.fields = fields
    line: dict[str, object] = json.loads(JsonLines().format(record))
    return line


def test_an_exception_is_written_by_type_and_place() -> None:
    try:
        raise KeyError(SECRET)
    except KeyError as error:
        line = _line("failed: %s", error, failure=True, request_id="r1")
    assert SECRET not in json.dumps(line)
    assert line["event"] == "failed: KeyError"
    assert line["request_id"] == "r1"
    assert line["exception"]["type"] == "builtins.KeyError"  # type: ignore[index]
    assert "test_logs.py" in line["exception"]["frames"][0]  # type: ignore[index]


def test_causes_are_not_written_either() -> None:
    try:
        try:
            raise ValueError(SECRET)
        except ValueError as cause:
            raise RuntimeError(SECRET) from cause
    except RuntimeError:
        kind, _, trace = sys.exc_info()
    assert kind is RuntimeError
    assert SECRET not in json.dumps(describe(kind, trace))


def test_a_line_is_one_line() -> None:
    record = logging.LogRecord("trial_cds", logging.INFO, "f.py", 1, "two\nlines", (), None)
    assert "\n" not in JsonLines().format(record)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("token eyJhbGciOiJFUzM4NCJ9.eyJpc3MiOiJ4In0.c2lnbmF0dXJl refused", "c2lnbmF0dXJl"),
        ("token eyJhbGciOiJFUzM4NCJ9.eyJpc3MiOiJ4In0. refused", "eyJpc3MiOiJ4In0"),
        ("Authorization: Bearer abc.def-ghi_jkl~mno+p/q==", "abc.def"),
        ("authorization: basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("connection to postgresql://cds:hush-hush@db/x failed", "hush-hush"),
        ("GET /fhir/Patient/secret-id-77/_history", "secret-id-77"),
        ("GET /fhir/Observation?patient=secret-id-77&code=x", "secret-id-77"),
        ("GET /fhir/Condition?patient=Patient%2Fsecret-id-77", "secret-id-77"),
        ("GET /fhir/ResearchSubject?individual=Patient/secret-id-77", "secret-id-77"),
        ("GET /fhir/ResearchSubject?individual=secret-id-77", "secret-id-77"),
        ("GET /fhir/Condition?subject=secret-id-77", "secret-id-77"),
        ("see patient/secret-id-77", "secret-id-77"),
        ("bearer abc.def", "abc.def"),
    ],
)
def test_what_has_the_form_of_a_secret_is_blotted_out(text: str, secret: str) -> None:
    for line in (_line(text), _line("event", searches={"nested": [text]}), _line("%s", text)):
        assert secret not in json.dumps(line)
        assert "[...]" in json.dumps(line)


@pytest.mark.parametrize("text", ["patient-view answered", "https://ehr.example/fhir", "a@b.example", "eyJ"])
def test_other_text_stays(text: str) -> None:
    assert _line(text)["event"] == text


@pytest.mark.parametrize("logger", ["urllib3.connectionpool", "sqlalchemy.pool", "werkzeug", "root", "trial_cdsx"])
def test_of_what_a_library_says_only_the_place_is_written(logger: str) -> None:
    line = _line(f"GET /Patient?name={SECRET} %s", SECRET, logger=logger)
    assert SECRET not in json.dumps(line)
    assert line["event"] == f"{logger} at f:1"


def test_a_field_that_is_not_listed_is_named_and_not_written() -> None:
    line = _line("event", patient=SECRET, status=200)
    assert SECRET not in json.dumps(line)
    assert line["unlisted"] == ["patient"]
    assert line["status"] == 200


def test_every_field_that_the_code_writes_is_listed() -> None:
    """Who adds a field says in `FIELDS` what it holds, so that somebody thinks about whether it may be there."""
    package = Path(__file__).parents[3] / "cds_service"
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _WRITERS:
                names = {keyword.arg for keyword in node.keywords if keyword.arg} - {"level", "error"}
                assert names <= FIELDS.keys(), f"{path.name}:{node.lineno} writes {names - FIELDS.keys()}"


_WRITERS = ("log", "note", "log_failure")
