"""What a process does that is forked from the one that runs the tests."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Callable

_SECONDS = 60


def in_child(work: Callable[[], bool]) -> int:
    """Run ``work`` in a forked child; return 0 if it returned True, else 1, or less: the signal that ended it.

    Whatever happens in it, the child does not go on to run tests, nor does it last.
    """
    with warnings.catch_warnings():
        # Python 3.12 warns of threads that hold locks: what is run here is meant to work beside them.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(_SECONDS)
            os._exit(0 if work() else 1)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
