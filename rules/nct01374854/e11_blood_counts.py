"""E11: hemoglobin below the laboratory's lower limit, or too few lymphocytes, neutrophils or platelets.

The record counts cells "per litre", which nobody could have; it is read as per microlitre. Any one excludes,
all four are needed to clear. Counts come absolute, or from the leukocytes and the share of one specimen.
Without a laboratory range a flag decides; without a flag, usual limits only point to a low hemoglobin.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from msgspec import structs

from rules.assessment import Basis, Confidence, Status
from rules.causes import Cause
from rules.criterion import Chart, Finding
from rules.decision import Condition, Field, Rule, field
from rules.measurements import Selection, first_usable, newest, usable
from rules.panel import Part, below, panel_finding, sides
from rules.pregnancy import may_be_pregnant
from rules.quantities import Interval, plain
from rules.readings import words
from rules.reference_ranges import flagged_low, flagged_not_low, normal_range
from rules.results import Result, results
from rules.sex import Sex, sex_of
from rules.specimens import same_specimen, taken_together

_PARTS = ("hemoglobin", "lymphocytes", "neutrophils", "platelets")
_COUNTS_CLEAR: tuple[Condition, ...] = (
    field.lymphocytes_low >= field.lymphocytes_limit,
    field.neutrophils_low >= field.neutrophils_limit,
    field.platelets_low >= field.platelets_limit,
)
_BELOW = "Below the limit: {beyond}."
_CLEAR = "Not below the limits: {values}."

RULES = (
    Rule("hemoglobin-below", (field.hemoglobin_high < field.hemoglobin_limit,), Status.MET, _BELOW),
    Rule(
        "lymphopenia",
        (field.lymphocytes_derived.fails, field.lymphocytes_high < field.lymphocytes_limit),
        Status.MET,
        _BELOW,
    ),
    Rule(
        "neutropenia",
        (field.neutrophils_derived.fails, field.neutrophils_high < field.neutrophils_limit),
        Status.MET,
        _BELOW,
    ),
    Rule(
        "thrombocytopenia",
        (field.platelets_clumped.fails, field.platelets_high < field.platelets_limit),
        Status.MET,
        _BELOW,
    ),
    Rule(
        "hemoglobin-flagged-low",
        (field.hemoglobin_flag.equals("low"),),
        Status.MET,
        "Flagged low by the laboratory, without a range: {hemoglobin}.",
        Confidence.MODERATE,
    ),
    Rule(
        "lymphopenia-derived",
        (field.lymphocytes_high < field.lymphocytes_limit,),
        Status.MET,
        _BELOW,
        Confidence.MODERATE,
        Basis.DERIVED,
    ),
    Rule(
        "neutropenia-derived",
        (field.neutrophils_high < field.neutrophils_limit,),
        Status.MET,
        _BELOW,
        Confidence.MODERATE,
        Basis.DERIVED,
    ),
    Rule(
        "hemoglobin-below-usual",
        (field.hemoglobin_high < field.hemoglobin_usual,),
        Status.NEEDS_JUDGEMENT,
        "{hemoglobin} is low by usual limits; the laboratory sent no range.",
    ),
    Rule(
        "platelets-clumped",
        (field.platelets_high < field.platelets_limit,),
        Status.NEEDS_JUDGEMENT,
        "{platelets} is low, but the laboratory remarks that platelets clumped.",
    ),
    *(
        Rule(f"{name}-conflict", (Field(f"{name}_state").equals("conflict"),), Status.NEEDS_JUDGEMENT, "{why}.")
        for name in _PARTS
    ),
    Rule(
        "clear",
        (field.hemoglobin_low >= field.hemoglobin_limit, *_COUNTS_CLEAR),
        Status.NOT_MET,
        _CLEAR,
    ),
    Rule(
        "clear-by-flag",
        (field.hemoglobin_flag.equals("not-low"), *_COUNTS_CLEAR),
        Status.NOT_MET,
        f"{_CLEAR} The laboratory sent no hemoglobin range, and did not flag it low.",
        Confidence.MODERATE,
    ),
    Rule(
        "clear-by-usual",
        (field.hemoglobin_low >= field.hemoglobin_clear, *_COUNTS_CLEAR),
        Status.NOT_MET,
        f"{_CLEAR} The laboratory sent no hemoglobin range; it is well above usual limits.",
        Confidence.MODERATE,
    ),
    Rule(
        "undecided",
        tuple(Field(f"{name}_state").equals("value") for name in _PARTS),
        Status.UNKNOWN,
        "The values do not tell on which side of the limits they lie: {values}.",
    ),
    Rule("unknown", (), Status.UNKNOWN, "{known}Open: {why}."),
)


def find(chart: Chart) -> Finding:
    """Return hemoglobin, lymphocytes, neutrophils and platelets, each with its limit."""
    hemoglobin, flag = _hemoglobin(chart)
    lymphocytes = _cells(chart, "lymphocytes", "Lymphocytes")
    neutrophils = _cells(chart, "neutrophils", "Neutrophils")
    platelets = _count(chart, "platelets", "platelet_count")
    clumped = _clumped(chart, platelets)
    limit = chart.limit("platelets")
    notes = []
    if neutrophils.beyond:
        notes.append("A constitutionally low neutrophil count (Duffy-null) is possible.")
    return panel_finding(
        [
            hemoglobin,
            lymphocytes,
            neutrophils,
            Part(
                "platelets", "Platelets", platelets, {"limit": limit}, excluding=limit,
                beyond=not clumped and below(platelets, limit), beside=_limit_words(chart, "platelets"),
            ),
        ],
        notes=notes,
        hemoglobin_flag=flag,
        lymphocytes_derived=lymphocytes.derived,
        neutrophils_derived=neutrophils.derived,
        platelets_clumped=clumped,
    )  # fmt: skip


def _limit_words(chart: Chart, name: str) -> str:
    return f"limit {plain(chart.limit(name))} {chart.this.limits[name].unit}"


def _select(chart: Chart, name: str, candidates: list[Result], *limits: Fraction | None) -> Selection:
    return newest(
        chart,
        candidates,
        sides(*limits),
        decide=chart.window("decide"),
        shown_for=chart.window("shown"),
        value_sets=[chart.value_set(name)],
    )


# -- hemoglobin ------------------------------------------------------------------------------------------


def _hemoglobin(chart: Chart) -> tuple[Part, str | None]:
    """Return the newest hemoglobin, with the laboratory's limit, else its flag, else usual limits."""
    analyte = chart.analyte("hemoglobin")
    candidates = results(chart, chart.value_set("hemoglobin"), analyte)
    best = first_usable(candidates)
    lower = normal_range(chart, best, analyte).low if best else None
    flag = _flag(best) if best and lower is None else None
    usual = _usual_limits(chart) if lower is None and flag is None else []
    lowest = min(usual, default=None)
    clear = max(usual) + chart.limit("hemoglobin_margin") if usual else None
    selection = _select(chart, "hemoglobin", candidates, lower, lowest, clear)
    known = selection.state == "value"
    part = Part(
        "hemoglobin", "Hemoglobin", selection,
        {"limit": lower, "usual": lowest, "clear": clear},
        excluding=lower,
        beyond=known and (below(selection, lower) or flag == "low"),
        beside=_hemoglobin_words(analyte.canonical, lower, lowest, flag),
        confidence=Confidence.HIGH if lower is not None else Confidence.MODERATE,
    )  # fmt: skip
    return part, flag if known else None


def _flag(result: Result) -> str | None:
    if flagged_low(result.retrieved.value):
        return "low"
    return "not-low" if flagged_not_low(result.retrieved.value) else None


def _hemoglobin_words(unit: str, lower: Fraction | None, usual: Fraction | None, flag: str | None) -> str:
    if lower is not None:
        return f"laboratory's lower limit {plain(lower)} {unit}"
    if usual is not None:
        return f"no laboratory range; usual limit {plain(usual)} {unit}"
    return f"no laboratory range; flagged {'low' if flag == 'low' else 'not low'}"


def _usual_limits(chart: Chart) -> list[Fraction]:
    """Return the usual lower limits that may apply: several where sex or pregnancy is not known."""
    male, female, pregnant = (chart.limit(f"hemoglobin_{who}") for who in ("male", "female", "pregnant"))
    sex = sex_of(chart)
    limits = [male] if sex is not Sex.FEMALE else []
    limits += [female] if sex is not Sex.MALE else []
    return [*limits, pregnant] if may_be_pregnant(chart, chart.window("pregnancy")) else limits


# -- cells -----------------------------------------------------------------------------------------------


def _count(chart: Chart, name: str, analyte: str) -> Selection:
    found = results(chart, chart.value_set(name), chart.analyte(analyte))
    return _select(chart, name, found, chart.limit(name))


def _cells(chart: Chart, name: str, title: str) -> Part:
    """Return an absolute count; without one in the window, leukocytes times their share.

    A share of a later specimen that tells another story than the absolute count is left to a clinician.
    """
    limit = chart.limit(name)
    selection, derived = _count(chart, name, "leukocyte_count"), False
    if selection.state == "value" and selection.chosen and _has_later_share(chart, name, selection.chosen):
        selection = _beside_later(selection, _derived(chart, name), limit)
    if selection.state == "unknown" and selection.cause not in (Cause.SEARCH, Cause.UNREADABLE):
        computed = _derived(chart, name)
        if computed.state != "unknown":
            selection, derived = computed, True
    return Part(
        name, title, selection, {"limit": limit}, excluding=limit, beyond=below(selection, limit),
        beside=_limit_words(chart, name), derived=derived,
        confidence=Confidence.MODERATE if derived else Confidence.HIGH,
    )  # fmt: skip


def _has_later_share(chart: Chart, name: str, count: Result) -> bool:
    share = first_usable(results(chart, chart.value_set(f"{name}_percent"), chart.analyte("cell_percent")))
    return share is not None and _is_later(share, count)


def _is_later(result: Result, other: Result) -> bool:
    return bool(result.when and other.when and result.when.start > other.when.end)


def _beside_later(count: Selection, computed: Selection, limit: Fraction) -> Selection:
    """Return ``count``, as a conflict where a later ``computed`` lies on the other side of the limit."""
    if count.interval is None or computed.interval is None or count.chosen is None or computed.chosen is None:
        return count
    outcome = sides(limit)
    if not _is_later(computed.chosen, count.chosen) or outcome(count.interval) == outcome(computed.interval):
        return count
    said = computed.words()
    why = f"{said['value']} on {said['date']} differs from {count.words()['value']} on {count.words()['date']}"
    return structs.replace(count, state="conflict", why=why, shown=(*computed.shown, *count.shown))


def _derived(chart: Chart, name: str) -> Selection:
    """Return leukocytes times the share of ``name``, newest first; bands count as neutrophils."""
    shares = _Shares(chart)
    percents = results(chart, chart.value_set(f"{name}_percent"), chart.analyte("cell_percent"))
    computed = [c for p in percents if usable(p) and (c := shares.count(p, bands=name == "neutrophils"))]
    return _select(chart, f"{name}_percent", computed, chart.limit(name))


@dataclass(frozen=True, slots=True)
class _Shares:
    """Turns shares of the leukocytes into counts."""

    chart: Chart

    def count(self, percent: Result, *, bands: bool) -> Result | None:
        """Return the count that ``percent`` stands for; None without leukocytes of the same specimen."""
        leukocytes = self._beside(percent, "leukocytes", "leukocyte_count")
        if leukocytes is None or leukocytes.interval is None or percent.interval is None:
            return None
        band = self._beside(percent, "bands_percent", "cell_percent") if bands else None
        share = percent.interval + band.interval if band and band.interval else percent.interval
        total = _product(leukocytes.interval, share)
        parts = f"{percent.reported}{f' + bands {band.reported}' if band else ''} of {leukocytes.reported}"
        unit = self.chart.analyte("leukocyte_count").canonical
        return percent.but(
            interval=total, printed=None, reported=parts, compared=f"{words(total)} {unit}",
            confidence=percent.confidence.at_most(leukocytes.confidence), canonical=True,
        )  # fmt: skip

    def _beside(self, percent: Result, name: str, analyte: str) -> Result | None:
        """Return the result of the same specimen, else the nearest within the window."""
        found = results(self.chart, self.chart.value_set(name), self.chart.analyte(analyte))
        near = timedelta(days=self.chart.window("same_specimen").days or 0)
        fitting = [
            r for r in found
            if usable(r) and taken_together(self.chart, percent.observation, r.observation, near)
        ]  # fmt: skip
        return min(fitting, key=lambda r: _distance(percent, r), default=None)


def _distance(percent: Result, other: Result) -> tuple[bool, float]:
    apart = abs((percent.when.start - other.when.start).total_seconds()) if percent.when and other.when else 0.0
    return not same_specimen(percent.observation, other.observation), apart


def _product(count: Interval, percent: Interval) -> Interval:
    """Multiply a count by a share in percent; both are at least zero."""
    low = (count.low or 0) * (percent.low or 0) / Fraction(100)
    high = None if count.high is None or percent.high is None else count.high * percent.high / 100
    return Interval(low, high, count.low_open or percent.low_open, count.high_open or percent.high_open)


def _clumped(chart: Chart, platelets: Selection) -> bool:
    """True when a remark on the chosen platelet count says that platelets clumped."""
    chosen = platelets.chosen
    remarks = chosen.observation.note or () if chosen else ()
    return any(chart.value_set("platelet_clumping").find_words(note.text) for note in remarks)
