"""How the C library keeps memory that Python has given back."""

from __future__ import annotations

import ctypes

_ARENAS = 2
_M_ARENA_MAX = -8
"""Number of the option in glibc's malloc.h."""


def share_arenas() -> None:
    """Let the threads of this process share a few pools of memory; call it before they start.

    glibc otherwise makes one a thread, and each keeps what its largest call once took: with the threads of a worker
    and of the FHIR client a third more memory, and slow growth. Other C libraries do not do so, and are left alone.
    """
    choose = getattr(ctypes.CDLL(None), "mallopt", None)
    if choose is not None:
        choose(_M_ARENA_MAX, _ARENAS)
