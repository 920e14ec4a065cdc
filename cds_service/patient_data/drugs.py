"""Drugs that orders only refer to: which Medication resources are still to be fetched, and by what URL."""

from __future__ import annotations

from collections.abc import Iterable

from cds_service.patient_data.outbound import BaseUrl
from cds_service.patient_data.query_plan import Query, is_resource_id
from rules.entries import ReadEntry
from rules.resources import MedicationRequest, MedicationStatement

MOST = 30
"""Drugs fetched for one person; more would make the URL too long for some servers."""


def missing_drugs(reads: Iterable[ReadEntry], base_url: BaseUrl) -> frozenset[str]:
    """Return ids of the server's Medications that orders in ``reads`` refer to and that did not come."""
    reads = list(reads)
    known = {read.full_url for read in reads} | {getattr(read.resource, "reference", None) for read in reads}
    wanted = (_referred(read.resource, f"{base_url}/") for read in reads)
    return frozenset(name.partition("/")[2] for name in wanted if name and name not in known)


def drugs_query(ids: Iterable[str]) -> Query:
    """Return the search for Medications by id, for at most `MOST` of them."""
    listed = ",".join(sorted(ids)[:MOST])
    return Query("drugs", (f"Medication?_id={listed}",))


def _referred(resource: object, base: str) -> str | None:
    """Return ``Medication/id`` for an order that names its drug by a reference to this server."""
    if not isinstance(resource, (MedicationRequest, MedicationStatement)):
        return None
    if resource.medication_codeable_concept is not None:
        return None
    reference = resource.medication_reference.reference if resource.medication_reference else None
    local = (reference or "").removeprefix(base).split("/_history/")[0]
    kind, _, identifier = local.partition("/")
    return local if kind == "Medication" and is_resource_id(identifier) else None
