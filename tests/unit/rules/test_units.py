"""`units.yaml` against figures worked out here, by hand and in decimals, from the table of the clinical reference.

Each line says how the expected figure comes about; nothing is taken from the file under test.
"""

from __future__ import annotations

from decimal import Decimal as D
from fractions import Fraction

import pytest

from rules.quantities import Interval
from rules.trial import Trial

Line = tuple[str, str, str, D]

# analyte, value as reported, unit as reported, value in the canonical unit
LINES: list[Line] = [
    ("hba1c", "7.5", "%", D("7.5")),
    ("hba1c", "58", "mmol/mol", D("0.09148") * 58 + D("2.152")),  # 7.45784: just below 7.5
    ("hba1c", "59", "mmol/mol Hb", D("7.54932")),
    ("c_peptide", "0.3", "ng/mL", D("0.3")),
    ("c_peptide", "0.3", "ug/L", D("0.3")),
    ("c_peptide", "0.3", "µg/L", D("0.3")),
    ("c_peptide", "0.3", "ng/cm3", D("0.3")),
    ("c_peptide", "300", "pg/mL", D("0.3")),
    ("c_peptide", "0.1", "nmol/L", D("0.30203")),  # above 0.3
    ("c_peptide", "0.1", "pmol/mL", D("0.30203")),
    ("c_peptide", "99", "pmol/L", D("0.2990097")),
    ("crp", "3.0", "mg/L", D("3")),
    ("crp", "3.0", "ug/mL", D("3")),
    ("crp", "0.3", "mg/dL", D("3")),
    ("crp", "3000", "ng/mL", D("3")),
    ("crp", "3000", "ug/L", D("3")),
    ("crp", "0.003", "g/L", D("3")),
    ("crp", "28", "nmol/L", D("2.94")),
    ("glucose", "10", "mmol/L", D("180.156")),
    ("glucose", "180", "mg/dL", D("180")),
    ("glucose", "1.8", "g/L", D("180")),
    ("creatinine", "1.5", "mg/dL", D("1.5")),
    ("creatinine", "132.63", "umol/L", D("1.5")),  # 1.5 x 88.42
    ("creatinine", "132.63", "μmol/L", D("1.5")),
    ("creatinine", "0.1", "mmol/L", D("1.131")),
    ("creatinine", "15", "mg/L", D("1.5")),
    ("egfr", "60", "mL/min/1.73m2", D("60")),
    ("egfr", "60", "mL/min/{1.73_m2}", D("60")),
    ("egfr", "60", "mL/min", D("60")),
    ("urine_protein_rate", "300", "mg/(24.h)", D("300")),
    ("urine_protein_rate", "0.3", "g/(24.h)", D("300")),
    ("urine_protein_rate", "0.3", "g/24h", D("300")),
    ("urine_protein_rate", "0.3", "g/d", D("300")),
    ("urine_protein_rate", "300", "mg/d", D("300")),
    ("urine_protein_rate", "200", "ug/min", D("288")),  # 1440 minutes a day, in thousandths
    ("urine_protein_ratio", "30", "mg/g", D("30")),
    ("urine_protein_ratio", "30", "ug/mg", D("30")),
    ("urine_protein_ratio", "3", "mg/mmol", D("26.52")),
    ("urine_protein_ratio", "3", "g/mol", D("26.52")),
    ("urine_protein_ratio", "0.3", "g/g", D("300")),
    ("urine_protein_ratio", "0.3", "mg/mg", D("300")),
    ("urine_protein_ratio", "0.003", "g/mmol", D("26.52")),
    ("hemoglobin", "13", "g/dL", D("13")),
    ("hemoglobin", "130", "g/L", D("13")),
    ("hemoglobin", "8", "mmol/L", D("12.888")),
    ("cell_percent", "40", "%", D("40")),
    ("leukocyte_count", "4", "10*3/uL", D("4")),
    ("leukocyte_count", "4", "K/uL", D("4")),
    ("leukocyte_count", "4", "G/L", D("4")),
    ("leukocyte_count", "4", "/nL", D("4")),
    ("leukocyte_count", "4", "10*9/L", D("4")),
    ("leukocyte_count", "4000", "/uL", D("4")),
    ("leukocyte_count", "4000", "cells/uL", D("4")),
    ("leukocyte_count", "4000", "/mm3", D("4")),
    ("leukocyte_count", "4000", "10*6/L", D("4")),
    ("platelet_count", "150", "10*9/L", D("150")),
    ("platelet_count", "150", "G/L", D("150")),
    ("platelet_count", "150000", "/uL", D("150")),
    ("ldl", "130", "mg/dL", D("130")),
    ("ldl", "3.3", "mmol/L", D("127.611")),
    ("ldl", "1.3", "g/L", D("130")),
    ("triglycerides", "200", "mg/dL", D("200")),
    ("triglycerides", "2.2", "mmol/L", D("194.854")),
    ("triglycerides", "2", "g/L", D("200")),
    ("bilirubin", "1.2", "mg/dL", D("1.2")),
    ("bilirubin", "34.2", "umol/L", D("2")),
    ("enzyme", "40", "U/L", D("40")),
    ("enzyme", "40", "IU/L", D("40")),
    ("enzyme", "40", "[iU]/L", D("40")),
    ("enzyme", "0.5", "ukat/L", D("30")),
    ("enzyme", "500", "nkat/L", D("30")),
    ("protein", "7", "g/dL", D("7")),
    ("protein", "70", "g/L", D("7")),
    ("albumin", "4", "g/dL", D("4")),
    ("albumin", "40", "g/L", D("4")),
    ("albumin", "600", "umol/L", D("3.9876")),
    ("coagulation_time", "12", "s", D("12")),
    ("coagulation_time", "12000", "ms", D("12")),
    ("inr", "1.1", "{INR}", D("1.1")),
    ("inr", "1.1", "1", D("1.1")),
    ("inr", "1.1", "INR", D("1.1")),
    ("blood_pressure", "140", "mm[Hg]", D("140")),
    ("blood_pressure", "140", "mmHg", D("140")),
    ("blood_pressure", "20", "kPa", D("150.0124")),
    ("weight", "80", "kg", D("80")),
    ("weight", "80000", "g", D("80")),
    ("weight", "200", "[lb_av]", D("90.718474")),
    ("weight", "200", "lbs", D("90.718474")),
    ("weight", "3200", "[oz_av]", D("90.718474")),  # sixteen to a pound
    ("height", "180", "cm", D("180")),
    ("height", "1.8", "m", D("180")),
    ("height", "1800", "mm", D("180")),
    ("height", "70", "[in_i]", D("177.8")),
    ("height", "70", "[in_us]", D("177.8")),
    ("height", "6", "[ft_i]", D("182.88")),
    ("bmi", "30", "kg/m2", D("30")),
    ("hcg", "25", "m[IU]/mL", D("25")),
    ("hcg", "25", "[IU]/L", D("25")),
    ("hcg", "0.025", "[IU]/mL", D("25")),
    ("temperature", "38", "Cel", D("100.4")),
    ("temperature", "100.4", "[degF]", D("100.4")),
    ("insulin_dose", "40", "U", D("40")),
    ("insulin_dose", "40", "[iU]", D("40")),
    ("fasting_duration", "8", "h", D("8")),
    ("fasting_duration", "480", "min", D("8")),
    ("fasting_duration", "0.5", "d", D("12")),
    ("age", "18", "a", D("18")),
    ("age", "216", "mo", D("18")),
    ("age", "521.775", "wk", D("10")),
    ("age", "3652.425", "d", D("10")),
    ("urine_protein_strip", "30", "mg/dL", D("30")),
    ("urine_protein_strip", "0.3", "g/L", D("30")),
    ("urine_protein_strip", "300", "mg/L", D("30")),
    ("blood_ph", "7.3", "[pH]", D("7.3")),
    ("blood_ph", "7.3", "1", D("7.3")),
    ("bicarbonate", "18", "mmol/L", D("18")),
    ("bicarbonate", "18", "meq/L", D("18")),  # one charge
    ("ketones", "3", "mmol/L", D("3")),
    ("ketones", "3000", "umol/L", D("3")),
    ("ketones", "31.23", "mg/dL", D("3")),  # beta-hydroxybutyrate, 104.1 g/mol
    ("oxygen_saturation", "90", "%", D("90")),
    ("oxygen_saturation", "0.9", "1", D("90")),
    ("insulin_rate", "0.8", "U/h", D("0.8")),
    ("insulin_daily_dose", "40", "U/d", D("40")),
    ("insulin_daily_dose", "40", "U", D("40")),
    ("factor_activity", "60", "%", D("60")),
    ("aspirin_dose", "81", "mg", D("81")),
    ("aspirin_dose", "0.1", "g", D("100")),
    ("duration", "86400", "s", D("1")),
    ("duration", "1440", "min", D("1")),
    ("duration", "24", "h", D("1")),
    ("duration", "90", "d", D("90")),
    ("duration", "2", "wk", D("14")),
    ("duration", "3", "mo", D("90")),  # a month of supply is thirty days
    ("duration", "1", "a", D("365")),
    ("audit_c", "4", "{score}", D("4")),
    ("audit_c", "4", "1", D("4")),
    ("drinks", "2", "/d", D("2")),
    ("drinks", "2", "1", D("2")),
]


# LOINC code of an HbA1c, value, unit, value in %
BY_CODE: list[Line] = [
    ("59261-8", "5.85", "%", D("0.9148") * D("5.85") + D("2.152")),  # IFCC in percent: 58.5 mmol/mol
    (
        "62388-4",
        "7.1",
        "%",
        D("0.09148") * (D("10.79") * D("7.1") - D("18.7")) + D("2.152"),
    ),  # by way of IFCC
    ("71875-9", "0.075", "1", D("7.5")),
    ("71875-9", "0.075", "{fraction}", D("7.5")),
    ("71875-9", "0.075", "g/g", D("7.5")),
    ("71875-9", "7.5", "%", D("7.5")),
    ("59261-8", "58.5", "mmol/mol", D("7.50358")),
    ("4548-4", "7.5", "%", D("7.5")),
]

# upper end of the reference range, hemoglobin as reported, unit, g/dL
BY_RANGE: list[Line] = [
    ("2.5", "2", "mmol/L", D("12.892")),  # a range up to 2.5 mmol/L can only be of the tetramer
    ("11", "8", "mmol/L", D("12.888")),
]


def converted(
    trial: Trial, analyte: str, number: str, unit: str, code: str | None = None, *, range_high: str | None = None
) -> Fraction | None:
    spelling, high = trial.units.canonical(unit), Fraction(range_high) if range_high else None
    conversion = trial.analytes[analyte].conversion(spelling, code, high) if spelling else None
    return Interval.exactly(Fraction(number)).mapped(conversion).low if conversion else None


@pytest.mark.parametrize(("analyte", "number", "unit", "expected"), LINES)
def test_conversion(trial: Trial, analyte: str, number: str, unit: str, expected: D) -> None:
    assert converted(trial, analyte, number, unit) == Fraction(expected)


def test_every_unit_of_every_analyte_has_a_figure(trial: Trial) -> None:
    figured = {(analyte, trial.units.canonical(unit)) for analyte, _number, unit, _expected in LINES}
    declared = {(name, unit) for name, analyte in trial.analytes.items() for unit in analyte.units}
    assert declared - figured == set()


@pytest.mark.parametrize(("code", "number", "unit", "expected"), BY_CODE)
def test_hba1c_by_code(trial: Trial, code: str, number: str, unit: str, expected: D) -> None:
    assert converted(trial, "hba1c", number, unit, code) == Fraction(expected)


def test_every_special_unit_of_a_code_has_a_figure(trial: Trial) -> None:
    declared = {name: dict(analyte.by_code) for name, analyte in trial.analytes.items() if analyte.by_code}
    assert {name: sorted(codes) for name, codes in declared.items()} == {"hba1c": ["59261-8", "62388-4", "71875-9"]}


@pytest.mark.parametrize(
    ("analyte", "unit"),
    [
        ("hba1c", "g/dL"),  # 41995-2: a concentration, not a share
        ("hba1c", "mg/dL"),  # an average glucose
        ("coagulation_time", "%"),  # an activity
        ("hba1c", "1"),  # a fraction only under its own code
        ("c_peptide", "mg/L"),
        ("urine_protein_rate", "mg/dL"),
        ("urine_protein_rate", "mg/g"),
        ("urine_protein_ratio", "mg/(24.h)"),
        ("leukocyte_count", "%"),
        ("creatinine", "mL/min"),
        ("weight", "cm"),
        ("crp", "furlongs"),
    ],
)
def test_no_rule(trial: Trial, analyte: str, unit: str) -> None:
    assert converted(trial, analyte, "1", unit) is None


@pytest.mark.parametrize(("high", "number", "unit", "expected"), BY_RANGE)
def test_hemoglobin_of_the_tetramer(trial: Trial, high: str, number: str, unit: str, expected: D) -> None:
    assert converted(trial, "hemoglobin", number, unit, range_high=high) == Fraction(expected)


@pytest.mark.parametrize(
    ("number", "code", "unit"),
    [("3", "4548-4", "%"), ("8.1", "17856-6", "%"), ("20", "4549-2", "%"), ("20.1", "4548-4", "mmol/mol"),
     ("200", "4548-4", "mmol/mol"), ("2.9", "4548-4", None), ("201", "4548-4", None), ("8.1", "59261-8", None),
     ("0.08", "71875-9", None)],
)  # fmt: skip
def test_hba1c_without_a_unit(trial: Trial, number: str, code: str, unit: str | None) -> None:
    assumed = trial.analytes["hba1c"].unit_for(Fraction(number), code)
    assert (assumed.unit if assumed else None) == unit


@pytest.mark.parametrize(
    ("number", "unit"),
    [("1.2", "m"), ("2.3", "m"), ("120", "cm"), ("230", "cm"), ("2.4", None), ("119", None), ("70", None)],
)
def test_height_without_a_unit(trial: Trial, number: str, unit: str | None) -> None:
    assumed = trial.analytes["height"].unit_for(Fraction(number), "8302-2")
    assert (assumed.unit if assumed else None) == unit


@pytest.mark.parametrize("analyte", ["c_peptide", "creatinine", "crp", "weight", "blood_pressure", "hemoglobin"])
def test_no_other_number_without_a_unit_is_understood(trial: Trial, analyte: str) -> None:
    assert trial.analytes[analyte].unit_for(Fraction(1), None) is None


@pytest.mark.parametrize(
    ("analyte", "low", "high"), [("hba1c", "3", "20"), ("c_peptide", "0", "30"), ("creatinine", "0.1", "25")]
)
def test_plausible_limits_of_the_reference(trial: Trial, analyte: str, low: str, high: str) -> None:
    assert trial.analytes[analyte].plausible == (Fraction(low), Fraction(high))


def test_all_conversions_increase(trial: Trial) -> None:
    """The ends of an interval stay its ends only then."""
    for name, analyte in trial.analytes.items():
        special = [c for units in analyte.by_code.values() for c in units.values()]
        for conversion in (*analyte.units.values(), *special, *(c for _b, c in analyte.by_range.values())):
            assert conversion.factor / conversion.divisor > 0, name
