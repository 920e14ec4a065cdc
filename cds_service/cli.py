"""The ``trial-cds`` command."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from cds_service import storage_commands, tenant_commands
from cds_service.ports import PortUnusable
from cds_service.settings import Settings, SettingsError, load_settings
from cds_service.storage.unusable import DatabaseUnusable
from cds_service.trials import TRIALS, served_trial
from rules.trial_folder import TrialError, load_trial

_DEFAULT_PORT = 8000
_SMALLEST_MEMORY = 10**9


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status: 0, 1 for a failure, 2 for wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except (SettingsError, TrialError, PortUnusable, DatabaseUnusable) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader, such as `head`, has gone; there is nobody left to tell.
        sys.stderr.close()
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trial-cds",
        description="Pre-screens charts for trial NCT01374854 in type 1 diabetes, by CDS Hooks.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_demo(commands.add_parser("demo", help="show it at work with synthetic patients"))
    _add_serve(commands.add_parser("serve", help="run the service"))
    _add_assess(commands.add_parser("assess", help="assess files with FHIR R4 Bundles"))
    _add_screen(commands.add_parser("screen", help="screen a population from FHIR Bulk Data"))
    _add_synth(commands.add_parser("synth", help="write a synthetic population"))
    _add_config(commands.add_parser("config", help="check the settings"))
    _add_protocol(commands.add_parser("protocol", help="print the trial as it is read"))
    for about_database in (*storage_commands.add_commands(commands), *tenant_commands.add_commands(commands)):
        _add_config_option(about_database)
    return parser


def _add_demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--once", action="store_true", help="stop after the table")
    parser.add_argument("--port", type=_port, default=_DEFAULT_PORT, metavar="N", help="default: %(default)s")
    parser.set_defaults(run=_demo)


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", metavar="H", help="default: %(default)s")
    parser.add_argument("--port", type=_port, default=_DEFAULT_PORT, metavar="N", help="default: %(default)s")
    parser.add_argument("--workers", type=_count, metavar="N", help="processes; default: server.workers")
    parser.add_argument(
        "--allow-open", action="store_true", help="listen on another address than loopback without a tenant"
    )
    _add_config_option(parser)
    parser.set_defaults(run=_serve)


def _add_assess(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="a FHIR R4 Bundle of one patient; - is stdin")
    parser.add_argument("--date", type=_date, metavar="YYYY-MM-DD", help="day of the assessment; default: today")
    parser.add_argument("--zone", type=_zone, default=ZoneInfo("UTC"), metavar="TZ", help="default: UTC")
    parser.add_argument("--format", choices=("json", "text"), default="json", help="default: %(default)s")
    parser.add_argument("--validate", action="store_true", help="tell also where the FHIR models object")
    _add_config_option(parser, "; of it only age_policy, sandbox and terminology are used")
    parser.set_defaults(run=_assess)


def _add_screen(parser: argparse.ArgumentParser) -> None:
    said = (
        "a folder of NDJSON files, or of bundles of one patient each; or the base URL of a FHIR server to export from"
    )
    parser.add_argument("source", metavar="SOURCE", help=said)
    level = parser.add_mutually_exclusive_group()
    level.add_argument("--group", metavar="ID", help="export the members of this Group; default: all patients")
    level.add_argument("--system", action="store_true", help="export by the operation on the whole system")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the results")
    parser.add_argument("--engine", choices=("local", "spark"), default="local", help="default: %(default)s")
    parser.add_argument("--date", type=_date, metavar="YYYY-MM-DD", help="day of the assessment; default: today")
    parser.add_argument("--zone", type=_zone, default=ZoneInfo("UTC"), metavar="TZ", help="default: UTC")
    parser.add_argument("--memory", type=_bytes, default="4GB", metavar="SIZE", help="for all processes; default: 4GB")
    parser.add_argument("--workers", type=_count, metavar="N", help="processes; default: one a core")
    parser.add_argument(
        "--min-cell", type=_cell, default=11, metavar="N", help="smallest count the report shows; default: 11; 1: all"
    )
    _add_config_option(parser, "; of it age_policy, sandbox, sensitive_detail and bulk_data are used")
    parser.set_defaults(run=_screen)


def _add_synth(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--patients", type=_people, required=True, metavar="N", help="how many people")
    parser.add_argument("--seed", type=_seed, required=True, metavar="S", help="the same seed, the same people")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder for the NDJSON files")
    parser.add_argument("--date", type=_date, metavar="YYYY-MM-DD", help="last day of the records; default: 2026-10-01")
    parser.add_argument("--gzip", action="store_true", help="pack the files")
    parser.set_defaults(run=_synth)


def _add_config(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    check = actions.add_parser("check", help="read the settings and say what is wrong with them")
    check.add_argument("--keys", action="store_true", help="read the tenants' keys from their addresses too")
    _add_config_option(check)
    check.set_defaults(run=_check_config)


def _add_protocol(parser: argparse.ArgumentParser) -> None:
    _add_config_option(parser, "; of it only terminology is used")
    parser.set_defaults(run=_protocol)


def _add_config_option(parser: argparse.ArgumentParser, more: str = "") -> None:
    said = f"settings as a TOML file{more}; default: $TRIAL_CDS_CONFIG; TRIAL_CDS_* variables win over it"
    parser.add_argument("--config", type=Path, metavar="FILE", help=said)


# Each command imports what it needs, so that the others start without it.


def _demo(options: argparse.Namespace) -> int:
    from cds_service.sandbox.demo import run_demo

    return run_demo(options.port, options.once, load_settings().sandbox.host)


def _serve(options: argparse.Namespace) -> int:
    from cds_service.server import serve

    serve(_with_options(load_settings(options.config), options), options.host, options.port)
    return 0


def _with_options(settings: Settings, options: argparse.Namespace) -> Settings:
    """Return the settings with what the command line says put over them."""
    open_mode = settings.open.model_copy(update={"allow": settings.open.allow or options.allow_open})
    server = settings.server.model_copy(update={"workers": options.workers or settings.server.workers})
    return settings.model_copy(update={"open": open_mode, "server": server})


def _assess(options: argparse.Namespace) -> int:
    from cds_service.assess_files import Options, assess_files
    from cds_service.evaluation import trial_settings

    settings = load_settings(options.config)
    chosen = Options(
        on=options.date or datetime.now(options.zone).date(),
        zone=options.zone,
        settings=trial_settings(settings),
        text=options.format == "text",
        validate=options.validate,
    )
    return assess_files(options.files, served_trial(TRIALS[0], settings), chosen)


def _screen(options: argparse.Namespace) -> int:
    from cds_service.cohort.command import screen

    options.date = options.date or datetime.now(options.zone).date()
    # By the lists alone: every process of a run loads the trial by itself, and all must read it alike.
    return screen(options, TRIALS[0], load_trial(TRIALS[0]), load_settings(options.config))


def _synth(options: argparse.Namespace) -> int:
    from cds_service.cohort.command import synth

    return synth(options)


def _check_config(options: argparse.Namespace) -> int:
    from cds_service.card_settings import check_order_codes
    from cds_service.config_hints import config_hints, key_problems
    from cds_service.observability.tracing import Tracing
    from cds_service.security.tenants import Tenants

    settings = load_settings(options.config)
    check_order_codes(Tenants(settings), [served_trial(TRIALS[0], settings)])
    Tracing.of(settings.tracing)
    if problems := key_problems(settings, online=options.keys):
        raise SettingsError(problems)
    found = config_hints(settings, datetime.now(UTC))
    print("The settings and the trial folder can be used.")
    for hint in found:
        print(f"- {hint}")
    return 0


def _protocol(options: argparse.Namespace) -> int:
    from cds_service.protocol_text import protocol_text

    print(protocol_text(served_trial(TRIALS[0], load_settings(options.config))))
    return 0


def _port(text: str) -> int:
    return _number(text, 65_535)


def _count(text: str) -> int:
    return _number(text, 64)


def _number(text: str, most: int) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"give a number from 1 to {most}")
    return int(text)


def _people(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,8}", text) or not 1 <= int(text) <= 10_000_000:
        raise argparse.ArgumentTypeError("give a number from 1 to 10000000")
    return int(text)


def _seed(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise argparse.ArgumentTypeError("give a whole number")
    return int(text)


def _cell(text: str) -> int:
    return _number(text, 1_000)


def _bytes(text: str) -> int:
    """Read a size such as 4GB or 1500MB."""
    found = re.fullmatch(r"([0-9]{1,6})\s*([MG])B", text.strip().upper())
    size = int(found[1]) * {"M": 10**6, "G": 10**9}[found[2]] if found else 0
    if size < _SMALLEST_MEMORY:
        raise argparse.ArgumentTypeError("give a size of at least 1GB, such as 4GB")
    return size


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("give a date as YYYY-MM-DD") from None


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (ValueError, OSError, KeyError):
        raise argparse.ArgumentTypeError("give a zone of the IANA database, such as Europe/Berlin") from None
