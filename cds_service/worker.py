"""gunicorn's worker with threads, made careful: slow clients hold nobody up, and nothing of a request is repeated.

gunicorn itself puts what it could not parse into its log and its answer, and that can be a token or a body. It gives a
thread to a client that sends nothing, waits without end for one that takes no answer, and stops serving all of them
while it waits for one to close.
"""

from __future__ import annotations

import logging
import selectors
import socket
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Any

from gunicorn import util
from gunicorn.http.errors import (
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.workers.gthread import TConn, ThreadWorker

from cds_service.cds_hooks.body import ARRIVED
from cds_service.cds_hooks.errors import of_status
from cds_service.cds_hooks.outcome import CONTENT_TYPE, operation_outcome
from cds_service.lingering import Lingering
from cds_service.logs import log, log_failure
from cds_service.security.headers import ALWAYS
from cds_service.stopping import Stopping

_STATUSES = {
    LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
}


class Deadlines:
    """The connections whose client is waited for, and until when."""

    def __init__(self) -> None:
        self._due: dict[socket.socket, tuple[float, int]] = {}

    def begin(self, connection: socket.socket, seconds: float, cut: int = socket.SHUT_RD) -> None:
        """Wait for ``connection`` at most ``seconds`` from now; then ``cut`` off reading alone, or both ways."""
        self._due[connection] = time.monotonic() + seconds, cut

    def done(self, connection: socket.socket) -> bool:
        """Wait no longer; False when the time was over and the connection has been cut off."""
        return self._due.pop(connection, None) is not None

    def end_overdue(self) -> None:
        """Cut off where the time is over: a thread that reads there gets an end of file, one that writes an error."""
        now = time.monotonic()
        for connection, (due, cut) in tuple(self._due.items()):
            if now >= due and self.done(connection):
                with suppress(OSError):  # the client has gone
                    connection.shutdown(cut)


class Worker(ThreadWorker):  # type: ignore[misc, unused-ignore]
    """Serves with threads; ``receive_seconds`` and ``stopping`` are set before it starts."""

    receive_seconds = 5.0
    """Time for the headers of a request to arrive, again for its body, and for each answer to be taken; looked at once
    a second."""
    on_unreadable: Callable[[int], None] | None = None
    """Is told the status with which a request was refused that never came to the application."""

    stopping: Stopping
    """Once it has begun, each answer is the last of its connection: the next call finds another host."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._deadlines = Deadlines()

    def load_wsgi(self) -> None:
        super().load_wsgi()
        self.wsgi = self._careful(self.wsgi)
        self._lingering = Lingering(self.poller, self._ended)

    def enqueue_req(self, conn: TConn) -> None:
        """Give a connection to a thread, a new one not before its first bytes are there."""
        if conn.initialized or conn.data_ready:
            super().enqueue_req(conn)
            return
        conn.timeout = time.monotonic() + self.receive_seconds
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def finish_request(self, conn: TConn, fs: Future[Any]) -> None:
        """Part of gunicorn's round: what becomes of a connection after an answer."""
        if fs.cancelled() or fs.exception() or fs.result():
            super().finish_request(conn, fs)
        else:
            self._lingering.begin(conn.sock)

    def _ended(self) -> None:
        self.nr_conns -= 1

    def handle(self, conn: TConn) -> Any:
        """Read and answer the next request of a connection. Runs in a thread."""
        self._deadlines.begin(conn.sock, self.receive_seconds)
        try:
            return super().handle(conn)
        finally:
            self._deadlines.done(conn.sock)

    def handle_request(self, req: Any, conn: TConn) -> Any:
        self._deadlines.begin(conn.sock, self.receive_seconds)
        return super().handle_request(req, conn)

    def murder_pending(self) -> None:
        """Part of gunicorn's round, which it makes at least once a second."""
        super().murder_pending()
        self._deadlines.end_overdue()
        self._lingering.end_overdue()

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        """Answer what could not be parsed, or failed outside the application, without a word of its text."""
        status = _status(exc)
        if self.on_unreadable:
            self.on_unreadable(int(status))
        if isinstance(exc, ParseException):
            log("unreadable request", logging.WARNING, reason=type(exc).__name__, status=int(status))
        else:
            log_failure("failure outside the application", exc, status=int(status))
        with suppress(OSError):  # the client has gone
            util.write_nonblock(client, _answer(status))

    def _careful(self, app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
        """Let the application say when the body has arrived, and that the connection is to be closed."""

        def call(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            connection = environ["gunicorn.socket"]
            environ[ARRIVED] = lambda: self._deadlines.done(connection)

            def start(status: str, headers: list[tuple[str, str]], failure: Any = None) -> Any:
                # gunicorn drops this header of an application without a look at it.
                if ("Connection", "close") in headers or self.stopping.begun:
                    start_response.__self__.force_close()
                self._deadlines.begin(connection, self.receive_seconds, socket.SHUT_RDWR)
                return start_response(status, headers, failure)

            return app(environ, start)

        return call


def _status(error: BaseException) -> HTTPStatus:
    if not isinstance(error, ParseException):
        return HTTPStatus.INTERNAL_SERVER_ERROR
    return next((status for kind, status in _STATUSES.items() if isinstance(error, kind)), HTTPStatus.BAD_REQUEST)


def _answer(status: HTTPStatus) -> bytes:
    refused = of_status(status)
    body = operation_outcome(refused.code, refused.sentence)
    headers = {
        "Connection": "close",
        "Content-Type": CONTENT_TYPE,
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        **ALWAYS,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status.value} {status.phrase}\r\n{lines}\r\n".encode() + body
