"""Where the milliseconds of row 1 go: the same steps as the service takes, one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from statistics import median

import orjson

from benchmarks.bodies import TODAY, call, prefetch
from benchmarks.clock import Stopwatch
from benchmarks.service import PATH, check_card, service
from benchmarks.wsgi import post
from cards import build_cards
from cds_service.card_settings import card_settings
from cds_service.cds_hooks.wire import read_context, read_hook
from cds_service.patient_data.prefetch import read_prefetch
from cds_service.security.tenants import Tenants
from cds_service.settings import Settings
from rules.assess import Evaluator, Executor, assess, durable_executor
from rules.criterion import Chart, Finding
from rules.decision import Fact
from rules.entries import build_record
from rules.record import PatientRecord
from rules.trial import Trial
from rules.trial_folder import load_trial

STAGES: Mapping[str, str] = {
    "read": "body and prefetch, to structs",
    "index": "the record: duplicates, identity, codes",
    "find": "the findings of all criteria",
    "durable": "durable_rules, both rulesets",
    "verdict": "results, tally and verdict",
    "cards": "the card",
    "encode": "the answer, to bytes",
    "around": "Flask, log line, the note of the card in the database",
}
"""Stages in the order of a request, and what each covers."""


def measure(rounds: int = 60) -> dict[str, float]:
    """Return the median CPU milliseconds of each stage."""
    body = orjson.dumps(call(prefetch=prefetch()))
    steps = _Steps(load_trial("rules.nct01374854"))
    taken = []
    with service() as app:
        check_card(app, body)
        for _ in range(rounds):
            steps.watch = Stopwatch()
            with steps.watch.stage("whole"):
                post(app, PATH, body)
            steps.take(body)
            taken.append(_with_rest(steps.watch.ms))
    return {stage: median(ms[stage] for ms in taken) for stage in STAGES}


def _with_rest(ms: dict[str, float]) -> dict[str, float]:
    """Work out the stages that enclose others, or are seen from outside alone."""
    ms["verdict"] = ms["assess"] - ms["find"] - ms["durable"]
    ms["around"] = ms["whole"] - sum(ms[stage] for stage in STAGES if stage != "around")
    return ms


class _Steps:
    """Takes the steps of a request, each on the clock."""

    def __init__(self, trial: Trial) -> None:
        self.watch = Stopwatch()
        (tenant,) = Tenants(Settings())
        self._cards = card_settings(Settings(), tenant)
        durable = durable_executor(trial)
        self._executor = Executor(_Timed(durable.criteria, self), _Timed(durable.verdict, self))
        self._trial = replace(
            trial,
            evaluables={
                name: replace(evaluable, find=self._timed(evaluable.find))
                for name, evaluable in trial.evaluables.items()
            },
        )

    def take(self, body: bytes) -> None:
        record = self._record(body)
        with self.watch.stage("assess"):
            assessment = assess(record, self._trial, self._executor, TODAY, UTC)
        with self.watch.stage("cards"):
            cards = build_cards(assessment, self._trial, self._cards, new_uuid=lambda: "benchmark")
        with self.watch.stage("encode"):
            orjson.dumps({"cards": cards})

    def _record(self, body: bytes) -> PatientRecord:
        with self.watch.stage("read"):
            request = read_hook(body)
            read_context(request)
            sent = read_prefetch(request.prefetch or {})
        with self.watch.stage("index"):
            reads = [read for value in sent.values() for read in value.page.reads]
            record = build_record(reads, {key: value.search for key, value in sent.items()})
            # The first retrieve makes the index that all others use.
            record.retrieve_observations(next(iter(self._trial.value_sets.values())))
        return record

    def _timed(self, find: Callable[[Chart], Finding]) -> Callable[[Chart], Finding]:
        def timed(chart: Chart) -> Finding:
            with self.watch.stage("find"):
                return find(chart)

        return timed


@dataclass(frozen=True, slots=True)
class _Timed:
    """An evaluator on the clock."""

    evaluator: Evaluator
    steps: _Steps

    def deciding(self, facts: Mapping[str, Fact]) -> dict[str, str]:
        with self.steps.watch.stage("durable"):
            return self.evaluator.deciding(facts)
