"""What the invented laboratories measure, and the ways in which they write it down.

The first way is that of a laboratory in conventional units, the second that of one in SI units; a third is what
goes wrong in practice: a local code, a spelling nobody knows, no unit at all.
"""

from __future__ import annotations

from dataclasses import dataclass

from cds_service.sandbox import codes
from cds_service.sandbox.codes import Code, loinc

LOCAL = "urn:example:synthetic:laboratory"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to write a result: ``number * factor + offset``, rounded, with a unit."""

    code: Code
    unit: str
    ucum: str | None
    factor: float = 1.0
    offset: float = 0.0
    digits: int = 1


@dataclass(frozen=True, slots=True)
class Measure:
    """One quantity, with its usual mean and deviation in the unit of the first way."""

    mean: float
    deviation: float
    conventional: Way
    si: Way
    odd: Way | None = None
    low: float | None = None
    high: float | None = None
    """The laboratory's range in the unit of the first way; printed with the conventional way only."""


def _alike(mean: float, deviation: float, way: Way, *, low: float | None = None, high: float | None = None) -> Measure:
    return Measure(mean, deviation, way, way, low=low, high=high)


def _other(code: str, display: str, unit: str, digits: int = 1) -> Way:
    """A result that no criterion asks for: most of a chart is that."""
    return Way(loinc(code, display), unit, unit, digits=digits)


HBA1C = Measure(
    5.4, 0.3,
    Way(codes.HBA1C, "%", "%"),
    Way(codes.HBA1C_IFCC, "mmol/mol", "mmol/mol", factor=1 / 0.09148, offset=-2.152 / 0.09148, digits=0),
    Way(codes.HBA1C, "%DCCT-old", None),
)  # fmt: skip
C_PEPTIDE = Measure(
    0.12, 0.03,
    Way(codes.C_PEPTIDE, "ng/mL", "ng/mL", digits=2),
    Way(codes.C_PEPTIDE_MOLAR, "nmol/L", "nmol/L", factor=0.331, digits=3),
    Way(codes.C_PEPTIDE, "units", None, digits=2),
)  # fmt: skip
C_PEPTIDE_FASTING = Measure(
    0.12, 0.03,
    Way(codes.C_PEPTIDE_FASTING, "ng/mL", "ng/mL", digits=2),
    Way(codes.C_PEPTIDE_MOLAR_FASTING, "pmol/L", "pmol/L", factor=331, digits=0),
)  # fmt: skip
GLUCOSE = Measure(
    92, 9,
    Way(codes.GLUCOSE, "mg/dL", "mg/dL", digits=0),
    Way(codes.GLUCOSE_MOLAR, "mmol/L", "mmol/L", factor=1 / 18.0156),
    low=70, high=99,
)  # fmt: skip
HS_CRP = Measure(
    1.6, 0.5,
    Way(codes.HS_CRP, "mg/L", "mg/L"),
    Way(codes.HS_CRP, "mg/L", "mg/L", digits=2),
    Way(Code(LOCAL, "CRPHS", "CRP hs"), "mg/L", "mg/L"),
)  # fmt: skip
CREATININE = Measure(
    0.85, 0.13,
    Way(codes.CREATININE, "mg/dL", "mg/dL", digits=2),
    Way(codes.CREATININE_MOLAR, "umol/L", "umol/L", factor=88.42, digits=0),
    Way(Code(LOCAL, "KREA", "Kreatinin"), "mg/dl", None, digits=2),
    low=0.5, high=1.2,
)  # fmt: skip
EGFR = _alike(95, 12, Way(codes.EGFR, "mL/min/1.73m2", "mL/min/{1.73_m2}", digits=0))
ALBUMIN_CREATININE_RATIO = Measure(
    9, 4,
    Way(codes.ALBUMIN_CREATININE_RATIO, "mg/g", "mg/g", digits=0),
    Way(codes.ALBUMIN_CREATININE_RATIO, "mg/g Krea", "mg/g{creat}", digits=0),
    Way(codes.ALBUMIN_CREATININE_RATIO, "mg per gram of creatinine", None, digits=0),
)  # fmt: skip
HEMOGLOBIN = Measure(
    14.1, 0.9,
    Way(codes.HEMOGLOBIN, "g/dL", "g/dL"),
    Way(codes.HEMOGLOBIN, "g/L", "g/L", factor=10, digits=0),
    low=12.0, high=16.5,
)  # fmt: skip
LEUKOCYTES = Measure(
    6.6, 1.3,
    Way(codes.LEUKOCYTES, "10*3/uL", "10*3/uL"),
    Way(codes.LEUKOCYTES, "Gpt/L", "10*9/L"),
    low=4.0, high=10.5,
)  # fmt: skip
LYMPHOCYTES = Measure(
    2.0, 0.35, Way(codes.LYMPHOCYTES, "10*3/uL", "10*3/uL", digits=2), Way(codes.LYMPHOCYTES, "10*9/L", "10*9/L")
)
NEUTROPHILS = Measure(
    3.9, 0.8, Way(codes.NEUTROPHILS, "K/uL", "10*3/uL", digits=2), Way(codes.NEUTROPHILS, "10*9/L", "10*9/L")
)
PLATELETS = Measure(
    245, 40,
    Way(codes.PLATELETS, "10*3/uL", "10*3/uL", digits=0),
    Way(codes.PLATELETS, "Gpt/L", "10*9/L", digits=0),
    Way(codes.PLATELETS, "thousands", None, digits=0),
    low=150, high=400,
)  # fmt: skip
LDL = Measure(
    112, 24,
    Way(codes.LDL, "mg/dL", "mg/dL", digits=0),
    Way(codes.LDL_MOLAR, "mmol/L", "mmol/L", factor=1 / 38.67, digits=2),
)  # fmt: skip
TRIGLYCERIDES = Measure(
    125, 30,
    Way(codes.TRIGLYCERIDES_FASTING, "mg/dL", "mg/dL", digits=0),
    Way(codes.TRIGLYCERIDES_MOLAR, "mmol/L", "mmol/L", factor=1 / 88.57, digits=2),
)  # fmt: skip
ALT = _alike(24, 6, Way(codes.ALT, "U/L", "U/L", digits=0), low=7, high=45)
AST = _alike(23, 5, Way(codes.AST, "U/L", "U/L", digits=0), low=8, high=40)
ALP = _alike(72, 14, Way(codes.ALP, "IU/L", "U/L", digits=0), low=40, high=129)
BILIRUBIN = Measure(
    0.6, 0.15,
    Way(codes.BILIRUBIN, "mg/dL", "mg/dL"),
    Way(codes.BILIRUBIN_MOLAR, "umol/L", "umol/L", factor=17.1, digits=0),
    low=0.1, high=1.2,
)  # fmt: skip
TOTAL_PROTEIN = Measure(
    7.1, 0.3,
    Way(codes.TOTAL_PROTEIN, "g/dL", "g/dL"),
    Way(codes.TOTAL_PROTEIN, "g/L", "g/L", factor=10, digits=0),
    low=6.0, high=8.3,
)  # fmt: skip
ALBUMIN = Measure(
    4.3,
    0.25,
    Way(codes.ALBUMIN, "g/dL", "g/dL"),
    Way(codes.ALBUMIN, "g/L", "g/L", factor=10, digits=0),
    low=3.5,
    high=5.2,
)
INR = _alike(1.0, 0.05, Way(codes.INR, "INR", "{INR}", digits=2), low=0.9, high=1.2)
PROTHROMBIN_TIME = _alike(12.2, 0.5, Way(codes.PROTHROMBIN_TIME, "sec", "s"), low=11.0, high=13.5)
APTT = _alike(29, 2, Way(codes.APTT, "s", "s"), low=25, high=37)

METABOLIC = (GLUCOSE, CREATININE, EGFR)
BLOOD_COUNT = (HEMOGLOBIN, LEUKOCYTES, LYMPHOCYTES, NEUTROPHILS, PLATELETS)
LIPIDS = (LDL, TRIGLYCERIDES)
LIVER = (ALT, AST, ALP, BILIRUBIN)
PROTEIN = (TOTAL_PROTEIN, ALBUMIN)
CLOTTING = (INR, PROTHROMBIN_TIME, APTT)
UNASKED = tuple(
    _alike(mean, mean / 15, _other(code, display, unit, digits))
    for code, display, unit, digits, mean in (
        ("2951-2", "Sodium [Moles/volume] in Serum or Plasma", "mmol/L", 0, 140),
        ("2823-3", "Potassium [Moles/volume] in Serum or Plasma", "mmol/L", 1, 4.2),
        ("2075-0", "Chloride [Moles/volume] in Serum or Plasma", "mmol/L", 0, 102),
        ("17861-6", "Calcium [Mass/volume] in Serum or Plasma", "mg/dL", 1, 9.4),
        ("3094-0", "Urea nitrogen [Mass/volume] in Serum or Plasma", "mg/dL", 0, 14),
        ("4544-3", "Hematocrit [Volume Fraction] of Blood by Automated count", "%", 1, 42),
        ("787-2", "MCV [Entitic mean volume] in Red Blood Cells by Automated count", "fL", 0, 89),
        ("3016-3", "Thyrotropin [Units/volume] in Serum or Plasma", "m[IU]/L", 2, 1.9),
        ("2093-3", "Cholesterol [Mass/volume] in Serum or Plasma", "mg/dL", 0, 190),
        ("2085-9", "Cholesterol in HDL [Mass/volume] in Serum or Plasma", "mg/dL", 0, 54),
    )
)
"""Measured at every visit and asked for by no criterion."""

UNASKED_VITALS = tuple(
    _alike(mean, mean / 15, _other(code, display, unit, digits))
    for code, display, unit, digits, mean in (
        ("8867-4", "Heart rate", "/min", 0, 74),
        ("9279-1", "Respiratory rate", "/min", 0, 15),
    )
)
