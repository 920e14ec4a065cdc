"""E28: low protein in the blood, cachexia, or a terminal state.

Total protein below the laboratory's lower limit, current cachexia, terminal illness and hospice care exclude.
A low albumin alone, a total protein that is low by usual limits, malnutrition and palliative care need a
clinician. Clear only with a total protein, and where none of the diagnoses is recorded.
"""

from __future__ import annotations

from fractions import Fraction

from msgspec.structs import replace

from rules.arrivals import lost, unread
from rules.assessment import Basis, Confidence, Status
from rules.criterion import Chart, Finding
from rules.decision import Rule, field
from rules.diagnoses import absence, diagnoses, evidence_of
from rules.diagnosis_states import by_course, named
from rules.measurements import first_usable, newest
from rules.panel import Part, below, panel_finding, sides
from rules.quantities import plain
from rules.reference_ranges import flagged_low, normal_range
from rules.results import results
from rules.services import care

RULES = (
    Rule("protein-below", (field.protein_high < field.protein_limit,), Status.MET,
         "Below the limit: {beyond}."),
    Rule("cachexia", (field.cachexia.holds,), Status.MET, "Cachexia is recorded: {cachexia}."),
    Rule("terminal", (field.terminal.holds,), Status.MET, "A terminal illness is recorded: {terminal}."),
    Rule("hospice", (field.hospice.holds,), Status.MET, "Hospice care is recorded: {hospice}."),
    Rule("protein-below-usual", (field.protein_high < field.protein_usual,), Status.NEEDS_JUDGEMENT,
         "{protein} is low by usual limits; the laboratory sent no range."),
    Rule("protein-flagged-low", (field.protein_flagged.holds,), Status.NEEDS_JUDGEMENT,
         "{protein} is flagged low by the laboratory, without a range."),
    Rule("protein-conflict", (field.protein_state.equals("conflict"),), Status.NEEDS_JUDGEMENT, "{why}."),
    Rule("albumin-below", (field.albumin_high < field.albumin_limit,), Status.NEEDS_JUDGEMENT,
         "{albumin} is low; albumin is only part of the protein.", Confidence.MODERATE, Basis.SURROGATE),
    Rule("albumin-flagged-low", (field.albumin_flagged.holds,), Status.NEEDS_JUDGEMENT,
         "{albumin} is flagged low by the laboratory, without a range.",
         Confidence.MODERATE, Basis.SURROGATE),
    Rule("albumin-conflict", (field.albumin_state.equals("conflict"),), Status.NEEDS_JUDGEMENT, "{why}.",
         Confidence.MODERATE, Basis.SURROGATE),
    Rule("questionable", (field.questionable.holds,), Status.NEEDS_JUDGEMENT,
         "Recorded, and for a clinician to weigh: {questionable}."),
    Rule("not-all-seen", (field.seen.fails,), Status.UNKNOWN,
         "Cachexia or a terminal state cannot be excluded: {unseen}. Known: {values}."),
    Rule("within", (field.protein_low >= field.protein_limit,), Status.NOT_MET,
         "Not below the limit: {protein}; no cachexia or terminal state is recorded.",
         Confidence.LOW, Basis.ABSENCE),
    Rule("within-usual", (field.protein_low >= field.protein_usual,), Status.NOT_MET,
         "Not low by usual limits: {protein}; no cachexia or terminal state is recorded.",
         Confidence.LOW, Basis.ABSENCE),
    Rule("unknown", (), Status.UNKNOWN, "{known}Open: {why}."),
)  # fmt: skip

_JUDGED = ("protein_malnutrition", "plasma_protein_disorder")


def find(chart: Chart) -> Finding:
    """Return total protein and albumin with their limits, and what is recorded of wasting and dying."""
    protein, protein_flagged = _part(chart, "protein", "Total protein", "total_protein", usual="protein")
    albumin, albumin_flagged = _part(chart, "albumin", "Albumin", "albumin")
    cachexia = by_course(diagnoses(chart, chart.value_set("cachexia")))
    terminal = by_course(diagnoses(chart, chart.value_set("terminal_illness")))
    judged = by_course(diagnoses(chart, *(chart.value_set(name) for name in _JUDGED)))
    hospice = care(chart, chart.value_set("hospice"), chart.window("services"))
    palliative = care(chart, chart.value_set("palliative_care"), chart.window("services"))
    weighed = [
        *cachexia.questionable,
        *terminal.questionable,
        *terminal.past,
        *judged.current,
        *judged.questionable,
    ]
    cared_for = [*hospice.doubtful, *palliative.certain, *palliative.doubtful]
    unseen = _unseen(chart)
    finding = panel_finding(
        [protein, albumin],
        protein_flagged=protein_flagged,
        albumin_flagged=albumin_flagged,
        cachexia=bool(cachexia.current),
        terminal=bool(terminal.current),
        hospice=bool(hospice.certain),
        questionable=bool(weighed or cared_for),
        seen=not unseen,
    )
    surely = bool(cachexia.current or terminal.current or hospice.certain)
    words = {
        "cachexia": named(cachexia.current),
        "terminal": named(terminal.current),
        "hospice": str(hospice),
        "questionable": "; ".join(part for part in (named(weighed), *(item.display for item in cared_for)) if part),
        "unseen": unseen,
        "why": _straddles(protein) if protein.known else finding.words["why"],
    }
    shown = [*cachexia.current, *terminal.current, *weighed]
    return replace(
        finding,
        words={**finding.words, **words},
        evidence=(*finding.evidence, *evidence_of(shown), *hospice.certain, *cared_for),
        confidence=Confidence.HIGH if surely else finding.confidence,
        near_threshold=not surely and finding.near_threshold,
    )


def _part(chart: Chart, name: str, title: str, value_set: str, usual: str | None = None) -> tuple[Part, bool]:
    """Return the newest result with the laboratory's lower limit, and whether it is flagged low instead."""
    analyte = chart.analyte(name)
    candidates = results(chart, chart.value_set(value_set), analyte)
    best = first_usable(candidates)
    lower = normal_range(chart, best, analyte).low if best else None
    flagged = best is not None and lower is None and flagged_low(best.retrieved.value)
    fallback: Fraction | None = chart.limit(usual) if usual and lower is None else None
    selection = newest(
        chart, candidates, sides(lower, fallback),
        decide=chart.window("decide"), shown_for=chart.window("shown"),
        value_sets=[chart.value_set("total_protein"), chart.value_set("albumin")],
    )  # fmt: skip
    part = Part(
        name, title, selection, {"limit": lower, "usual": fallback}, excluding=lower,
        beyond=name == "protein" and below(selection, lower),
        beside="no laboratory range" if lower is None
        else f"laboratory's lower limit {plain(lower)} {analyte.canonical}",
        confidence=Confidence.HIGH if lower is not None else Confidence.MODERATE,
    )  # fmt: skip
    return part, flagged and part.known


def _straddles(protein: Part) -> str:
    return f"{protein.title} does not tell on which side of the limit it lies"


def _unseen(chart: Chart) -> str:
    """Say why cachexia, a terminal illness or hospice care may be recorded without having been seen."""
    sets = [chart.value_set(name) for name in ("cachexia", "terminal_illness", "hospice", "palliative_care", *_JUDGED)]
    return (
        absence(chart, *sets).why
        or lost(chart, "encounters", "procedures")
        or unread(chart, "Encounter", *sets)
        or unread(chart, "Procedure", *sets)
    )
