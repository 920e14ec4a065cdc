"""The people whose charts are opened: the sandbox's synthetic patients, as many copies of each as are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from cds_service.patient_data.query_plan import PREFETCH, template_url
from cds_service.sandbox.patients import ALL

Json = dict[str, Any]

CANDIDATE = "golden-ada"
"""The kind of person for whom there is a card on which nothing is missing."""
SHAPES: Mapping[str, Sequence[str]] = {"full": tuple(PREFETCH), "part": ("patient", "problems"), "none": ()}
"""Prefetch keys that the EHR sends."""


class People:
    """All kinds of people as of one day. A person's id is the kind, a dot, and what tells copies apart."""

    def __init__(self, on: date) -> None:
        self.kinds = tuple(one.id for one in ALL)
        self._charts = {
            one.id: [orjson.loads(resource.model_dump_json(exclude_none=True)) for resource in one.build(on)]
            for one in ALL
        }
        self._found = cache(self._find)

    def answer(self, person: str, url: str) -> bytes:
        """Return what a FHIR server answers to ``url``, relative to its base, which is about ``person``."""
        kind = kind_of(person)
        content: bytes = self._found(kind, url.replace(person, kind))
        return _renamed(content, kind, person)

    def prefetch(self, person: str, shape: str) -> Mapping[str, orjson.Fragment]:
        """Return the prefetch that an EHR sends for ``person``."""
        return {key: orjson.Fragment(self.answer(person, template_url(PREFETCH[key], person))) for key in SHAPES[shape]}

    def _find(self, kind: str, url: str) -> bytes:
        parts = urlsplit(url)
        type_name, _, wanted = parts.path.partition("/")
        chart = [resource for resource in self._charts[kind] if resource["resourceType"] == type_name]
        if wanted:
            return orjson.dumps(next(resource for resource in chart if resource["id"] == wanted))
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        found = [resource for resource in chart if _fits(resource, asked)]
        entries = [{"resource": resource, "search": {"mode": "match"}} for resource in found]
        return orjson.dumps({"resourceType": "Bundle", "type": "searchset", "total": len(found), "entry": entries})


def kind_of(person: str) -> str:
    return person.partition(".")[0]


def _renamed(content: bytes, kind: str, person: str) -> bytes:
    """Make a chart that of another copy: its own id and every reference to it."""
    for form in (b'"id":"%s"', b'"Patient/%s"'):
        content = content.replace(form % kind.encode(), form % person.encode())
    return content


def _fits(resource: Json, asked: Mapping[str, str]) -> bool:
    """Tell whether a search finds ``resource``. Dates only narrow what is read anyway, and are passed over."""
    if "category" in asked and asked["category"] not in _codes(resource.get("category", ())):
        return False
    if "code" in asked:
        tokens = {token.rpartition("|")[2] for token in asked["code"].split(",")}
        return not tokens.isdisjoint(_codes([resource["code"]]))
    return "status" not in asked or resource.get("status") in asked["status"].split(",")


def _codes(concepts: Sequence[Json]) -> set[str]:
    return {coding["code"] for concept in concepts for coding in concept.get("coding", ())}
