"""E23: ALT, AST, alkaline phosphatase or total bilirubin above a multiple of its upper limit of normal.

Any one excludes. ALT and AST are both needed to clear; the other two may be missing. The upper limit is that
of the result's own reference range; without one, bands of usual limits decide only at the extremes.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from rules.assessment import Confidence, Evidence, Status
from rules.criterion import Chart, Finding
from rules.decision import Condition, Field, Rule, field
from rules.diagnoses import Course, Diagnosis, all_read, diagnoses, evidence_of
from rules.measurements import first_usable, newest
from rules.panel import Part, above, not_above, panel_finding, sides
from rules.pregnancy import may_be_pregnant
from rules.quantities import plain
from rules.reference_ranges import normal_range
from rules.results import results
from rules.words import by_reason

_ENZYMES = ("alt", "ast", "alp")
_TESTS = (*_ENZYMES, "bilirubin")
_TITLES = {"alt": "ALT", "ast": "AST", "alp": "Alkaline phosphatase", "bilirubin": "Total bilirubin"}
_CLEAR = "Not above {multiple} x the upper limit: {values}."
_ABOVE = "Above {multiple} x the upper limit: {beyond}."


def _above(test: str) -> Condition:
    return Field(f"{test}_low") > Field(f"{test}_limit")


def _clear(*tests: str) -> tuple[Condition, ...]:
    return tuple(Field(f"{test}_high") <= Field(f"{test}_clear") for test in tests)


RULES = (
    *(Rule(f"{test}-above", (_above(test),), Status.MET, _ABOVE) for test in _ENZYMES),
    Rule(
        "bilirubin-above",
        (_above("bilirubin"), field.gilbert.fails, field.diagnoses_seen.holds),
        Status.MET,
        _ABOVE,
    ),
    Rule(
        "gilbert",
        (_above("bilirubin"), field.gilbert.holds),
        Status.NEEDS_JUDGEMENT,
        "{bilirubin} is raised alone, with Gilbert syndrome recorded.",
    ),
    *(
        Rule(
            f"{test}-above-usual",
            (Field(f"{test}_low") > Field(f"{test}_usual"),),
            Status.NEEDS_JUDGEMENT,
            f"{{{test}}} is above {{multiple}} x any usual upper limit; the laboratory sent none.",
        )
        for test in _TESTS
    ),
    *(
        Rule(f"{test}-conflict", (Field(f"{test}_state").equals("conflict"),), Status.NEEDS_JUDGEMENT, "{why}.")
        for test in _TESTS
    ),
    Rule(
        "bilirubin-above-alone",
        (_above("bilirubin"),),
        Status.UNKNOWN,
        "{bilirubin} is raised alone; whether Gilbert syndrome is recorded is not known: {unseen}.",
    ),
    Rule("clear", _clear(*_TESTS), Status.NOT_MET, _CLEAR),
    Rule(
        "clear-without-bilirubin",
        (*_clear("alt", "ast", "alp"), field.bilirubin_state.equals("unknown")),
        Status.NOT_MET,
        f"{_CLEAR} Not available: {{why}}.",
        Confidence.MODERATE,
    ),
    Rule(
        "clear-without-alp",
        (*_clear("alt", "ast", "bilirubin"), field.alp_state.equals("unknown")),
        Status.NOT_MET,
        f"{_CLEAR} Not available: {{why}}.",
        Confidence.MODERATE,
    ),
    Rule(
        "transaminases-clear",
        (*_clear("alt", "ast"), field.alp_state.equals("unknown"), field.bilirubin_state.equals("unknown")),
        Status.NOT_MET,
        f"{_CLEAR} Not available: {{why}}.",
        Confidence.MODERATE,
    ),
    Rule("unknown", (), Status.UNKNOWN, "{known}Open: {why}."),
)


def find(chart: Chart) -> Finding:
    """Return the four tests, each with its upper limit, and what may explain a raised one."""
    parts = [_part(chart, test) for test in _TESTS]
    gilbert = [d for d in diagnoses(chart, chart.value_set("gilbert")) if d.course is not Course.PAST]
    seen = all_read(chart, chart.value_set("gilbert"))
    if gilbert or not seen.counts:
        parts[-1] = replace(parts[-1], beyond=False)
    finding = panel_finding(parts, notes=list(_notes(chart, parts)), gilbert=bool(gilbert), diagnoses_seen=seen.counts)
    words = {**finding.words, "multiple": plain(chart.limit("multiple")), "unseen": seen.why}
    words["why"] = _why(parts)
    return replace(finding, words=words, evidence=(*finding.evidence, *_shown(chart, gilbert)))


def _part(chart: Chart, test: str) -> Part:
    value_set = chart.value_set("bilirubin_total" if test == "bilirubin" else test)
    analyte = chart.analyte("bilirubin" if test == "bilirubin" else "enzyme")
    candidates = results(chart, value_set, analyte)
    multiple = chart.limit("multiple")
    best = first_usable(candidates)
    upper = normal_range(chart, best, analyte).high if best else None
    upper = upper if upper is not None and upper > 0 else None
    limit = None if upper is None else multiple * upper
    usual = None if upper is not None else multiple * chart.limit(f"{test}_high")
    clear = limit if limit is not None else multiple * chart.limit(f"{test}_low")
    selection = newest(
        chart, candidates, sides(limit, usual, clear),
        decide=chart.window("decide"), shown_for=chart.window("shown"), value_sets=[value_set],
    )  # fmt: skip
    return Part(
        test, _TITLES[test], selection, {"limit": limit, "usual": usual, "clear": clear},
        excluding=limit, beyond=above(selection, limit),
        beside="no laboratory range" if upper is None else f"upper limit {plain(upper)} {analyte.canonical}",
        confidence=Confidence.HIGH if upper is not None else Confidence.MODERATE,
    )  # fmt: skip


def _why(parts: list[Part]) -> str:
    """Say what is lacking, and which values cannot be judged."""
    lacking = by_reason((part.title, part.selection.why) for part in parts if not part.known)
    undecided = (_undecided(part) for part in parts if part.known)
    return "; ".join(why for why in (lacking, *undecided) if why)


def _undecided(part: Part) -> str:
    if part.beyond or not_above(part.selection, part.limits["clear"]):
        return ""
    if part.limits["limit"] is None:
        return f"{part.title} cannot be judged without the laboratory's upper limit"
    return f"{part.title} does not tell on which side of the limit it lies"


def _notes(chart: Chart, parts: list[Part]) -> Iterator[str]:
    beyond = [part.name for part in parts if part.beyond]
    if beyond == ["ast"]:
        yield "AST raised alone can come from muscle or haemolysis."
    if "alp" in beyond and may_be_pregnant(chart, chart.window("pregnancy")):
        yield "Alkaline phosphatase rises in pregnancy."


def _shown(chart: Chart, gilbert: list[Diagnosis]) -> list[Evidence]:
    """Return what is shown without deciding: Gilbert syndrome and the newest GGT."""
    ggt = first_usable(results(chart, chart.value_set("ggt"), chart.analyte("enzyme")))
    return [*evidence_of(gilbert), *([ggt.evidence()] if ggt else [])]
