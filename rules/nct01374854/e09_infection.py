"""E9: active infection, among them hepatitis C, HIV and tuberculosis.

A positive test counts for life. Only a skin test can be explained by a vaccination (BCG); a release assay, a
hepatitis C antibody or an HIV test cannot. Clear are negative tests for all three in their windows, with no
diagnosis and no treatment; whoever was not tested is unknown, another acute infection needs judgement.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from enum import StrEnum

from rules.answers import Answer, answers, final, newest, newest_first
from rules.assessment import Confidence, Evidence, Status
from rules.courses import course
from rules.criterion import Chart, Coverage, Finding
from rules.datatypes import Quantity
from rules.decision import Rule, field
from rules.diagnoses import Course, Diagnosis, all_read, diagnoses
from rules.medications import Use, orders
from rules.medications import all_read as all_drugs_read
from rules.procedures import procedures
from rules.qualitative import Reading, flags, reading
from rules.quantities import Interval, parse_number
from rules.resources import Immunization, Value

RULES = (
    Rule("hiv", (field.hiv >= 1,), Status.MET, "HIV infection: {hiv}."),
    Rule("hepatitis-c", (field.hepatitis_c >= 1,), Status.MET, "Hepatitis C: {hepatitis_c}.{cleared}"),
    Rule("hepatitis-b", (field.hepatitis_b >= 1,), Status.MET, "Hepatitis B: {hepatitis_b}."),
    Rule("tuberculosis", (field.tuberculosis >= 1,), Status.MET, "Tuberculosis: {tuberculosis}."),
    Rule("treatment", (field.treatment >= 1,), Status.MET,
         "Treated for tuberculosis or hepatitis C: {treatment}."),
    Rule("release-assay", (field.release_assay >= 1,), Status.MET,
         "A positive test for tuberculosis that BCG does not explain: {release_assay}."),
    Rule("skin-test-without-bcg", (field.skin_test >= 1, field.bcg.equals("absent")), Status.MET,
         "A positive tuberculin skin test, and BCG was not given: {skin_test}."),
    Rule("treatment-in-words", (field.treatment_in_words >= 1,), Status.MET,
         "Treated for tuberculosis or hepatitis C, by the name of the drug: {treatment_in_words}.",
         Confidence.LOW),
    Rule("skin-test-bcg-not-known", (field.skin_test >= 1, field.bcg.equals("not-known")),
         Status.NEEDS_JUDGEMENT,
         "A positive tuberculin skin test, and no record of BCG before it: {skin_test}."),
    Rule("screen-not-confirmed", (field.screen >= 1,), Status.NEEDS_JUDGEMENT,
         "A reactive HIV screen without confirmation: {screen}."),
    Rule("doubtful", (field.doubtful >= 1,), Status.NEEDS_JUDGEMENT,
         "For a person to judge: {doubtful}.", Confidence.MODERATE),
    Rule("acute-infection", (field.acute >= 1,), Status.NEEDS_JUDGEMENT,
         "Another infection that may be active: {acute}.", Confidence.MODERATE),
    Rule("not-all-seen", (field.seen.fails,), Status.UNKNOWN,
         "Infection cannot be excluded: {why_unseen}."),
    Rule("untested", (field.untested >= 1,), Status.UNKNOWN, "Not excluded: {untested}."),
    Rule("skin-test-by-bcg", (field.skin_test >= 1,), Status.NOT_MET,
         "HIV and hepatitis C negative ({negative}); the positive skin test follows a BCG vaccination, and "
         "there is no sign of active infection: {skin_test}.", Confidence.MODERATE),
    Rule("negative", (), Status.NOT_MET,
         "HIV, hepatitis C and tuberculosis tests are negative ({negative}); no such infection is recorded."),
)  # fmt: skip


class Virus(StrEnum):
    """What a test says. Unclear also stands for a skin test between the limits."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    BETWEEN = "between"
    UNCLEAR = "unclear"


def find(chart: Chart) -> Finding:
    """Return positive tests, diagnoses, treatment, what is doubtful, and which negative tests are in date."""
    tests, drugs = _Tests(chart), _Drugs(chart)
    dx = _Diagnoses(chart)
    skin_tests = [*tests.positive("tuberculin"), *dx.certain("tuberculin_reaction")]
    screens = tests.positive("hiv_screen")
    groups: dict[str, list[Evidence]] = {
        "hiv": [*dx.certain("hiv"), *tests.positive("hiv_confirmation")],
        "hepatitis_c": [
            *dx.certain("hepatitis_c"),
            *tests.positive("hcv_antibody"),
            *tests.positive("hcv_rna"),
        ],
        "hepatitis_b": [*dx.now("hepatitis_b"), *tests.positive("hbv_antigen")],
        "tuberculosis": dx.now("tuberculosis"),
        "treatment": drugs.coded,
        "treatment_in_words": drugs.in_words,
        "release_assay": [*tests.positive("igra"), *dx.certain("tb_infection")],
        "skin_test": skin_tests,
        "screen": screens,
        "doubtful": [
            *dx.doubtful(),
            *drugs.doubtful,
            *tests.doubtful(),
            *tests.positive("hbv_core_antibody"),
        ],
        "acute": [*dx.acute(), *_antibacterials(chart)],
    }
    bcg = _bcg(chart, skin_tests)
    open_tests = tests.untested(explained=bool(skin_tests))
    untested = [f"{title}: {why}" for title, why in open_tests.items()]
    unseen = _unseen(chart)
    shown = (*groups.values(), tests.negative, _vaccinations(chart) if skin_tests else [])
    return Finding(
        fact={
            **{name: len(group) for name, group in groups.items()},
            "bcg": bcg,
            "seen": not unseen,
            "untested": len(untested),
        },
        words={
            **{name: "; ".join(dict.fromkeys(map(_words, group))) for name, group in groups.items()},
            "cleared": " The RNA was not detected: cleared or treated, which does not lift the exclusion."
            if tests.rna_negative else "",
            "negative": "; ".join(map(_words, tests.negative)) or "no test",
            "untested": "; ".join(untested),
            "why_unseen": unseen,
        },
        evidence=tuple({(e.reference, e.display): e for group in shown for e in group}.values()),
        missing=tuple(f"a negative {title}" for title in open_tests),
    )  # fmt: skip


def _words(item: Evidence) -> str:
    details = ", ".join(part for part in (item.value, item.date and item.date[:10]) if part)
    return f"{item.display} ({details})" if details else item.display


# -- tests -----------------------------------------------------------------------------------------------

_RNA = ("hiv_confirmation", "hcv_rna")
_HIV, _HEPATITIS_C = ("hiv_screen", "hiv_confirmation"), ("hcv_antibody", "hcv_rna")
_HEPATITIS_B, _TUBERCULOSIS = ("hbv_antigen", "hbv_core_antibody"), ("igra", "tuberculin")
_INFECTIONS = (_HIV, _HEPATITIS_C, _HEPATITIS_B, _TUBERCULOSIS)
"""The tests of one infection: a newer result of one can overturn that of another."""
_NEEDED = {"hiv": ("HIV screen", _HIV), "hepatitis_c": ("hepatitis C antibody", _HEPATITIS_C)}
"""What must be negative, by the window in which it must be: its title, and the tests, of which it is the first."""
_TESTS = ("hiv_screen", "hiv_confirmation", "hcv_antibody", "hcv_rna", "hbv_antigen", "hbv_core_antibody",
          "igra", "tuberculin")  # fmt: skip


class _Tests:
    """The results of all tests, by value set."""

    def __init__(self, chart: Chart) -> None:
        self._chart = chart
        self._found = {name: _answers(chart, name) for name in _TESTS}
        self.negative: list[Evidence] = []

    def positive(self, name: str) -> list[Evidence]:
        """Return final positive results of any age."""
        return [a.evidence() for a in final(self._found[name]) if a.says == Virus.POSITIVE]

    def doubtful(self) -> list[Evidence]:
        """Return skin tests between the limits, and preliminary positives newer than a final result."""
        between = [a for a in final(self._found["tuberculin"]) if a.says == Virus.BETWEEN]
        infections = [self._of(*names) for names in _INFECTIONS]
        newer = [a for found in infections for a in found if _is_newer_positive(a, found)]
        return [a.evidence() for a in (*between, *newer)]

    @property
    def rna_negative(self) -> bool:
        found = final(self._found["hcv_rna"])
        return bool(found) and found[0].says == Virus.NEGATIVE

    def untested(self, *, explained: bool) -> dict[str, str]:
        """Return which negative tests are not in date, each with why.

        ``explained``: there is a positive skin test, which counts as done where BCG explains it.
        """
        reasons = {
            title: self._why_open(window, tests[0]) or self._why_overturned(window, tests)
            for window, (title, tests) in _NEEDED.items()
        }
        reasons["hepatitis B antigen"] = self._why_hepatitis_b_open()
        if not explained:
            reasons["tuberculosis test"] = self._why_open("tuberculosis", *_TUBERCULOSIS)
        return {title: why for title, why in reasons.items() if why}

    def _of(self, *names: str) -> list[Answer]:
        return newest_first([answer for name in names for answer in self._found[name]])

    def _why_open(self, window: str, *names: str) -> str:
        """Say why the newest of these tests is no negative one in ``window``; empty when it is."""
        decide, shown_for = self._chart.window(window), self._chart.window(f"{window}_shown")
        test = newest(self._of(*names), self._chart.on, decide, shown_for)
        if test.says != Virus.NEGATIVE:
            return test.why or f"the newest result does not tell: {test.answer}"
        self.negative += [item for item in test.evidence() if item not in self.negative]
        return ""

    def _why_overturned(self, window: str, names: Sequence[str]) -> str:
        """Say why a negative test is open for the sake of another test of the infection; empty when it is not."""
        all_negative = all(a.says in ("", Virus.NEGATIVE) for a in self._of(*names))
        return "" if all_negative else self._why_open(window, *names)

    def _why_hepatitis_b_open(self) -> str:
        """Say why an antigen test, which nobody has to have, is no negative one; empty without any."""
        newest_told = next((a for a in self._found["hbv_antigen"] if a.says), None)
        if newest_told is None or newest_told.says == Virus.NEGATIVE:
            return ""
        return f"the newest result does not tell: {newest_told}" + (" (preliminary)" if newest_told.preliminary else "")


def _answers(chart: Chart, name: str) -> list[Answer]:
    return answers(chart, chart.value_set(name), lambda value: _read(chart, name, value))


def _read(chart: Chart, name: str, value: Value) -> Virus:
    """Return what a result says; a viral load and an induration are numbers."""
    if name == "tuberculin" and (size := _induration(chart, value)):
        return _skin_test(chart, size)
    if name in _RNA and (load := _number(value)):
        return _viral_load(load, _detection(value))
    said = reading(value, chart.value_set("positive_results"), chart.value_set("negative_results"))
    return Virus.UNCLEAR if said is Reading.UNCLEAR else Virus(said.value)


def _viral_load(load: Interval, detection: Virus) -> Virus:
    """Any amount is positive; below a limit of counting, or none, is what is said of detection."""
    return Virus.POSITIVE if load.low is not None and load.low > 0 else detection


_CLAUSES = re.compile(r"[,;.()\n]|\b(?:but|now)\b", re.IGNORECASE)
_KNOWN = r"(?:(?:hiv(?:-\d)?|hcv|hepatitis c|virus|viral|rna|nucleic acid|target|is|was|been|be)\s+)*"
_DETECTION = re.compile(r"detected\b|\bdetectable\b(?!\s+(?:limit|level|range))", re.IGNORECASE)
_DETECTED = re.compile(
    rf"(?:[<≤]?\s*\d*\s*(?:log\d*\s*)?(?:\[?iu\]?|copies|cp)(?:/ml)?)?\W*{_KNOWN}detected(?:\s*:\s*yes)?\W*",
    re.IGNORECASE,
)
_NOT_DETECTED = re.compile(
    rf"\b(?:not|no|none|never|without|can't|cannot)\s+{_KNOWN}(?:detected|detectable)\b|\bun-?detect(?:ed|able)\b"
    r"|\bdetected\s*:\s*no\W*\Z",
    re.IGNORECASE,
)


def _detection(value: Value) -> Virus:
    """Return what a flag or the words beside a number say of detection: negative where they do not speak of it.

    Only words that are known decide, clause by clause: "detected", "RNA not detected". Others, such as "if detected
    repeat", tell nothing either way.
    """
    if flags(value.interpretation) & {"POS", "DET"}:
        return Virus.POSITIVE
    clauses = [clause for clause in _CLAUSES.split(value.value_string or "") if _DETECTION.search(clause)]
    if any(_DETECTED.fullmatch(clause) for clause in clauses):
        return Virus.POSITIVE
    denied = (_NOT_DETECTED.search(clause) and len(_DETECTION.findall(clause)) == 1 for clause in clauses)
    return Virus.NEGATIVE if all(denied) else Virus.UNCLEAR


def _interval(number: Decimal, comparator: str | None) -> Interval | None:
    try:
        return Interval.of(number, comparator)
    except ValueError:  # a comparator that nobody defines: the number cannot be read
        return None


def _number(value: Value) -> Interval | None:
    quantity = value.value_quantity
    if quantity and quantity.value is not None:
        return _interval(quantity.value, quantity.comparator)
    if value.value_integer is not None:
        return _interval(Decimal(value.value_integer), None)
    parsed = parse_number(value.value_string) if value.value_string else None
    return _interval(parsed[0], parsed[1]) if parsed else None


def _induration(chart: Chart, value: Value) -> Interval | None:
    """Return the size of a skin reaction in millimetres, from a quantity or from words such as "12 mm"."""
    quantity: Quantity | None = value.value_quantity
    if quantity and quantity.value is not None:
        spellings = (quantity.code, quantity.unit)
        known = any(chart.units.canonical(s) == chart.this.limits["induration_positive"].unit for s in spellings)
        return _interval(quantity.value, quantity.comparator) if known else None
    parsed = parse_number(value.value_string) if value.value_string else None
    unit = parsed[2].split()[0] if parsed and parsed[2] else None
    if parsed is None or chart.units.canonical(unit) != chart.this.limits["induration_positive"].unit:
        return None
    return _interval(parsed[0], parsed[1])


def _skin_test(chart: Chart, size: Interval) -> Virus:
    if size.wholly_above(chart.limit("induration_positive"), inclusive=True):
        return Virus.POSITIVE
    if size.wholly_below(chart.limit("induration_unclear")):
        return Virus.NEGATIVE
    return Virus.BETWEEN


def _is_newer_positive(answer: Answer, found: Sequence[Answer]) -> bool:
    """True for a preliminary positive result newer than the newest final one, which it may overturn."""
    done = [a for a in final(found) if a.when]
    if not (answer.preliminary and answer.says == Virus.POSITIVE and answer.when and done):
        return False
    newest_final = done[0].when
    return newest_final is not None and answer.when.start > newest_final.end


# -- diagnoses -------------------------------------------------------------------------------------------

_LASTING = ("hiv", "hepatitis_c", "tb_infection", "tuberculin_reaction")
_OVERCOME = ("hepatitis_b", "tuberculosis")
_JUDGED = ("hiv_inconclusive", "hepatitis_carrier", "tb_history")


class _Diagnoses:
    """The recorded infections, by value set."""

    def __init__(self, chart: Chart) -> None:
        self._chart = chart
        names = (*_LASTING, *_OVERCOME, *_JUDGED)
        self._found = {
            n: [d for d in diagnoses(chart, chart.value_set(n)) if d.impossible_onset is None] for n in names
        }

    def certain(self, name: str) -> list[Evidence]:
        """Return certain diagnoses whenever they were: what was positive once counts for life."""
        return [d.evidence() for d in self._found[name] if d.certain]

    def now(self, name: str) -> list[Evidence]:
        """Return certain diagnoses that are not over."""
        return [d.evidence() for d in self._found[name] if d.certain and d.course is not Course.PAST]

    def doubtful(self) -> list[Evidence]:
        """Return what is not certain, what is over, and what needs judgement by its nature."""
        uncertain = [d for n in (*_LASTING, *_OVERCOME) for d in self._found[n] if not d.certain]
        over = [d for n in _OVERCOME for d in self._found[n] if d.certain and d.course is Course.PAST]
        judged = [d for n in _JUDGED for d in self._found[n]]
        return [d.evidence() for d in (*uncertain, *over, *judged)]

    def acute(self) -> list[Evidence]:
        """Return other infections that began in the last weeks or are still active."""
        known = [d.condition for found in self._found.values() for d in found]
        sets = (self._chart.value_set("infections"), self._chart.value_set("infections_confidential"))
        others = [d for d in diagnoses(self._chart, *sets) if d.condition not in known]
        return [d.evidence() for d in others if _is_acute(self._chart, d)]


def _is_acute(chart: Chart, infection: Diagnosis) -> bool:
    """Begun in the last 30 days; or active, begun (or begun again) in the last 90 days or at a time not stated."""
    when = infection.when
    if infection.impossible_onset:
        return False
    if when is None or infection.returned:
        return infection.course is not Course.PAST
    if chart.window("acute").covers(when.days, chart.on) is not Coverage.OUTSIDE:
        return True
    recent = chart.window("active").covers(when.days, chart.on) is not Coverage.OUTSIDE
    return infection.course is not Course.PAST and recent


# -- drugs and vaccinations ------------------------------------------------------------------------------


class _Drugs:
    """Treatment that tells of an infection."""

    def __init__(self, chart: Chart) -> None:
        tb, hcv = orders(chart, chart.value_set("tb_drugs")), orders(chart, chart.value_set("hcv_drugs"))
        treating = [*tb, *hcv]
        named = [o.resource for o in treating]
        rifampicin = [o for o in orders(chart, chart.value_set("rifampicin")) if o.resource not in named]
        hiv = orders(chart, chart.value_set("hiv_drugs"))
        taken = [o for o in treating if o.active and not course(chart, o).over]
        self.coded = [o.evidence() for o in taken if not o.by_words_alone]
        self.in_words = [o.evidence() for o in taken if o.by_words_alone]
        paused = [o for o in (*treating, *rifampicin, *hiv) if o.use in (Use.ON_HOLD, Use.LAPSED)]
        over = [o for o in treating if o.active and o not in taken]
        unclear = [o for o in (*rifampicin, *hiv) if o.active]
        cured = [o for o in hcv if o.use is Use.PAST]
        self.doubtful = [o.evidence() for o in (*paused, *over, *unclear, *cured)]


def _antibacterials(chart: Chart) -> list[Evidence]:
    known = [o.resource for name in ("tb_drugs", "rifampicin") for o in orders(chart, chart.value_set(name))]
    found = orders(chart, chart.value_set("antibacterials"))
    return [o.evidence() for o in found if o.use is not Use.PAST and o.resource not in known]


def _is_bcg(chart: Chart, given: Immunization) -> bool:
    code, value_set = given.vaccine_code, chart.value_set("bcg_vaccine")
    return bool(value_set.find(code) or (code and value_set.find_words(code.text)))


def _status(given: Immunization) -> str:
    return (given.status or "").strip().lower()


def _vaccinations(chart: Chart) -> list[Evidence]:
    """Return the BCG vaccinations that were given or not done."""
    found = [i for i in chart.record.immunizations if _is_bcg(chart, i) and _status(i) in ("completed", "not-done")]
    given = [
        Evidence(i.reference, i.vaccine_code.display if i.vaccine_code else "BCG", _status(i), None,
                 i.occurrence_date_time or i.occurrence_string)
        for i in found
    ]  # fmt: skip
    return [*given, *(done.evidence() for done in procedures(chart, chart.value_set("bcg_vaccine")))]


def _bcg(chart: Chart, skin_tests: Iterable[Evidence]) -> str:
    """Return whether BCG was given before the first positive skin test: given, absent, or not-known.

    It is absent where the record says that it was not done.
    """
    given = [i for i in chart.record.immunizations if _is_bcg(chart, i)]
    done = [chart.moment(i.occurrence_date_time) for i in given if _status(i) == "completed"]
    done += [p.when for p in procedures(chart, chart.value_set("bcg_vaccine"))]
    dates = [moment for test in skin_tests if (moment := chart.moment(test.date))]
    first = min((moment.days.last for moment in dates), default=None)
    if any(when is None or first is None or when.days.first <= first for when in done):
        return "given"
    return "absent" if any(_status(i) == "not-done" for i in given) and not done else "not-known"


# -- completeness ----------------------------------------------------------------------------------------


def _unseen(chart: Chart) -> str:
    """Say why a sign of infection may be missing; empty when all was seen."""
    labs = chart.search("labs")
    if not labs.complete:
        return labs.reason or "the laboratory results are not available to the service"
    unreadable = chart.record.unreadable_of("Observation", *map(chart.value_set, _TESTS))
    if unreadable:
        return f"{len(unreadable)} result(s) could not be read"
    names = (*_LASTING, *_OVERCOME, *_JUDGED, "infections", "infections_confidential")
    return all_read(chart, *map(chart.value_set, names)).why or all_drugs_read(chart).why
