"""How the cost of a call grows with the chart and with the criteria."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC
from statistics import median
from typing import NamedTuple

import orjson

from benchmarks.bodies import TODAY, call, prefetch
from benchmarks.clock import cpu_ms
from benchmarks.service import PATH, check_card, echo, service
from benchmarks.wsgi import post
from cds_service.cds_hooks.wire import read_hook
from cds_service.patient_data.prefetch import read_prefetch
from cds_service.setting_parts import Limits
from rules.assess import assess, durable_executor
from rules.assessment import Kind
from rules.entries import build_record
from rules.record import PatientRecord
from rules.trial import NOT_ASSESSED, Trial
from rules.trial_folder import load_trial

RESULTS = (50, 200, 1_000, 5_000)
CRITERIA = (10, 20, 30, 39)
_MOST_BYTES = 20_000_000
"""The largest of these charts exceeds what a body may have by default (`limits.body_bytes`)."""


class Cost(NamedTuple):
    """CPU milliseconds of a call, and of the echo of its body."""

    ours: float
    echo: float
    kilobytes: float


def by_results(rounds: int = 20, sizes: Sequence[int] = RESULTS) -> Mapping[int, Cost]:
    """Return the cost of a call with so many Observations in its prefetch."""
    yardstick, costs = echo(), {}
    with service(limits=Limits(body_bytes=_MOST_BYTES)) as app:
        for results in sizes:
            body = orjson.dumps(call(prefetch=prefetch(results=results)))
            check_card(app, body)
            pairs = [
                (cpu_ms(lambda: post(app, PATH, body)), cpu_ms(lambda: post(yardstick, PATH, body)))  # noqa: B023
                for _ in range(rounds)
            ]
            ours, theirs = (median(side) for side in zip(*pairs, strict=True))
            costs[results] = Cost(ours, theirs, len(body) / 1000)
    return costs


def by_criteria(rounds: int = 60, counts: Sequence[int] = CRITERIA) -> Mapping[int, float]:
    """Return the milliseconds of an assessment, findings to verdict, when so many criteria are evaluated."""
    trial, record, costs = load_trial("rules.nct01374854"), _record(), {}
    for count in counts:
        part = _first(trial, count)
        executor = durable_executor(part)
        times = [cpu_ms(lambda: assess(record, part, executor, TODAY, UTC)) for _ in range(rounds)]  # noqa: B023
        costs[count] = median(times)
    return costs


def _first(trial: Trial, count: int) -> Trial:
    """Return the trial with all criteria beyond the first ``count`` left unassessed, headers among them."""
    deciding = [declaration.id for declaration in trial.declarations if declaration.kind is not Kind.HEADER]
    kept = set(deciding[:count])
    evaluables = {name: one if name in kept else NOT_ASSESSED for name, one in trial.evaluables.items()}
    return replace(trial, evaluables=evaluables)


def _record() -> PatientRecord:
    sent = read_prefetch(read_hook(orjson.dumps(call(prefetch=prefetch()))).prefetch or {})
    reads = [read for value in sent.values() for read in value.page.reads]
    return build_record(reads, {key: value.search for key, value in sent.items()})
