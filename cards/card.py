"""Builds the cards of one assessment: at most one, always `info`; with suggestions only where a site asks for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cards import wording
from cards.detail import detail
from cards.groups import open_items
from cards.override_reasons import override_reasons
from cards.profiles import Card
from cards.profiles.profile import is_listed
from cards.settings import CardSettings
from cards.suggestions import suggestions
from rules.assessment import Assessment
from rules.standard_of_care import OverdueTest
from rules.trial import Trial

TOPIC_SUFFIX = "T1Dscreen1"
"""EHRs remember an override against the topic: change it only when everybody should be told anew."""


def build_cards(
    assessment: Assessment,
    trial: Trial,
    settings: CardSettings,
    *,
    new_uuid: Callable[[], str],
    overdue: Sequence[OverdueTest] = (),
    encounter: str | None = None,
) -> list[Card]:
    """Return the CDS Hooks cards for ``assessment``: one, or none.

    ``new_uuid`` makes the ids of the card and of its suggestions, which feedback will name. ``overdue`` are tests of
    routine care, suggested only where `CardSettings.allows_suggestions`; ``encounter`` is the id of the Encounter
    they would be ordered in. No card without a verdict that the site shows, nor without the attestation that the
    site requires.
    """
    if not settings.allows_card(assessment.verdict, assessment.evaluated_on):
        return []
    offered = overdue if settings.allows_suggestions(assessment.evaluated_on) else ()
    links = card_links(trial, settings)
    card: Card = {
        "uuid": new_uuid(),
        "summary": wording.summary(assessment.verdict, trial, open_items(assessment)),
        "indicator": "info",
        "detail": detail(assessment, trial, settings, links, offered),
        "source": _source(trial, settings),
        **suggestions(assessment, offered, settings, new_uuid, encounter),
        **({"links": links} if links else {}),
        "overrideReasons": override_reasons(),
    }
    return [settings.ehr.adapt(card, settings.link_hosts)]


def topic_code(trial: Trial) -> str:
    """Return the code of the card's topic: letters and digits, at most 100."""
    return f"{trial.id}{TOPIC_SUFFIX}"


def card_links(trial: Trial, settings: CardSettings) -> list[dict[str, str]]:
    """Return the links of every card of ``trial``, but those to hosts that the EHR does not list."""
    links = (
        {"label": f"Registry record {trial.id}", "url": trial.registry.url, "type": "absolute"},
        {"label": "How each criterion is read", "url": settings.link("protocol"), "type": "absolute"},
    )
    return [link for link in links if is_listed(link["url"], settings.link_hosts)]


def _source(trial: Trial, settings: CardSettings) -> dict[str, Any]:
    return {
        "label": f"ClinicalTrials.gov {trial.id}, read by rules {trial.rules_version}",
        "url": trial.registry.url,
        "topic": {
            "system": settings.link("protocol"),
            "code": topic_code(trial),
            "display": f"Pre-screening for {trial.id}",
        },
    }
