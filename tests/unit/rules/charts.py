"""Charts for tests of what criteria share: one record, on one day, with the codes and windows a test names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, tzinfo
from fractions import Fraction
from typing import Any

from rules.assessment import Confidence
from rules.codes import LOINC, TEXT
from rules.criterion import Chart, TrialSettings, Window
from rules.quantities import Analyte, AssumedUnit, Conversion, Units
from rules.value_sets import Row, ValueSet
from tests.criteria.given import TODAY, Given
from tests.criteria.tables import record
from tests.support.small_trial import declaration

UNITS = Units({"%": ["percent"], "mmol/mol": []})
PERCENT = Analyte(
    "HbA1c", "%", {"%": Conversion(), "mmol/mol": Conversion(Fraction("0.1"), offset=Fraction(2))},
    assumed=(AssumedUnit(Fraction(3), Fraction(20), "%", Confidence.MODERATE),),
    plausible=(Fraction(3), Fraction(20)),
)  # fmt: skip


def codes(name: str, *rows: tuple[str, str, str]) -> ValueSet:
    """Return a value set of (system, code, match)."""
    return ValueSet(name, name, [Row(system, code, code, match, (), "yes", "test", "") for system, code, match in rows])


def words(name: str, *phrases: str) -> ValueSet:
    return codes(name, *((TEXT, phrase, "text") for phrase in phrases))


A1C = codes("a1c", (LOINC, "4548-4", "exact"))


def chart(
    *given: Given,
    searches: Mapping[str, str] | None = None,
    zone: tzinfo = UTC,
    windows: Mapping[str, Window] | None = None,
) -> Chart:
    """Return the chart of ``given`` on 15 June 2025."""
    this: Any = declaration("E1", ("labs",), windows=dict(windows or {}))
    return Chart(record(given, searches or {}), TODAY, zone, this, TrialSettings(), {"a1c": PERCENT}, UNITS)
