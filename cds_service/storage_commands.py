"""The commands about the database: ``db upgrade``, ``db check``, ``report``, ``purge`` and ``forget``."""

from __future__ import annotations

import argparse
import csv
import re
import sys
import time
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import orjson

from cds_service.settings import Settings, load_settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from cds_service.storage.database import Database


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> list[argparse.ArgumentParser]:
    """Add the commands, and return those that read the settings."""
    actions = commands.add_parser("db", help="lay out or check the database").add_subparsers(
        title="actions", required=True, metavar="ACTION"
    )
    upgrade = actions.add_parser("upgrade", help="bring the tables to the layout of this version; back up first")
    upgrade.set_defaults(run=_upgrade)
    check = actions.add_parser("check", help="say whether the tables have the layout of this version")
    check.set_defaults(run=_check)
    report = commands.add_parser("report", help="sum up cards, answers, suppression and latency")
    _add_report(report)
    purge = commands.add_parser("purge", help="delete what is old")
    _add_purge(purge)
    forget = commands.add_parser("forget", help="delete all that is kept about patients; ids on stdin, one a line")
    forget.add_argument("--tenant", required=True, metavar="NAME", help="whose patients; without tenants: open")
    forget.set_defaults(run=_forget)
    return [upgrade, check, report, purge, forget]


def _add_report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--tenant", metavar="NAME", help="default: each")
    parser.add_argument("--from", dest="first", type=_date, metavar="YYYY-MM-DD", help="first day; default: the first")
    parser.add_argument("--to", dest="last", type=_date, metavar="YYYY-MM-DD", help="last day; default: today")
    parser.add_argument("--by", choices=("total", "month", "day"), default="total", help="default: %(default)s")
    parser.add_argument("--format", choices=("text", "json", "csv"), default="text", help="default: %(default)s")
    parser.set_defaults(run=_report)


def _add_purge(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--older-than", type=_days, required=True, metavar="365d", help="age in days; 0d: everything")
    parser.add_argument("--dry-run", action="store_true", help="only say how much would go")
    parser.add_argument(
        "--even-if-needed", action="store_true", help="delete also answers that still keep a card away: it comes back"
    )
    parser.set_defaults(run=_purge)


# Each command imports what it needs, so that the others start without it.


def _upgrade(options: argparse.Namespace) -> int:
    from cds_service.storage.database import Database

    before, after = Database(load_settings(options.config).database.url).upgrade()
    if before == after:
        print(f"The database is at revision {after} already.")
    else:
        print(f"The database is now at revision {after}; before: {before or 'no tables'}.")
    return 0


def _check(options: argparse.Namespace) -> int:
    from cds_service.storage.database import Database
    from cds_service.storage.revisions import HEAD

    Database(load_settings(options.config).database.url).open()
    print(f"The database is at revision {HEAD}, as this version needs it.")
    return 0


def _report(options: argparse.Namespace) -> int:
    from cds_service.storage import report
    from cds_service.storage.database import Database

    wanted = report.Wanted(options.by, options.tenant, options.first, options.last)
    settings = load_settings(options.config)
    if options.tenant:
        _tell_if_unknown(options.tenant, settings)
    with Database(settings.database.url).at_leisure() as connection:
        found = report.summaries(connection, wanted)
    if options.format == "json":
        content = {"from": options.first, "to": options.last, "by": options.by, "rows": [s.to_json() for s in found]}
        print(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())
    elif options.format == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(report.CSV_HEADINGS)
        writer.writerows(report.csv_rows(found))
    else:
        print("\n".join(report.text_lines(found)) or "Nothing was noted of such calls.")
    return 0


def _purge(options: argparse.Namespace) -> int:
    from cds_service.pauses import pauses
    from cds_service.security.tenants import Tenants
    from cds_service.storage import retention
    from cds_service.storage.database import Database

    settings = load_settings(options.config)
    today = datetime.now(UTC).date()
    tables = [pauses(tenant.fatigue) for tenant in Tenants(settings)]
    # Rows have the day of their site, which may be a day ahead of this one: 0d leaves none of them.
    before = today - timedelta(days=options.older_than) if options.older_than else date.max
    database = Database(settings.database.url)
    with database.at_leisure() as connection:
        for rule in retention.rules(before, today, time.time(), tables):
            old = retention.count(connection, rule, even_if_needed=True)
            work = retention.count if options.dry_run else retention.purge
            number = work(connection, rule, options.even_if_needed)
            done = "would be deleted" if options.dry_run else "deleted"
            kept = f", {old - number} kept: they still keep a card away" if old > number else ""
            print(f"{rule.table.name}: {number} {done}{kept}")
        return 0 if options.dry_run else _without_copies(database, connection)


def _forget(options: argparse.Namespace) -> int:
    from cds_service.storage import retention
    from cds_service.storage.database import Database
    from cds_service.storage.pseudonyms import Pseudonyms, site_keys

    settings = load_settings(options.config)
    database = Database(settings.database.url)
    _tell_if_unknown(options.tenant, settings)
    patients = [line.strip() for line in sys.stdin if line.strip()]
    with database.at_leisure() as connection:
        pseudonyms = Pseudonyms(site_keys(settings, database))
        for patient in patients:
            hashes = pseudonyms.patient(options.tenant, patient.removeprefix("Patient/")).hashes
            print(f"{retention.forget(connection, options.tenant, hashes)} rows deleted")
        return _without_copies(database, connection)


def _without_copies(database: Database, connection: Connection) -> int:
    """Let no copies of what was deleted be left; return the exit status."""
    if database.leave_no_copies(connection):
        return 0
    print(
        "The rows are deleted, but copies of them are left in the -wal file beside the database: another program was "
        "using it all the time. Start the same command again.",
        file=sys.stderr,
    )
    return 1


def _tell_if_unknown(tenant: str, settings: Settings) -> None:
    """Tell of a name that may be misspelt. It may also be a tenant that was taken out and left rows behind."""
    from cds_service.security.tenants import Tenants

    known = [one.name for one in Tenants(settings)]
    if tenant not in known:
        print(
            f"{tenant}: the settings have no tenant of this name now; they have: {', '.join(known)}.", file=sys.stderr
        )


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("give a date as YYYY-MM-DD") from None


def _days(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}d", text):
        raise argparse.ArgumentTypeError("give an age in days, such as 365d")
    return int(text[:-1])
