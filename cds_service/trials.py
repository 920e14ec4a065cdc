"""Which trials are served."""

from __future__ import annotations

TRIALS = ("rules.nct01374854",)
"""Packages of the trials, each under a service id of its own."""
