"""The textbook candidate, and what one change to her chart does; evaluated on 15 June 2025.

Each line names the change, every criterion whose status it changes (no other may change), and the verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.criteria.given import Given, blood_pressure, diagnosis, lab, medication, observation, vital
from tests.criteria.given import patient as person

SNOMED, LOINC = "http://snomed.info/sct", "http://loinc.org"
GLARGINE, ASPART = "rxnorm:274783", "rxnorm:311040"

OPEN = frozenset({"I2", "I3", "E8", "E19", "E27", "E31"})
"""What only a person can settle: all that stays open in the golden chart."""

POTENTIALLY, POSSIBLY = "potentially-eligible", "possibly-eligible"
NOT_ELIGIBLE, TOO_LITTLE, NOT_APPLICABLE = "not-eligible", "insufficient-data", "not-applicable"


def concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def insulin(drug: str, dose: int, times: int, **more: Any) -> Given:
    """An order of ``dose`` units, so many times a day."""
    amount = {"value": Decimal(dose), "unit": "U", "system": "http://unitsofmeasure.org", "code": "[U]"}
    repeat = {"frequency": times, "period": Decimal(1), "periodUnit": "d"}
    given = medication(drug, dosage=[{"timing": {"repeat": repeat}, "doseAndRate": [{"doseQuantity": amount}]}], **more)
    return Given(given.resource, f"{given.words}, {dose} U x {times} a day")


def answer(code: str, words: str, when: str, **more: Any) -> Given:
    """A test that answers in words."""
    return lab(code, words, when, text=True, **more)


def eye(code: str, grade: str = "LA18643-9", when: str = "2025-01-20") -> Given:
    """The retinopathy grade of one eye; by default: none."""
    return lab(code, None, when, valueCodeableConcept=concept(LOINC, grade))


def smoking(status: str = "266919005", when: str = "2025-04-15") -> Given:
    """A smoking status; by default: never."""
    coded = concept(SNOMED, status)
    element = observation("72166-2", None, when, category="social-history", valueCodeableConcept=coded)
    return Given(element, f"smoking status {status} on {when}")


def type_1(*codes: str, **more: Any) -> Given:
    """Diabetes on the problem list since September 2012."""
    return diagnosis(*(codes or ("icd10cm:E10.9",)), **{"onset": "2012-09", **more})


def hba1c(value: str = "8.4 %", when: str = "2025-05-16", **more: Any) -> Given:
    return lab("4548-4", value, when, **more)


def c_peptide(value: str = "<0.1 ng/mL", code: str = "1986-9") -> Given:
    """A C-peptide; 13037-7 is the code of a fasting one, which alone can be too high."""
    return lab(code, value, "2025-03-17T08:00:00Z")


DAY = "2025-06-05"

CHART: Mapping[str, Given] = {
    "patient": person("1993-04-02", "female"),
    "diabetes": type_1(),
    "glargine": insulin(GLARGINE, 18, 1),
    "aspart": insulin(ASPART, 6, 3),
    "c_peptide": c_peptide(),
    "glucose": lab("2345-7", "148 mg/dL", "2025-03-17T08:00:00Z"),
    "hba1c": hba1c(),
    "bmi": vital("39156-5", "23.0 kg/m2", DAY),
    "hs_crp": lab("30522-7", "0.6 mg/L", DAY),
    "pressure": blood_pressure("118", "74", DAY),
    "creatinine": lab("2160-0", "0.7 mg/dL", DAY),
    "acr": lab("9318-7", "8 mg/g", "2025-04-16"),
    "hemoglobin": lab("718-7", "14.2 g/dL", DAY, low="12.0", high="16.0"),
    "leukocytes": lab("6690-2", "6.4 10*3/uL", DAY, low="4.0", high="11.0"),
    "lymphocytes": lab("731-0", "2.1 10*3/uL", DAY, low="1.0", high="4.0"),
    "neutrophils": lab("751-8", "3.7 10*3/uL", DAY, low="1.8", high="7.5"),
    "platelets": lab("777-3", "248 10*3/uL", DAY, low="150", high="400"),
    "alt": lab("1742-6", "19 U/L", DAY, low="7", high="40"),
    "ast": lab("1920-8", "21 U/L", DAY, low="8", high="40"),
    "alp": lab("6768-6", "70 U/L", DAY, low="40", high="120"),
    "bilirubin": lab("1975-2", "0.6 mg/dL", DAY, low="0.2", high="1.2"),
    "protein": lab("2885-2", "7.1 g/dL", DAY, low="6.0", high="8.3"),
    "albumin": lab("1751-7", "4.3 g/dL", DAY, low="3.5", high="5.2"),
    "inr": lab("6301-6", "1.0 {INR}", DAY),
    "pt": lab("5902-2", "12.4 s", DAY),
    "aptt": lab("14979-9", "29 s", DAY),
    "ldl": lab("2089-1", "92 mg/dL", DAY, note=[{"text": "Fasting"}]),
    "triglycerides": lab("3048-6", "84 mg/dL", DAY),
    "hiv": answer("56888-1", "Negative", "2025-05-16"),
    "hcv": answer("13955-0", "Negative", "2025-05-16"),
    "igra": answer("71773-6", "Negative", "2025-05-16"),
    "left_eye": eye("71490-7"),
    "right_eye": eye("71491-5"),
    "smoking": smoking(),
    "hcg": answer("2106-3", "Negative", "2025-06-13"),
}

LABS = (
    "c_peptide", "glucose", "hba1c", "hs_crp", "creatinine", "acr", "hemoglobin", "leukocytes", "lymphocytes",
    "neutrophils", "platelets", "alt", "ast", "alp", "bilirubin", "protein", "albumin", "inr", "pt", "aptt", "ldl",
    "triglycerides", "hiv", "hcv", "igra", "left_eye", "right_eye", "hcg",
)  # fmt: skip


@dataclass(frozen=True)
class Mutation:
    """One change of the golden chart, the statuses it leads to, and the verdict."""

    name: str
    changes: Mapping[str, str]
    """Every criterion whose status is another than in the golden chart, with that status."""
    verdict: str
    replaced: Mapping[str, Given] = field(default_factory=dict)
    added: tuple[Given, ...] = ()
    without: Iterable[str] = ()
    searches: Mapping[str, str] = field(default_factory=dict)
    rule: str | None = None
    """The verdict rule, where the line is there to show it."""

    def chart(self) -> list[Given]:
        """Return the chart with the change; raises KeyError when the change names no part of it."""
        parts = dict(CHART)
        for name in self.without:
            del parts[name]
        for name, given in self.replaced.items():
            del parts[name]
            parts[name] = given
        return [*parts.values(), *self.added]


NONE: Mapping[str, str] = {}


def replaced(name: str, changes: Mapping[str, str], verdict: str, rule: str | None = None, **parts: Given) -> Mutation:
    return Mutation(name, changes, verdict, replaced=parts, rule=rule)


def added(
    name: str, changes: Mapping[str, str], verdict: str, *given: Given, rule: str | None = None, **searches: str
) -> Mutation:
    return Mutation(name, changes, verdict, added=given, searches=searches, rule=rule)


def without(name: str, changes: Mapping[str, str], verdict: str, *parts: str) -> Mutation:
    return Mutation(name, changes, verdict, without=parts)


def search(name: str, state: str, changes: Mapping[str, str], verdict: str, *lost: str) -> Mutation:
    """The search ``name`` ended in ``state`` and brought none of the parts ``lost``."""
    return Mutation(f"{name} search {state}", changes, verdict, without=lost, searches={name: state})
