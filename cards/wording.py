"""Every sentence of a card. It informs a clinician; it never says that somebody may take part."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache

from cards.escape import Markdown, defused, escape, one_line
from cards.settings import Attestation
from rules.assessment import Assessment, Basis, Confidence, CriterionResult, Evidence, Kind, Verdict
from rules.standard_of_care import OverdueTest
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
OVERDUE = Markdown("**Overdue in routine diabetes care, suggested with this card**")
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
        f"**Recruitment:** ClinicalTrials.gov lists this study as {escape(registry.status)}, last verified "
        f"{month(registry.verified)}: confirm that it is recruiting before you discuss it. "
        f"Its last known status was “{escape(registry.last_known_status)}”, "
        f"with {count(registry.actual_enrolment, 'participant')} enrolled."
    )


def attested_status(registry: Registry, attestation: Attestation) -> Markdown:
    """Return what the registry says, and who says otherwise."""
    person, role = escape(attestation.asserted_by), escape(attestation.role)
    return Markdown(
        f"**Recruitment:** ClinicalTrials.gov lists this study as {escape(registry.status)} (last known: "
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


def why_flagged(facts: Sequence[Markdown]) -> Markdown:
    """Return in one line what raised the card."""
    supported = ", ".join(facts) or "no inclusion yet"
    return Markdown(f"**Why:** the record supports {supported}; nothing decisive against the study was found.")


def why_against(facts: Sequence[Markdown], blocks: int) -> Markdown:
    """Return in one line why there is a card although something blocks; what is confidential is only counted."""
    hidden = blocks - len(facts)
    named = ", ".join([*facts, *([f"{count(hidden, 'confidential item')}, see the chart"] if hidden else ())])
    return Markdown(f"**Why:** your site asks to see such cards. Against the study: {named}.")


def fact(result: CriterionResult, measured: bool) -> Markdown:
    """Return a criterion as a few words; a laboratory result with its newest value and day."""
    first = result.evidence[0] if measured and result.evidence else None
    if first is None or not first.value or first.value not in result.summary:
        return escape(result.label)
    said = (escape(plain_units(first.value), LONGEST_PART), escape(day_of(first.date or ""), LONGEST_PART))
    return Markdown(f"{escape(result.label)} ({', '.join(part for part in said if part)})")


def open_heading(open_items: int, not_assessed: int) -> Markdown:
    """Return the heading of all that is not settled, counted honestly."""
    also = f", {not_assessed} of them not assessed by this version" if not_assessed else ""
    return Markdown(f"**Open: {count(open_items, 'item')}{also}**")


# --- one criterion -----------------------------------------------------------------------------------------


def name(result: CriterionResult) -> Markdown:
    return Markdown(f"**{_own(result.label)}** ({_own(result.id)})")


@lru_cache(maxsize=1024)
def _own(text: str) -> Markdown:
    """Return what a trial itself says, its labels and ids: the same on every card."""
    return escape(text)


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
    return Markdown(f"{said} Needed: {settled_by}." if settled_by else said)


def needed(result: CriterionResult) -> Markdown:
    """Return the line of an open criterion as what would settle it alone."""
    return Markdown(f"{name(result)}: {'; '.join(escape(item) for item in result.missing) or _said(result)}")


def human(result: CriterionResult) -> Markdown:
    """Return the line of a question that no record answers, with the hints that there are."""
    return Markdown(f"{name(result)}: {_said(result)}")


def for_investigator(results: Sequence[CriterionResult]) -> Markdown:
    """Return the line of questions without hints; confidential ones stand here whether or not there are hints."""
    return Markdown(f"For the investigator to judge: {_names(results)}.")


def confidential(present: int, open_items: int) -> tuple[Markdown, ...]:
    """Return the lines that stand for criteria not to be named."""
    counted = ((present, "present"), (open_items, "open"))
    return tuple(
        Markdown(f"A confidential item is {state}: see the chart" if number == 1 else
                 f"{number} confidential items are {state}: see the chart")
        for number, state in counted if number
    )  # fmt: skip


def source(evidence: Evidence, said: str = "") -> Markdown:
    """Return what an entry of the record said, and where it stands: value with unit, day, reference.

    What the sentence ``said`` before it tells already is not told again.
    """
    value, on, said = day_of(evidence.value or ""), day_of(evidence.date or ""), day_of(said)
    known = bool(value) and (value in said or (bool(on) and on in said and _has_number_of(value, said)))
    told = [part for part in (evidence.display, value) if part and not (known or part in said)]
    words = " ".join(escape(plain_units(part), LONGEST_PART) for part in told)
    if evidence.compared_as and evidence.compared_as not in said:
        words = f"{words} (compared as {escape(evidence.compared_as, LONGEST_PART)})".strip()
    dated = "" if on == value or (known and on in said) else escape(on, LONGEST_PART)
    parts = (words, dated, escape(evidence.reference, LONGEST_PART))
    return Markdown(", ".join(part for part in parts if part))


_NUMBER = re.compile(r"[\d.]+")
_DATE = re.compile(r"\d{4}-\d\d(-\d\d)?")


def _has_number_of(value: str, said: str) -> bool:
    """True when the number of ``value`` stands in ``said``, with its unit written elsewhere: 118 in "118/74 mmHg".

    A part of a date is not that number.
    """
    number = _NUMBER.match(value)
    return bool(number and number[0] in _NUMBER.findall(_DATE.sub("", said)))


_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)T\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?")


def day_of(text: str) -> str:
    """Return ``text`` with days in place of instants, as the record writes them: a time of day helps nobody here."""
    return _INSTANT.sub(r"\1", text)


def _said(result: CriterionResult) -> Markdown:
    """Return the criterion's sentence without its name in front, which stands there already."""
    after = result.summary.removeprefix(result.label)
    plain = after.lstrip(" :") if after != result.summary and after[:1] in (" ", ":") else ""
    return escape(readable(plain or result.summary), LONGEST_FINDING)


_UNITS = (
    ("mm[Hg]", "mmHg"), ("10*9/L", "×10⁹/L"), ("10*3/uL", "×10³/µL"), ("kg/m2", "kg/m²"), ("1.73m2", "1.73 m²"),
    ("1.73_m2", "1.73 m²"), ("umol/L", "µmol/L"),
)  # fmt: skip
_UNITS_A_DAY = re.compile(r" U/d\b")  # not U/dL


def plain_units(text: str) -> str:
    """Return ``text`` with units as clinicians write them, where UCUM writes them for machines."""
    for unit, written in _UNITS:
        text = text.replace(unit, written)
    return _UNITS_A_DAY.sub(" U a day", text)


def readable(text: str) -> str:
    """Return a sentence of the rules as people write: days without times of the day, units as clinicians write them."""
    return plain_units(day_of(text))


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


def _names(results: Sequence[CriterionResult]) -> str:
    return ", ".join(f"{_own(result.label)} ({_own(result.id)})" for result in results)


def no_record_of(results: Sequence[CriterionResult]) -> Markdown:
    """Return the line for exclusions whose only evidence is that nothing is recorded."""
    return Markdown(f"No record of: {_names(results)}.")


def cleared_by_record(results: Sequence[CriterionResult]) -> Markdown:
    """Return the line for exclusions that recorded results speak against."""
    return Markdown(f"By recorded results: {_names(results)}.")


def confidential_clear(number: int) -> Markdown:
    return Markdown(f"{count(number, 'confidential item')}: nothing that excludes was found.")


def not_assessed(results: Sequence[CriterionResult]) -> Markdown:
    """Return the line for criteria that this version leaves out: ids only, for some are confidential."""
    ids = ", ".join(escape(result.id) for result in results)
    return Markdown(f"{ids}: check them yourself. Their text is on the protocol sheet.")


def text_defect(result: CriterionResult) -> Markdown:
    return Markdown(f"{escape(result.label)} ({escape(result.id)}): {escape(result.text_defect or '')}")


def text_defects(results: Sequence[CriterionResult]) -> Markdown:
    """Return the line that names the criteria whose text had to be interpreted."""
    ids = ", ".join(escape(result.id) for result in results)
    return Markdown(f"{ids}: how the text was read stands on the protocol sheet.")


def overdue(test: OverdueTest) -> Markdown:
    """Return why a test of routine care is suggested."""
    return Markdown(f"**{escape(test.name)}**: {escape(test.says)} {escape(test.reason)}")


def limits(assessment: Assessment) -> Markdown:
    return Markdown(
        "Only the record given to this service was read: no external records, no free-text notes, no images. "
        "A missing entry does not show that a condition is absent. "
        f"Evaluated on {day(assessment.evaluated_on)} with rules {escape(assessment.rules_version)}."
    )


def links(given: Sequence[Mapping[str, str]]) -> Markdown:
    """Return the card's own links once more, for clients that show only the detail."""
    return Markdown(" · ".join(f"[{escape(link['label'])}](<{link['url']}>)" for link in given))
