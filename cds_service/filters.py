"""Calls that get no card whatever the chart says. Each question gives a cause, as log and audit name it, or None."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from cds_service.care_settings import SETTINGS, care_settings
from cds_service.fatigue_settings import Filters
from rules.resources import Encounter, Patient

TENANT_OFF = "tenant-off"
SWITCHED_OFF = "switched-off"
VIEWER_NOT_CLINICIAN = "viewer-not-clinician"
USER_TYPE = "user-type"
TRIGGER_ACTION = "trigger-action"
CATCHMENT = "catchment"

_CLINICIANS = ("Practitioner", "PractitionerRole")


def of_user(user_type: str, filters: Filters) -> str | None:
    """Ask whether a user of this type sees cards. A note about recruitment is for those who treat the patient."""
    if user_type not in _CLINICIANS:
        return VIEWER_NOT_CLINICIAN
    return None if user_type in filters.user_types else USER_TYPE


def of_chart(resources: Iterable[Any], encounter_id: str | None, on: date, filters: Filters) -> str | None:
    """Ask about where the patient lives, and is now: a care setting is a cause by its own name.

    Asked twice: of what the EHR sent along, before anything is fetched, and of the whole record.
    """
    patients, encounters = [], []
    for resource in resources:
        if isinstance(resource, Patient):
            patients.append(resource)
        elif isinstance(resource, Encounter):
            encounters.append(resource)
    if any(_lives_outside(patient, on, filters) for patient in patients):
        return CATCHMENT
    present = care_settings(encounters, encounter_id, on, filters.current_encounter_days)
    return next((setting for setting in SETTINGS if setting in present & filters.care_settings), None)


def _lives_outside(patient: Patient, on: date, filters: Filters) -> bool:
    """True when the record has addresses that can be judged, and none of them lies in the catchment."""
    if not (filters.postal_codes or filters.countries):
        return False
    given = patient.address if isinstance(patient.address, list) else []
    judged = [_is_inside(address, filters) for address in given if _is_home(address, on)]
    return False in judged and True not in judged


def _is_inside(address: Mapping[str, Any], filters: Filters) -> bool | None:
    """None for an address that lacks what would decide."""
    country, code = _plain(address.get("country")), _plain(address.get("postalCode"))
    if filters.countries and country and country not in map(_plain, filters.countries):
        return False
    if filters.postal_codes:
        return code.startswith(tuple(map(_plain, filters.postal_codes))) if code else None
    return True if country else None


def _is_home(address: Any, on: date) -> bool:
    if not isinstance(address, dict) or address.get("use") in ("old", "temp", "billing"):
        return False
    period = address.get("period")
    end = period.get("end") if isinstance(period, dict) else None
    return not isinstance(end, str) or end[:10] >= on.isoformat()[: len(end[:10])]


def _plain(text: Any) -> str:
    return "".join(text.split()).casefold() if isinstance(text, str) else ""
