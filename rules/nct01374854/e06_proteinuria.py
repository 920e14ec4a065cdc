"""E6: more than 300 mg of protein a day in the urine.

A 24-hour collection decides directly. Without one the newest of protein/creatinine, 24-hour albumin and
albumin/creatinine stands in for it; of tests of one day the first of this order decides. A dipstick clears
weakly where nothing was measured, and one that is raised since takes the certainty from an older low value.
A diagnosis without a number needs a clinician.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from msgspec.structs import replace

from rules.assessment import Basis, Confidence, Status
from rules.causes import Cause
from rules.criterion import Chart, Coverage, Finding
from rules.decision import FactValue, Rule, field
from rules.diagnoses import Diagnosis, all_read, diagnoses, evidence_of
from rules.diagnoses import find as find_match
from rules.diagnosis_states import by_course, named
from rules.measurements import Selection, near, newest, usable
from rules.quantities import Interval, TooFine, on_grid, plain, scaled
from rules.results import Result, newest_first, results

_DIRECT, _SURROGATE, _STRIP = (field.kind.equals(kind) for kind in ("direct", "surrogate", "strip"))

RULES = (
    Rule("protein-above", (_DIRECT, field.value_low > field.maximum), Status.MET,
         "{title} {value} on {date}, above {limit}."),
    Rule("surrogate-above", (field.value_low > field.maximum,), Status.MET,
         "{title} {value} on {date}, above {limit}, stands for more than {record_limit} of protein; "
         "infection, fever, exercise and high glucose can raise it.", Confidence.MODERATE, Basis.SURROGATE),
    Rule("conflict", (field.state.equals("conflict"),), Status.NEEDS_JUDGEMENT, "{title}: {why}."),
    Rule("surrogate-between", (field.value_low >= field.clear, field.value_high <= field.maximum),
         Status.NEEDS_JUDGEMENT,
         "{title} {value} on {date}, between {clear} and {limit}: protein may be on either side.",
         Confidence.MODERATE, Basis.SURROGATE),
    Rule("raised-since", (field.raised_since.holds,), Status.UNKNOWN,
         "{title} {value} on {date}, but a later dipstick is raised: {strip}."),
    Rule("protein-within", (_DIRECT, field.value_high <= field.maximum), Status.NOT_MET,
         "{title} {value} on {date}, not above {limit}."),
    Rule("surrogate-clear", (_SURROGATE, field.value_high < field.clear), Status.NOT_MET,
         "{title} {value} on {date}, below {clear}.", Confidence.MODERATE, Basis.SURROGATE),
    Rule("diagnosis", (field.diagnosed.holds,), Status.NEEDS_JUDGEMENT,
         "Recorded without a number that decides: {diagnoses}. Urine protein: {summary}."),
    Rule("dipstick-diagnoses-missing", (field.value_high < field.clear, field.diagnoses_seen.fails),
         Status.UNKNOWN,
         "{title} {value} on {date}; whether proteinuria is recorded as a diagnosis is not known: {unseen}."),
    Rule("dipstick-clear", (field.value_high < field.clear,), Status.NOT_MET,
         "{title} {value} on {date}; nothing was measured.", Confidence.LOW, Basis.SURROGATE),
    Rule("dipstick-raised", (_STRIP, field.value_low >= field.clear), Status.UNKNOWN,
         "{title} {value} on {date} does not tell how much protein is lost."),
    Rule("straddles", (field.state.equals("value"),), Status.UNKNOWN,
         "{title} {value} on {date} does not tell on which side of the limits it lies."),
    Rule("unknown", (), Status.UNKNOWN, "Urine protein: {why}."),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Test:
    """One way of measuring, and the names of its limits."""

    kind: str
    title: str
    value_set: str
    analyte: str
    maximum: str | None
    clear: str | None


_DIPSTICK = _Test("strip", "Dipstick", "urine_protein_dipstick", "urine_protein_strip", None, "dipstick")
_TESTS = (
    _Test("direct", "24-hour protein", "urine_protein_24h", "urine_protein_rate", "maximum", None),
    _Test("surrogate", "Protein/creatinine", "protein_creatinine_ratio", "urine_protein_ratio",
          "pcr_maximum", "pcr_clear"),
    _Test("surrogate", "24-hour albumin", "urine_albumin_24h", "urine_protein_rate",
          "albumin_maximum", "albumin_clear"),
    _Test("surrogate", "Albumin/creatinine", "albumin_creatinine_ratio", "urine_protein_ratio",
          "acr_maximum", "acr_clear"),
)  # fmt: skip
"""In the order in which they decide when they are of one day."""


def find(chart: Chart) -> Finding:
    """Return the urine test that decides, a dipstick beside it, and diagnoses of proteinuria."""
    test, measured = _measured(chart)
    strip = _select(chart, _DIPSTICK, _strips(chart))
    chosen = measured
    if _stands_in(measured, strip):
        test, chosen = _DIPSTICK, strip
    numbers, chosen = _numbers(chart, test, chosen)
    since = _raised_since(chart, measured, strip)
    disease = _diagnoses(chart)
    seen = all_read(chart, chart.value_set("proteinuria_dx"))
    maximum = _limit(chart, test.maximum)
    value = chosen.chosen if chosen.state == "value" else None
    return Finding(
        fact={
            "kind": test.kind,
            "state": chosen.state,
            **numbers,
            "raised_since": since,
            "diagnosed": bool(disease),
            "diagnoses_seen": seen.counts,
        },
        words={**_words(chart, test, chosen), "strip": _in_words(strip), "diagnoses": named(disease),
               "unseen": seen.why},
        evidence=(*chosen.evidence(), *(strip.evidence() if since else ()), *evidence_of(disease)),
        notes=(*chosen.notes, *_notes(chart, test, chosen)),
        confidence=chosen.confidence,
        near_threshold=maximum is not None and near(value, maximum),
    )  # fmt: skip


# -- choosing the test -----------------------------------------------------------------------------------


def _measured(chart: Chart) -> tuple[_Test, Selection]:
    """Return the test that decides, the newest, and the result chosen of it."""
    found = {test: results(chart, chart.value_set(test.value_set), chart.analyte(test.analyte)) for test in _TESTS}
    leading = [(test, r) for test in _TESTS for r in found[test] if usable(r)]
    test = max(leading, key=lambda pair: _day(pair[1]))[0] if leading else _TESTS[0]
    others = [r for other in _TESTS if other is not test for r in found[other]]
    obstacles = [r for r in others if r.problem or not leading]
    selection = _select(chart, test, newest_first([*found[test], *obstacles]))
    return test, _beside_preliminary(chart, test, selection, found)


def _stands_in(measured: Selection, strip: Selection) -> bool:
    """True when nothing was measured in the window, and a dipstick says something, or why it does not."""
    if measured.cause is Cause.STALE:
        return strip.state != "unknown"
    return measured.cause is Cause.NONE and strip.cause is not Cause.NONE


def _day(result: Result) -> int:
    return result.when.days.last.toordinal() if result.when else 0


def _select(chart: Chart, test: _Test, candidates: Sequence[Result]) -> Selection:
    return newest(
        chart, candidates, lambda interval: _outcome(chart, test, interval),
        decide=chart.window("decide"), shown_for=chart.window("shown"),
        value_sets=[chart.value_set(t.value_set) for t in (*_TESTS, _DIPSTICK)],
    )  # fmt: skip


def _outcome(chart: Chart, test: _Test, interval: Interval) -> str:
    """Return where a value lies beside the limits of its test, so that values of two tests compare."""
    maximum, clear = _limit(chart, test.maximum), _limit(chart, test.clear)
    if maximum is not None and interval.wholly_above(maximum):
        return "above"
    if clear is not None and interval.wholly_below(clear):
        return "clear"
    if clear is None and maximum is not None and interval.wholly_below(maximum, inclusive=True):
        return "clear"
    return "between"


def _beside_preliminary(chart: Chart, test: _Test, selection: Selection, found: dict[_Test, list[Result]]) -> Selection:
    """A newer preliminary result of another test, if it says something else, needs a clinician."""
    best = selection.chosen
    if selection.state != "value" or best is None or best.interval is None or best.when is None:
        return selection
    outcome = _outcome(chart, test, best.interval)
    differing = [
        r
        for other in _TESTS
        if other is not test
        for r in found[other]
        if r.preliminary and r.interval and r.when and r.when.start > best.when.end
        and _outcome(chart, other, r.interval) != outcome
    ]  # fmt: skip
    if not differing:
        return selection
    why = f"a newer preliminary result differs from {best.reported} on {best.date}"
    return replace(selection, state="conflict", why=why, shown=(*selection.shown, *differing))


def _raised_since(chart: Chart, measured: Selection, strip: Selection) -> bool:
    """True when a dipstick of a later day than the measured value is raised."""
    if measured.chosen is None or measured.state != "value" or strip.chosen is None or strip.interval is None:
        return False
    raised = strip.interval.wholly_above(chart.limit("dipstick"), inclusive=True)
    return raised and _day(strip.chosen) > _day(measured.chosen)


def _strips(chart: Chart) -> list[Result]:
    """Return dipsticks: a reading in words becomes the values it stands for."""
    found = results(chart, chart.value_set(_DIPSTICK.value_set), chart.analyte(_DIPSTICK.analyte))
    return [_read_strip(chart, result) for result in found]


_IN_WORDS = frozenset({Cause.UNPARSABLE, Cause.UNIT_MISSING, Cause.UNIT_UNKNOWN})


def _read_strip(chart: Chart, result: Result) -> Result:
    answer, text = result.retrieved.value.value_codeable_concept, result.retrieved.value.value_string
    text = text or (answer.display if answer else None)
    one_plus = chart.limit("dipstick")
    stands_for = {
        "dipstick_clear": Interval(None, one_plus, high_open=True),
        "dipstick_raised": Interval(one_plus, None),
    }
    if result.problem not in _IN_WORDS or not text:
        return result
    for name, interval in stands_for.items():
        answers = chart.value_set(name)
        if answers.find(answer) or answers.find_words(text, cues=False):
            return result.but(interval=interval, problem=None, why="", printed=None)
    return result


# -- the rest --------------------------------------------------------------------------------------------


def _diagnoses(chart: Chart) -> list[Diagnosis]:
    """Return diagnoses of proteinuria that are not over, without the orthostatic and gestational kinds."""
    benign = chart.value_set("proteinuria_benign")
    found = by_course(
        d for d in diagnoses(chart, chart.value_set("proteinuria_dx")) if not find_match(d.condition, benign)
    )
    return [*found.current, *found.questionable]


def _limit(chart: Chart, name: str | None) -> Fraction | None:
    return chart.limit(name) if name else None


def _numbers(chart: Chart, test: _Test, selection: Selection) -> tuple[dict[str, FactValue], Selection]:
    """Return the value and the limits of its test as numbers; a limit that the test does not have is None.

    A value that the rule engine cannot hold exactly makes the selection unknown.
    """
    limits = {"maximum": _limit(chart, test.maximum), "clear": _limit(chart, test.clear)}
    known = {name: limit for name, limit in limits.items() if limit is not None}
    value = on_grid(selection.interval) if selection.interval else None
    try:
        return {**dict.fromkeys(limits), **scaled({"value": value}, known)}, selection
    except TooFine as error:
        unknown = replace(selection, state="unknown", cause=Cause.TOO_FINE, why=str(error))
        return {**dict.fromkeys(limits), **scaled({"value": None}, known)}, unknown


def _words(chart: Chart, test: _Test, selection: Selection) -> dict[str, str]:
    def limit(name: str | None) -> str:
        return f"{plain(chart.limit(name))} {chart.this.limits[name].unit}" if name else ""

    return {
        **selection.words(),
        "title": test.title,
        "limit": limit(test.maximum),
        "clear": limit(test.clear),
        "record_limit": limit("maximum"),
        "summary": f"{test.title} {_in_words(selection)}" if selection.state == "value" else selection.why,
    }


def _in_words(selection: Selection) -> str:
    words = selection.words()
    return f"{words['value']} on {words['date']}"


def _notes(chart: Chart, test: _Test, selection: Selection) -> list[str]:
    """Say when the last three ratios of this kind do not agree."""
    if selection.state != "value":
        return []
    window = chart.window("decide")
    found = results(chart, chart.value_set(test.value_set), chart.analyte(test.analyte))
    recent = [
        r for r in found
        if usable(r) and r.when and window.covers(r.when.days, chart.on) is not Coverage.OUTSIDE
    ][: int(chart.limit("compared"))]  # fmt: skip
    outcomes = {_outcome(chart, test, r.interval) for r in recent if r.interval}
    return [f"The last {len(recent)} results do not agree; the newest decides."] if len(outcomes) > 1 else []
