"""The pictures of the benchmarks: what is drawn stands where its value says, and can be read without eyes."""

from __future__ import annotations

from xml.etree import ElementTree

from benchmarks.memory import Sample, row
from benchmarks.svg import BOTTOM, LEFT, RIGHT, TOP, Chart

SVG = "{http://www.w3.org/2000/svg}"


def _dots(chart: Chart) -> list[tuple[float, float]]:
    return [(float(dot.get("cx", "")), float(dot.get("cy", ""))) for dot in _picture(chart).iter(f"{SVG}circle")]


def _picture(chart: Chart) -> ElementTree.Element:
    return ElementTree.fromstring(chart.svg())


def test_dots_lie_in_the_area_and_in_proportion() -> None:
    first, second, third = _dots(Chart("t", "x", "y", {"a": [(0, 10), (50, 20), (100, 40)]}))
    assert all(LEFT < x < RIGHT and TOP < y < BOTTOM for x, y in (first, second, third))
    assert second[0] - first[0] == third[0] - second[0]
    assert abs(2 * (BOTTOM - second[1]) - (BOTTOM - third[1])) < 0.2


def test_a_logarithmic_axis_has_equal_steps_for_equal_factors() -> None:
    first, second, third = _dots(Chart("t", "x", "y", {"a": [(1, 1), (10, 1), (100, 1)]}, logarithmic=True))
    assert second[0] - first[0] == third[0] - second[0]


def test_a_budget_above_all_values_is_still_in_the_picture() -> None:
    chart = Chart("t", "x", "y", {"a": [(1, 10), (2, 20)]}, limit=("budget", 200))
    (limit,) = [path for path in _picture(chart).iter(f"{SVG}path") if path.get("class") == "limit"]
    assert TOP < float(limit.get("d", "").split()[1].split("H")[0]) < BOTTOM


def test_the_values_are_told_in_words_and_text_is_escaped() -> None:
    words = _picture(Chart("a < b", "calls", "ms", {"p95 & p99": [(1, 2.5), (8, 40)]}))
    assert words.findtext(f"{SVG}title") == "a < b"
    assert words.findtext(f"{SVG}desc") == "ms by calls. p95 & p99: 2.5 at 1, 40 at 8."


def test_memory_that_still_grows_is_reckoned_to_the_end_of_the_budget() -> None:
    flat = [Sample(n * 1_000, 130.0) for n in range(11)]
    growing = [Sample(n * 1_000, 100.0 + n) for n in range(11)]
    assert row(flat).ratio == 130 / 200
    assert row(growing).verdict == "flat: not shown"
    assert "200 MB expected after 100,000" in row(growing).measured
    assert row([Sample(n * 1_000, 100.0 + 2 * n) for n in range(11)]).verdict == "over"


def test_memory_that_grows_to_the_end_is_over_though_it_is_small() -> None:
    assert row([Sample(n * 10_000, 100.0 + 4 * n) for n in range(11)]).verdict == "over"
    assert row([Sample(n * 10_000, 130.0) for n in range(11)]).verdict == "ok"
