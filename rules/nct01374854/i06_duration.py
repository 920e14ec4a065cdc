"""I6: between 2 and 20 years since the onset of type 1 diabetes.

Exact calendar arithmetic on the onset interval: twenty years and a day is out. Completed years would let in
almost another year.
"""

from __future__ import annotations

from rules.assessment import Confidence, Status
from rules.criterion import Chart, Finding
from rules.dates import Days, add_years
from rules.decision import Rule, field
from rules.diagnoses import unseen
from rules.nct01374854.i05_onset_age import _confidence, _onset_words
from rules.nct01374854.t1dm_onset import earliest_credible, sources_words, t1dm_onset, why_no_onset

RULES = (
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
        "Duration: another onset may be recorded that could not be seen: {why_unseen}.",
        Confidence.LOW,
    ),
    Rule(
        "within",
        (field.latest_minimum <= field.today, field.today <= field.earliest_maximum),
        Status.MET,
        "Type 1 diabetes, {onset}: between {minimum} and {maximum} years ago.",
    ),
    Rule(
        "too-short",
        (field.today < field.earliest_minimum,),
        Status.NOT_MET,
        "Type 1 diabetes, {onset}: less than {minimum} years ago.",
    ),
    Rule(
        "too-long",
        (field.today > field.latest_maximum,),
        Status.NOT_MET,
        "Type 1 diabetes, {onset}: more than {maximum} years ago.",
    ),
    Rule("unknown", (), Status.UNKNOWN, "Duration: {why}.", Confidence.LOW),
)


def find(chart: Chart) -> Finding:
    """Return the days on which the minimum and maximum duration are reached, as ordinals."""
    onset = t1dm_onset(chart)
    span = onset.span(earliest_credible(chart))
    minimum, maximum = int(chart.limit("minimum")), int(chart.limit("maximum"))
    too_short = span is not None and chart.on < add_years(span.first, minimum)
    why_unseen = unseen(chart, chart.value_set("t1dm"))
    return Finding(
        fact={
            "all_seen": not why_unseen,
            "sources_agree": onset.agrees(lambda days: _outcome(chart, days), earliest_credible(chart)),
            "today": chart.on.toordinal(),
            "earliest_minimum": add_years(span.first, minimum).toordinal() if span else None,
            "latest_minimum": add_years(span.last, minimum).toordinal() if span else None,
            "earliest_maximum": add_years(span.first, maximum).toordinal() if span else None,
            "latest_maximum": add_years(span.last, maximum).toordinal() if span else None,
        },
        words={
            "onset": _onset_words(onset, span),
            "minimum": str(minimum),
            "maximum": str(maximum),
            "sources": sources_words(onset),
            "why_unseen": why_unseen,
            "why": why_no_onset(chart, onset, span),
        },
        evidence=(*onset.evidence(), *onset.invalid),
        confidence=_confidence(onset),
        recheck_on=add_years(span.last, minimum) if span and too_short else None,
    )


def _outcome(chart: Chart, days: Days) -> str:
    minimum, maximum = int(chart.limit("minimum")), int(chart.limit("maximum"))
    if chart.on < add_years(days.first, minimum):
        return "short"
    if chart.on > add_years(days.last, maximum):
        return "long"
    inside = add_years(days.last, minimum) <= chart.on <= add_years(days.first, maximum)
    return "within" if inside else "unclear"
