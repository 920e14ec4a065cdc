"""Every sentence of a card. It informs a clinician; it never says that somebody may take part."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from cards.escape import Markdown, defused, escape, one_line
from cards.settings import Attestation
from rules.assessment import Assessment, Basis, Confidence, CriterionResult, Evidence, Kind, Verdict
from rules.trial import Registry, Trial

LONGEST_SUMMARY = 139
"""CDS Hooks asks for fewer than 140 characters."""
LONGEST_FINDING = 600
"""Characters of one criterion's summary: a blood count names four results."""
LONGEST_PART = 90
"""Characters of a name, a value, a date or a reference, so that a long one never pushes out the next."""

_SUMMARIES = {
    Verdict.POTENTIALLY_ELIGIBLE: "May meet pre-screening criteria: {study} - review needed ({open})",
    Verdict.POSSIBLY_ELIGIBLE: ("May meet pre-screening criteria: {study} - review needed ({open}, data missing)"),
    Verdict.INSUFFICIENT_DATA: "Too little data to pre-screen: {study} - review needed ({open})",
    Verdict.NOT_ELIGIBLE: "Pre-screening found something against: {study} - for research staff ({open})",
}

DEMONSTRATION = Markdown("**DEMONSTRATION – NOT A RECRUITING TRIAL**")

UNCONFIRMED = Markdown("**Borderline or unconfirmed**")
JUDGEMENT = Markdown("**For your judgement**")
MISSING = Markdown("**Missing**")
HUMAN = Markdown("**Only a person can tell**")
BLOCKS_INCLUSION = Markdown("**Inclusion not met**")
BLOCKS_EXCLUSION = Markdown("**Exclusion present**")
FITS = Markdown("**Supports**")
CLEAR = Markdown("**Exclusions not found in this record**")
NOT_ASSESSED = Markdown("**Not assessed by this version**")
TEXT_DEFECTS = Markdown("**Defects in the study's text, and how they were read**")
DATA_GAPS = Markdown("**Gaps in the data**")
LIMITS = Markdown("**Limits**")

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def summary(verdict: Verdict, trial: Trial, open_items: int) -> str:
    """Return the card's first line: plain text, without identifiers, below 140 characters."""
    for study in (trial.short_title, trial.id):
        line = _SUMMARIES[verdict].format(study=defused(one_line(study)), open=count(open_items, "open item"))
        if len(line) <= LONGEST_SUMMARY:
            return line
    return one_line(line, LONGEST_SUMMARY)


def count(number: int, thing: str) -> str:
    """Return "1 open item", "2 open items"."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def and_more(number: int) -> Markdown:
    """Return the line that ends a shortened list."""
    return Markdown(f"and {number} more")


# --- the study ---------------------------------------------------------------------------------------------


def registry_status(registry: Registry) -> Markdown:
    """Return what the registry says about recruiting, with its date."""
    return Markdown(
        f"ClinicalTrials.gov lists this study as {escape(registry.status)}, last verified "
        f"{month(registry.verified)}: confirm that it is recruiting before you discuss it. "
        f"Its last known status was “{escape(registry.last_known_status)}”, "
        f"with {count(registry.actual_enrolment, 'participant')} enrolled."
    )


def attested_status(registry: Registry, attestation: Attestation) -> Markdown:
    """Return what the registry says, and who says otherwise."""
    person, role = escape(attestation.asserted_by), escape(attestation.role)
    return Markdown(
        f"ClinicalTrials.gov lists this study as {escape(registry.status)} (last known: "
        f"{escape(registry.last_known_status)}; verified {month(registry.verified)}). {person}, {role}, "
        f"stated on {day(attestation.asserted_on)} that {escape(attestation.site)} is recruiting "
        f"(IRB {escape(attestation.irb_reference)}). Confirm before discussing with the patient."
    )


def contact(attestation: Attestation) -> Markdown:
    return Markdown(f"Contact: {escape(attestation.contact)}")


def month_and_year(text: str) -> str:
    """Return "November 2012" for "2012-11" or "2012-11-20"; other text as it is."""
    year, _, rest = text.partition("-")
    number = rest[:2]
    if number.isdecimal() and 1 <= int(number) <= 12:
        return f"{_MONTHS[int(number) - 1]} {year}"
    return text


def month(text: str) -> Markdown:
    return escape(month_and_year(text))


def day(given: date) -> Markdown:
    return escape(given.isoformat())


def fixed_text(trial: Trial) -> Markdown:
    """Return what stands under every card, with the study's intervention in its place."""
    return Markdown(
        "Research pre-screening aid. Not a determination of eligibility, a diagnosis or a treatment "
        f"recommendation. {escape(trial.intervention)} Its benefit and safety are not established. "
        "Eligibility is decided by the investigator after informed consent. Participation is voluntary; "
        "declining does not affect care."
    )


# --- why there is a card -----------------------------------------------------------------------------------


def why_flagged(fits: Sequence[CriterionResult], blocks: int) -> Markdown:
    """Return in one line what raised the card."""
    if blocks:
        return Markdown(f"Shown because your site asks for it; against the study: {count(blocks, 'item')}.")
    supported = ", ".join(escape(result.label) for result in fits) or "none yet"
    return Markdown(f"Flagged because nothing decisive against the study was found. Inclusions supported: {supported}.")


def open_heading(open_items: int, not_assessed: int) -> Markdown:
    """Return the heading of all that is not settled, counted honestly."""
    also = f", {not_assessed} of them not assessed by this version" if not_assessed else ""
    return Markdown(f"**Open: {count(open_items, 'item')}{also}**")


# --- one criterion -----------------------------------------------------------------------------------------


def name(result: CriterionResult) -> Markdown:
    return Markdown(f"**{escape(result.label)}** ({escape(result.id)})")


def finding(result: CriterionResult) -> Markdown:
    """Return the line of a criterion that is settled."""
    return Markdown(f"{name(result)}: {_said(result)}{_qualifiers(result)}{_recheck(result)}")


def unconfirmed(result: CriterionResult) -> Markdown:
    """Return the line of a block that does not decide, with the reason why it does not."""
    what = "exclusion present" if result.kind is Kind.EXCLUSION else "inclusion not met"
    why = "borderline, consider a repeat" if result.near_threshold else "unconfirmed"
    return Markdown(f"{name(result)}: {what}, but {why}. {_said(result)}{_recheck(result)}")


def gap(result: CriterionResult) -> Markdown:
    """Return the line of an open criterion, with what would settle it."""
    settled_by = "; ".join(escape(item) for item in result.missing)
    said = f"{name(result)}: {_said(result)}"
    return Markdown(f"{said} Would settle it: {settled_by}." if settled_by else said)


def human(result: CriterionResult) -> Markdown:
    """Return the line of a question that no record answers, with the hints that there are."""
    return Markdown(f"{name(result)}: {_said(result)}")


def human_without_hints(result: CriterionResult) -> Markdown:
    """Return the line of a question whose hints are confidential: the same for everybody, hints or none."""
    return Markdown(f"{name(result)}: for the investigator to judge.")


def confidential(present: int, open_items: int) -> tuple[Markdown, ...]:
    """Return the lines that stand for criteria not to be named."""
    counted = ((present, "present"), (open_items, "open"))
    return tuple(
        Markdown(f"a confidential item is {state}: see the chart" if number == 1 else
                 f"{number} confidential items are {state}: see the chart")
        for number, state in counted if number
    )  # fmt: skip


def source(evidence: Evidence) -> Markdown:
    """Return what an entry of the record said: value with unit, day, and where it stands."""
    value = escape(evidence.value or "", LONGEST_PART)
    if evidence.compared_as:
        value = Markdown(f"{value} (compared as {escape(evidence.compared_as, LONGEST_PART)})")
    said = f"{escape(evidence.display, LONGEST_PART)} {value}".strip()
    parts = (said, escape(evidence.date or "", LONGEST_PART), escape(evidence.reference, LONGEST_PART))
    return Markdown(", ".join(part for part in parts if part))


def _said(result: CriterionResult) -> Markdown:
    return escape(result.summary, LONGEST_FINDING)


def _qualifiers(result: CriterionResult) -> Markdown:
    said = (
        (result.near_threshold, "near the limit"),
        (result.basis is Basis.SURROGATE, "surrogate"),
        (result.confidence is Confidence.LOW, "low confidence"),
    )
    words = [word for holds, word in said if holds]
    return Markdown(f" ({', '.join(words)})" if words else "")


def _recheck(result: CriterionResult) -> Markdown:
    return Markdown(f" May change from {day(result.recheck_on)}." if result.recheck_on else "")


# --- lists of many -----------------------------------------------------------------------------------------


def no_record_of(results: Sequence[CriterionResult]) -> Markdown:
    """Return the line for exclusions whose only evidence is that nothing is recorded."""
    return Markdown(f"No record of: {', '.join(f'{escape(r.label)} ({escape(r.id)})' for r in results)}.")


def confidential_clear(number: int) -> Markdown:
    return Markdown(f"{count(number, 'confidential item')}: nothing found.")


def not_assessed(results: Sequence[CriterionResult]) -> Markdown:
    """Return the line for criteria that this version leaves out: ids only, for some are confidential."""
    ids = ", ".join(escape(result.id) for result in results)
    return Markdown(f"{ids}: check them yourself. Their text is on the protocol sheet.")


def text_defect(result: CriterionResult) -> Markdown:
    return Markdown(f"{escape(result.label)} ({escape(result.id)}): {escape(result.text_defect or '')}")


def limits(assessment: Assessment) -> Markdown:
    return Markdown(
        "Only the record given to this service was read: no external records, no free-text notes, no images. "
        "A missing entry does not show that a condition is absent. "
        f"Evaluated on {day(assessment.evaluated_on)} with rules {escape(assessment.rules_version)}."
    )


def links(registry_url: str, protocol_url: str) -> Markdown:
    return Markdown(f"[Registry record](<{registry_url}>) · [How each criterion is read](<{protocol_url}>)")
