"""Reading bodies: an over-long one is refused by what it announces, not only by what it turns out to be."""

from __future__ import annotations

import io

import pytest
from flask import Request

from cds_service.cds_hooks.body import read_body
from cds_service.cds_hooks.errors import Refused


def _request(content: bytes, length: int | None) -> Request:
    environ = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": "application/json",
        "wsgi.input": io.BytesIO(content),
    }
    announced = {"wsgi.input_terminated": True} if length is None else {"CONTENT_LENGTH": str(length)}
    return Request({**environ, **announced})


def _status(content: bytes, length: int | None) -> int:
    with pytest.raises(Refused) as caught:
        read_body(_request(content, length), limit=100)
    return int(caught.value.status)


def test_an_announced_length_is_believed() -> None:
    assert _status(b"{}", 101) == 413


@pytest.mark.parametrize("length", [None, 101])
def test_a_longer_body_is_refused_however_it_comes(length: int | None) -> None:
    assert _status(b" " * 101, length) == 413


@pytest.mark.parametrize("length", [None, 100])
def test_a_body_at_the_limit_is_read(length: int | None) -> None:
    assert read_body(_request(b" " * 100, length), limit=100) == b" " * 100


def test_a_body_shorter_than_announced_is_refused() -> None:
    assert _status(b"{}", 50) == 400
