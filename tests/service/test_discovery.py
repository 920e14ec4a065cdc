"""Discovery keeps its schema and publishes the templates that the design fixes."""

from __future__ import annotations

from flask.testing import FlaskClient

from tests.support.service import valid

TEMPLATES = {
    "patient": "Patient/{{context.patientId}}",
    "problems": "Condition?patient={{context.patientId}}&category=problem-list-item",
    "diagnoses": "Condition?patient={{context.patientId}}&category=encounter-diagnosis",
    "medications": "MedicationRequest?patient={{context.patientId}}",
    "labs": "Observation?patient={{context.patientId}}&category=laboratory&_count=200",
    "vitals": "Observation?patient={{context.patientId}}&category=vital-signs&_count=100",
    "social": "Observation?patient={{context.patientId}}&category=social-history",
    "encounters": "Encounter?patient={{context.patientId}}",
}


def test_it_lists_the_service(client: FlaskClient) -> None:
    response = client.get("/cds-services")
    assert response.status_code == 200
    assert response.content_type == "application/json"
    content = response.get_json()
    valid("discovery", content)
    (service,) = content["services"]
    assert (service["id"], service["hook"]) == ("t1dm-trial-screening", "patient-view")
    assert service["prefetch"] == TEMPLATES
    assert "hookVersion" not in service


def test_it_promises_no_eligibility(client: FlaskClient) -> None:
    (service,) = client.get("/cds-services").get_json()["services"]
    assert "does not decide eligibility" in service["description"]
    assert service["description"].count("NCT01374854") == 1
    assert "problems" in service["usageRequirements"]
