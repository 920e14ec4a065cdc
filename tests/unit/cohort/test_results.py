"""What a run writes for people: the list of candidates, the FHIR drafts, the report; and what it must not tell."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from datetime import date
from html.parser import HTMLParser

import pytest
from fhir.resources.R4B.bundle import Bundle

from cds_service.cohort.candidates import Candidate, candidate_of, candidates_csv, inert
from cds_service.cohort.causes import Group, group_of, words_of
from cds_service.cohort.disclosure import CannotHideError, Disclosure, Sum, ranges
from cds_service.cohort.report import Report
from cds_service.cohort.research_subjects import research_subjects
from cds_service.cohort.tally import Tally, order
from rules.assessment import Status, Verdict
from rules.causes import Cause
from rules.trial import Trial
from rules.trial_folder import load_trial
from tests.support.assessments import assessment, result
from tests.support.population import ON, PACKAGE


@pytest.fixture(scope="module")
def trial() -> Trial:
    return load_trial(PACKAGE)


def candidate(patient: str, still_open: int, verdict: Verdict = Verdict.POSSIBLY_ELIGIBLE) -> Candidate:
    return Candidate(patient, verdict, ("I4 Type 1 diabetes",), tuple(f"E{n}" for n in range(still_open)), ("a test",))


def rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


# -- candidates ------------------------------------------------------------------------------------------


def test_fewest_open_items_come_first() -> None:
    listed = [candidate("c", 2), candidate("b", 1), candidate("a", 2), candidate("z", 2, Verdict.POTENTIALLY_ELIGIBLE)]
    assert [row[0] for row in rows(candidates_csv(listed))] == ["patient", "b", "z", "a", "c"]


@pytest.mark.parametrize(
    "evil", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "|cmd", "%x", "\uff1d1", "\uff0b1"]
)
def test_no_cell_is_a_formula(evil: str) -> None:
    one = Candidate(evil, Verdict.POSSIBLY_ELIGIBLE, (evil,), (evil,), (evil,))
    cells = rows(candidates_csv([one]))[1]
    assert all(
        not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "|", "%", "\uff1d", "\uff0b"))
        for cell in cells
    )
    assert inert("p1") == "p1"


def test_commas_quotes_and_line_breaks_stay_in_their_cell() -> None:
    one = Candidate('a"b', Verdict.POSSIBLY_ELIGIBLE, ("x, y",), ("line\nbreak",), ())
    assert rows(candidates_csv([one]))[1] == ['a"b', "possibly-eligible", "1", "x, y", "line\nbreak", ""]


def test_a_candidate_has_supports_open_items_and_what_settles_them(trial: Trial) -> None:
    found = candidate_of(
        assessment(
            result("H1", Status.MET), result("I4", Status.MET), result("E7", Status.NOT_MET), result("I7"),
            result("E5", Status.MET, softened=True), patient="p1",
        ),
        trial, name_sensitive=False,
    )  # fmt: skip
    assert found is not None
    assert found.supports == ("I4 Label of I4", "E7 Label of E7: clear")
    assert found.open == ("I7 Label of I7", "E5 Label of E5 (borderline)")
    assert found.settles == ("settling I7", trial.declaration("E5").settled_by)


def test_confidential_criteria_are_not_named_unless_asked(trial: Trial) -> None:
    given = assessment(result("E9", sensitive=True), result("E8", Status.NOT_MET, sensitive=True))
    minimal, full = (candidate_of(given, trial, name_sensitive=named) for named in (False, True))
    assert minimal is not None
    assert full is not None
    assert minimal.open == ("E9 (confidential)",)
    assert minimal.settles == ()
    assert "Label" not in str(minimal)
    assert full.open == ("E9 Label of E9",)


@pytest.mark.parametrize("verdict", [Verdict.INSUFFICIENT_DATA, Verdict.NOT_ELIGIBLE, Verdict.NOT_APPLICABLE])
def test_others_are_no_candidates(trial: Trial, verdict: Verdict) -> None:
    assert candidate_of(assessment(result("I4"), verdict=verdict), trial, name_sensitive=True) is None


# -- FHIR ------------------------------------------------------------------------------------------------


def test_research_subjects_are_valid_drafts(trial: Trial) -> None:
    listed = [candidate("b", 2), candidate("a", 1, Verdict.POTENTIALLY_ELIGIBLE)]
    content = research_subjects(listed, trial, ON)
    bundle = json.loads(content)
    Bundle.model_validate(bundle)
    group, *subjects = [entry["resource"] for entry in bundle["entry"]]
    assert [member["entity"]["reference"] for member in group["member"]] == ["Patient/a", "Patient/b"]
    assert group["quantity"] == 2
    assert [(s["individual"]["reference"], s["status"]) for s in subjects] == [
        ("Patient/a", "candidate"), ("Patient/b", "potential-candidate"),
    ]  # fmt: skip
    assert all(s["study"]["identifier"]["value"] == "NCT01374854" for s in subjects)
    assert research_subjects(listed[::-1], trial, ON) == content


def test_nobody_gives_an_empty_valid_bundle(trial: Trial) -> None:
    assert (
        "entry" not in json.loads(research_subjects([], trial, ON))
        or not json.loads(research_subjects([], trial, ON))["entry"]
    )


# -- small cells -----------------------------------------------------------------------------------------


def test_small_counts_are_hidden_and_others_rounded() -> None:
    shown = Disclosure(11)
    assert [shown.text(n) for n in (0, 1, 10, 11, 12, 13, 1_002, 1_003)] == [
        "0", "<11", "<11", "15", "15", "15", "1,000", "1,005",
    ]  # fmt: skip
    assert [Disclosure(1).text(n) for n in (0, 1, 12)] == ["0", "1", "12"]


def test_a_hidden_count_cannot_be_worked_out_from_a_difference() -> None:
    shown = Disclosure(11)
    compatible: dict[tuple[str, str], set[int]] = {}
    for whole in range(28, 203):  # all counts that are shown as 30 to 200
        for small in range(1, 11):
            compatible.setdefault((shown.text(whole), shown.text(whole - small)), set()).add(small)
    assert min(len(counts) for counts in compatible.values()) >= 4


def test_a_chain_of_ones_is_worked_out_by_who_adds_up_and_so_is_rounded_more_coarsely() -> None:
    counts = {f"after {n}": 92 - n for n in range(5)} | {f"removed {n}": 1 for n in range(1, 5)}
    sums = [Sum(f"after {n - 1}", (f"removed {n}", f"after {n}")) for n in range(1, 5)]
    fives = Disclosure(11)
    assert {fives.text(counts[f"after {n}"]) for n in range(5)} == {"90"}
    known = ranges({name: fives.range(count) for name, count in counts.items()}, sums)
    assert known["removed 2"] == (1, 1)  # they differ by four at most, and each takes one at least
    safe = fives.safe(counts, sums)
    assert safe.step > fives.step
    known = ranges({name: safe.range(count) for name, count in counts.items()}, sums)
    assert all(high - low >= 2 for name, (low, high) in known.items() if name.startswith("removed"))


def test_what_no_rounding_hides_is_said() -> None:
    ones = {f"part {n}": 1 for n in range(10)}
    with pytest.raises(CannotHideError):  # ten at most, and each is one at least
        Disclosure(11).safe({"all": 10, **ones}, [Sum("all", tuple(ones))])
    assert Disclosure(1).safe({"all": 1}, []) == Disclosure(1)


@pytest.mark.parametrize("step", [5, 10, 20, 50])
@pytest.mark.parametrize("smallest", [2, 5, 10, 11, 20])
def test_a_range_holds_all_counts_that_are_shown_alike_and_no_other(smallest: int, step: int) -> None:
    shown = Disclosure(smallest, step)
    alike: dict[str, list[int]] = {}
    for count in range(600):
        alike.setdefault(shown.text(count), []).append(count)
    for counts in list(alike.values())[:-1]:
        assert shown.range(counts[0]) == (counts[0], counts[-1])


def test_counts_that_do_not_add_up_are_an_error() -> None:
    with pytest.raises(ValueError, match="does not hold"):
        ranges({"all": (1, 10), "a": (20, 30)}, [Sum("all", ("a",))])


def test_percentages_of_hidden_counts_are_not_told() -> None:
    assert Disclosure(11).percent(3, 100) == ""
    assert Disclosure(11).percent(33, 100) == "35 %"
    assert Disclosure(11).percent(33, 0) == ""


# -- report ----------------------------------------------------------------------------------------------


def tally(trial: Trial) -> Tally:
    """Counts of which many are small, and which add up."""
    counts = Tally(people=5_000, applicable=700)
    counts.apart = Counter({"opted-out": 7, "deceased": 96})
    remaining = counts.applicable
    for place, name in enumerate(order(trial)):
        removed = 0 if name in trial.gates else {3: 212, 4: 0, 5: 140}.get(place, place % 3)
        remaining -= removed
        counts.removed[name] = removed
        counts.unknown[name] = place * 7 % 60
        counts.open[name] = place % 5
        counts.blocked[name] = removed + 9
        counts.alone[name] = min(place % 4, removed)
        counts.causes[f"{name}/{Cause.NONE.value}"] = counts.unknown[name] + place * 11 % 97
        counts.causes[f"{name}/stale"] = place % 12
        counts.causes[f"{name}/{Cause.UNDATED.value}"] = place % 3
    counts.verdicts = Counter(
        {
            "not-applicable": 4_300,
            "not-eligible": 700 - remaining,
            "possibly-eligible": remaining - 7,
            "insufficient-data": 7,
        }
    )
    return counts


def html(trial: Trial, smallest: int = 11) -> str:
    report = Report(tally(trial), trial, ON, not_assessed=3, unreadable_lines=2, disclosure=Disclosure(smallest))
    return report.html().decode()


class _Numbers(HTMLParser):
    """Collects every count that the report shows: in tables, tiles and pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._skip = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._skip = tag in ("style", "title", "p", "small", "summary")

    def handle_data(self, data: str) -> None:
        text = data.strip()
        if not self._skip and re.fullmatch(r"<?[0-9][0-9,]*", text):
            self.found.append(text)


def test_no_small_count_stands_in_the_report(trial: Trial) -> None:
    numbers = _Numbers()
    numbers.feed(html(trial))
    assert len(numbers.found) > 200
    assert "<11" in numbers.found
    for text in numbers.found:
        assert (
            text == "<11" or text == "0" or (int(text.replace(",", "")) % 5 == 0 and int(text.replace(",", "")) >= 11)
        )


def test_no_hidden_count_of_the_report_can_be_worked_out(trial: Trial) -> None:
    report = Report(tally(trial), trial, ON, 0, 0, Disclosure(11))
    counts, sums = report.counts()
    safe = report.disclosure.safe(counts, sums)
    known = ranges({name: safe.range(count) for name, count in counts.items()}, sums)
    hidden = [name for name, count in counts.items() if safe.hides(count)]
    assert len(hidden) > 50
    assert all(known[name][1] - known[name][0] >= 2 for name in hidden)
    assert f"rounded to the next {safe.step}," in report.html().decode()


def test_nothing_is_told_of_what_follows_when_few_remain(trial: Trial) -> None:
    few = Tally(people=400, applicable=60, verdicts=Counter({"possibly-eligible": 4, "not-eligible": 56}))
    few.removed = Counter({"I5": 55, "E3": 1})
    few.blocked, few.alone = Counter({"I5": 55, "E3": 1}), Counter({"I5": 50})
    page = Report(few, trial, ON, 0, 0, Disclosure(11)).html().decode()
    assert "Fewer than 11 remain after I5" in page
    assert "<td>I6</td>" not in page
    assert "<td>I6</td>" in Report(few, trial, ON, 0, 0, Disclosure(1)).html().decode()


def test_small_causes_are_told_together(trial: Trial) -> None:
    lacking = Tally(people=400, applicable=60, verdicts=Counter({"possibly-eligible": 60}))
    lacking.causes = Counter(
        {f"I8/{Cause.NONE.value}": 30, "I8/stale": 3, f"I8/{Cause.UNDATED.value}": 4, "E3/stale": 2, "E3/x": 1}
    )
    page = Report(lacking, trial, ON, 0, 0, Disclosure(11)).html().decode()
    assert "no result within the look-back: 30; other reasons: &lt;11" in page
    assert "no date" not in page
    assert "no date: 4" in Report(lacking, trial, ON, 0, 0, Disclosure(1)).html().decode()


def test_counts_are_exact_when_asked(trial: Trial) -> None:
    assert ">212<" not in html(trial)
    assert "Counts are exact" in html(trial, smallest=1)
    assert ">5,000<" in html(trial, smallest=1)
    assert ">212<" in html(trial, smallest=1)


def test_the_report_stands_alone_and_says_what_it_is(trial: Trial) -> None:
    page = html(trial)
    assert "http://" not in page
    assert "https://" not in page
    assert "<script" not in page
    assert page.count('<svg viewBox="0 0 1020') == 3
    assert "prefers-color-scheme: dark" in page
    assert "Unknown, last verified 2012-11" in page
    assert "an investigator decides" in page


def test_an_empty_population_gives_a_report(trial: Trial) -> None:
    assert b"people in the data" in Report(Tally(), trial, date(2026, 1, 1), 0, 0, Disclosure()).html()


def test_every_cause_of_the_rules_has_words() -> None:
    for cause in Cause:
        assert words_of(cause.value) != cause.value
        assert group_of(cause.value) in Group
    assert words_of("without platelets, white_cells") == "no usable platelets, white cells"
    assert words_of("some-rule") == "some rule"
