"""The onset of type 1 diabetes, as I5 (age at onset) and I6 (duration) both need it."""

from __future__ import annotations

from datetime import date

from rules.assessment import Evidence
from rules.criterion import Chart
from rules.dates import Days, add_months
from rules.diagnoses import Diagnosis, diagnoses
from rules.medications import orders
from rules.onset import Onset, Phrases, birth_days, onset_of
from rules.results import results


def t1dm_onset(chart: Chart) -> Onset:
    """Return what certain type 1 diagnoses say of the onset, bounded by insulin orders and diabetic results.

    The onset of a complication, or of a pregnancy with diabetes, is a bound too.
    """
    phrases = Phrases(
        *(int(chart.limit(name)) for name in ("infancy_maximum", "childhood_maximum", "teens_minimum", "teens_maximum"))
    )
    certain, consequences = t1dm_diagnoses(chart), chart.value_set("t1dm_consequences")
    later = [diagnosis for diagnosis in certain if consequences.find(diagnosis.condition.code)]
    return onset_of(chart, certain, _bounds(chart) if certain else (), phrases, later=later)


def t1dm_diagnoses(chart: Chart) -> list[Diagnosis]:
    """Return confirmed, coded type 1 diagnoses; without one, slow autoimmune, doubtful and text-only ones."""
    found = diagnoses(chart, chart.value_set("t1dm"))
    certain = [diagnosis for diagnosis in found if diagnosis.certain]
    return certain or diagnoses(chart, chart.value_set("t1dm_review")) or found


def _bounds(chart: Chart) -> list[tuple[date, Evidence]]:
    """Return upper bounds: the disease began no later than its treatment and its first diabetic-range HbA1c."""
    ordered = [(order.since, order.evidence()) for order in orders(chart, chart.value_set("insulin"))]
    limit = chart.limit("diabetic_hba1c")
    measured = [
        (result.when, result.evidence())
        for result in results(chart, chart.value_set("hba1c"), chart.analyte("hba1c"))
        if result.interval and not result.preliminary and result.interval.wholly_above(limit, inclusive=True)
    ]
    return [
        (moment.days.last, evidence)
        for moment, evidence in (*ordered, *measured)
        if moment and moment.days.last <= chart.on
    ]


def earliest_credible(chart: Chart) -> date | None:
    """Return the first day on which autoimmune diabetes can begin: some months after birth."""
    birth = birth_days(chart)
    return add_months(birth.first, int(chart.limit("neonatal"))) if birth else None


def neonatal(chart: Chart, onset: Onset) -> bool:
    """True when a statement puts the onset wholly before that day."""
    earliest = earliest_credible(chart)
    return earliest is not None and any(source.days.last < earliest for source in onset.stated)


def sources_words(onset: Onset) -> str:
    """Return the statements of the onset in words, and the proof that contradicts them."""
    said = [source.evidence.value or "" for source in onset.stated]
    if onset.contradicted and onset.bound:
        said.append(f"proved by {onset.bound.isoformat()}")
    return "; ".join(said)


def why_no_onset(chart: Chart, onset: Onset, span: Days | None) -> str:
    """Say why the onset is not known well enough."""
    if birth_days(chart) is None:
        return "the date of birth is not recorded"
    if onset.invalid and not onset.stated:
        return f"the recorded {onset.invalid[0].value} is not possible"
    for name in ("problems", "diagnoses"):
        search = chart.search(name)
        if not search.complete and search.reason and span is None:
            return search.reason
    if span is None:
        return "no onset is recorded"
    if not onset.stated:
        return f"only recorded by {span.last.isoformat()}; the onset itself is not recorded"
    return f"{onset.stated[0].evidence.value} is too imprecise"


def neonatal_diagnosis(chart: Chart, found: list[Diagnosis]) -> bool:
    """True when a diagnosis has its onset wholly in the first months of life."""
    earliest = earliest_credible(chart)
    return earliest is not None and any(d.onset and d.onset.days.last < earliest for d in found)
