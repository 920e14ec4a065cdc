"""The trial and its two executors, loaded once a test process."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from rules.assess import Executor, durable_executor, reference_executor
from rules.trial import Trial
from rules.trial_folder import load_trial
from tests.support.patience import be_patient
from tests.support.ports import free_port

# The same examples every time, so that a change fails its own run and not somebody else's; to look for new ones:
# HYPOTHESIS_PROFILE=explore make test
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


# A service with tenants does not start without one.
os.environ.setdefault("TRIAL_CDS_PRIVACY__HASH_KEYS", '["a key for tests, of no worth to anybody"]')


@pytest.fixture(scope="session", autouse=True)
def _patient() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        be_patient(patch.setattr)
        yield


@pytest.fixture(scope="session")
def trial() -> Trial:
    return load_trial("rules.nct01374854")


@pytest.fixture(scope="session")
def durable(trial: Trial) -> Executor:
    return durable_executor(trial)


@pytest.fixture(scope="session")
def reference(trial: Trial) -> Executor:
    return reference_executor(trial)


@pytest.fixture
def unused_port() -> int:
    """A loopback port on which nothing listens, nor will while the tests run."""
    return free_port()
