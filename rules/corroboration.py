"""Diagnoses that rest on one hospital stay.

Coding rules for inpatients let a suspected diagnosis be coded as if it were present. One inpatient encounter
diagnosis therefore asks for corroboration: by the problem list, by another kind of entry, or by another day
(clinical reference, section 1.3, category weight). Uses the value set ``inpatient_class``.
"""

from __future__ import annotations

from collections.abc import Iterable

from rules.criterion import Chart
from rules.diagnoses import Diagnosis, has_category
from rules.encounters import class_among


def rests_on_one_stay(chart: Chart, found: Iterable[Diagnosis]) -> bool:
    """Return whether the certain ones of ``found`` are the encounter diagnoses of one day, maybe of a stay."""
    certain = [diagnosis for diagnosis in found if diagnosis.certain]
    days = {str(_coded_on(diagnosis)) for diagnosis in certain}
    return len(days) == 1 and all(_is_inpatient(chart, diagnosis) for diagnosis in certain)


def _is_inpatient(chart: Chart, diagnosis: Diagnosis) -> bool:
    """True for an encounter diagnosis of a hospital stay, or of an encounter that cannot be looked at.

    Encounters of long ago are not fetched, so one that is named and not there may have been a stay. A condition
    without a category that names an encounter counts as its diagnosis.
    """
    condition = diagnosis.condition
    if diagnosis.on_problem_list or (condition.category and not has_category(condition, "encounter-diagnosis")):
        return False
    encounter = chart.record.encounter_of(condition)
    if encounter is None:
        return condition.encounter is not None
    return class_among(encounter, {"inpatient": chart.value_set("inpatient_class")}) is not None


def _coded_on(diagnosis: Diagnosis) -> object:
    moment = diagnosis.encountered or diagnosis.recorded or diagnosis.onset
    return moment.days if moment else None
