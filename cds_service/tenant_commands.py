"""The kill switch as commands: ``tenant off``, ``tenant on`` and ``tenant list``. The service goes on meanwhile."""

from __future__ import annotations

import argparse
import os
import pwd
import sys
from datetime import UTC, datetime

from cds_service.settings import Settings, load_settings


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> list[argparse.ArgumentParser]:
    """Add the commands, and return those that read the settings."""
    actions = commands.add_parser("tenant", help="switch a tenant's cards off and on at once").add_subparsers(
        title="actions", required=True, metavar="ACTION"
    )
    off = actions.add_parser("off", help="no card from now on, at every worker and host that shares the database")
    off.set_defaults(run=_switch, off=True)
    on = actions.add_parser("on", help="cards again, unless the settings say enabled = false")
    on.set_defaults(run=_switch, off=False)
    for action in (off, on):
        action.add_argument("tenant", metavar="NAME", help="as the settings name it; without tenants: open")
        action.add_argument("--why", type=_reason, required=True, metavar="TEXT", help="for the audit")
    listed = actions.add_parser("list", help="say of each tenant whether it is switched off, by whom and why")
    listed.set_defaults(run=_list)
    return [off, on, listed]


# Each command imports what it needs, so that the others start without it.


def _switch(options: argparse.Namespace) -> int:
    from cds_service.storage.database import Database
    from cds_service.storage.switches import LOOK_SECONDS, Switch, set_switch

    settings = load_settings(options.config)
    known = _names(settings)
    if options.tenant not in known:
        print(f"{options.tenant}: there is no such tenant. The settings have: {', '.join(known)}.", file=sys.stderr)
        return 1
    with Database(settings.database.url).at_leisure() as connection:
        set_switch(connection, options.tenant, Switch(options.off, datetime.now(UTC), _account(), options.why))
    print(
        f"{options.tenant} is switched {'off' if options.off else 'on'}; every worker and host knows it within "
        f"{LOOK_SECONDS:.0f} seconds, while the database works."
    )
    if not (options.off or known[options.tenant]):
        print("The settings still say enabled = false for it, so there is no card.")
    return 0


def _list(options: argparse.Namespace) -> int:
    from cds_service.storage.database import Database
    from cds_service.storage.switches import positions

    settings = load_settings(options.config)
    with Database(settings.database.url).at_leisure() as connection:
        found = positions(connection)
    for name, enabled in _names(settings).items():
        switch = found.get(name)
        said = [] if enabled else ["the settings say enabled = false"]
        if switch is not None:
            verb = "off" if switch.off else "on"
            said.append(f"switched {verb} {switch.at:%Y-%m-%d %H:%M} UTC by {switch.who}: {switch.why}")
        off = not enabled or (switch is not None and switch.off)
        print("; ".join([f"{name} is {'off' if off else 'on'}", *said]))
    return 0


def _names(settings: Settings) -> dict[str, bool]:
    """Return the tenants, each with what the settings say of it: enabled or not."""
    from cds_service.security.tenants import Tenants

    return {tenant.name: tenant.enabled for tenant in Tenants(settings)}


def _account() -> str:
    """Return the account that runs this, in a container perhaps a number alone, and then who it says it is.

    The latter comes from the environment, where anybody can write anything: it only adds to the account.
    """
    number = os.getuid()
    try:
        account = pwd.getpwuid(number).pw_name
    except KeyError:
        account = f"uid {number}"
    given = (os.environ.get(name, "") for name in ("SUDO_USER", "LOGNAME"))
    told = next((name for name in given if name and name != account and name.isprintable()), None)
    return (f"{account} (as told: {told})" if told else account)[:100]


def _reason(text: str) -> str:
    from cds_service.storage.switches import LONGEST_REASON

    if not text.strip() or len(text) > LONGEST_REASON or not text.isprintable():
        raise argparse.ArgumentTypeError(f"say why, in one line of at most {LONGEST_REASON} characters")
    return text.strip()
