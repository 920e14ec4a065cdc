"""A PostgreSQL server of one's own, from the binaries of this machine: no network, gone when the tests end."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

_PROGRAMS = ("initdb", "pg_ctl", "postgres")
_OWNERS = ("postgres", "nobody")
"""Whom to run it as where the tests run as root, which PostgreSQL refuses."""


def missing() -> str | None:
    """Return what there lacks to start a server; None when nothing does."""
    if _folder() is None:
        return "needs PostgreSQL's initdb and pg_ctl (Debian: apt install postgresql)"
    if os.geteuid() == 0 and _owner() is None:
        return f"needs one of the users {', '.join(_OWNERS)}, for PostgreSQL does not run as root"
    return None


@dataclass(frozen=True)
class PostgresqlServer:
    """A running server, reached through a socket in its folder."""

    folder: Path

    def new_database(self) -> str:
        """Return the address of what is as good as an empty database: a schema, which is made in no time."""
        name = f"test_{uuid.uuid4().hex}"
        address = f"postgresql://trial_cds@/postgres?host={self.folder}"
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {name}")
        return f"{address}&options=-csearch_path%3D{name}"

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let it answer nothing, neither yes nor no, as a machine does whose disk has gone."""
        first = int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        processes = [first, *_children(first)]
        _signal(processes, signal.SIGSTOP)
        try:
            yield
        finally:
            _signal(processes, signal.SIGCONT)


@contextmanager
def running_postgresql() -> Iterator[PostgresqlServer]:
    """Start a server in a temporary folder, and end it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="trial-cds-pg-"))
    try:
        folder.chmod(0o700)
        if (owner := _owner()) is not None:
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        data = str(folder / "data")
        _run("initdb", "-D", data, "-U", "trial_cds", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        settings = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c unix_socket_permissions=0700"
        _run("pg_ctl", "-D", data, "-l", str(folder / "log"), "-o", settings, "-w", "start")
        try:
            yield PostgresqlServer(folder)
        finally:
            _run("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder)


def _run(program: str, *arguments: str) -> None:
    owner = _owner()
    whom: dict[str, Any] = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
    folder = _folder()
    assert folder is not None
    # Its children inherit the output, which therefore must not be waited for.
    with tempfile.TemporaryFile() as output:
        ended = subprocess.run(
            [str(folder / program), *arguments], stdout=output, stderr=output, cwd="/", timeout=60, check=False, **whom
        )
        output.seek(0)
        assert ended.returncode == 0, output.read().decode()


def _folder() -> Path | None:
    """Return the folder of the newest server's programs."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name, reverse=True)
    on_path = [Path(found).resolve().parent for found in map(shutil.which, _PROGRAMS) if found]
    return next((f for f in (*on_path, *debian) if all((f / name).is_file() for name in _PROGRAMS)), None)


def _owner() -> pwd.struct_passwd | None:
    """Return whom to run as; None for whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return next((known[name] for name in _OWNERS if name in known), None)


def _signal(processes: list[int], number: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError):  # some come and go by themselves
            os.kill(process, number)


def _children(process: int) -> list[int]:
    return [int(number) for number in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
