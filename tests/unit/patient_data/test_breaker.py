"""A server that keeps failing is left alone, and probed again."""

from __future__ import annotations

from cds_service.patient_data.breaker import Breaker, Breakers, BreakerState

FAILURES, PAUSE = 3, 30.0


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def opened(clock: Clock) -> Breaker:
    breaker = Breaker(FAILURES, PAUSE, clock)
    for _ in range(FAILURES):
        assert breaker.admits()
        breaker.report(answered=False)
    return breaker


def test_it_opens_at_the_last_of_so_many_failures_in_a_row() -> None:
    breaker = Breaker(FAILURES, PAUSE, Clock())
    for answered in (False, False, True, False, False):
        assert breaker.admits()
        breaker.report(answered=answered)
    assert breaker.state is BreakerState.CLOSED
    breaker.report(answered=False)
    assert breaker.state is BreakerState.OPEN
    assert not breaker.admits()


def test_one_call_probes_when_the_pause_has_passed() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += PAUSE - 0.1
    assert not breaker.admits()
    clock.now += 0.1
    assert [breaker.admits() for _ in range(3)] == [True, False, False]
    assert breaker.state is BreakerState.PROBING


def test_a_probe_that_is_answered_closes_it() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += PAUSE
    assert breaker.admits()
    breaker.report(answered=True)
    assert breaker.state is BreakerState.CLOSED
    assert breaker.admits()


def test_a_probe_that_fails_begins_another_pause() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += PAUSE
    assert breaker.admits()
    breaker.report(answered=False)
    assert breaker.state is BreakerState.OPEN
    clock.now += PAUSE - 0.1
    assert not breaker.admits()


def test_a_probe_that_never_ends_does_not_keep_it_open_for_ever() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += PAUSE
    assert breaker.admits()
    clock.now += PAUSE
    assert breaker.admits()


def test_tenants_and_servers_have_their_own() -> None:
    breakers = Breakers(1, PAUSE, Clock())
    breakers.of("a", "https://one.example").report(answered=False)
    breakers.of("a", "https://two.example").report(answered=True)
    breakers.of("b", "https://one.example").report(answered=True)
    assert breakers.states() == {"a": BreakerState.OPEN, "b": BreakerState.CLOSED}
    assert not breakers.of("a", "https://one.example").admits()
    assert breakers.of("a", "https://two.example").admits()


def test_servers_not_called_for_long_are_forgotten() -> None:
    breakers = Breakers(1, PAUSE, Clock())
    breakers.of("a", "https://first.example").report(answered=False)
    for number in range(256):
        breakers.of("a", f"https://{number}.example")
    assert breakers.of("a", "https://first.example").admits()


def test_each_change_of_state_is_told_once_with_the_gravest_of_the_tenants_servers() -> None:
    clock, told = Clock(), []
    breakers = Breakers(1, PAUSE, clock, on_change=lambda *what: told.append(what))
    first, second = breakers.of("st-mary", "a"), breakers.of("st-mary", "b")
    for breaker, answered in ((first, False), (first, False), (second, True), (second, False)):
        breaker.report(answered=answered)
    clock.now += PAUSE
    assert first.admits()
    first.report(answered=True)
    second.admits()
    second.report(answered=True)
    assert told == [
        ("st-mary", BreakerState.OPEN, True),
        ("st-mary", BreakerState.OPEN, True),
        ("st-mary", BreakerState.OPEN, False),  # the first is tried, the second is still left alone
        ("st-mary", BreakerState.OPEN, False),
        ("st-mary", BreakerState.PROBING, False),
        ("st-mary", BreakerState.CLOSED, False),
    ]
