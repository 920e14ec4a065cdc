"""Moves every limit, window and unit factor of the trial a little, and lists what no test would notice.

Run it as ``python -m tests.criteria.mutations``, or with the ids of some criteria. A limit moves by the finest
step near it that a table would write (at most 5 %, but whole units where it is counted), a window by one day or
month, a factor by 1 %, and a code list loses all its rows of one system. A mutant is killed when a line of the
criterion's table, or a figure of ``test_units``, would fail. (Every single row is pinned by
``test_value_sets``.) The exit status is 1 when a mutant survives that is not explained in `EXPLAINED`, or an
explanation is out of date.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC
from fractions import Fraction
from functools import cache

from rules.assess import Executor, decide, reference_executor
from rules.codes import LOINC
from rules.criterion import TRAPS, Declaration, Limit, TrialSettings, Window
from rules.quantities import Analyte, Conversion
from rules.record import PatientRecord
from rules.trial import Trial
from rules.trial_folder import load_trial
from rules.value_sets import ValueSet
from tests.criteria.given import Case
from tests.criteria.tables import all_cases, missed, record_of
from tests.unit.rules.test_units import BY_CODE, BY_RANGE, LINES, converted

PACKAGE = "rules.nct01374854"
WORKERS = 2
COUNTED = frozenset({"a", "mo", "d", "{score}", "results"})
"""Units whose limits are whole numbers of something."""
COUNTED_RATIOS = frozenset({"I4 limit code_days"})
EVERYWHERE = "every criterion"

_ALSO_WORDS = "the word in the code is read as well"
EXPLAINED: dict[str, str] = {
    "E1 window height shorter": "stands for every adult height: nobody is 120 years old",
    "E1 window height longer": "stands for every adult height: nobody is 120 years old",
    "value set sex_male without administrative-gender": _ALSO_WORDS,
    "value set sex_male without sex-parameter-for-clinical-use": _ALSO_WORDS,
    "value set sex_female without administrative-gender": _ALSO_WORDS,
    "value set sex_female without sex-parameter-for-clinical-use": _ALSO_WORDS,
}
"""Mutants that may survive, and why no line of a table can tell them from the original."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A declaration that differs from the trial's in one number."""

    name: str
    declaration: Declaration


def mutants(declaration: Declaration, common: frozenset[str]) -> Iterator[Mutant]:
    """Yield two mutants for each limit and window of ``declaration``; ``common`` windows belong to every criterion."""
    for name, limit in declaration.limits.items():
        where = f"{declaration.id} limit {name}"
        step = step_of(where, limit)
        for word, value in (("lower", limit.value - step), ("higher", limit.value + step)):
            changed = {**declaration.limits, name: replace(limit, value=value)}
            yield Mutant(f"{where} {word}", replace(declaration, limits=changed))
    for name, window in declaration.windows.items():
        owner = EVERYWHERE if name in common else declaration.id
        for word, by in (("shorter", -1), ("longer", 1)):
            changed_windows = {**declaration.windows, name: moved(window, by)}
            yield Mutant(f"{owner} window {name} {word}", replace(declaration, windows=changed_windows))


def poorer(declaration: Declaration) -> Iterator[Mutant]:
    """Yield a mutant for each value set and each system in it: the set without the rows of that system."""
    for name, value_set in declaration.value_sets.items():
        read = {row.system for row in value_set if row.verified != "no"}
        for system in sorted(read & {LOINC} if name.startswith(TRAPS) else read):  # other traps are only listed
            rest = ValueSet(name, value_set.title, [row for row in value_set if row.system != system])
            changed = {**declaration.value_sets, name: rest}
            yield Mutant(f"value set {name} without {short(system)}", replace(declaration, value_sets=changed))


def short(system: str) -> str:
    return system.rstrip("/").rpartition("/")[2]


def step_of(where: str, limit: Limit) -> Fraction:
    """Return one for what is counted, else the largest power of ten that is at most 5 % of the limit."""
    if limit.unit in COUNTED or where in COUNTED_RATIOS:
        return Fraction(1)
    step = Fraction(1000)
    while step > limit.value / 20:
        step /= 10
    return step


def moved(window: Window, by: int) -> Window:
    if window.days is not None:
        return replace(window, days=window.days + by)
    return replace(window, months=(window.months or 0) + by)


def common_windows(trial: Trial) -> frozenset[str]:
    """Return the windows declared once for all criteria."""
    return frozenset.intersection(*(frozenset(d.windows) for d in trial.declarations))


@cache
def _trial() -> tuple[Trial, Executor]:
    """Return the trial and its executor, once a process."""
    trial = load_trial(PACKAGE)
    return trial, reference_executor(trial)


@cache
def _lines() -> Mapping[str, list[tuple[Case, PatientRecord]]]:
    """Return the lines of each criterion with their records, read once a process."""
    lines: dict[str, list[tuple[Case, PatientRecord]]] = defaultdict(list)
    for criterion, case in all_cases():
        lines[criterion].append((case, record_of(case)))
    return lines


def holds(case: Case, record: PatientRecord, declaration: Declaration) -> bool:
    """Return whether the line gets the status it expects, and whatever else it names, as ``test_case`` does."""
    trial, executor = _trial()
    result = decide(record, trial, executor, [declaration], case.on, UTC, TrialSettings(**case.settings))[0]
    seen = (
        (case.expect, result.status.value),
        (case.rule, result.rule.partition(".")[2]),
        (case.near, result.near_threshold),
        (case.recheck, result.recheck_on.isoformat() if result.recheck_on else None),
        (case.confidence, result.confidence.value),
        (case.basis, result.basis.value),
    )
    return not missed(case, result) and all(wanted is None or wanted == got for wanted, got in seen)


def killed_of(criterion: str) -> dict[str, bool]:
    """Return for each mutant of a criterion whether a line of its table fails.

    Raises ValueError when a line fails on the trial as it is: the tables must pass first.
    """
    trial, _executor = _trial()
    declaration, lines = trial.declaration(criterion), _lines()[criterion]
    failing = [case.name for case, record in lines if not holds(case, record, declaration)]
    if failing:
        raise ValueError(f"{criterion}: the table fails without any mutation: {', '.join(failing)}")
    return {
        mutant.name: not all(holds(case, record, mutant.declaration) for case, record in lines)
        for mutant in (*mutants(declaration, common_windows(trial)), *poorer(declaration))
    }


def conversions(conversion: Conversion) -> Iterator[tuple[str, Conversion]]:
    """Yield the conversion with each of its numbers 1 % larger."""
    for name in ("factor", "divisor", "offset"):
        value = getattr(conversion, name)
        if value:
            yield name, replace(conversion, **{name: value * Fraction(101, 100)})


def changed_analytes(analyte: Analyte) -> Iterator[tuple[str, Analyte]]:
    """Yield the analyte with each number of each of its conversions changed."""
    for unit, conversion in analyte.units.items():
        for number, changed in conversions(conversion):
            yield f"{unit} {number}", replace(analyte, units={**analyte.units, unit: changed})
    for code, units in analyte.by_code.items():
        for unit, conversion in units.items():
            for number, changed in conversions(conversion):
                special = {**analyte.by_code, code: {**units, unit: changed}}
                yield f"{code} {unit} {number}", replace(analyte, by_code=special)
    for unit, (bound, conversion) in analyte.by_range.items():
        for number, changed in conversions(conversion):
            ranges = {**analyte.by_range, unit: (bound, changed)}
            yield f"{unit} by range {number}", replace(analyte, by_range=ranges)


def killed_units() -> dict[str, bool]:
    """Return for each changed number of ``units.yaml`` whether a figure of the unit tests fails."""
    trial, _executor = _trial()
    return {
        f"unit {name} {what}": not figures_hold(trial, name, changed)
        for name, analyte in trial.analytes.items()
        for what, changed in changed_analytes(analyte)
    }


def figures_hold(trial: Trial, name: str, analyte: Analyte) -> bool:
    """Return whether every figure of the analyte called ``name`` comes out when it is declared as ``analyte``."""
    changed = replace(trial, analytes={**trial.analytes, name: analyte})
    plain = all(
        converted(changed, name, number, unit) == Fraction(expected)
        for figured, number, unit, expected in LINES
        if figured == name
    )
    by_code = name != "hba1c" or all(
        converted(changed, name, number, unit, code) == Fraction(expected) for code, number, unit, expected in BY_CODE
    )
    by_range = name != "hemoglobin" or all(
        converted(changed, name, number, unit, range_high=high) == Fraction(expected)
        for high, number, unit, expected in BY_RANGE
    )
    return plain and by_code and by_range


def run(criteria: Sequence[str] = ()) -> dict[str, bool]:
    """Return every mutant (of some criteria, if any are named) and whether a test fails on it."""
    trial, _executor = _trial()
    killed = killed_units()
    with ProcessPoolExecutor(WORKERS) as pool:
        for found in pool.map(killed_of, criteria or [declaration.id for declaration in trial.declarations]):
            for name, dead in found.items():
                killed[name] = dead or killed.get(name, False)
    return killed


def report(killed: Mapping[str, bool]) -> Iterable[str]:
    """Yield the survivors with their reasons, and the totals."""
    survivors = [name for name, dead in killed.items() if not dead]
    for name in survivors:
        yield f"survives: {name}: {EXPLAINED.get(name, 'NOT EXPLAINED')}"
    for name in outdated(killed):
        yield f"out of date: {name} is explained and does not survive"
    unexplained = sum(name not in EXPLAINED for name in survivors)
    yield (
        f"{len(killed)} mutants, {len(killed) - len(survivors)} killed, {len(survivors)} survive, "
        f"{unexplained} of them unexplained"
    )


def outdated(killed: Mapping[str, bool]) -> list[str]:
    return [name for name in EXPLAINED if killed.get(name, True)]


def main(criteria: Sequence[str]) -> int:
    killed = run(criteria)
    print("\n".join(report(killed)))
    unexplained = any(not dead and name not in EXPLAINED for name, dead in killed.items())
    return int(unexplained or bool(outdated(killed)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
