"""Leaves a FHIR server alone for a while when it keeps failing, and probes it again.

A server that hangs costs each call its whole deadline and a place among the workers, and is not helped by
being asked more. So after some calls in a row that got nothing from it, the next ones are not sent; when the
pause has passed, one call is, and its outcome decides.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from enum import StrEnum

_MOST_SERVERS = 256
"""Servers remembered at a time; the one not called for longest is forgotten first."""


class BreakerState(StrEnum):
    """What a call to the server may expect."""

    CLOSED = "closed"
    """Calls are sent."""
    OPEN = "open"
    """No call is sent."""
    PROBING = "probing"
    """One call is under way that decides; others are not sent."""


class Breaker:
    """Counts the calls in a row that failed; thread-safe."""

    def __init__(
        self,
        failures: int,
        pause_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        on_change: Callable[[BreakerState], None] | None = None,
    ) -> None:
        """Open after ``failures`` calls in a row got no answer; probe ``pause_seconds`` later."""
        self._on_change = on_change
        self._failures = failures
        self._pause = pause_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._in_a_row = 0
        self._state = BreakerState.CLOSED
        self._until = 0.0

    @property
    def state(self) -> BreakerState:
        return self._state

    def admits(self) -> bool:
        """Return whether a call may be sent now. One that is admitted must be reported by `report`."""
        with self._lock:
            if self._state is BreakerState.CLOSED:
                return True
            if self._clock() < self._until:
                return False
            # A probe that was never reported is given up like one that failed: after the same pause.
            self._until = self._clock() + self._pause
            changed = self._turn(BreakerState.PROBING)
        self._tell(changed)
        return True

    def report(self, *, answered: bool) -> None:
        """Say whether an admitted call got any answer from the server, be it a refusal."""
        changed = False
        with self._lock:
            self._in_a_row = 0 if answered else self._in_a_row + 1
            if answered:
                changed = self._turn(BreakerState.CLOSED)
            elif self._state is BreakerState.PROBING or self._in_a_row >= self._failures:
                self._until = self._clock() + self._pause
                changed = self._turn(BreakerState.OPEN)
        self._tell(changed)

    def _turn(self, state: BreakerState) -> bool:
        changed = state is not self._state
        self._state = state
        return changed

    def _tell(self, changed: bool) -> None:
        """Outside the lock: who is told may look at this breaker."""
        if changed and self._on_change:
            self._on_change(self._state)


class Breakers:
    """One breaker a tenant and server."""

    def __init__(
        self,
        failures: int,
        pause_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        on_change: Callable[[str, BreakerState, bool], None] | None = None,
    ) -> None:
        """``on_change`` is told when a breaker changes its state: the tenant, the gravest state of its servers, and
        whether this one has just opened.
        """
        self._on_change = on_change
        self._telling = threading.Lock()
        self._make: Callable[[str], Breaker] = lambda tenant: Breaker(
            failures, pause_seconds, clock, lambda state: self._changed(tenant, state)
        )
        self._lock = threading.Lock()
        self._held: OrderedDict[tuple[str, str], Breaker] = OrderedDict()

    def of(self, tenant: str, server: str) -> Breaker:
        """Return the breaker of ``tenant`` for ``server``, made when first asked for."""
        with self._lock:
            known = self._held.pop((tenant, server), None)
            breaker = known if known is not None else self._make(tenant)
            self._held[tenant, server] = breaker
            if len(self._held) > _MOST_SERVERS:
                self._held.popitem(last=False)
            return breaker

    def _changed(self, tenant: str, state: BreakerState) -> None:
        if self._on_change is None:
            return
        with self._telling:  # so that what is told last is how things are
            self._on_change(tenant, self.states().get(tenant, state), state is BreakerState.OPEN)

    def states(self) -> dict[str, BreakerState]:
        """Return the gravest state of each tenant's servers."""
        with self._lock:
            held = list(self._held.items())
        order = (BreakerState.CLOSED, BreakerState.PROBING, BreakerState.OPEN)
        states: dict[str, BreakerState] = {}
        for (tenant, _), breaker in held:
            states[tenant] = max(breaker.state, states.get(tenant, BreakerState.CLOSED), key=order.index)
        return states
