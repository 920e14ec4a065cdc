"""Row 4: what the service asks of the FHIR server about a person to whom the trial does not apply."""

from __future__ import annotations

import math

import orjson

from benchmarks.bodies import call, prefetch
from benchmarks.row import Row
from benchmarks.service import cards, service
from benchmarks.stub_server import StubServer
from benchmarks.wsgi import UnexpectedAnswer

ALLOWED = 4
"""Searches, none of them for Observations."""


def measure() -> Row:
    with service() as app, StubServer(prefetch(diabetic=False)) as server:
        if cards(app, orjson.dumps(call(fhirServer=server.base_url))):
            raise UnexpectedAnswer("a person without type 1 diabetes gets a card")
        types = [search.type for search in server.answered]
    observations = types.count("Observation")
    return Row(
        "patient without T1DM: searches sent",
        f"<= {ALLOWED}, no Observation",
        f"{len(types)}, {observations or 'no'} Observation",
        math.inf if observations else len(types) / ALLOWED,
    )
