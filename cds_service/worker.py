"""gunicorn's worker with threads, made careful: slow clients are cut off, and nothing of a request is repeated.

gunicorn itself puts what it could not parse into its log and its answer, and that can be a token or a body.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
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
from cds_service.logs import log, log_failure
from cds_service.security.headers import ALWAYS
from cds_service.stopping import Stopping

_STATUSES = {
    LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
}


class Arrivals:
    """The connections on which something is being waited for, and until when."""

    def __init__(self) -> None:
        self._due: dict[socket.socket, float] = {}

    def begin(self, connection: socket.socket, seconds: float) -> None:
        """Wait for ``connection`` at most ``seconds`` from now."""
        self._due[connection] = time.monotonic() + seconds

    def done(self, connection: socket.socket) -> bool:
        """Wait no longer; False when the time was over and the connection has been cut off."""
        return self._due.pop(connection, None) is not None

    def end_overdue(self) -> None:
        """Cut off reading where the time is over: a thread that waits there gets an end of file."""
        now = time.monotonic()
        for connection, due in tuple(self._due.items()):
            if now >= due and self.done(connection):
                with suppress(OSError):  # the client has gone
                    connection.shutdown(socket.SHUT_RD)


class Worker(ThreadWorker):  # type: ignore[misc, unused-ignore]
    """Serves with threads; ``receive_seconds`` and ``stopping`` are set before it starts."""

    receive_seconds = 5.0
    """Time for the headers of a request to arrive, and again for its body; looked at once a second."""
    on_unreadable: Callable[[int], None] | None = None
    """Is told the status with which a request was refused that never came to the application."""

    stopping: Stopping
    """Once it has begun, each answer is the last of its connection: the next call finds another host."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._arrivals = Arrivals()

    def load_wsgi(self) -> None:
        super().load_wsgi()
        self.wsgi = self._careful(self.wsgi)

    def handle(self, conn: TConn) -> Any:
        """Read and answer the next request of a connection. Runs in a thread."""
        self._arrivals.begin(conn.sock, self.receive_seconds)
        try:
            return super().handle(conn)
        finally:
            self._arrivals.done(conn.sock)

    def handle_request(self, req: Any, conn: TConn) -> Any:
        self._arrivals.begin(conn.sock, self.receive_seconds)
        return super().handle_request(req, conn)

    def murder_pending(self) -> None:
        """Part of gunicorn's round, which it makes at least once a second."""
        super().murder_pending()
        self._arrivals.end_overdue()

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
            environ[ARRIVED] = lambda: self._arrivals.done(connection)

            def start(status: str, headers: list[tuple[str, str]], failure: Any = None) -> Any:
                # gunicorn drops this header of an application without a look at it.
                if ("Connection", "close") in headers or self.stopping.begun:
                    start_response.__self__.force_close()
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
