"""A connection that is about to end waits for its client in the poller, and not without end."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Iterator

import pytest

from cds_service import lingering
from cds_service.lingering import Lingering


class Ends:
    """Some connections, their clients, and how many have ended."""

    def __init__(self, poller: selectors.BaseSelector) -> None:
        self.poller = poller
        self.ended = 0
        self.lingering = Lingering(poller, self._one_more)

    def _one_more(self) -> None:
        self.ended += 1

    def begin(self) -> socket.socket:
        """Let a connection linger, and return its client."""
        server, client = socket.socketpair()
        client.settimeout(5)
        self.lingering.begin(server)
        return client

    def turn(self) -> None:
        """Do what the worker's round does."""
        for key, _ in self.poller.select(0):
            key.data(key.fileobj)
        self.lingering.end_overdue()


@pytest.fixture
def ends() -> Iterator[Ends]:
    with selectors.DefaultSelector() as poller:
        yield Ends(poller)


def test_it_ends_when_the_client_closes(ends: Ends) -> None:
    with ends.begin() as client:
        assert client.recv(1) == b""
        client.sendall(b"what nobody reads")
        ends.turn()
        assert ends.ended == 0
    ends.turn()
    assert ends.ended == 1
    assert not ends.poller.get_map()


def test_it_ends_when_the_client_has_had_its_time(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    with ends.begin():
        ends.turn()
        assert ends.ended == 0
    monkeypatch.setattr(lingering, "_SECONDS", 0.0)
    with ends.begin() as client:
        client.sendall(b"still here")
        ends.turn()
        ends.turn()
        assert ends.ended == 2


def test_it_ends_at_once_when_the_client_has_gone(ends: Ends) -> None:
    with socket.socket() as never_connected:
        ends.lingering.begin(never_connected)
        assert ends.ended == 1
        ends.lingering.begin(never_connected)
        assert ends.ended == 2
