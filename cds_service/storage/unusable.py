"""The error of a database that a command or the service cannot begin with. Loads nothing else."""

from __future__ import annotations


class DatabaseUnusable(RuntimeError):
    """The database cannot be made or opened; the message says what to look at."""
