"""Epic: what its CDS Hooks page on fhir.epic.com says about cards.

A suggestion is shown by the description of its one action, its label is required and unused; of behaviours only
``any`` is known, and of actions only the creation and deletion of a few resources. The topic's code is what a
clinician's override is remembered against. The form of ``detail`` is told by an extension.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Any

from cards.profiles.profile import Card, Hosts, Layout, Profile, with_links, without

CONTENT_TYPE = "com.epic.cdshooks.card.detail.content-type"
MARKDOWN = "text/markdown; variant=GitHub"
RESOURCES = frozenset({"Condition", "MedicationRequest", "ServiceRequest", "ProcedureRequest"})
"""What an action may create or delete."""
ACTIONS = frozenset({"create", "delete"})
LONGEST_TOPIC = 100


def adapt(card: Card, hosts: Hosts) -> Card:
    """Return ``card`` with Epic's extension, a topic it can keep, and only suggestions that it can carry out."""
    listed = with_links(card, hosts)
    adapted = {**listed, "source": _source(listed["source"])}
    if "detail" in adapted:
        adapted["extension"] = {**adapted.get("extension", {}), CONTENT_TYPE: MARKDOWN}
    suggestions = [part for given in adapted.get("suggestions", ()) for part in _single(given)]
    if not suggestions:
        return without(adapted, "suggestions", "selectionBehavior")
    return {**adapted, "suggestions": suggestions, "selectionBehavior": "any"}


def _source(source: dict[str, Any]) -> dict[str, Any]:
    topic = source["topic"]
    return {**source, "topic": {**topic, "code": re.sub(r"[^A-Za-z0-9]", "", topic["code"])[:LONGEST_TOPIC]}}


def _single(suggestion: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a suggestion of one action for each action that Epic takes. None is recommended: that would tick it."""
    for place, action in enumerate(a for a in suggestion.get("actions", ()) if _is_supported(a)):
        single = {"label": suggestion["label"], "actions": [{**action, "description": _text(suggestion, action)}]}
        if "uuid" in suggestion:
            single["uuid"] = suggestion["uuid"] if place == 0 else _next(suggestion["uuid"], place)
        yield single


def _is_supported(action: dict[str, Any]) -> bool:
    resource = action.get("resource", {}).get("resourceType") or action.get("resourceId", "").partition("/")[0]
    return action["type"] in ACTIONS and resource in RESOURCES


def _text(suggestion: dict[str, Any], action: dict[str, Any]) -> str:
    return str(action.get("description") or suggestion["label"])


def _next(first: str, place: int) -> str:
    """Return another id for a further part of a suggestion, the same for the same suggestion."""
    return str(uuid.uuid5(uuid.UUID(first), str(place)))


EPIC = Profile("epic", Layout(), adapt)
