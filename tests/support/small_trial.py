"""A trial of three criteria, built in Python: enough for what is asked of a server, and when.

Its gate is type 1 diabetes (I4); I8 reads laboratory results, E1 vital signs.
"""

from __future__ import annotations

from typing import Any

from rules.assess import Executor
from rules.assessment import Kind, Status
from rules.codes import ICD10CM, LOINC
from rules.criterion import Chart, Declaration, Finding, Window
from rules.decision import Rule, field
from rules.quantities import Units
from rules.reference import ReferenceEvaluator
from rules.trial import NOT_ASSESSED, Evaluable, Registry, Trial
from rules.value_sets import Row, ValueSet


def value_set(name: str, system: str, *codes: str) -> ValueSet:
    return ValueSet(name, name, [Row(system, c, c, "exact", (), "yes", "test", "") for c in codes])


def declaration(id: str, data: tuple[str, ...], sets: tuple[ValueSet, ...] = (), **more: Any) -> Declaration:  # noqa: A002
    kind = Kind.EXCLUSION if id.startswith("E") else Kind.INCLUSION
    return Declaration(
        id=id, kind=kind, label=id, text=id, computability="computable", interpretation=id, reason=id,
        consequence="transient", data=data, limits={}, windows=more.pop("windows", {}),
        value_sets={s.name: s for s in sets}, settled_by=id, sources=("S1",), module=f"m{id}", **more,
    )  # fmt: skip


def _diabetes(chart: Chart) -> Finding:
    """Met with a T1DM code; not met when problems and drugs are fully known; else unknown."""
    found = any(chart.value_set("t1dm").find(condition.code) for condition in chart.record.conditions)
    known = chart.search("problems").complete and chart.search("medications").complete
    return Finding(fact={"found": found, "known": known})


_DIABETES = (
    Rule("found", (field.found.holds,), Status.MET, "Type 1 diabetes."),
    Rule("none", (field.known.holds,), Status.NOT_MET, "No type 1 diabetes."),
    Rule("unknown", (), Status.UNKNOWN, "Unknown."),
)
_OPEN = Evaluable(lambda chart: Finding(fact={}), (Rule("open", (), Status.UNKNOWN, "Unknown."),))

LABS = tuple(f"{number}-{number % 10}" for number in range(1000, 1090))
"""Ninety codes: three URLs of at most forty."""


def small_trial(*extra: Declaration, unassessed: tuple[Declaration, ...] = ()) -> Trial:
    declarations = (
        declaration(
            "I4",
            ("conditions", "medications", "labs"),
            (value_set("t1dm", ICD10CM, "E10.9"), value_set("antibodies", LOINC, "13926-1")),
            windows={"order": Window(None, 12, "test")},
        ),
        declaration(
            "I8",
            ("labs",),
            (
                value_set("hba1c", LOINC, *LABS),
                value_set("traps_i8", LOINC, "4549-2"),
            ),
            windows={"decide": Window(90, None, "test"), "shown": Window(None, 12, "test")},
        ),
        declaration(
            "E1",
            ("vitals",),
            (value_set("height", LOINC, "8302-2"), value_set("weight", LOINC, "29463-7")),
            windows={"decide": Window(180, None, "test"), "height": Window(None, 1440, "test")},
        ),
        *extra,
    )
    evaluables = {d.id: _OPEN for d in declarations} | {"I4": Evaluable(_diabetes, _DIABETES)}
    return Trial(
        id="T", service_id="t", title="t", short_title="t", intervention="t", rules_version="1",
        registry=Registry("Unknown", "", "", "", 0, ""), sources={}, gates=frozenset({"I4"}),
        declarations=(*declarations, *unassessed),
        evaluables=evaluables | {d.id: NOT_ASSESSED for d in unassessed},
        tally=lambda *_: Finding(fact={}), verdict_rules=(), gate_rules=frozenset({"I4.none"}),
        value_sets={}, analytes={}, units=Units({}),
    )  # fmt: skip


def executor_of(trial: Trial) -> Executor:
    return Executor(ReferenceEvaluator(trial.tables), ReferenceEvaluator({}))
