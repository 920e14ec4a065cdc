"""Builds the cards of one assessment: at most one, always `info`, never a suggestion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cards import wording
from cards.detail import detail
from cards.groups import open_items
from cards.override_reasons import override_reasons
from cards.settings import CardSettings
from rules.assessment import Assessment
from rules.trial import Trial

TOPIC_SUFFIX = "T1Dscreen1"
"""EHRs remember an override against the topic: change it only when everybody should be told anew."""


def build_cards(
    assessment: Assessment, trial: Trial, settings: CardSettings, *, new_uuid: Callable[[], str]
) -> list[dict[str, Any]]:
    """Return the CDS Hooks cards for ``assessment``: one, or none.

    ``new_uuid`` makes the card's id, which feedback will name. No card without a verdict that the site
    shows, nor without the attestation that the site requires.
    """
    if not settings.allows_card(assessment.verdict, assessment.evaluated_on):
        return []
    return [
        {
            "uuid": new_uuid(),
            "summary": wording.summary(assessment.verdict, trial, open_items(assessment)),
            "indicator": "info",
            "detail": detail(assessment, trial, settings),
            "source": _source(trial, settings),
            "links": _links(trial, settings),
            "overrideReasons": override_reasons(),
        }
    ]


def topic_code(trial: Trial) -> str:
    """Return the code of the card's topic: letters and digits, at most 100."""
    return f"{trial.id}{TOPIC_SUFFIX}"


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


def _links(trial: Trial, settings: CardSettings) -> list[dict[str, str]]:
    return [
        {"label": f"Registry record {trial.id}", "url": trial.registry.url, "type": "absolute"},
        {"label": "How each criterion is read", "url": settings.link("protocol"), "type": "absolute"},
    ]
