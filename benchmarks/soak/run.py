"""One soak: the service under gunicorn with two workers and tenants, load, and what came of it."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from flask import Flask

from benchmarks.service import log_to_nowhere
from benchmarks.soak.ehr import Ehr, running_ehr
from benchmarks.soak.people import People
from benchmarks.soak.user import Given, Seen, User, Variant, comparable
from benchmarks.soak.watch import Held, Watch
from cds_service.app import create_app
from cds_service.setting_parts import Database
from cds_service.settings import load_settings
from tests.support.server import RunningService, running_service
from tests.support.service import SERVICE, call
from tests.support.tokens import PUBLIC_URL, Client, bearer, st_luke, st_mary

WARM_UP = 0.5
"""Share of the time after which threads, sockets and memory are looked at for the first time: the pools fill before."""
SETTLING_SECONDS = 3.0
_WORKERS = 2
_ALONE = 9_999_999
"""Number of the copy whose answers are computed alone."""
_POOL_THREADS = 32 + 8 + 9
"""Of one worker, once all have been needed: of the FHIR client, of the server, of the database."""
_POOL_SOCKETS = 2 * 32 + 9
"""Of one worker: connections that are kept to each of two FHIR servers, and the database's."""
DATABASE_LATE = "calls for which the database was too late"
_LATE = ("call not noted", "earlier cards not looked up", "kill switch not looked up")
"""What the log says when the database took longer than a call waits for it."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is done."""

    seconds: float
    users: int = 6
    allowed_mb: float = 10.0
    """Growth of a worker in the second half, by which every fault has been met."""
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that has to be so."""

    what: str
    expected: str
    seen: str
    right: bool


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a soak."""

    checks: Sequence[Check]
    counts: Mapping[str, int]
    held: Sequence[Held]

    @property
    def sound(self) -> bool:
        return all(check.right for check in self.checks)


def soak(extent: Extent, folder: Path) -> Report:
    """Run for ``extent.seconds`` and check what came of it."""
    _wait_for_the_next_day(extent.seconds + 120)
    people, seen, clients = People(datetime.now(UTC).date()), Seen(), (st_mary(), st_luke())
    with running_ehr(people) as ehr:
        config = _config(folder, clients, ehr)
        with running_service(folder, "--workers", str(_WORKERS), "--config", str(config)) as service:
            with Watch(service.process.pid, _WORKERS) as watch:
                idle = watch.now()
                _load(extent.seconds * WARM_UP, extent, service, clients, people, ehr, seen)
                before = _settled(watch)
                _load(extent.seconds * (1 - WARM_UP), extent, service, clients, people, ehr, seen)
                after = _settled(watch)
            same_workers = watch.same_workers
            status = service.stop()
        checks = [
            *_checks_of_users(seen, ehr),
            _as_alone(seen, people, ehr, clients, config, folder),
            *checks_of_database(service.database, seen, not_noted=_events(service)["call not noted"]),
            *_checks_of_log(_events(service)),
            Check("workers that died, and exit status", "0, 0", f"{0 if same_workers else 'some'}, {status}",
                  same_workers and status == 0),
            *checks_of_processes(idle, before, after, extent),
        ]  # fmt: skip
    counts = {"patient-view calls": seen.calls, "searches of the FHIR servers": ehr.searches, **dict(seen.counts)}
    return Report(checks, dict(sorted(counts.items())), watch.taken)


def _config(folder: Path, clients: Sequence[Client], ehr: Ehr) -> Path:
    """Write the settings: two hospitals with keys of their own, one of them with Epic. The rest is as by default."""
    servers = orjson.dumps([ehr.sound.base_url, ehr.sick.base_url]).decode()
    tenants = []
    for client, profile in zip(clients, ("generic", "epic"), strict=True):
        keys = folder / f"{client.name}.json"
        keys.write_bytes(client.jwks)
        tenants.append(
            f'[[tenants]]\nname = "{client.name}"\nissuer = "{client.issuer}"\njwks_file = "{keys}"\n'
            f'profile = "{profile}"\ntest = true\nfhir_servers = {servers}\n'
        )
    config = folder / "trial-cds.toml"
    # A worker that is replaced would look flat.
    head = f'public_url = "{PUBLIC_URL}"\nprivacy.hash_keys = ["{"k" * 32}"]\nserver.max_requests = 0\n'
    config.write_text("\n".join([head, *tenants]), encoding="utf-8")
    return config


def _load(
    seconds: float,
    extent: Extent,
    service: RunningService,
    clients: Sequence[Client],
    people: People,
    ehr: Ehr,
    seen: Seen,
) -> None:
    """Let all users work for so long."""
    until = time.monotonic() + seconds
    first = seen.calls + 1  # other copies of the people than before
    users = [
        User(first + number, service.url, clients, people, ehr, seen, extent.seed) for number in range(extent.users)
    ]
    with ThreadPoolExecutor(extent.users) as pool:
        futures = [pool.submit(user.work, until) for user in users]
        while not all(future.done() for future in futures):
            time.sleep(0.5)
            ehr.forget()
        for future in futures:
            future.result()


def _settled(watch: Watch) -> Held:
    time.sleep(SETTLING_SECONDS)
    return watch.now()


def _wait_for_the_next_day(seconds: float) -> None:
    """Not on two days: what is computed alone in the end would be of another day."""
    now = datetime.now(UTC)
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    left = (midnight - now).total_seconds()
    if left < seconds:
        time.sleep(left + 1)


# -- what has to be so -------------------------------------------------------------------------------------


def _checks_of_users(seen: Seen, ehr: Ehr) -> Iterable[Check]:
    wrong = ", ".join(f"{what} ({number})" for what, number in seen.wrong.most_common(5))
    yield Check("what users met that is not meant", "nothing", wrong or "nothing", not seen.wrong)
    yield Check("searches with another call's token", "0", str(len(ehr.leaks)), not ehr.leaks)


def _as_alone(seen: Seen, people: People, ehr: Ehr, clients: Sequence[Client], config: Path, folder: Path) -> Check:
    """Compute every answer again, one at a time, in a service of its own with nothing else to do."""
    database = Database(url=f"sqlite:///{folder / 'alone.sqlite'}")
    settings = load_settings(config).model_copy(update={"database": database})
    by_name = {client.name: client for client in clients}
    different = 0
    with log_to_nowhere():
        app = create_app(settings)
        app.extensions["trial_cds_keys"].read_all()
        for variant, answers in seen.answers.items():
            right = _alone(app, variant, people, ehr, by_name[variant.tenant])
            different += sum(number for answer, number in answers.items() if answer != right)
    number = sum(sum(answers.values()) for answers in seen.answers.values())
    what = f"{number:,} answers without a fault, of {len(seen.answers)} kinds, unlike the one computed alone"
    return Check(what, "0", str(different), number > 0 and not different)


def _alone(app: Flask, variant: Variant, people: People, ehr: Ehr, client: Client) -> bytes:
    person = f"{variant.kind}.{_ALONE}"
    body = call(
        people.prefetch(person, variant.shape) or ...,
        "Practitioner/alone",
        person,
        fhirServer=ehr.base_url(None),
        fhirAuthorization={"access_token": person, "patient": person},
    )
    headers = {"Content-Type": "application/json", **bearer(client.token(SERVICE))}
    answer = app.test_client().post(SERVICE, data=orjson.dumps(body), headers=headers)
    return comparable(answer.status_code, answer.data, person)


def checks_of_database(path: Path, seen: Seen, not_noted: int = 0) -> Iterable[Check]:
    """``not_noted``: calls of which the log says that the database was too late to note them."""
    with closing(sqlite3.connect(path)) as database:
        kept = Counter(
            Given(*row) for row in database.execute("SELECT tenant, card, outcome, reason FROM feedback")
        )  # fmt: skip
        (calls,) = database.execute("SELECT count(*) FROM calls").fetchone()
        (cards,) = database.execute("SELECT count(*) FROM cards_shown").fetchone()
        (named,) = database.execute("SELECT count(*) FROM calls WHERE outcome = 'card'").fetchone()
    lost, more = seen.given.keys() - kept.keys(), [given for given, number in kept.items() if number > 1]
    what = f"{len(seen.given):,} feedbacks answered 200: lost, doubled, invented"
    invented = kept.keys() - seen.given.keys()
    figures = f"{len(lost)}, {len(more)}, {len(invented)}"
    yield Check(what, "0, 0, 0", figures, figures == "0, 0, 0" and bool(kept))
    least = seen.calls - not_noted  # a note that was given up may have been under way
    expected = f"{least:,}" if least == seen.calls else f"{least:,} to {seen.calls:,}"
    yield Check(
        "calls in the audit, but for those that the log names", expected, f"{calls:,}", least <= calls <= seen.calls
    )
    yield Check("cards shown, in the audit and kept for feedback", f"{named:,}", f"{cards:,}", cards == named > 0)


def _events(service: RunningService) -> Counter[str]:
    """Return what the log warns of, and how often."""
    return Counter(line["event"] for line in service.lines() if line["level"] in ("warning", "error", "critical"))


def _checks_of_log(bad: Counter[str]) -> Iterable[Check]:
    """A write that waits too long for SQLite stands here too."""
    late = sum(bad.pop(event, 0) for event in _LATE)
    said = ", ".join(f"{event} ({number})" for event, number in bad.most_common(5))
    yield Check(DATABASE_LATE, "0", str(late), late == 0)
    yield Check("other warnings and errors in the log", "none", said or "none", not bad)


def checks_of_processes(idle: Held, before: Held, after: Held, extent: Extent) -> Iterable[Check]:
    """``idle``, ``before`` and ``after``: without load, after the first half and at the end."""
    growth, allowed = after.megabytes - before.megabytes, _WORKERS * extent.allowed_mb
    yield Check(
        f"memory of both workers in the second half, from {before.megabytes:.0f} MB after {before.seconds:.0f} s",
        f"<= {allowed:.0f} MB more",
        f"{growth:+.1f} MB after {after.seconds:.0f} s",
        growth <= allowed,
    )
    for name, pool in (("threads", _POOL_THREADS), ("sockets", _POOL_SOCKETS)):
        first, most, last = getattr(idle, name), getattr(idle, name) + _WORKERS * pool, getattr(after, name)
        what = f"{name} of both workers, {first} at first, with all pools full"
        yield Check(what, f"<= {most}", f"{getattr(before, name)}, then {last}", last <= most)


def as_rows(report: Report) -> list[tuple[Any, ...]]:
    return [(c.what, c.expected, c.seen, "ok" if c.right else "NOT SO") for c in report.checks]
