"""The trial and its two executors, loaded once a test process."""

from __future__ import annotations

import pytest

from rules.assess import Executor, durable_executor, reference_executor
from rules.trial import Trial, load_trial


@pytest.fixture(scope="session")
def trial() -> Trial:
    return load_trial("rules.nct01374854")


@pytest.fixture(scope="session")
def durable(trial: Trial) -> Executor:
    return durable_executor(trial)


@pytest.fixture(scope="session")
def reference(trial: Trial) -> Executor:
    return reference_executor(trial)
