"""Health: alive, and able to serve."""

from __future__ import annotations

from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import text

from cds_service.storage.database import Database
from tests.support.service import make_app


def test_a_service_that_can_serve_says_so(client: FlaskClient) -> None:
    assert client.get("/health/live").get_json() == {"status": "live"}
    response = client.get("/health/ready")
    assert response.status_code == 200
    assert response.get_json() == {"status": "ready", "checks": {"database": "ok", "rules NCT01374854": "ok"}}


def test_a_service_without_its_tables_is_alive_and_not_ready(tmp_path: Path) -> None:
    client = make_app(tmp_path).test_client()
    with Database(f"sqlite:///{tmp_path / 'service.sqlite'}").engine.begin() as connection:
        connection.execute(text("DROP TABLE feedback"))
    assert client.get("/health/live").status_code == 200
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.get_json()["checks"]["database"] == "failed"
