"""Patience with the database: a call whose earlier answers or note come too late ends otherwise, as it is meant to.

On a busy machine that would be every so many calls. So tests let callers wait longer than in production, and those of
what happens when it is too long set the wait that they mean. ``python -m tests.support.patience`` is ``trial-cds`` so.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from cds_service.cli import main

SECONDS = 20.0
WAITS = (
    ("cds_service.cds_hooks.earlier_cards", "_SECONDS"),
    ("cds_service.cds_hooks.feedback", "_BUSY_SECONDS"),
    ("cds_service.cds_hooks.patient_view", "_NOTE_SECONDS"),
    ("cds_service.cds_hooks.patient_view", "_LEAST_NOTE_SECONDS"),
    ("cds_service.security.authentication", "_REMEMBER_SECONDS"),
    ("cds_service.storage.failed_sign_ins", "_WAIT_SECONDS"),
    ("cds_service.storage.switches", "_WAIT_SECONDS"),
)


def be_patient(set_attribute: Callable[[Any, str, Any], None] = setattr) -> None:
    """Lengthen each wait for the database in this process."""
    for module, wait in WAITS:
        found = import_module(module)
        assert isinstance(getattr(found, wait), float)
        set_attribute(found, wait, SECONDS)


if __name__ == "__main__":
    be_patient()
    sys.exit(main())
