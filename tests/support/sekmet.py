"""The third-party FHIR server of the sandbox, where it is installed."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest

NEEDS_SEKMET = pytest.mark.skipif(
    not (Path(sysconfig.get_path("scripts")) / "sekmet").is_file(),
    reason="needs sekmet-fhir, which the `sandbox` extra installs in this environment",
)
