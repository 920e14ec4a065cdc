"""podman, called as this computer lets it be called."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass

_WAYS: tuple[tuple[str, ...], ...] = (
    (),
    ("--cgroup-manager", "cgroupfs"),
    ("--cgroup-manager", "cgroupfs", "--runtime", "runc"),
)
"""The last is for computers with both kinds of cgroups and without systemd."""


class CannotRun(RuntimeError):
    """No container can be run here; the message has podman's own words."""


@dataclass(frozen=True)
class Podman:
    """Runs podman with these options before the command."""

    options: tuple[str, ...] = ()

    def __call__(self, *arguments: str, check: bool = True, timeout: float = 900) -> subprocess.CompletedProcess[str]:
        """Run it and return what it said; raises `CannotRun` when it fails, unless told not to."""
        done = subprocess.run(
            ["podman", *self.options, *arguments], capture_output=True, text=True, timeout=timeout, check=False
        )
        if check and done.returncode:
            raise CannotRun(f"podman {arguments[0]}: {done.stderr.strip()[-2000:]}")
        return done


def that_runs(image: str) -> Podman:
    """Return podman with the options by which it can run ``image``; raises `CannotRun`."""
    said = ""
    for options in _WAYS:
        podman = Podman(options)
        done = podman("run", *LOCKED_DOWN, image, "true", check=False)
        if done.returncode == 0:
            return podman
        said = done.stderr.strip()
    raise CannotRun(said)


LOCKED_DOWN = (
    "--rm", "--network", "host", "--read-only", "--read-only-tmpfs=false", "--tmpfs", "/tmp", "--cap-drop", "all",
    "--security-opt", "no-new-privileges", "--no-healthcheck",
    # podman asks for more than a container in a container may have.
    "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096",
)  # fmt: skip
"""The network is that of the proof, which has nothing but its own loopback."""
