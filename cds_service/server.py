"""The production server: gunicorn inside this process, the rules loaded before it forks its workers."""

from __future__ import annotations

import gc
import logging
import signal
import time
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger

from cards import suggestions
from cds_service.app import create_app
from cds_service.arenas import share_arenas
from cds_service.cds_hooks import outcome
from cds_service.logs import JsonLines, configure_logs, log
from cds_service.observability.workers import VARIABLE, WorkerMetrics
from cds_service.patient_data.outbound import is_loopback
from cds_service.ports import require_free_port
from cds_service.settings import Settings, SettingsError
from cds_service.worker import Worker

_WORKER_SILENCE_SECONDS = 30
"""A worker that does not report for this long is replaced; each call's own deadline is far shorter."""
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
"""Signals by which a worker is told to end."""


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve until told to stop. By SIGTERM, calls under way are answered first; SIGINT is for the impatient.

    Raises `SettingsError` for an address that everyone can reach while no tenant is configured, unless the
    settings allow it, and `PortUnusable`.
    """
    check_address(settings, host)
    require_free_port(host, port)
    configure_logs()
    share_arenas()
    if not settings.tenants and not is_loopback(host):
        log("open to everyone who can reach this address: no tenant is configured", logging.WARNING, host=host)
    numbers = worker_metrics()
    try:
        _Server(settings, host, port, numbers).run()
    finally:
        numbers.end()


def worker_metrics() -> WorkerMetrics:
    """Prepare what the workers count in; raises `SettingsError` where there is no folder for it."""
    try:
        return WorkerMetrics()
    except OSError as error:
        raise SettingsError(
            [
                f"metrics of the workers need a folder for temporary files, and none can be used ({error.strerror}). "
                f"Give one in the variable TMPDIR, such as a tmpfs on /tmp, or for metrics alone in {VARIABLE}."
            ]
        ) from None


def check_address(settings: Settings, host: str) -> None:
    """Raise `SettingsError` unless ``host`` is loopback, callers sign in, or the settings allow everybody."""
    if is_loopback(host) or settings.tenants or settings.open.allow:
        return
    raise SettingsError(
        [
            f"{host}: anyone who reaches this address could ask for patients' data, because no tenant is "
            "configured. Listen on 127.0.0.1, or say --allow-open if the network keeps others out."
        ]
    )


class _JsonLogger(Logger):
    """gunicorn's own messages as JSON lines, exceptions without their text."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(JsonLines())


class _Arbiter(Arbiter):  # type: ignore[misc, unused-ignore]
    """gunicorn's master, which says that it is about to stop before it refuses calls."""

    def __init__(self, server: _Server) -> None:
        self._server = server
        super().__init__(server)

    def spawn_worker(self) -> Any:
        """Fork a worker. What tells it to end while it begins waits until it listens: gunicorn itself would lose it."""
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        try:
            return super().spawn_worker()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)

    def handle_term(self) -> None:
        """Go on for ``server.drain_seconds``, no longer ready; then finish calls under way, and end.

        A second signal ends the first part at once.
        """
        app: Any = self._server.wsgi()
        app.extensions["trial_cds_stopping"].begin()
        log("stopping")
        until = time.monotonic() + self._server.drain_seconds
        while (left := until - time.monotonic()) > 0 and not self._hurried(min(left, 1.0)):
            self.murder_workers()
            self.manage_workers()
        super().handle_term()

    def _hurried(self, seconds: float) -> bool:
        """Wait for signals; True when one of them asks to end."""
        for number in self.wait_for_signals(seconds):
            if number == signal.SIGCHLD:
                self.handle_chld()
            elif number in (signal.SIGINT, signal.SIGQUIT):
                self.SIG_QUEUE.put(number)  # for `stop`, which then does not wait for calls under way
                return True
            elif number == signal.SIGTERM:
                return True
        return False


class _Server(BaseApplication):  # type: ignore[misc, unused-ignore]
    def __init__(self, settings: Settings, host: str, port: int, numbers: WorkerMetrics) -> None:
        self.numbers = numbers
        self._settings = settings
        self._bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.receive_seconds = settings.limits.receive_seconds
        self.drain_seconds = settings.server.drain_seconds
        super().__init__()

    def load_config(self) -> None:
        server = self._settings.server
        for name, value in {
            "bind": self._bind,
            "worker_class": Worker,
            "workers": server.workers,
            "threads": server.threads,
            "preload_app": True,
            "max_requests": server.max_requests,
            "max_requests_jitter": server.max_requests // 10,
            "keepalive": server.keep_alive_seconds,
            "graceful_timeout": server.graceful_seconds,
            "timeout": _WORKER_SILENCE_SECONDS,
            # Tokens of some vendors are long.
            "limit_request_field_size": 16_380,
            # Nothing is taken from a proxy's headers. SCRIPT_NAME, which a client can send through some proxies, would
            # make one path into another.
            "forwarded_allow_ips": "",
            "forwarder_headers": "",
            # It would be written to the home directory, which may be read-only.
            "control_socket_disable": True,
            "logger_class": _JsonLogger,
            "pre_fork": _prepare_worker,
            "post_fork": _start_worker,
            "post_worker_init": _listen_to_signals,
            "child_exit": _end_worker,
        }.items():
            self.cfg.set(name, value)

    def run(self) -> None:
        _Arbiter(self).run()

    def load(self) -> Any:
        """Make the application before the fork, and keep the collector away from what workers share."""
        app = create_app(self._settings)
        app.extensions["trial_cds_keys"].read_all()
        outcome.warm_up()
        suggestions.warm_up()
        gc.collect()
        gc.freeze()
        return app


def _prepare_worker(server: Any, worker: Worker) -> None:
    server.app.numbers.place(worker)


def _start_worker(server: Any, worker: Worker) -> None:
    """Make and test each trial's engine in the new worker, and renew keys. The worker starts all the same when the
    test fails, to say so: it gives no card, and is not ready.
    """
    server.app.numbers.enter(worker)
    extensions = server.app.wsgi().extensions
    worker.receive_seconds = server.app.receive_seconds
    worker.stopping = extensions["trial_cds_stopping"]
    gc.set_threshold(50_000, 20, 50)
    for evaluation in extensions["trial_cds"]:
        if not evaluation.self_test.passed:
            log("the rules do not decide as they should", logging.ERROR, reason=evaluation.self_test.problem)
    extensions["trial_cds_keys"].start()
    metrics = extensions["trial_cds_metrics"]
    metrics.begin()
    worker.on_unreadable = metrics.unreadable


def _listen_to_signals(_worker: Worker) -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)


def _end_worker(server: Any, worker: Worker) -> None:
    server.app.numbers.leave(worker)
