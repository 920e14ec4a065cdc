"""Whether a person has opted out of research: an active Consent that denies it, or an active Flag that says so.

A Consent that denies in general and permits in parts (its nested provisions) is how broad consents are
written: it is no opt-out, and somebody has to read which parts it permits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo

from rules.arrivals import LOST
from rules.datatypes import Coding, Period
from rules.dates import parse_moment
from rules.record import PatientRecord
from rules.resources import Consent, Provision
from rules.value_sets import ValueSet

_RESEARCH = re.compile(r"\bresearch\b", re.IGNORECASE)
_REFUSAL = re.compile(
    r"\b(no|not|never|declin\w*|refus\w*|opt(?:s|ed|ing)?[ -]out|withdr\w*|exclud\w*)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class OptOut:
    """What the record says of a person's will about research."""

    refused: bool
    notes: tuple[str, ...] = ()
    """What somebody has to look at before the person is addressed."""


def opt_out(record: PatientRecord, phrases: ValueSet, on: date, zone: tzinfo) -> OptOut:
    """Return whether research is refused on the day ``on``; ``phrases`` are words of a Flag that say so."""
    denials = [consent.provision for consent in record.consents if _denies(consent, on, zone) and consent.provision]
    flagged = any(
        _is(flag.status, "active")
        and flag.code is not None
        and _holds(flag.period, on, zone)
        and any(_refuses(words, phrases) for words in _words(flag.code.text, flag.code.codings))
        for flag in record.flags
    )
    if flagged or any(not _permits_parts(denial) for denial in denials):
        return OptOut(True)
    return OptOut(False, tuple(_notes(record, partial=bool(denials))))


def _notes(record: PatientRecord, *, partial: bool) -> Iterator[str]:
    if partial:
        yield "A research consent denies in general and permits in parts: read it before this person is addressed."
    lost = [s for name in ("consents", "flags") if (s := record.search(name)).state in LOST]
    if lost:
        why = lost[0].reason or "the consents and flags are not available to the service"
        yield f"Whether this person has opted out of research is not known: {why}."


def _denies(consent: Consent, on: date, zone: tzinfo) -> bool:
    provision = consent.provision
    if not _is(consent.status, "active") or provision is None or not _is(provision.type, "deny"):
        return False
    return _about_research(consent) and _holds(provision.period, on, zone)


def _permits_parts(provision: Provision) -> bool:
    return any(_is(part.type, "permit") or _permits_parts(part) for part in provision.provision or ())


def _is(code: str | None, wanted: str) -> bool:
    """Compare a code without the blanks and capitals that servers add."""
    return (code or "").strip().lower() == wanted


def _about_research(consent: Consent) -> bool:
    """True when scope or category of a Consent is research."""
    concepts = [concept for concept in (consent.scope, *(consent.category or ())) if concept is not None]
    return any((coding.code or "").strip().lower() == "research" for c in concepts for coding in c.codings)


def _refuses(words: str, phrases: ValueSet) -> bool:
    """True for a known phrase, and for "research" beside a word of refusal: a refusal is better heard twice."""
    return phrases.find_words(words, cues=False) is not None or bool(_RESEARCH.search(words) and _REFUSAL.search(words))


def _words(text: str | None, codings: Sequence[Coding]) -> list[str]:
    return [words for words in (text, *(coding.display for coding in codings)) if words]


def _holds(period: Period | None, on: date, zone: tzinfo) -> bool:
    """True on the days of ``period``; an end or a start that cannot be read does not limit it."""
    start, end = (parse_moment(text, zone) for text in (period.start, period.end)) if period else (None, None)
    return not (start and start.days.first > on) and not (end and end.days.last < on)
