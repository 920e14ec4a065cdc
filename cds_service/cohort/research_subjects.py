"""The candidates in FHIR: a Bundle of one Group and a ResearchSubject for each, drafts for a study coordinator."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import date
from typing import Any

from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.group import Group
from fhir.resources.R4B.researchsubject import ResearchSubject

from cds_service.cohort.candidates import Candidate
from rules.assessment import Verdict
from rules.trial import Trial

_REGISTRY = "https://clinicaltrials.gov"
_NAMES = uuid.UUID("6d0c8a53-3c1e-5a0f-9f0b-7a4f0b0c5e11")
"""Namespace of the ids: the same candidate of the same trial on the same day has the same."""
_STATUS = {Verdict.POTENTIALLY_ELIGIBLE: "candidate", Verdict.POSSIBLY_ELIGIBLE: "potential-candidate"}
"""R4's ResearchSubjectStatus: neither says that anybody was asked, is eligible or takes part."""


def research_subjects(candidates: Sequence[Candidate], trial: Trial, on: date) -> bytes:
    """Return the Bundle as JSON, in the order of the list of candidates."""
    ordered = [one for one in sorted(candidates, key=lambda one: one.rank) if one.patient]
    subjects = [_subject(one, trial, on) for one in ordered]
    resources = [_group(ordered, trial, on), *subjects] if ordered else []
    bundle = Bundle.model_validate(
        {
            "type": "collection",
            "timestamp": f"{on.isoformat()}T00:00:00Z",
            "entry": [{"fullUrl": f"urn:uuid:{resource.id}", "resource": resource} for resource in resources],
        }
    )
    return bundle.model_dump_json(exclude_none=True).encode() + b"\n"


def _group(candidates: Sequence[Candidate], trial: Trial, on: date) -> Group:
    return Group.model_validate(
        {
            "id": _id(trial, on, "group"),
            "identifier": [{"system": _REGISTRY, "value": trial.id}],
            "active": True,
            "type": "person",
            "actual": True,
            "name": f"Pre-screening of {on} for {trial.id}: people to review, not yet approached",
            "quantity": len(candidates),
            "member": [{"entity": _patient(one)} for one in candidates],
        }
    )


def _subject(one: Candidate, trial: Trial, on: date) -> ResearchSubject:
    return ResearchSubject.model_validate(
        {
            "id": _id(trial, on, one.patient),
            "status": _STATUS[one.verdict],
            "study": _study(trial),
            "individual": _patient(one),
        }
    )


def _study(trial: Trial) -> dict[str, Any]:
    return {
        "type": "ResearchStudy",
        "identifier": {"system": _REGISTRY, "value": trial.id},
        "display": trial.short_title,
    }


def _patient(one: Candidate) -> dict[str, str]:
    return {"reference": f"Patient/{one.patient}"}


def _id(trial: Trial, on: date, of: str) -> str:
    return str(uuid.uuid5(_NAMES, f"{trial.id}/{on}/{of}"))
