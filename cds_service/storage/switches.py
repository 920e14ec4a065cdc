"""The kill switch: tenants that an operator has switched off while the service runs, at all workers and hosts."""

from __future__ import annotations

import mmap
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import SQLAlchemyError

from cds_service.logs import log, log_failure
from cds_service.storage.database import Database, DatabaseBusy
from cds_service.storage.tables import switches

LOOK_SECONDS = 2.0
"""How often a process looks for what was switched: so long can it go on showing cards while the database works."""
_WAIT_SECONDS = 0.25
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Switch:
    """How an operator has last set the switch of one tenant."""

    off: bool
    at: datetime
    who: str
    """Account of the operator."""
    why: str


def positions(connection: Connection) -> Mapping[str, Switch]:
    """Return the switch of each tenant that was ever set."""
    last = select(func.max(switches.c.number)).group_by(switches.c.tenant)
    rows = connection.execute(select(switches).where(switches.c.number.in_(last)))
    return {row.tenant: Switch(row.position == "off", row.at, row.who, row.why) for row in rows}


def set_switch(connection: Connection, tenant: str, given: Switch) -> None:
    """Set the switch of a tenant. What was set before stays in the table, for the audit."""
    row = {"tenant": tenant, "position": "off" if given.off else "on", "at": given.at, "who": given.who}
    connection.execute(switches.insert(), {**row, "why": given.why})
    connection.commit()


class _LastWord:
    """Which tenants are off as the database last said to any process: a byte for each, shared by a host's workers."""

    def __init__(self, tenants: Iterable[str]) -> None:
        self._place = {name: place for place, name in enumerate(tenants)}
        self._bytes = mmap.mmap(-1, len(self._place))

    def keep(self, off: Collection[str]) -> frozenset[str]:
        """Return those of ``off`` that there are."""
        for name, place in self._place.items():
            self._bytes[place] = name in off
        return frozenset(name for name in self._place if name in off)

    def off(self) -> frozenset[str]:
        return frozenset(name for name, place in self._place.items() if self._bytes[place])


class KillSwitch:
    """Tells whether a tenant is switched off. While the database does not say, what it last said holds.

    Be it to another worker: one that starts in an outage knows no less than those before it.
    """

    def __init__(self, database: Database, tenants: Iterable[str], now: Callable[[], float] = time.monotonic) -> None:
        """Look once; call before workers are forked. Raises `DatabaseUnusable`."""
        self._database = database
        self._now = now
        self._last_word = _LastWord(tenants)
        self._off = self._last_word.keep(database.at_start(_tenants_off))
        self._looked = now()
        self._looking = threading.Lock()

    def is_off(self, tenant: str) -> bool:
        """True while an operator has switched the tenant off, as the database said at most `LOOK_SECONDS` ago.

        While it does not answer, it is asked once in that time.
        """
        with self._looking:
            if self._now() - self._looked >= LOOK_SECONDS:
                self._look()
        return tenant in self._off

    def _look(self) -> None:
        looked = self._now()  # what is switched from now on may be missing from what is found
        try:
            found = self._last_word.keep(self._database.read(_WAIT_SECONDS, _tenants_off))
        except (DatabaseBusy, SQLAlchemyError) as error:
            log_failure("kill switch not looked up", error)
            found = self._last_word.off()
        for tenant in found ^ self._off:
            log("switched off" if tenant in found else "switched on", tenant=tenant)
        self._off = found
        self._looked = looked


def _tenants_off(connection: Connection) -> frozenset[str]:
    return frozenset(tenant for tenant, switch in positions(connection).items() if switch.off)
