"""I5: onset of type 1 diabetes at no more than 35 completed years of age.

The age at onset is a range of whole years, from the interval of the birth date and that of the onset.
"""

from __future__ import annotations

from rules.assessment import Confidence, Status
from rules.criterion import Chart, Finding
from rules.dates import Days, age_range
from rules.decision import Rule, field
from rules.diagnoses import unseen
from rules.nct01374854.t1dm_onset import earliest_credible, neonatal, sources_words, t1dm_onset, why_no_onset
from rules.onset import Onset, birth_days

RULES = (
    Rule(
        "neonatal",
        (field.neonatal.holds,),
        Status.NEEDS_JUDGEMENT,
        "Onset is recorded before {neonatal} months of age, which suggests another kind of diabetes.",
    ),
    Rule(
        "sources-differ",
        (field.sources_agree.fails,),
        Status.NEEDS_JUDGEMENT,
        "The record gives different onsets, which lead to different answers: {sources}.",
    ),
    Rule(
        "not-all-seen",
        (field.all_seen.fails,),
        Status.UNKNOWN,
        "Age at onset: another onset may be recorded that could not be seen: {why_unseen}.",
        Confidence.LOW,
    ),
    Rule(
        "early-enough",
        (field.age_high <= field.maximum,),
        Status.MET,
        "Onset at {ages} ({onset}), at most {maximum}.",
    ),
    Rule(
        "too-late",
        (field.age_low > field.maximum,),
        Status.NOT_MET,
        "Onset at {ages} ({onset}), after the age of {maximum}.",
    ),
    Rule("unknown", (), Status.UNKNOWN, "Age at onset: {why}.", Confidence.LOW),
)


def find(chart: Chart) -> Finding:
    """Return the age at the earliest credible onset, as a range of completed years."""
    onset, birth, maximum = t1dm_onset(chart), birth_days(chart), int(chart.limit("maximum"))
    span = onset.span(earliest_credible(chart)) if birth else None
    ages = age_range(birth, span) if birth and span else None
    why_unseen = unseen(chart, chart.value_set("t1dm"))
    return Finding(
        fact={
            "neonatal": neonatal(chart, onset),
            "all_seen": not why_unseen,
            "sources_agree": birth is None
            or onset.agrees(lambda days: _outcome(birth, days, maximum), earliest_credible(chart)),
            "age_low": ages[0] if ages else None,
            "age_high": ages[1] if ages else None,
            "maximum": maximum,
        },
        words={
            "ages": _ages(ages),
            "onset": _onset_words(onset, span),
            "maximum": str(maximum),
            "neonatal": str(chart.limit("neonatal")),
            "sources": sources_words(onset),
            "why_unseen": why_unseen,
            "why": why_no_onset(chart, onset, span),
        },
        evidence=(*onset.evidence(), *onset.invalid),
        confidence=_confidence(onset),
        near_threshold=ages is not None and maximum in ages,
    )


def _outcome(birth: Days, days: Days, maximum: int) -> str:
    low, high = age_range(birth, days)
    if high <= maximum:
        return "early"
    return "late" if low > maximum else "unclear"


def _ages(ages: tuple[int, int] | None) -> str:
    if ages is None:
        return "an unknown age"
    return f"{ages[0]} years" if ages[0] == ages[1] else f"{max(ages[0], 0)} to {ages[1]} years"


def _onset_words(onset: Onset, span: Days | None) -> str:
    if onset.stated:
        return onset.stated[0].evidence.value or "recorded"
    return f"recorded by {span.last.isoformat()}" if span else "not recorded"


def _confidence(onset: Onset) -> Confidence:
    """A bound is weaker than a stated onset; words are weaker still."""
    return onset.stated[0].confidence if onset.stated else Confidence.MODERATE
