"""The sex by which laboratory limits are chosen: sex for clinical use where recorded, else the gender."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from rules.criterion import Chart
from rules.datatypes import CodeableConcept, Coding, Extension
from rules.value_sets import ValueSet

_FOR_CLINICAL_USE = ("sexparameterforclinicaluse", "sexforclinicaluse")
"""Endings of the extension's URL, in lower case and without hyphens: it has several names."""


class Sex(StrEnum):
    """Unknown also stands for other, and for sources that contradict each other."""

    MALE = "male"
    FEMALE = "female"
    UNKNOWN = "unknown"


def sex_of(chart: Chart) -> Sex:
    """Return the sex for clinical use; without that extension the administrative gender.

    Uses the value sets ``sex_male`` and ``sex_female``.
    """
    stated = {sex_named(chart, concept) for concept in _for_clinical_use(chart.record.patient.extension or ())}
    if stated:
        return stated.pop() if len(stated) == 1 else Sex.UNKNOWN
    gender = (chart.record.patient.gender or "").strip().lower()
    return Sex(gender) if gender in (Sex.MALE, Sex.FEMALE) else Sex.UNKNOWN


def sex_named(chart: Chart, concept: CodeableConcept) -> Sex:
    """Return which sex a concept names, by code or by words; unknown if neither."""
    male, female = (
        _named(chart.value_set("sex_male"), concept),
        _named(chart.value_set("sex_female"), concept),
    )
    if male == female:
        return Sex.UNKNOWN
    return Sex.MALE if male else Sex.FEMALE


def _named(value_set: ValueSet, concept: CodeableConcept) -> bool:
    names = (concept.text, *(part for coding in concept.codings for part in (coding.display, coding.code)))
    return bool(value_set.find(concept) or any(value_set.find_words(name) for name in names))


def _for_clinical_use(extensions: Iterable[Extension]) -> list[CodeableConcept]:
    found = []
    for extension in extensions:
        url = (extension.url or "").lower().replace("-", "")
        if url.endswith(_FOR_CLINICAL_USE):
            parts = [extension, *(part for part in extension.extension or () if part.url == "value")]
            found += [concept for part in parts if (concept := _concept(part))]
    return found


def _concept(extension: Extension) -> CodeableConcept | None:
    if extension.value_codeable_concept:
        return extension.value_codeable_concept
    code = extension.value_code or extension.value_string
    return CodeableConcept(coding=[Coding(code=code)], text=code) if code else None
