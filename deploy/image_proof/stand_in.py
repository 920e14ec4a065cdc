"""A stand-in for the base image, where no registry of images can be reached: a clean Debian and a Python in it.

What `python:3.12-slim-bookworm` is too: Debian bookworm, and Python built from source under /usr/local.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from deploy.image_proof.podman import Podman

NAME = "localhost/stand-in-for-python"
_LIBRARIES = (
    "ca-certificates", "libbz2-1.0", "libexpat1", "libffi8", "liblzma5", "libncursesw6", "libreadline8",
    "libsqlite3-0", "libssl3", "libuuid1", "netbase", "tzdata", "zlib1g",
)  # fmt: skip
_CERTIFICATES = Path("etc/ssl/certs/ca-certificates.crt")


def make_stand_in(podman: Podman, python: Path, folder: Path) -> str:
    """Make the image in ``folder`` from the Python installed under ``python``, and return its name.

    One that was made before is taken again; to make it anew: podman rmi localhost/stand-in-for-python
    """
    if podman("image", "exists", NAME, check=False).returncode == 0:
        return NAME
    root = folder / "root"
    packages = ",".join(_LIBRARIES)
    _run("debootstrap", "--variant=minbase", f"--include={packages}", "bookworm", str(root))
    _install_python(python, root)
    _trust_what_is_trusted_here(root)
    archive = folder / "root.tar"
    _run("tar", "-C", str(root), "-cf", str(archive), ".")
    change = "ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
    podman("import", "--change", change, str(archive), NAME)
    return NAME


def _install_python(python: Path, root: Path) -> None:
    local = root / "usr" / "local"
    (local / "bin").mkdir(parents=True, exist_ok=True)
    for program in (python / "bin").glob("python*"):
        shutil.copy2(program, local / "bin" / program.name, follow_symlinks=False)
    left_out = shutil.ignore_patterns("site-packages", "test", "__pycache__", "*.a")
    for name in ("lib", "include"):
        shutil.copytree(python / name, local / name, symlinks=True, ignore=left_out, dirs_exist_ok=True)
    _run("chroot", str(root), "ldconfig")
    _run("chroot", str(root), "/usr/local/bin/python3", "-m", "ensurepip", "--default-pip")


def _trust_what_is_trusted_here(root: Path) -> None:
    """Let pip and uv reach the package index through a network with certificates of its own."""
    shutil.copyfile(Path("/") / _CERTIFICATES, root / _CERTIFICATES)
    (root / "etc" / "pip.conf").write_text(f"[global]\ncert = /{_CERTIFICATES}\n", encoding="utf-8")
    (root / "etc" / "uv").mkdir()
    (root / "etc" / "uv" / "uv.toml").write_text("native-tls = true\n", encoding="utf-8")


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=900)
