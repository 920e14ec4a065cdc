"""Turns declared data into what stands on a page."""

from __future__ import annotations

import re

from markupsafe import Markup

from cards import wording
from rules.assessment import Kind, Status
from rules.codes import ACT_CODE, ATC, CVX, ICD9CM, ICD10, ICD10CM, LOINC, RXNORM, SNOMED, TEXT
from rules.criterion import Declaration
from rules.decision import Table
from rules.timeline import Point
from rules.trial import Trial
from rules.value_sets import Row

FILTERS = (
    "system",
    "match",
    "blanks",
    "breakable",
    "month",
    "status",
    "verdict",
    "readable",
    "day",
    "open_rules",
    "unit",
)
"""What the templates use of this module."""

_SYSTEMS = {
    LOINC: "LOINC", SNOMED: "SNOMED CT", RXNORM: "RxNorm", ICD10CM: "ICD-10-CM", ICD10: "ICD-10 (WHO)",
    ICD9CM: "ICD-9-CM", ATC: "ATC", CVX: "CVX", ACT_CODE: "HL7 ActCode", TEXT: "words",
}  # fmt: skip

_MATCHES = {
    "exact": "this code",
    "prefix": "this code and all below it",
    "descendants": "this code",
    "text": "these words, not denied, doubted or about the family",
}

_STATUSES = {"met": "met", "not-met": "not met", "unknown": "unknown", "needs-judgement": "needs judgement"}

_VERDICTS = {
    "potentially-eligible": "May meet pre-screening criteria",
    "possibly-eligible": "May meet pre-screening criteria, data missing",
    "insufficient-data": "Too little data to pre-screen",
    "not-eligible": "Something speaks against",
    "not-applicable": "The study does not apply",
}

_UNITS = {
    "1": "", "a": "years", "mo": "months", "d": "days", "h": "hours", "s": "seconds", "{INR}": "INR",
    "{score}": "points", "[degF]": "°F", "[pH]": "pH", "m[IU]/mL": "mIU/mL", "mg/(24.h)": "mg/24 h",
    "U/d": "U a day", "U/kg/d": "U/kg a day", "mL/min/{1.73_m2}": "mL/min/1.73 m²",
}  # fmt: skip
"""UCUM's units that plain words serve better, or that are written for machines."""

_BLANK = re.compile(r"\{(\w+)\}")

_TITLES = {
    Kind.HEADER: "Registry fields",
    Kind.INCLUSION: "Inclusion criteria",
    Kind.EXCLUSION: "Exclusion criteria",
}


def system(uri: str) -> str:
    """Return the common name of a code system, or its address."""
    return _SYSTEMS.get(uri, uri)


def match(row: Row) -> str:
    """Return what a row of a value set stands for."""
    if row.verified == "no":
        return "listed only: not verified, never matched"
    said = _MATCHES[row.match]
    return f"{said}, except {', '.join(row.exceptions)}" if row.exceptions else said


def unit(ucum: str) -> str:
    """Return the unit of a declared limit as clinicians write it."""
    return _UNITS.get(ucum, wording.plain_units(ucum))


def breakable(name: str) -> Markup:
    """Return the name of a declared limit or window, in which a narrow line may end behind an underscore."""
    return Markup("_<wbr>").join(name.split("_"))


def blanks(sentence: str) -> str:
    """Return a rule's sentence with its blanks marked: what a record fills in."""
    return _BLANK.sub(r"[\1]", sentence)


def month(text: str) -> str:
    """Return "November 2012" for "2012-11"."""
    return wording.month_and_year(text)


def status(value: str) -> str:
    """Return a status as words; another text as it is."""
    return _STATUSES.get(value, value)


def verdict(value: str) -> str:
    """Return a verdict as words that promise nothing; another text as it is."""
    return _VERDICTS.get(value, value)


def readable(text: str) -> str:
    """Return a sentence or a value of an assessment as the cards write it."""
    return wording.readable(text)


def day(point: Point) -> str:
    """Return the day of a result, or the days between which it lies."""
    first, last = point.first.isoformat(), point.last.isoformat()
    return first if first == last else f"{first} to {last}"


def open_rules(table: Table) -> list[str]:
    """Return the sentences of the rules that leave a criterion open: what missing data do to it."""
    open_ones = (Status.UNKNOWN, Status.NEEDS_JUDGEMENT)
    return list(dict.fromkeys(rule.says for rule in table if rule.status in open_ones))


def parts(trial: Trial) -> list[tuple[Kind, str, list[Declaration]]]:
    """Return the criteria under their headings, in the record's order."""
    return [(kind, title, [d for d in trial.declarations if d.kind is kind]) for kind, title in _TITLES.items()]


def assessed(trial: Trial) -> list[Declaration]:
    """Return the inclusions and exclusions that this version evaluates."""
    return [d for d in _criteria(trial) if d.module is not None]


def not_assessed(trial: Trial) -> list[Declaration]:
    """Return the inclusions and exclusions that this version leaves to the reader."""
    return [d for d in _criteria(trial) if d.module is None]


def _criteria(trial: Trial) -> list[Declaration]:
    return [d for d in trial.declarations if d.kind is not Kind.HEADER]
