"""Reads feedback on cards, as the specification and as Epic send it.

One bad entry never costs the batch: clients do not send it again. Free text can hold patient data, so it is
kept only when the site asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Any

import orjson
from sqlalchemy.exc import SQLAlchemyError

from cards.override_reasons import REASONS
from cds_service.cds_hooks import errors
from cds_service.cds_hooks.wire import read_feedback
from cds_service.logs import log_failure
from cds_service.security.tenants import Tenant
from cds_service.storage.database import DatabaseBusy
from cds_service.storage.journal import Feedback, Journal

OUTCOMES = ("accepted", "overridden")
MOST_ENTRIES = 500
"""Entries taken from one call; clients send one or a few."""
_BUSY_SECONDS = 2.0
_TOKEN = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""A uuid, an id or a code, and no free text."""
_SYSTEM = re.compile(r"[!-~]{1,500}")
_INSTANT = re.compile(r"[0-9][0-9T:.Z+-]{0,63}")
_LONGEST_COMMENT = 4_000
_MOST_SUGGESTIONS = 50
_EPIC_CATEGORY = "com.epic.cdshooks.feedback.overrideReason.reasonCategory"
"""Epic's own number of a reason, sent where the customer mapped none of the card's reasons."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whose feedback it is, and on which service's cards."""

    tenant: Tenant
    service: str
    today: date
    """Day at the site."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one entry of a batch was left out."""

    index: int
    sentence: str


class UnreadableEntry(ValueError):
    """An entry lacks what makes it feedback; the message says what."""


def take_feedback(body: bytes, recipient: Recipient, journal: Journal) -> dict[str, Any]:
    """Store a batch and return the answer: how many entries were new, known already, or refused.

    Entries on cards that are not known here are stored too, and named: they keep no card away.

    Raises `errors.Refused`: 400 for a body without a feedback array, 503 when the database is busy or
    fails.
    """
    given = read_feedback(body).feedback
    entries: dict[int, Feedback] = {}
    refusals: list[Refusal] = []
    for index, raw in enumerate(given[:MOST_ENTRIES]):
        try:
            entries[index] = _entry(bytes(raw), recipient)
        except UnreadableEntry as error:
            refusals.append(Refusal(index, str(error)))
    if len(given) > MOST_ENTRIES:
        refusals.append(Refusal(MOST_ENTRIES, _too_many(len(given))))
    try:
        stored = journal.feedback(recipient.tenant.name, recipient.service, tuple(entries.values()), _BUSY_SECONDS)
    except (DatabaseBusy, SQLAlchemyError) as error:
        log_failure("feedback not stored", error)
        raise errors.database_busy() from None
    answer: dict[str, Any] = {"stored": stored.new, "alreadyKnown": len(entries) - stored.new}
    unknown = [index for index, entry in entries.items() if entry.card in stored.unknown_cards]
    if unknown:
        answer["unknownCard"] = unknown
    if refusals:
        answer["refused"] = [{"index": refusal.index, "reason": refusal.sentence} for refusal in refusals]
    return answer


def counts(answer: Mapping[str, Any]) -> dict[str, int]:
    """Return what the log says of an answer."""
    return {
        "stored": answer["stored"],
        "unknown_cards": len(answer.get("unknownCard", ())),
        "refused_entries": len(answer.get("refused", ())),
    }


def _too_many(number: int) -> str:
    return (
        f"A call may hold {MOST_ENTRIES} entries, so this entry and all after it, to index {number - 1}, "
        "were left out: send them in other calls."
    )


def _entry(raw: bytes, recipient: Recipient) -> Feedback:
    try:
        entry = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise UnreadableEntry("The entry is not valid JSON, or nested too deeply.") from None
    if not isinstance(entry, dict):
        raise UnreadableEntry("The entry must be an object.")
    card = _matching(_TOKEN, entry.get("card"))
    if card is None:
        raise UnreadableEntry("card is missing, or is no id: send the uuid of the card.")
    if entry.get("outcome") not in OUTCOMES:
        raise UnreadableEntry("outcome must be accepted or overridden.")
    reason, shape = _reason(entry)
    coding = _first_object(reason.get("reason"))
    code = _matching(_TOKEN, coding.get("code"))
    instant = _matching(_INSTANT, entry.get("outcomeTimestamp"))
    tenant = recipient.tenant
    return Feedback(
        card=card,
        outcome=entry["outcome"],
        outcome_at=instant,
        reason_system=_matching(_SYSTEM, coding.get("system")),
        reason_code=code,
        accepted_suggestions=_suggestions(entry.get("acceptedSuggestions")),
        comment=_text(reason.get("userComment"), _LONGEST_COMMENT) if tenant.store_free_text else None,
        shape=shape,
        given_on=min(_day(instant, tenant.zone) or recipient.today, recipient.today),
        reason=_meaning(code, tenant.reasons) if entry["outcome"] == "overridden" else None,
    )


def _meaning(code: str | None, of_ehr: Mapping[str, str]) -> str | None:
    """Return which of the card's own reasons ``code`` is, or stands for at this tenant's EHR.

    The coding system is not asked: EHRs put their own in its place.
    """
    if code is None:
        return None
    return code if code in REASONS else of_ehr.get(code)


def _day(instant: str | None, zone: tzinfo) -> date | None:
    try:
        moment = datetime.fromisoformat(instant or "")
    except ValueError:
        return None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(zone).date()
    except OverflowError:  # on the first or last day that a calendar of computers has
        return None


def _reason(entry: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Return the override reason and how it was spelt: ``overrideReason``, or ``overrideReasons`` at Epic."""
    if reason := _first_object(entry.get("overrideReason")):
        return reason, "standard"
    if reason := _first_object(entry.get("overrideReasons")):
        return (reason if reason.get("reason") else _from_epic(reason)), "epic"
    return {}, "none"


def _from_epic(reason: dict[str, Any]) -> dict[str, Any]:
    """Read the code from Epic's extension; the extension's name stands for the coding system."""
    category = _first_object(reason.get("extension")).get(_EPIC_CATEGORY)
    return {**reason, "reason": {"system": _EPIC_CATEGORY, "code": category} if category else {}}


def _first_object(value: Any) -> dict[str, Any]:
    """Return ``value`` if it is an object, or the first object of a list."""
    candidates = value if isinstance(value, list) else [value]
    return next((item for item in candidates if isinstance(item, dict)), {})


def _suggestions(value: Any) -> tuple[str, ...]:
    given = value if isinstance(value, list) else []
    ids = (_matching(_TOKEN, item.get("id")) for item in given[:_MOST_SUGGESTIONS] if isinstance(item, dict))
    return tuple(found for found in ids if found)


def _matching(form: re.Pattern[str], value: Any) -> str | None:
    """Return a string of that form, blanks around it left out; None for all else, which may be free text."""
    return value.strip() if isinstance(value, str) and form.fullmatch(value.strip()) else None


def _text(value: Any, longest: int) -> str | None:
    """Return a non-empty string, cut to ``longest`` characters and without NUL."""
    if not isinstance(value, str):
        return None
    return value.replace("\0", "").strip()[:longest] or None
