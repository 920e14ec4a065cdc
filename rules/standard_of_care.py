"""Which tests of routine care are overdue: data of the trial's folder, decided for one record on one day.

Whatever is uncertain gives no test: a search that did not bring everything, a result without a date, an order that
cannot be told, an onset that is not known. Nothing here serves the study (clinical reference §6).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from rules.assessment import CriterionResult
from rules.codes import TEXT, canonical_system
from rules.criterion import Chart, Coverage, TrialSettings, Window
from rules.datatypes import CodeableConcept, Coding
from rules.dates import Moment, add_years
from rules.procedures import procedures
from rules.record import PatientRecord
from rules.resources import Observation, ServiceRequest
from rules.results import effective, is_own, results
from rules.value_sets import Row, ValueSet

if TYPE_CHECKING:
    from rules.trial import Trial

ORDERS = "service-requests"
"""The search that tells what is on order already."""

_NOT_DONE = frozenset({"cancelled", "entered-in-error"})
_NOT_ON_ORDER = frozenset({"completed", "revoked", "entered-in-error"})


@dataclass(frozen=True, slots=True)
class Code:
    """A code with its system and name."""

    system: str
    code: str
    display: str


@dataclass(frozen=True, slots=True)
class OverdueTest:
    """A test of routine care that this person lacks."""

    id: str
    name: str
    order: Code
    indication: Code
    says: str
    """When it was last done."""
    reason: str
    """How often it is usual, with the source."""
    note: str
    instruction: str | None = None


@dataclass(frozen=True, slots=True)
class AboveGoal:
    """The shorter interval that holds while the newest result is at ``value`` or above."""

    value: Fraction
    analyte: str
    window: Window


@dataclass(frozen=True, slots=True)
class OnlyIf:
    """A criterion and the rules of which one must have decided it."""

    criterion: str
    rules: frozenset[str]


@dataclass(frozen=True, slots=True)
class CareTest:
    """A test of routine care as the trial's folder declares it."""

    id: str
    name: str
    criterion: str
    """Whose results, look-alikes and units are used."""
    results: tuple[str, ...]
    procedures: tuple[str, ...]
    searches: tuple[str, ...]
    """All of them must be complete."""
    every: Window
    above_goal: AboveGoal | None
    years_after_onset: int | None
    only_if: OnlyIf | None
    order: Code
    ordered_as: ValueSet
    instruction: str | None


@dataclass(frozen=True, slots=True)
class StandardOfCare:
    """The declared tests, and what they share."""

    tests: tuple[CareTest, ...]
    indication: Code
    note: str
    onset_criterion: str
    latest_onset: Callable[[Chart], date | None]


def overdue_tests(
    record: PatientRecord,
    trial: Trial,
    decided: Mapping[str, CriterionResult],
    on: date,
    zone: tzinfo,
    settings: TrialSettings | None = None,
) -> tuple[OverdueTest, ...]:
    """Return the tests of routine care that are overdue on the day ``on`` and not on order.

    ``decided`` are the results of the assessment by criterion. Empty while the search for orders is not complete.
    """
    care = trial.standard_of_care
    if care is None or not record.search(ORDERS).complete or record.unreadable_of("ServiceRequest"):
        return ()

    def chart_of(criterion: str) -> Chart:
        declaration = trial.declaration(criterion)
        return Chart(record, on, zone, declaration, settings or TrialSettings(), trial.analytes, trial.units)

    onset = care.latest_onset(chart_of(care.onset_criterion))
    found = []
    for test in care.tests:
        says = _overdue(chart_of(test.criterion), test, decided, onset)
        if says and not _on_order(record.service_requests, test):
            found.append(
                OverdueTest(
                    test.id, test.name, test.order, care.indication, says, _usual(test), care.note, test.instruction
                )
            )
    return tuple(found)


def _overdue(chart: Chart, test: CareTest, decided: Mapping[str, CriterionResult], onset: date | None) -> str | None:
    """Return when the test was last done, if that is too long ago; None when it is not, or cannot be told."""
    if not _is_indicated(chart, test, decided, onset) or not _all_seen(chart, test):
        return None
    done = list(_done(chart, test))
    if any(moment is None or moment.days.first > chart.on for moment in done):
        return None
    moments = [moment for moment in done if moment]
    window = _interval(chart, test)
    if any(window.covers(moment.days, chart.on) is not Coverage.OUTSIDE for moment in moments):
        return None
    if not moments:
        return "None in this record."
    newest = max(moments, key=lambda moment: moment.end)
    return f"Last on {newest.days.last.isoformat()}." if newest.days.exact else f"Last in {newest.text}."


def _is_indicated(chart: Chart, test: CareTest, decided: Mapping[str, CriterionResult], onset: date | None) -> bool:
    if test.only_if:
        result = decided.get(test.only_if.criterion)
        if result is None or result.rule.partition(".")[2] not in test.only_if.rules:
            return False
    if test.years_after_onset is None:
        return True
    return onset is not None and add_years(onset, test.years_after_onset) <= chart.on


def _all_seen(chart: Chart, test: CareTest) -> bool:
    sets = [chart.value_set(name) for name in (*test.results, *test.procedures)]
    unreadable = [u for kind in ("Observation", "Procedure") for u in chart.record.unreadable_of(kind, *sets)]
    return not unreadable and all(chart.search(name).complete for name in test.searches)


def _done(chart: Chart, test: CareTest) -> Iterable[Moment | None]:
    """Yield when the test was done, or is being done; None for a time that is not known."""
    for name in test.results:
        for retrieved in chart.record.retrieve_observations(chart.value_set(name)):
            observation = retrieved.observation
            if (observation.status or "").strip().lower() not in _NOT_DONE and _counts(chart, observation):
                yield effective(chart, observation)[0]
    for done in procedures(chart, *(chart.value_set(name) for name in test.procedures)):
        yield done.when


def _counts(chart: Chart, observation: Observation) -> bool:
    """False for a result of somebody else, and for one that says that there is none."""
    return is_own(chart, observation) and not observation.data_absent_reason


def _interval(chart: Chart, test: CareTest) -> Window:
    """Return the usual interval, or the shorter one while the newest result is above the goal."""
    goal = test.above_goal
    if goal is None:
        return test.every
    found = [r for name in test.results for r in results(chart, chart.value_set(name), chart.analyte(goal.analyte))]
    newest = found[0].interval if found else None
    return goal.window if newest and newest.wholly_above(goal.value, inclusive=True) else test.every


def _usual(test: CareTest) -> str:
    sooner = f", or {test.above_goal.window} above the goal" if test.above_goal else ""
    return f"Usual every {test.every}{sooner}."


def _on_order(orders: Sequence[ServiceRequest], test: CareTest) -> bool:
    return any(
        _may_be(order.code, test) for order in orders if (order.status or "").strip().lower() not in _NOT_ON_ORDER
    )


def _may_be(ordered: CodeableConcept | None, test: CareTest) -> bool:
    """True when an open order may be one of this test; so may one without a name or a code that can be read."""
    if ordered is None:
        return True
    if test.ordered_as.find(ordered):
        return True
    names = [text for text in (ordered.text, *(coding.display for coding in ordered.codings)) if text]
    if any(test.ordered_as.mentions(name) for name in names):
        return True
    return not names and not any(_is_public(coding) for coding in ordered.codings)


def _is_public(coding: Coding) -> bool:
    """True for a code of the terminologies in which `CareTest.ordered_as` is written, so that another is known."""
    return bool(coding.code) and canonical_system(coding.system) in ("http://loinc.org", "http://snomed.info/sct")


# --- reading the declared data -------------------------------------------------------------------------------


def read_standard_of_care(
    document: Mapping[str, Any], latest_onset: Callable[[Chart], date | None], value_sets: Mapping[str, ValueSet]
) -> StandardOfCare:
    """Read ``standard_of_care.yaml``; raises KeyError, TypeError and ValueError for what cannot be used."""
    tests = tuple(_test(item, value_sets) for item in document["tests"])
    return StandardOfCare(
        tests, Code(**document["indication"]), " ".join(document["note"].split()), document["onset"], latest_onset
    )


_KEYS = frozenset(
    {
        "id", "name", "criterion", "results", "procedures", "searches", "every", "above_goal", "years_after_onset",
        "only_if", "order", "ordered_as", "instruction",
    }
)  # fmt: skip


def _test(item: Mapping[str, Any], value_sets: Mapping[str, ValueSet]) -> CareTest:
    unknown = sorted(set(item) - _KEYS)
    if unknown:
        raise ValueError(f"{item.get('id')}: {', '.join(unknown)} is not known")
    order = Code(**item["order"])
    results = tuple(item["results"])
    missing = [name for name in (*results, *item.get("procedures", ())) if name not in value_sets]
    if missing:
        raise ValueError(f"{item['id']}: value set {', '.join(missing)} is not declared")
    return CareTest(
        id=item["id"],
        name=item["name"],
        criterion=item["criterion"],
        results=results,
        procedures=tuple(item.get("procedures", ())),
        searches=tuple(item["searches"]),
        every=_window(item["every"]),
        above_goal=_above_goal(item.get("above_goal")),
        years_after_onset=item["years_after_onset"]["years"] if item.get("years_after_onset") else None,
        only_if=_only_if(item.get("only_if")),
        order=order,
        ordered_as=_ordered_as(item, order, [value_sets[name] for name in results]),
        instruction=item.get("instruction"),
    )


def _window(item: Mapping[str, Any]) -> Window:
    return Window(item.get("days"), item.get("months"), item["source"])


def _above_goal(item: Mapping[str, Any] | None) -> AboveGoal | None:
    return AboveGoal(Fraction(item["from"]), item["analyte"], _window(item)) if item else None


def _only_if(item: Mapping[str, Any] | None) -> OnlyIf | None:
    return OnlyIf(item["criterion"], frozenset(item["rules"])) if item else None


def _ordered_as(item: Mapping[str, Any], order: Code, results: Sequence[ValueSet]) -> ValueSet:
    """Return what an order of the test may be: its own code, those of its results, of panels, and words."""
    given = item["ordered_as"]
    listed = [tuple(code.split("|", 1)) for code in given["codes"]]
    rows = [Row(system, code, code, "exact", (), "yes", "standard_of_care.yaml", "") for system, code in listed]
    rows += [Row(TEXT, words, words, "text", (), "yes", "standard_of_care.yaml", "") for words in given["words"]]
    rows.append(Row(order.system, order.code, order.display, "exact", (), "yes", "standard_of_care.yaml", ""))
    rows += [row for value_set in results for row in value_set.rows]
    return ValueSet(f"ordered_as_{item['id']}", f"Orders of {item['name']}", rows)
