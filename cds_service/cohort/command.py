"""What ``trial-cds screen`` and ``trial-cds synth`` do with their options, and what they print."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cds_service.cohort.backend_services import Access, Client, read_key
from cds_service.cohort.bulk_export import BulkExport, Level
from cds_service.cohort.checkpoint import Checkpoint, RunError
from cds_service.cohort.disclosure import Disclosure
from cds_service.cohort.folders import is_free
from cds_service.cohort.grouping import GroupingError
from cds_service.cohort.local import LocalEngine
from cds_service.cohort.outgoing import ExportError, Wire
from cds_service.cohort.progress import Narrator
from cds_service.cohort.run import CANDIDATES, NOT_ASSESSED, QUALITY, QUARANTINE, REPORT, Engine, Screening
from cds_service.cohort.screener import Terms
from cds_service.cohort.source import SourceError, open_source
from cds_service.cohort.spark import SparkEngine
from cds_service.cohort.synthetic.write import LAST_DAY, Population, write_population
from cds_service.evaluation import trial_settings
from cds_service.patient_data.outbound import OutboundError, parse_base_url
from cds_service.setting_parts import BulkData
from cds_service.settings import Settings
from rules.trial import Trial

_SHOWN = 5
"""Units and codes that are printed; quality.json has more."""


def screen(options: argparse.Namespace, package: str, trial: Trial, settings: Settings) -> int:
    """Screen a population; return the exit status: 0, or 1 with the reason on stderr."""
    narrator = Narrator()
    chosen = trial_settings(settings)
    terms = Terms(
        trial=package,
        rules_version=trial.rules_version,
        on=options.date,
        zone=options.zone.key,
        age_policy=chosen.age_policy,
        assess_test_patients=chosen.assess_test_patients,
        name_sensitive=settings.sensitive_detail == "full",
    )
    try:
        checkpoint = Checkpoint(options.out)
        with checkpoint.locked():
            source = open_source(_folder(options, settings.bulk_data, narrator))
            screening = Screening(source, terms, trial, checkpoint, Disclosure(options.min_cell), narrator)
            quality = screening.run(_engine(options, narrator))
    except (SourceError, ExportError, RunError, GroupingError) as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(summary(quality, options.out)))
    return 0


def _folder(options: argparse.Namespace, bulk_data: BulkData, narrator: Narrator) -> Path:
    """Return the folder with the data, after an export if the source is a server."""
    if "://" not in options.source:
        if options.group or options.system:
            raise SourceError("--group and --system belong to a FHIR server as the source.")
        return Path(options.source)
    try:
        wire = Wire(parse_base_url(options.source), str(bulk_data.ca_bundle) if bulk_data.ca_bundle else None)
    except OutboundError as error:
        raise SourceError(f"The source is not called: {error}.") from None
    access = Access(wire, _client(bulk_data))
    level = Level(options.group, options.system)
    return BulkExport(wire, access, level, options.out / "export", narrator.say, bulk_data.hours).fetch()


def _client(bulk_data: BulkData) -> Client | None:
    if bulk_data.client_id is None:
        return None
    if bulk_data.key_file is None:
        raise ExportError("bulk_data.client_id is set, but not bulk_data.key_file, with which to sign.")
    return Client(bulk_data.client_id, read_key(bulk_data.key_file), bulk_data.key_id, bulk_data.scope)


def _engine(options: argparse.Namespace, narrator: Narrator) -> Engine:
    workers = options.workers or os.cpu_count() or 1
    return (
        SparkEngine(workers, narrator) if options.engine == "spark" else LocalEngine(options.memory, workers, narrator)
    )


def summary(quality: Mapping[str, Any], out: Path) -> list[str]:
    """Return what is said at the end: what came of the people, then the quality of the data."""
    verdicts = quality["verdicts"]
    lines = [f"{quality['patientsAssessed']:,} patients assessed on {quality['evaluatedOn']}."]
    lines += [f"  {verdict:22}{number:>10,}" for verdict, number in verdicts.items()]
    lines += ["Data quality:", *(f"  {line}" for line in _quality_lines(quality))]
    lines.append(f"Results are in {out}: {REPORT}, {CANDIDATES} and others. They hold patient data: keep them safe.")
    return lines


def _quality_lines(quality: Mapping[str, Any]) -> list[str]:
    lines = [f"{n:,} patients not assessed: {why}" for why, n in quality["patientsNotAssessed"].items()]
    lines += [f"{n:,} lines not read: {why} ({QUARANTINE})" for why, n in quality["linesNotRead"].items()]
    lines += [f"{one['count']:,} {one['type']} not used: {one['cause']}" for one in quality["resourcesNotUsed"]]
    lines += [f"{n:,} {kind} not readable as FHIR R4" for kind, n in quality["resourcesNotReadable"].items()]
    lines += [f"no {kind} was exported: what needs it is unknown of everybody" for kind in quality["typesNotExported"]]
    if quality["resourcesOfAnotherSubject"]:
        lines.append(f"{quality['resourcesOfAnotherSubject']:,} resources of another subject left out")
    if quality["unitsNotUnderstood"]:
        lines.append(f"{quality['resultsWithUnitNotUnderstood']:,} results with a unit not understood:")
        lines += _first(quality["unitsNotUnderstood"])
    if quality["codesNotKnown"]:
        lines.append(f"{quality['resourcesWithoutKnownCode']:,} resources without a code of a known terminology:")
        lines += _first(quality["codesNotKnown"])
    if quality["patientsNotAssessed"]:
        lines.append(f"{NOT_ASSESSED} names the patients that were not assessed")
    return [*lines, f"all of it is in {QUALITY}"] if lines else ["nothing to note"]


def _first(counts: Mapping[str, int]) -> list[str]:
    shown = list(counts.items())[:_SHOWN]
    more = [f"  and {len(counts) - _SHOWN} more"] if len(counts) > _SHOWN else []
    return [f"  {number:>9,}  {_printable(name)}" for name, number in shown] + more


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)


def synth(options: argparse.Namespace) -> int:
    """Write a synthetic population."""
    population = Population(options.patients, options.seed, options.date or LAST_DAY, options.gzip)
    out: Path = options.out
    if not is_free(out):
        print(f"{out}: is not empty. Give a new folder.", file=sys.stderr)
        return 1
    narrator = Narrator()
    with narrator.counting("Written", population.patients) as progress:
        before = 0
        for done in write_population(population, out, os.cpu_count() or 1):
            progress.advance(done - before)
            before = done
    print(f"{population.patients:,} invented patients are in {out}. Their records end on {population.on}:")
    print(f"  trial-cds screen {out} --out DIR --date {population.on}")
    return 0
