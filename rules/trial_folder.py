"""The folder of a trial, a Python package with data files and one module a criterion: loaded and checked.

``trial.yaml`` holds the record's text, its reading, limits and windows; ``value_sets/*.csv`` the codes;
``units.yaml`` the analytes. Loading checks that the folder is complete and says what lacks, and where.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from fractions import Fraction
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import ModuleType
from typing import Any

import yaml

from rules.analytes import read_analytes
from rules.assessment import Kind
from rules.criterion import Declaration, Limit, Window
from rules.decision import check_table
from rules.expansions import LISTS_ONLY, Expansions, expanded
from rules.quantities import Analyte
from rules.standard_of_care import StandardOfCare, read_standard_of_care
from rules.timeline import Timeline
from rules.trial import NOT_ASSESSED, Evaluable, Registry, Revision, Trial
from rules.value_sets import ValueSet, read_value_set, with_concepts

_YamlLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The safe loader in C where PyYAML was built with it: five times faster at start."""


class TrialError(ValueError):
    """The trial's folder is incomplete or contradicts itself; ``problems`` lists every finding."""

    def __init__(self, package: str, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"The trial folder {package} cannot be used:\n- " + "\n- ".join(problems))


def load_trial(package: str, expansions: Expansions = LISTS_ONLY) -> Trial:
    """Load the trial of ``package``, such as ``rules.nct01374854``; raises `TrialError`.

    ``expansions``: what a terminology server adds to its value sets.
    """
    folder = files(package)
    document = _yaml(package, folder / "trial.yaml")
    problems: list[str] = []
    listed = _value_sets(folder, document.get("value_sets") or {}, problems)
    used_together = [item.get("value_sets") or () for item in document.get("criteria") or ()]
    value_sets = with_concepts(expanded(listed, used_together, expansions))
    declarations = tuple(
        declaration
        for position, item in enumerate(document.get("criteria") or (), start=1)
        if (declaration := _declaration(_with_common(document, item), position, value_sets, problems))
    )
    units, analytes = read_analytes(_yaml(package, folder / "units.yaml"), problems)
    evaluables = _evaluables(package, declarations, problems)
    verdict = _module(package, "verdict", problems)
    problems += [f"verdict.py: {name} is missing" for name in _VERDICT if verdict and not hasattr(verdict, name)]
    _check_whole(document, declarations, value_sets, folder, problems)
    care = _standard_of_care(package, folder, declarations, value_sets, analytes, problems)
    if problems or verdict is None:
        raise TrialError(package, problems)
    head = document["trial"]
    return Trial(
        id=head["id"], service_id=head["service_id"], title=head["title"], short_title=head["short_title"],
        intervention=head["intervention"], rules_version=head["rules_version"],
        registry=Registry(**head["registry"]), sources=document["sources"],
        gates=frozenset(document["gates"].values()), declarations=declarations,
        evaluables=evaluables, tally=verdict.tally, verdict_rules=verdict.RULES,
        gate_rules=verdict.GATE_RULES, value_sets=value_sets, analytes=analytes, units=units, standard_of_care=care,
        history=tuple(Revision(**revision) for revision in document.get("history") or ()),
        expansions=expansions,
    )  # fmt: skip


def _yaml(package: str, path: Traversable) -> dict[str, Any]:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), _YamlLoader)  # noqa: S506 - a safe loader
    except FileNotFoundError:
        raise TrialError(package, [f"{path.name} is missing"]) from None
    except yaml.YAMLError as error:
        raise TrialError(package, [f"{path.name} is not YAML: {error}"]) from error
    if not isinstance(document, dict):
        raise TrialError(package, [f"{path.name} must be a mapping"])
    return document


def _with_common(document: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
    """Add the windows of criteria that read medications, and the value sets of those that read conditions."""
    data = item.get("data") or ()
    windows = document.get("windows_with_medications") or {} if "medications" in data else {}
    value_sets = document.get("value_sets_with_conditions") or () if "conditions" in data else ()
    return {
        **item,
        "windows": {**windows, **(item.get("windows") or {})},
        "value_sets": [*(item.get("value_sets") or ()), *value_sets],
    }


def _value_sets(folder: Traversable, titles: Mapping[str, str], problems: list[str]) -> dict[str, ValueSet]:
    loaded = {}
    for name, title in titles.items():
        path = folder / "value_sets" / f"{name}.csv"
        try:
            loaded[name] = read_value_set(name, title, path.read_text(encoding="utf-8").splitlines())
        except FileNotFoundError:
            problems.append(f"value_sets/{name}.csv is declared and missing")
        except ValueError as error:
            problems.append(str(error))
    return loaded


_TEXTS = ("id", "label", "text", "computability", "interpretation", "reason", "consequence", "settled_by")
_KEYS = frozenset(item.name for item in fields(Declaration) if item.init)
_KINDS = tuple(kind.value for kind in Kind)
_COMPUTABILITY = ("computable", "partly", "human-only")
_CONSEQUENCES = ("immutable", "transient", "human")


def _declaration(
    item: Mapping[str, Any], position: int, value_sets: Mapping[str, ValueSet], problems: list[str]
) -> Declaration | None:
    where = f"trial.yaml criterion {item.get('id') or position}"
    lacking = [name for name in _TEXTS if not str(item.get(name) or "").strip()]
    unknown = [name for name in item.get("value_sets") or () if name not in value_sets]
    foreign = [name for name in item.get("lasting") or () if name not in (item.get("value_sets") or ())]
    faults = [f"{where}: {name} is missing" for name in lacking]
    faults += [f"{where}: value set {name} is not declared" for name in unknown]
    faults += [f"{where}: lasting {name} is not one of its value sets" for name in foreign]
    faults += [f"{where}: {name} is not known" for name in sorted(set(item) - _KEYS)]
    for name, allowed in (
        ("kind", _KINDS),
        ("computability", _COMPUTABILITY),
        ("consequence", _CONSEQUENCES),
    ):
        if item.get(name) not in allowed:
            faults.append(f"{where}: {name} must be one of {', '.join(allowed)}")
    for name, window in (item.get("windows") or {}).items():
        if ("days" in window) is ("months" in window):
            faults.append(f"{where}: window {name} must have either days or months")
    if not item.get("sources"):
        faults.append(f"{where}: no source is cited")
    problems += faults
    if faults:
        return None
    try:
        return Declaration(
            id=item["id"], kind=Kind(item["kind"]), label=item["label"], text=item["text"],
            computability=item["computability"], interpretation=item["interpretation"].strip(),
            reason=item["reason"].strip(), consequence=item["consequence"], data=tuple(item.get("data") or ()),
            limits={k: Limit(Fraction(v["value"]), v["unit"], v["source"])
                    for k, v in (item.get("limits") or {}).items()},
            windows={k: Window(v.get("days"), v.get("months"), v["source"])
                     for k, v in (item.get("windows") or {}).items()},
            value_sets={name: value_sets[name] for name in item.get("value_sets") or ()},
            settled_by=item["settled_by"], sources=tuple(item["sources"]),
            laboratory=bool(item.get("laboratory")), sensitive=bool(item.get("sensitive")),
            lasting=frozenset(item.get("lasting") or ()),
            text_defect=item.get("text_defect"), module=item.get("module"),
        )  # fmt: skip
    except (KeyError, ValueError, TypeError) as error:
        problems.append(f"{where}: {type(error).__name__}: {error}")
        return None


_VERDICT = ("tally", "RULES", "GATE_RULES")


def _module(package: str, name: str, problems: list[str]) -> ModuleType | None:
    try:
        return importlib.import_module(f"{package}.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"{package}.{name}":
            raise
        problems.append(f"{name}.py is missing")
        return None


def _evaluables(package: str, declarations: Sequence[Declaration], problems: list[str]) -> dict[str, Evaluable]:
    evaluables = {}
    for declaration in declarations:
        try:
            evaluables[declaration.id] = _evaluable(package, declaration, problems)
        except ModuleNotFoundError as error:
            if error.name != f"{package}.{declaration.module}":
                raise
            problems.append(f"{declaration.module}.py is declared ({declaration.id}) and missing")
    return evaluables


def _evaluable(package: str, declaration: Declaration, problems: list[str]) -> Evaluable:
    if declaration.module is None:
        return NOT_ASSESSED
    module = importlib.import_module(f"{package}.{declaration.module}")
    try:
        check_table(declaration.id, module.RULES)
        timeline: Timeline | None = getattr(module, "TIMELINE", None)
        problems += _undeclared(declaration, timeline) if timeline else ()
        return Evaluable(module.find, module.RULES, timeline)
    except (AttributeError, ValueError) as error:
        problems.append(f"{declaration.module}.py: {error}")
        return NOT_ASSESSED


_CARE = "standard_of_care"


def _standard_of_care(
    package: str, folder: Traversable, declarations: Sequence[Declaration], value_sets: Mapping[str, ValueSet],
    analytes: Mapping[str, Analyte], problems: list[str],
) -> StandardOfCare | None:  # fmt: skip
    """Read the tests of routine care, if the folder declares any, and check that they name what exists."""
    path = folder / f"{_CARE}.yaml"
    if not path.is_file():
        return None
    module = _module(package, _CARE, problems)
    if module is None or not hasattr(module, "latest_onset"):
        problems.append(f"{_CARE}.py: latest_onset is missing")
        return None
    try:
        care = read_standard_of_care(_yaml(package, path), module.latest_onset, value_sets)
    except (KeyError, ValueError, TypeError) as error:
        problems.append(f"{path.name}: {type(error).__name__}: {error}")
        return None
    declared = {declaration.id: declaration for declaration in declarations}
    named = [care.onset_criterion, *(test.criterion for test in care.tests)]
    named += [test.only_if.criterion for test in care.tests if test.only_if]
    strange = sorted({name for name in named if name not in declared})
    problems += [f"{path.name}: criterion {name} is not declared" for name in strange]
    for test in care.tests:
        own = declared[test.criterion].value_sets if test.criterion in declared else value_sets
        faults = [f"{test.criterion} has no value set {n}" for n in (*test.results, *test.procedures) if n not in own]
        if test.above_goal and test.above_goal.analyte not in analytes:
            faults.append(f"analyte {test.above_goal.analyte} is not known")
        problems += [f"{path.name} {test.id}: {fault}" for fault in faults]
    return care


def _undeclared(declaration: Declaration, timeline: Timeline) -> list[str]:
    """Return what a timeline names and its criterion does not declare."""
    named = (
        ("value set", timeline.value_sets, declaration.value_sets),
        ("limit", (timeline.limit,), declaration.limits),
        ("window", timeline.windows, declaration.windows),
    )
    return [
        f"{declaration.module}.py: the timeline's {kind} {name} is not declared"
        for kind, names, declared in named
        for name in names
        if name not in declared
    ]


def _check_whole(
    document: Mapping[str, Any], declarations: Sequence[Declaration], value_sets: Mapping[str, ValueSet],
    folder: Traversable, problems: list[str],
) -> None:  # fmt: skip
    ids = [declaration.id for declaration in declarations]
    problems += [
        f"trial.yaml: criterion {name} is declared twice" for name in sorted({i for i in ids if ids.count(i) > 1})
    ]
    gates = (document.get("gates") or {}).values()
    problems += [f"trial.yaml: gate {name} is not a declared criterion" for name in gates if name not in ids]
    used = {name for declaration in declarations for name in declaration.value_sets}
    for_verdict = set((document.get("verdict") or {}).get("value_sets") or ())
    problems += [
        f"trial.yaml verdict: value set {name} is not declared" for name in sorted(for_verdict - set(value_sets))
    ]
    used |= for_verdict
    problems += [f"value set {name} is used by no criterion" for name in sorted(set(value_sets) - used)]
    listed = folder / "value_sets"
    files_there = [path.name for path in listed.iterdir()] if listed.is_dir() else []
    present = {name.removesuffix(".csv") for name in files_there if name.endswith(".csv")}
    problems += [f"value_sets/{name}.csv is not declared in trial.yaml" for name in sorted(present - set(value_sets))]
    cited = {source for declaration in declarations for source in declaration.sources}
    problems += [
        f"source {name} is cited and not listed" for name in sorted(cited - set(document.get("sources") or ()))
    ]
    for key in ("id", "service_id", "title", "short_title", "intervention", "rules_version", "registry"):
        if not (document.get("trial") or {}).get(key):
            problems.append(f"trial.yaml: trial.{key} is missing")
    registry = (document.get("trial") or {}).get("registry") or {}
    problems += _differing("trial.yaml trial.registry", registry, [item.name for item in fields(Registry)])
    problems += [f"trial.yaml: {name} is missing" for name in ("gates", "sources") if not document.get(name)]
    problems += _faults_of_history(document)


def _faults_of_history(document: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the optional history, whose first entry is the version that is served."""
    history = document.get("history") or []
    names = [item.name for item in fields(Revision)]
    problems = [fault for given in history for fault in _differing("trial.yaml history", given, names)]
    if history and history[0].get("version") != (document.get("trial") or {}).get("rules_version"):
        problems.append("trial.yaml history: the first entry must be that of trial.rules_version")
    return problems


def _differing(where: str, given: Mapping[str, Any], expected: Iterable[str]) -> list[str]:
    """Return what ``given`` lacks of ``expected``, and what it has beyond it."""
    wanted = set(expected)
    lacking = [f"{where}: {name} is missing" for name in sorted(wanted - set(given))]
    return lacking + [f"{where}: {name} is not known" for name in sorted(set(given) - wanted)]
