"""Medications: orders and statements that say what a person takes now.

A drug is recognised by RxNorm code, else ATC, else whole words of its text, and the match says which.
A chart without any medication tells nothing about what is not taken, and what is dated after the evaluation is
not used (rulings 2 and 6 of the clinical reference).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from msgspec import Struct

from rules.assessment import Evidence
from rules.codes import Trace, code_traces, has_known_code, names_nothing, word_traces
from rules.criterion import Chart, Coverage, Window, once
from rules.datatypes import CodeableConcept, Dosage, Period
from rules.dates import Moment
from rules.index import Index
from rules.resources import Medication, MedicationDispense, MedicationRequest, MedicationStatement
from rules.searches import SearchState
from rules.value_sets import Match, ValueSet, cues_in

_ORDERS = frozenset({"order", "original-order", "reflex-order", "filler-order", "instance-order"})


class Use(StrEnum):
    """Whether a drug is taken now."""

    ACTIVE = "active"
    ON_HOLD = "on-hold"
    LAPSED = "lapsed"
    """Still called active, but authored over a year ago or past its validity, and not dispensed since, or a
    statement of a time that is over: a clinician must tell."""
    PAST = "past"


class Order(Struct, frozen=True):
    """A MedicationRequest or MedicationStatement for a drug of a value set."""

    resource: MedicationRequest | MedicationStatement
    drug: CodeableConcept
    match: Match
    use: Use
    since: Moment | None
    dosages: Sequence[Dosage]

    @property
    def active(self) -> bool:
        return self.use is Use.ACTIVE

    @property
    def name(self) -> str:
        """The drug's name in the order, else in the list that has its code."""
        return self.drug.name or self.match.row.display

    @property
    def by_words_alone(self) -> bool:
        """True for a drug that only its name tells; a coded one whose name was read is as sure as its code."""
        return self.match.by_text and not has_known_code(self.drug)

    def evidence(self) -> Evidence:
        since = self.since.text if self.since else None
        return Evidence(self.resource.reference, self.name, self.use.value, None, since)


def orders(chart: Chart, *value_sets: ValueSet) -> list[Order]:
    """Return orders and statements of drugs in one of ``value_sets``, whatever their use.

    The trial declares a window ``order``: how long an order without a dispense still counts as active.
    """
    return [*_orders(chart, chart.window("order"), *value_sets)]


@once
def _orders(chart: Chart, active_for: Window, *value_sets: ValueSet) -> tuple[Order, ...]:
    found = []
    for entry in _index(chart, active_for).candidates(*value_sets):
        match = _match(entry.concepts, value_sets)
        if match and entry.use:
            resource = entry.resource
            found.append(
                Order(resource, entry.concepts[0], match, entry.use, _since(chart, resource), _dosages(resource))
            )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry of the medication list, whatever the drug."""

    resource: MedicationRequest | MedicationStatement
    concepts: Sequence[CodeableConcept]
    """The drug's concept and those of its ingredients; empty when the drug is not known."""
    use: Use | None
    """None for what asserts nothing: drafts, plans, prohibitions, errors."""

    @property
    def is_unidentified(self) -> bool:
        return all(names_nothing(concept) for concept in self.concepts)

    def traces(self) -> Iterator[Trace]:
        """Yield what the drug can be recognised by; its names count even beside a known code."""
        for concept in self.concepts:
            yield from code_traces(concept)
            for name in _names(concept):
                yield from word_traces(name)


@once
def _read(chart: Chart, _active_for: Window) -> tuple[_Entry, ...]:
    """Read the list once for each length of time for which an order counts as active."""
    listed: list[MedicationRequest | MedicationStatement] = [
        *chart.record.medication_requests,
        *chart.record.medication_statements,
    ]
    return tuple(_Entry(one, drug_concepts(chart, one), _use(chart, one)) for one in listed)


@once
def _index(chart: Chart, active_for: Window) -> Index[_Entry]:
    return Index((entry, entry.traces()) for entry in _read(chart, active_for))


def _match(concepts: Sequence[CodeableConcept], value_sets: Sequence[ValueSet]) -> Match | None:
    """Return why a drug belongs to one of ``value_sets``: by a code, else by a name."""
    coded = (value_set.find(concept) for value_set in value_sets for concept in concepts)
    by_code = next((match for match in coded if match), None)
    if by_code:
        return by_code
    named = (named_drug(v, name) for v in value_sets for concept in concepts for name in _names(concept))
    return next((match for match in named if match), None)


def _names(concept: CodeableConcept) -> list[str]:
    return [name for name in (concept.text, *(coding.display for coding in concept.codings)) if name]


_SUPPLIES = re.compile(
    r"\b((?<!prefilled )(?<!pre-filled )syringes?|needles?|lancets?|test strips?|infusion sets?|sharps|swabs?)\b",
    re.IGNORECASE,
)
"""What goes with a drug and is none: "insulin syringe", "pen needles for insulin"."""
_AMOUNT = re.compile(r"\d\s*(?:mg|mcg)\b|\d\s*(?:units?|iu|unt)\s*/\s*[\d.,]*\s*ml\b", re.IGNORECASE)
"""The strength of a drug, by which "enoxaparin 80 mg/0.8 mL syringe" is one."""


def named_drug(value_set: ValueSet, name: str) -> Match | None:
    """Return the drug of ``value_set`` that ``name`` names.

    What follows a denial or a doubt is not given: "no insulin", "possible warfarin". What stands before is: "warfarin,
    do not crush". A risk is a warning: "high risk of bleeding: warfarin" is warfarin.
    """
    doubts = (cue.start() for cue in cues_in(name) if "risk" not in cue.group().casefold())
    match = value_set.find_words(name[: next(doubts, None)], cues=False)
    return None if match and _SUPPLIES.search(name) and not _AMOUNT.search(name) else match


def drug_concepts(chart: Chart, resource: MedicationRequest | MedicationStatement) -> list[CodeableConcept]:
    """Return the drug's concept and those of its ingredients; empty when the drug is not known."""
    concept, _known = chart.record.medication(resource)
    if resource.medication_reference is None:
        return [concept] if concept is not None else []
    medication = chart.record.resolve(resource.medication_reference, Medication, resource)
    ingredients = medication.ingredient or () if medication else ()
    concepts = [concept, *(ingredient.item_codeable_concept for ingredient in ingredients)]
    return [c for c in concepts if c is not None]


def _use(chart: Chart, resource: MedicationRequest | MedicationStatement) -> Use | None:
    """Return the use, or None for what asserts nothing: drafts, plans, prohibitions, errors, the future."""
    status = (resource.status or "").strip().lower()
    if status in ("entered-in-error", "draft", "unknown", "cancelled", "not-taken", "intended", ""):
        return None
    if _is_future(chart, resource):
        return None
    if isinstance(resource, MedicationRequest) and not _is_order(resource):
        return None
    if status == Use.ACTIVE and _lapsed(chart, resource):
        return Use.LAPSED
    if status in (Use.ACTIVE, Use.ON_HOLD):
        return Use(status)
    return Use.PAST


def _is_order(request: MedicationRequest) -> bool:
    """False for a prohibition, a plan, a proposal."""
    return not request.do_not_perform and (request.intent or "order").strip().lower() in _ORDERS


def _is_future(chart: Chart, resource: MedicationRequest | MedicationStatement) -> bool:
    """True for what was written, or begins, after the day of evaluation (ruling 6 of the clinical reference)."""
    written = None if isinstance(resource, MedicationRequest) else chart.moment(resource.date_asserted)
    return any(moment and moment.days.first > chart.on for moment in (written, _since(chart, resource)))


def _lapsed(chart: Chart, resource: MedicationRequest | MedicationStatement) -> bool:
    if isinstance(resource, MedicationRequest):
        return _order_lapsed(chart, resource)
    return resource.effective_period is not None and is_past(chart, resource.effective_period)


def is_past(chart: Chart, period: Period) -> bool:
    """True for a period that surely ended before the day of evaluation."""
    end = chart.moment(period.end)
    return end is not None and end.days.last < chart.on


def _order_lapsed(chart: Chart, request: MedicationRequest) -> bool:
    validity = request.dispense_request.validity_period if request.dispense_request else None
    end = chart.moment(validity.end) if validity else None
    if end:
        return end.days.last < chart.on and not _dispensed(chart, request)
    authored = chart.moment(request.authored_on)
    old = authored is not None and chart.window("order").covers(authored.days, chart.on) is Coverage.OUTSIDE
    return old and not _dispensed(chart, request)


def _dispensed(chart: Chart, request: MedicationRequest) -> bool:
    """True when a drug was dispensed for ``request`` within the time for which an order counts."""
    return any(
        (dispense.status or "").strip().lower() == "completed"
        and _is_lately(chart, chart.moment(dispense.when_handed_over) or chart.moment(dispense.when_prepared))
        and _is_for(chart, dispense, request)
        for dispense in chart.record.medication_dispenses
    )


def _is_lately(chart: Chart, when: Moment | None) -> bool:
    inside = when is not None and chart.window("order").covers(when.days, chart.on) is Coverage.INSIDE
    return inside and when is not None and when.days.last <= chart.on


def _is_for(chart: Chart, dispense: MedicationDispense, request: MedicationRequest) -> bool:
    """True for the order a dispense names; where it names none, for an order of the same drug."""
    if dispense.authorizing_prescription:
        orders_named = (chart.record.resolve(r, MedicationRequest, dispense) for r in dispense.authorizing_prescription)
        return any(order is not None and order.reference == request.reference for order in orders_named)
    (given, _), (ordered, _) = chart.record.medication(dispense), chart.record.medication(request)
    return given is not None and ordered is not None and bool(_identities(given) & _identities(ordered))


def _identities(drug: CodeableConcept) -> set[tuple[str | None, str]]:
    codes: set[tuple[str | None, str]] = {(coding.system, coding.code) for coding in drug.codings if coding.code}
    return codes or ({(None, drug.text.casefold())} if drug.text else set())


def _since(chart: Chart, resource: MedicationRequest | MedicationStatement) -> Moment | None:
    if isinstance(resource, MedicationRequest):
        return chart.moment(resource.authored_on)
    period = resource.effective_period
    return chart.moment(resource.effective_date_time) or chart.moment(period.start if period else None)


def _dosages(resource: MedicationRequest | MedicationStatement) -> Sequence[Dosage]:
    if isinstance(resource, MedicationRequest):
        return resource.dosage_instruction or ()
    return resource.dosage or ()


class Visibility(Struct, frozen=True):
    """Whether the record shows what the person takes, so that a drug not found is not taken."""

    complete: bool
    why: str = ""


def all_read(chart: Chart) -> Visibility:
    """Return whether a drug that is ordered would have been seen: all searched, all readable.

    A server that does not offer MedicationStatement is no failure: the orders decide.
    """
    requests, statements = chart.search("medications"), chart.search("medication-statements")
    if not requests.complete:
        return Visibility(False, requests.reason or "the medications are not available to the service")
    if statements.state in (SearchState.FAILED, SearchState.FORBIDDEN, SearchState.TRUNCATED):
        return Visibility(False, statements.reason or "the medication statements are not available")
    if chart.record.unreadable_of("MedicationRequest") or chart.record.unreadable_of("MedicationStatement"):
        return Visibility(False, "a medication entry could not be read")
    if not _all_identified(chart, chart.window("order")):
        return Visibility(False, "an ordered drug could not be identified")
    return Visibility(True)


def visibility(chart: Chart) -> Visibility:
    """Return whether a drug not found is not taken: all was read (`all_read`), and there is at least one."""
    read = all_read(chart)
    if read.complete and not _any_recorded(chart, chart.window("order")):
        return Visibility(False, "no medications are recorded here")
    return read


@once
def _all_identified(chart: Chart, active_for: Window) -> bool:
    return not any(e.use not in (None, Use.PAST) and e.is_unidentified for e in _read(chart, active_for))


@once
def _any_recorded(chart: Chart, active_for: Window) -> bool:
    return not all(_is_error(e.resource) or _is_future(chart, e.resource) for e in _read(chart, active_for))


def _is_error(resource: MedicationRequest | MedicationStatement) -> bool:
    return (resource.status or "").strip().lower() == "entered-in-error"
