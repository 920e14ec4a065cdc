"""Who an invented person is: drawn first, so that the chart that follows hangs together."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cds_service.cohort.synthetic.chance import Chance


class Diabetes(StrEnum):
    """The kind of diabetes; shares are those of a diabetes clinic's catchment, not of a country."""

    TYPE_1 = "type 1"
    TYPE_2 = "type 2"
    NONE = "none"


TYPE_1_SHARE, TYPE_2_SHARE = 0.12, 0.30


@dataclass(frozen=True, slots=True)
class Person:
    """What decides most of a chart."""

    id: str
    diabetes: Diabetes
    age: int
    female: bool
    onset_age: int
    hba1c: float
    """Usual level, percent NGSP."""
    frailty: float
    """0 for a healthy person, 1 for a very ill one: moves results and brings diagnoses."""
    si_units: bool
    """Treated where laboratories report in SI units, diagnoses in a national ICD-10, and drugs in ATC."""
    last_seen: int
    """Days between the last visit and the end of the records."""
    visits: int
    every: int
    """Days between visits."""
    thorough: bool
    """Seen where much is measured and written down, as in a study clinic."""


def draw_person(number: int, chance: Chance) -> Person:
    """Draw the person with this number."""
    share = chance.around(0.5, 0.1667)
    thorough = chance.happens(0.2)
    kind = _kind(chance)
    age = {
        Diabetes.TYPE_1: int(14 + 58 * share),
        Diabetes.TYPE_2: int(36 + 52 * share),
        Diabetes.NONE: int(1 + 94 * chance.between(0, 1000) / 1000),
    }[kind]
    years_ago = chance.between(0, 30) if kind is Diabetes.TYPE_1 else chance.between(0, 15)
    return Person(
        id=f"p{number:07d}",
        diabetes=kind,
        age=age,
        female=chance.happens(0.51),
        onset_age=max(2, age - years_ago),
        hba1c={Diabetes.TYPE_1: chance.around(8.1, 0.75), Diabetes.TYPE_2: chance.around(7.4, 0.7)}.get(kind, 5.4),
        frailty=max(0.0, min(1.0, chance.around(age / 140, 0.16))),
        si_units=chance.happens(0.4),
        last_seen=chance.between(0, 25) if thorough or chance.happens(0.55) else chance.between(0, 500),
        visits={Diabetes.TYPE_1: chance.between(5, 12), Diabetes.TYPE_2: chance.between(5, 12)}.get(
            kind, chance.between(2, 9)
        ),
        every=chance.between(80, 190),
        thorough=thorough,
    )


def _kind(chance: Chance) -> Diabetes:
    if chance.happens(TYPE_1_SHARE):
        return Diabetes.TYPE_1
    return Diabetes.TYPE_2 if chance.happens(TYPE_2_SHARE / (1 - TYPE_1_SHARE)) else Diabetes.NONE
