"""The applications that are measured: the service as it is served, and the yardstick."""

from __future__ import annotations

import gc
import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from flask import Flask, Response, request

from benchmarks.bodies import TODAY
from benchmarks.wsgi import UnexpectedAnswer, post
from cds_service.app import create_app
from cds_service.logs import LOGGER, JsonLines
from cds_service.setting_parts import Database
from cds_service.settings import Settings

PATH = "/cds-services/t1dm-trial-screening"


@contextmanager
def service(**settings: Any) -> Iterator[Flask]:
    """Give the service with ``settings`` and a database of its own. Its log lines are made, and thrown away."""
    with TemporaryDirectory() as folder, log_to_nowhere():
        database = Database(url=f"sqlite:///{Path(folder) / 'benchmark.sqlite'}")
        yield create_app(Settings(database=database, **settings), today=lambda: TODAY)


def echo() -> Flask:
    """Return the yardstick: Flask and orjson, which read a body and send it back."""
    app = Flask("echo")

    @app.post(PATH)
    def answer() -> Response:
        return Response(orjson.dumps(orjson.loads(request.get_data())), content_type="application/json")

    return app


def cards(app: Flask, body: bytes) -> list[dict[str, Any]]:
    """Return the cards that the service answers ``body`` with."""
    found: list[dict[str, Any]] = orjson.loads(post(app, PATH, body))["cards"]
    return found


def check_card(app: Flask, body: bytes) -> None:
    """Raise `UnexpectedAnswer` unless there is a card: a shorter way would flatter the service."""
    if not cards(app, body):
        raise UnexpectedAnswer("there is no card: the person in benchmarks/bodies.py no longer fits the rules")


def collect_as_served() -> None:
    """Set the garbage collector as the server sets it in its workers."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


class _Nowhere(io.TextIOBase):
    def write(self, text: str) -> int:
        return len(text)


@contextmanager
def log_to_nowhere() -> Iterator[None]:
    """Make log lines as always, and throw them away."""
    handler = logging.StreamHandler(_Nowhere())
    handler.setFormatter(JsonLines())
    before = LOGGER.level, LOGGER.propagate
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False
    try:
        yield
    finally:
        LOGGER.removeHandler(handler)
        LOGGER.level, LOGGER.propagate = before
