"""Signals as a program finds them that a person has started."""

from __future__ import annotations

import signal


def obey_signals() -> None:
    """To run in a child before its program: a test runner in the background ignores SIGINT, under nohup also SIGHUP,
    and its children would inherit that.
    """
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
