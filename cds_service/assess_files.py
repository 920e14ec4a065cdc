"""Assesses files with FHIR R4 Bundles, without a server: ``trial-cds assess``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from pathlib import Path
from typing import TextIO

import msgspec
import orjson

from cds_service.checklist import checklist
from rules.assess import Executor, assess, durable_executor
from rules.assessment import Assessment
from rules.criterion import TrialSettings
from rules.engine import EvaluationError
from rules.entries import Entry, RecordError, read_record
from rules.searches import COMPLETE, SEARCHES
from rules.trial import Trial

STDIN = "-"


class UnusableFile(ValueError):
    """A file cannot be assessed; the message says why, without its content."""


class _BundleEntry(msgspec.Struct, rename="camel"):
    full_url: str | None = None
    resource: msgspec.Raw = msgspec.Raw(b"null")


class _Bundle(msgspec.Struct, rename="camel"):
    resource_type: str
    entry: list[_BundleEntry] | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """How files are assessed."""

    on: date
    zone: tzinfo
    settings: TrialSettings
    text: bool = False
    validate: bool = False


def assess_files(
    names: Sequence[str], trial: Trial, options: Options, out: TextIO | None = None, err: TextIO | None = None
) -> int:
    """Assess each file and print its assessment; return 0, or 1 when one could not be assessed.

    All resources of a file count as complete searches. Problems go to ``err`` with the file's name.
    """
    out, err = out or sys.stdout, err or sys.stderr
    executor = durable_executor(trial)
    failed = False
    for name in names:
        try:
            entries = read_bundle(_read(name))
            for problem in validation_problems(entries) if options.validate else ():
                print(f"{name}: {problem}", file=err)
            print(_shown(name, _assess(entries, trial, executor, options), trial, options), file=out, flush=True)
        except UnusableFile as error:
            failed = True
            print(f"{name}: {error}", file=err)
    return int(failed)


def read_bundle(content: bytes) -> list[Entry]:
    """Return the entries of a Bundle; raises `UnusableFile` for anything else."""
    try:
        bundle = msgspec.json.decode(content.removeprefix(b"\xef\xbb\xbf"), type=_Bundle)
    except msgspec.ValidationError:
        raise UnusableFile("not a FHIR Bundle: resourceType or entry is missing or of a wrong type") from None
    except RecursionError:
        raise UnusableFile("nested too deeply to be read") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise UnusableFile("not JSON in UTF-8") from None
    if bundle.resource_type != "Bundle":
        raise UnusableFile("not a FHIR Bundle: its resourceType is another")
    given = bundle.entry or []
    return [Entry(item.resource, item.full_url) for item in given if bytes(item.resource) != b"null"]


def validation_problems(entries: Iterable[Entry]) -> Iterator[str]:
    """Yield what the R4B models of fhir.resources object to, by place and rule, without the values."""
    from fhir.resources.R4B import get_fhir_model_class
    from pydantic import ValidationError

    for number, entry in enumerate(entries, start=1):
        try:
            resource = orjson.loads(bytes(entry.raw))
            model = get_fhir_model_class(resource["resourceType"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            yield f"entry {number}: not a FHIR R4 resource"
            continue
        where = f"entry {number}, {resource['resourceType']}"
        try:
            model.model_validate(resource)
        except ValidationError as error:
            for problem in error.errors(include_url=False, include_context=False, include_input=False):
                yield f"{where}: {'.'.join(map(str, problem['loc']))}: {problem['type']}"
        except (KeyError, RecursionError):
            yield f"{where}: contains a resource of an unknown type, or is nested too deeply"


def _read(name: str) -> bytes:
    if name == STDIN:
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise UnusableFile(f"cannot be read ({error.strerror})") from None


def _assess(entries: list[Entry], trial: Trial, executor: Executor, options: Options) -> Assessment:
    try:
        record = read_record(entries, dict.fromkeys(SEARCHES, COMPLETE))
    except RecordError as error:
        raise UnusableFile(str(error)) from None
    try:
        return assess(record, trial, executor, options.on, options.zone, options.settings)
    except EvaluationError as error:
        raise UnusableFile(f"not evaluated: {error}") from None


def _shown(name: str, assessment: Assessment, trial: Trial, options: Options) -> str:
    if options.text:
        return checklist(name, assessment, trial)
    return orjson.dumps(assessment.to_json(name)).decode()
