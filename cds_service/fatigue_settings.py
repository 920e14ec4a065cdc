"""Settings of what keeps a card away although the chart fits: filters, and pauses after an answer or a showing."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from cards.override_reasons import REASONS
from cds_service.setting_types import Part


def _reason(text: str) -> str:
    if text not in REASONS:
        raise ValueError(f"give one of the card's override reasons: {', '.join(REASONS)}")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty: it would stand for everything")
    return text.strip()


Days = Annotated[int, Field(ge=0, le=3_650)]
Reason = Annotated[str, AfterValidator(_reason)]
NotBlank = Annotated[str, AfterValidator(_not_blank)]


class Fatigue(Part):
    """For how many days a card stays away; 0: not at all."""

    enabled: bool = Field(default=True, description="False: every call shows its card again, whatever was answered.")
    patient_refuses_days: Days = Field(default=365, description="Patient declined: for every user.")
    action_completed_days: Days = Field(
        default=180, description="Already discussed or referred: for every user, or until the verdict rises."
    )
    patient_ineligible_days: Days = Field(
        default=30, description="Not suitable: for every user, at least so long, and until a criterion changes."
    )
    inappropriate_recipient_days: Days = Field(default=365, description="Not my role: this user, every patient.")
    need_more_info_days: Days = Field(
        default=90, description="Data are wrong: this user and patient, or until a criterion changes."
    )
    limited_time_days: Days = Field(default=7, description="Not now: this user and patient.")
    shown_days: Days = Field(
        default=30, description="Shown on another day without an answer: this user and patient, or until a change."
    )


class Filters(Part):
    """Calls that get no card although the patient fits."""

    user_types: frozenset[Literal["Practitioner", "PractitionerRole"]] = Field(
        default=frozenset({"Practitioner", "PractitionerRole"}), description="Kinds of context.userId that see cards."
    )
    care_settings: frozenset[Literal["emergency", "intensive", "inpatient"]] = Field(
        default=frozenset({"emergency", "intensive", "inpatient"}), description="No card while the patient is there."
    )
    current_encounter_days: Days = Field(
        default=90, description="An encounter begun longer ago and never closed is not taken for the present one."
    )
    postal_codes: tuple[NotBlank, ...] = Field(
        default=(), description="Beginnings of the postal codes of the catchment; none: everywhere."
    )
    countries: frozenset[NotBlank] = Field(
        default=frozenset(), description="Countries of the catchment, as addresses in the EHR write them."
    )
