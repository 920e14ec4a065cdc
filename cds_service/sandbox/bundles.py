"""The synthetic charts as FHIR Bundles, for the sandbox's server."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, tzinfo
from typing import Any

from fhir.resources.R4B.bundle import Bundle
from fhir_core.fhirabstractmodel import FHIRAbstractModel

from cds_service.sandbox.builders import practitioner
from cds_service.sandbox.synthetic import SyntheticPatient

FULL_URL_BASE = "http://sandbox.example/fhir"


def chart_bundle(patient: SyntheticPatient, on: date, zone: tzinfo = UTC) -> Bundle:
    """One patient's chart with the clinician it names, as a transaction that keeps every id."""
    return transaction([practitioner(), *patient.build(on, zone)])


def transaction(resources: Iterable[FHIRAbstractModel]) -> Bundle:
    """A transaction that puts each resource under its own id, whether or not it is there already."""
    return Bundle.model_validate({"type": "transaction", "entry": [_put(resource) for resource in resources]})


def _put(resource: FHIRAbstractModel) -> dict[str, Any]:
    address = f"{resource.get_resource_type()}/{resource.id}"  # type: ignore[attr-defined]
    return {
        "fullUrl": f"{FULL_URL_BASE}/{address}",
        "resource": resource,
        "request": {"method": "PUT", "url": address},
    }
