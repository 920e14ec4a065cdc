"""Threads share pools of memory. In a process of its own: the choice holds for a process, and for good."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

THREADS = 6
_PROGRAM = """
import ctypes, sys, threading
from cds_service.arenas import share_arenas

if sys.argv[1] == "shared":
    share_arenas()
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p
together = threading.Barrier(int(sys.argv[3]) + 1)

def work():
    libc.malloc(50_000)
    together.wait()
    together.wait()

for _ in range(int(sys.argv[3])):
    threading.Thread(target=work).start()
together.wait()
file = libc.fopen(sys.argv[2].encode(), b"w")
libc.malloc_info(0, ctypes.c_void_p(file))
libc.fclose(ctypes.c_void_p(file))
together.wait()
"""


def _pools(how: str, folder: Path) -> int:
    report = folder / f"{how}.xml"
    subprocess.run([sys.executable, "-c", _PROGRAM, how, str(report), str(THREADS)], check=True, timeout=60)
    return report.read_text(encoding="ascii").count("<heap nr=")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc, which alone does so")
def test_threads_share_a_few_pools_of_memory(tmp_path: Path) -> None:
    assert _pools("apart", tmp_path) > 2
    assert _pools("shared", tmp_path) <= 2
