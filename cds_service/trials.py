"""Which trials are served, and how they are loaded."""

from __future__ import annotations

from datetime import UTC, datetime

from cds_service.settings import Settings
from rules.trial import Trial
from rules.trial_folder import load_trial

TRIALS = ("rules.nct01374854",)
"""Packages of the trials, each under a service id of its own."""


def served_trial(package: str, settings: Settings) -> Trial:
    """Load a trial as the site serves it: with what its terminology server adds, if it has one.

    Raises `rules.trial_folder.TrialError`.
    """
    trial = load_trial(package)
    if settings.terminology.url is None:
        return trial
    from cds_service.terminology import expansions  # takes a moment to import, which most sites need not spend

    found = expansions(settings.terminology, trial.value_sets, datetime.now(UTC).date())
    return load_trial(package, found) if found else trial
