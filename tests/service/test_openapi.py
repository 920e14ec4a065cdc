"""The interface's document is true: it names each route and no other, and answers keep what it says."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

from cds_service.openapi import NAMES, SCHEMAS

_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


@pytest.fixture(scope="module")
def document(app: Flask) -> dict[str, Any]:
    response = app.test_client().get("/openapi.json")
    assert response.content_type == "application/json"
    content: dict[str, Any] = response.get_json()
    return content


def test_it_names_each_route_and_no_other(app: Flask, document: dict[str, Any]) -> None:
    served = {
        (_PARAMETER.sub(r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    named = {(path, method) for path, item in document["paths"].items() for method in item if method != "parameters"}
    assert named == served


def test_each_operation_has_a_name_and_says_what_it_answers(document: dict[str, Any]) -> None:
    operations = [
        operation for item in document["paths"].values() for name, operation in item.items() if name != "parameters"
    ]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    for operation in operations:
        assert operation["summary"]
        assert {"200", "400"} <= set(operation["responses"])


def test_its_schemas_are_those_that_answers_are_tested_against(document: dict[str, Any]) -> None:
    assert {path.stem for path in SCHEMAS.glob("*.json")} == set(NAMES)
    for name in NAMES.values():
        Draft202012Validator.check_schema(document["components"]["schemas"][name])


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(node: Any) -> list[str]:
        children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        own = [node["$ref"]] if isinstance(node, dict) and isinstance(node.get("$ref"), str) else []
        return [*own, *(found for child in children for found in references(child))]

    for reference in references(document):
        target: Any = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
        assert target


def test_it_is_served_at_the_address_of_the_setting(client: FlaskClient, document: dict[str, Any]) -> None:
    assert document["servers"] == [{"url": "http://127.0.0.1:8000"}]
    assert document["openapi"].startswith("3.1")


def test_no_other_folder_is_served(client: FlaskClient) -> None:
    assert client.get("/static/x").status_code == 404
