"""E31: any other condition that the investigator deems an obstacle. It always needs judgement.

Listed as information, because the treatment goes through an artery under X-ray contrast: contrast allergy,
kidney disease, transplants, immunosuppressants, and how many problems are active.
"""

from __future__ import annotations

from rules.assessment import Basis, Confidence, Evidence, Status
from rules.criterion import Chart, Finding
from rules.decision import Rule, field
from rules.diagnoses import Course, Diagnosis, course, diagnoses, has_category, is_diagnosis, status_code
from rules.encounters import has_words
from rules.gaps import gaps
from rules.medications import Use, orders
from rules.resources import AllergyIntolerance
from rules.words import count

RULES = (
    Rule("noted", (field.noted >= 1,), Status.NEEDS_JUDGEMENT,
         "For the investigator to judge; {problems} on the problem list. Of note: {noted}.",
         Confidence.LOW, Basis.HUMAN),
    Rule("data-unavailable", (field.gaps >= 1,), Status.NEEDS_JUDGEMENT,
         "For the investigator to judge; nothing of note in the part of the record that is available.",
         Confidence.LOW, Basis.HUMAN),
    Rule("nothing-noted", (), Status.NEEDS_JUDGEMENT,
         "For the investigator to judge; {problems} on the problem list, none of the kinds "
         "that are pointed out.", Confidence.LOW, Basis.HUMAN),
)  # fmt: skip

LASTING = ("contrast_allergy", "organ_transplant", "kidney_transplant")
CURRENT = ("ckd_or_aki", "ckd_unstated", "esrd_dialysis")


def find(chart: Chart) -> Finding:
    """Return what the record holds that matters for an arterial procedure, for the investigator."""
    noted = [
        *(d.evidence() for d in _notable(chart)),
        *_contrast_allergies(chart),
        *_immunosuppressants(chart),
    ]
    missing = gaps(chart, "diagnoses", "medications", "medication-statements")
    return Finding(
        fact={"noted": len(noted), "gaps": len(missing)},
        words={
            "problems": count(_active_problems(chart), "active problem"),
            "noted": "; ".join(dict.fromkeys(item.display for item in noted)),
        },
        evidence=tuple(noted),
        notes=tuple(f"Data unavailable: {why}." for why in missing),
    )


def _active_problems(chart: Chart) -> int:
    return sum(
        is_diagnosis(chart, condition)
        and has_category(condition, "problem-list-item")
        and course(condition) is Course.CURRENT
        for condition in chart.record.conditions
    )


def _notable(chart: Chart) -> list[Diagnosis]:
    """Return allergies and transplants ever, kidney disease that is not over; each Condition once."""
    lasting = diagnoses(chart, *map(chart.value_set, LASTING))
    kidney = [d for d in diagnoses(chart, *map(chart.value_set, CURRENT)) if d.course is not Course.PAST]
    return list({id(d.condition): d for d in (*lasting, *kidney)}.values())


def _contrast_allergies(chart: Chart) -> list[Evidence]:
    return [
        Evidence(allergy.reference, f"Allergy: {allergy.code.display}")
        for allergy in chart.record.allergies
        if allergy.code and _is_current(allergy) and _is_contrast(chart, allergy)
    ]


def _is_current(allergy: AllergyIntolerance) -> bool:
    asserted = status_code(allergy.verification_status) not in ("entered-in-error", "refuted")
    return asserted and status_code(allergy.clinical_status) not in ("inactive", "resolved")


def _is_contrast(chart: Chart, allergy: AllergyIntolerance) -> bool:
    sets = (chart.value_set("contrast_media"), chart.value_set("contrast_allergy"))
    return any(value_set.find(allergy.code) or has_words(allergy.code, value_set) for value_set in sets)


def _immunosuppressants(chart: Chart) -> list[Evidence]:
    taken = (Use.ACTIVE, Use.ON_HOLD)
    found = orders(chart, chart.value_set("immunosuppressants"))
    return [order.evidence() for order in found if order.use in taken]
