"""Discovery keeps its schema and publishes the templates that the design fixes."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from flask.testing import FlaskClient

from tests.support.markdown import Rendered
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


def test_its_texts_are_markdown_whose_links_lead_to_pages_that_there_are(client: FlaskClient) -> None:
    (service,) = client.get("/cds-services").get_json()["services"]
    rendered = Rendered(service["description"])
    assert {"p", "strong", "ul", "li", "a", "code"} == set(rendered.tags)
    assert "8 inclusion and 31 exclusion criteria" in rendered.text
    named = [*rendered.links, *re.findall(r"https?://\S+/registration/\w+", service["usageRequirements"])]
    assert len(named) == 2
    for url in named:
        assert client.get(urlsplit(url).path).status_code == 200
    assert service["version"] == "2.0.1"


def test_it_promises_no_eligibility(client: FlaskClient) -> None:
    (service,) = client.get("/cds-services").get_json()["services"]
    assert "does not decide eligibility" in service["description"]
    assert service["description"].count("NCT01374854") == 1
    assert "problems" in service["usageRequirements"]
