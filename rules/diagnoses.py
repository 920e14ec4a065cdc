"""Diagnoses: which Conditions assert something of this person, how surely, and when.

Entered-in-error and refuted Conditions assert nothing. Family history and screening codes stand in no value
set. A diagnosis that is only provisional, differential or unconfirmed needs a clinician, and so does one
that only free text names, or whose text disagrees with its code ("suspected", "family history of") (clinical
reference, sections 1.1 and 1.3 and rulings 7 and 8).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from rules.arrivals import lost
from rules.assessment import Evidence
from rules.codes import has_known_code
from rules.criterion import Chart, once
from rules.datatypes import CodeableConcept
from rules.dates import Moment
from rules.resources import Condition
from rules.searches import SearchState
from rules.value_sets import Match, ValueSet, denies_its_code, find_match
from rules.words import count


class Course(StrEnum):
    """Whether the problem is there now."""

    CURRENT = "current"
    PAST = "past"
    UNKNOWN = "unknown"


_RETURNED = frozenset({"recurrence", "relapse"})
_CURRENT = _RETURNED | {"active"}
_PAST = frozenset({"inactive", "remission", "resolved"})
_NOT_ASSERTED = frozenset({"entered-in-error", "refuted"})
_STATUSES = _CURRENT | _PAST | _NOT_ASSERTED | {"confirmed", "unconfirmed", "provisional", "differential"}


class Diagnosis(Struct, frozen=True):
    """A Condition that belongs to a value set."""

    condition: Condition
    match: Match
    course: Course
    confirmed: bool
    """False for provisional, differential and unconfirmed, for a status nobody defines, and for one its text doubts."""
    on_problem_list: bool
    onset: Moment | None
    """Onset as a date or a period's start; other forms of onset are read by `rules.onset`."""
    encountered: Moment | None
    recorded: Moment | None
    impossible_onset: Moment | None = None
    """A date of onset after the evaluation: it is shown, and not used (ruling 6 of the clinical reference)."""

    @property
    def by_text(self) -> bool:
        return self.match.by_text

    @property
    def certain(self) -> bool:
        """Coded and confirmed (or without a verification status)."""
        return self.confirmed and not self.by_text

    @property
    def current(self) -> bool:
        return self.course is Course.CURRENT

    @property
    def returned(self) -> bool:
        """True for what is there again (a recurrence or relapse): its onset is that of an earlier episode."""
        return status_code(self.condition.clinical_status) in _RETURNED

    @property
    def when(self) -> Moment | None:
        """Onset, else the encounter's start, else the day it was recorded (which is only an upper bound)."""
        return self.onset or self.encountered or self.recorded

    def evidence(self) -> Evidence:
        code = self.match.coding.code if self.match.coding else None
        name = (self.condition.code.name if self.condition.code else None) or self.match.row.display
        remarks = [self.course.value, *([] if self.confirmed else ["not confirmed"])]
        return Evidence(
            self.condition.reference,
            f"{name} ({code})" if code and code != name else name,
            ", ".join(remarks),
            None,
            self.when.text if self.when else None,
        )


def status_code(concept: CodeableConcept | None) -> str | None:
    """Return the code of a status, trimmed (one EHR sends a trailing blank) and in lower case.

    Beside FHIR's own code there may be others that say the same, such as SNOMED's, in any order.
    """
    if concept is None:
        return None
    codes = [coding.code.strip().lower() for coding in concept.codings if coding.code]
    own = next((code for code in codes if code in _STATUSES), None)
    return own or next(iter(codes), None) or (concept.text.strip().lower() if concept.text else None)


def is_asserted(condition: Condition) -> bool:
    """False for an entered-in-error, refuted or ruled out Condition: it changes nothing."""
    status = status_code(condition.verification_status)
    return status not in _NOT_ASSERTED and not (status is None and _german_mark(condition) == _RULED_OUT)


def _is_confirmed(condition: Condition) -> bool:
    status = status_code(condition.verification_status)
    if status not in (None, "confirmed") or denies_its_code(condition.code):
        return False
    return _german_mark(condition) not in (_RULED_OUT, _SUSPECTED)


_GERMAN_MARK = "icd-10-gm-diagnosesicherheit"
"""End of the URL of the extension by which ICD-10-GM codes say how certain a diagnosis is."""
_RULED_OUT, _SUSPECTED, _AFTERWARDS = "A", "V", "Z"


def _german_mark(condition: Condition) -> str | None:
    """Return the mark of certainty of an ICD-10-GM code, which stands beside or in place of the statuses."""
    for coding in condition.code.codings if condition.code else ():
        for extension in coding.extension or ():
            if extension.value_coding and (extension.url or "").lower().endswith(_GERMAN_MARK):
                return (extension.value_coding.code or "").strip().upper()
    return None


def is_on_file(chart: Chart, condition: Condition) -> bool:
    """True for what is asserted, and was on the day of evaluation: not recorded later (ruling 6)."""
    if not is_asserted(condition):
        return False
    recorded = chart.moment(condition.recorded_date) or _encountered(chart, condition)
    return recorded is None or not _after(chart, recorded)


def diagnoses(chart: Chart, *value_sets: ValueSet) -> list[Diagnosis]:
    """Return the Conditions on file whose code, or else text, is in one of ``value_sets``."""
    return [*_diagnoses(chart, *value_sets)]


@once
def _diagnoses(chart: Chart, *value_sets: ValueSet) -> tuple[Diagnosis, ...]:
    found = chart.record.retrieve_conditions(*value_sets)
    if not found:
        return ()
    return tuple(_diagnosis(chart, condition, match) for condition, match in found if is_on_file(chart, condition))


def find(condition: Condition, *value_sets: ValueSet) -> Match | None:
    """Return why a Condition belongs to one of ``value_sets``: by code first, then by text."""
    return find_match(condition.code, *value_sets)


def _diagnosis(chart: Chart, condition: Condition, match: Match) -> Diagnosis:
    period = condition.onset_period
    onset = chart.moment(condition.onset_date_time) or chart.moment(period.start if period else None)
    encountered = _encountered(chart, condition)
    impossible = onset if onset and _after(chart, onset) else None
    return Diagnosis(
        condition,
        match,
        course=course(condition),
        confirmed=_is_confirmed(condition),
        on_problem_list=has_category(condition, "problem-list-item"),
        onset=None if impossible else onset,
        encountered=None if encountered and _after(chart, encountered) else encountered,
        recorded=chart.moment(condition.recorded_date),
        impossible_onset=impossible,
    )


def _encountered(chart: Chart, condition: Condition) -> Moment | None:
    encounter = chart.record.encounter_of(condition)
    return chart.moment(encounter.period.start) if encounter and encounter.period else None


def _after(chart: Chart, moment: Moment) -> bool:
    """True when ``moment`` lies wholly after the day of evaluation."""
    return moment.days.first > chart.on


def course(condition: Condition) -> Course:
    """Return whether the problem is current: its status, else an abatement or mark, else its place on the list."""
    status = status_code(condition.clinical_status)
    if status in _CURRENT:
        return Course.CURRENT
    if status in _PAST or _abated(condition) or _german_mark(condition) == _AFTERWARDS:
        return Course.PAST
    return Course.CURRENT if has_category(condition, "problem-list-item") else Course.UNKNOWN


def _abated(condition: Condition) -> bool:
    return any(
        part is not None
        for part in (
            condition.abatement_date_time,
            condition.abatement_age,
            condition.abatement_period,
            condition.abatement_range,
            condition.abatement_string,
        )
    )


def has_category(condition: Condition, code: str) -> bool:
    return any(coding.code == code for category in condition.category or () for coding in category.codings)


class Absence(Struct, frozen=True):
    """Whether not finding a diagnosis may count, and why not."""

    counts: bool
    why: str = ""


def all_read(chart: Chart, *value_sets: ValueSet) -> Absence:
    """Return whether a diagnosis of ``value_sets`` would have been seen: all searched, all readable.

    Where only the encounter diagnoses were not asked for, the problem list suffices.
    """
    problems, encounters = chart.search("problems"), chart.search("diagnoses")
    if not problems.complete:
        return Absence(False, problems.reason or "the problem list is not available to the service")
    if encounters.state not in (SearchState.COMPLETE, SearchState.NOT_ASKED, SearchState.UNSUPPORTED):
        return Absence(False, encounters.reason or "the encounter diagnoses are not available to the service")
    unreadable = chart.record.unreadable_of("Condition", *value_sets)
    if unreadable:
        return Absence(False, f"{count(len(unreadable), 'diagnosis', 'diagnoses')} could not be read")
    return Absence(True)


def absence(chart: Chart, *value_sets: ValueSet) -> Absence:
    """Apply the absence rule: everything was read (`all_read`), and there is at least one diagnosis.

    An entry of the value set ``nothing_recorded`` ("no known problems") is the mark of an empty list.
    """
    read = all_read(chart, *value_sets)
    if read.counts and not _any_recorded(chart, chart.this.value_sets.get("nothing_recorded")):
        return Absence(False, "no diagnoses are recorded here")
    return read


@once
def _any_recorded(chart: Chart, nothing: ValueSet | None) -> bool:
    return any(_is_diagnosis(chart, condition, nothing) for condition in chart.record.conditions)


def is_diagnosis(chart: Chart, condition: Condition) -> bool:
    """True for a Condition on file that is no mark of an empty list, as `absence` describes it."""
    return _is_diagnosis(chart, condition, chart.this.value_sets.get("nothing_recorded"))


def _is_diagnosis(chart: Chart, condition: Condition, nothing: ValueSet | None) -> bool:
    code = condition.code
    if not is_on_file(chart, condition):
        return False
    return nothing is None or not (nothing.find(code) or (code and nothing.find_words(_name(code), cues=False)))


def _name(code: CodeableConcept) -> str | None:
    """Return the words of an entry that no known terminology codes."""
    return None if has_known_code(code) else code.display


def unseen(chart: Chart, *value_sets: ValueSet) -> str:
    """Say why a Condition of ``value_sets`` that contradicts what is known may be missing; empty if none can.

    What the server held back or the EHR did not send is a limit of the record itself; a search that failed or
    was cut off is not, and neither is an entry that could not be read.
    """
    why = lost(chart, "problems", "diagnoses")
    if why:
        return why
    unreadable = chart.record.unreadable_of("Condition", *value_sets)
    return f"{count(len(unreadable), 'diagnosis', 'diagnoses')} could not be read" if unreadable else ""


def evidence_of(found: Sequence[Diagnosis]) -> tuple[Evidence, ...]:
    return tuple(diagnosis.evidence() for diagnosis in found)
