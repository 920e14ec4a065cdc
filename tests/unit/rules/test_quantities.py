"""Intervals with comparators, exactness, the scaling for the rule engine, and the reading of units."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.assessment import Confidence
from rules.decision import LARGEST_EXACT
from rules.quantities import (
    GRID,
    Analyte,
    AssumedUnit,
    Conversion,
    Interval,
    TooFine,
    Units,
    fold,
    half_step,
    on_grid,
    parse_number,
    plain,
    scaled,
)  # fmt: skip

THREE_TENTHS = Fraction("0.3")
DECIMALS = st.decimals(min_value=-1000, max_value=1000, places=3)
COMPARATORS = st.sampled_from([None, "<", "<=", ">", ">="])


def value(text: str, comparator: str | None = None) -> Interval:
    return Interval.of(Decimal(text), comparator)


# -- intervals -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("interval", "below", "at_most", "above", "at_least"),
    [
        (value("0.3"), False, True, False, True),
        (value("0.3", "<"), True, True, False, False),
        (value("0.3", "<="), False, True, False, False),
        (value("0.3", ">"), False, False, True, True),
        (value("0.3", ">="), False, False, False, True),
        (value("0.1", "<"), True, True, False, False),
        (value("0.5", "<"), False, False, False, False),
        (value("0.1", ">"), False, False, False, False),
        (value("0.5", ">"), False, False, True, True),
        (Interval(Fraction(0), Fraction(1)), False, False, False, False),
        (Interval(None, None), False, False, False, False),
    ],
)
def test_sides_of_a_limit(interval: Interval, below: bool, at_most: bool, above: bool, at_least: bool) -> None:
    assert interval.wholly_below(THREE_TENTHS) is below
    assert interval.wholly_below(THREE_TENTHS, inclusive=True) is at_most
    assert interval.wholly_above(THREE_TENTHS) is above
    assert interval.wholly_above(THREE_TENTHS, inclusive=True) is at_least


@pytest.mark.parametrize("comparator", ["~", "ad", "=", "<>", "less"])
def test_an_unknown_comparator_is_refused(comparator: str) -> None:
    with pytest.raises(ValueError, match="unknown comparator"):
        value("1", comparator)


def test_nothing_is_rounded() -> None:
    assert value("0.1").low == Fraction(1, 10)
    tenth, fifth = value("0.1"), value("0.2")
    assert tenth + fifth == value("0.3")
    third = Conversion(divisor=Fraction(3)).apply(Fraction(1))
    assert third * 3 == 1


def test_sum_keeps_open_ends() -> None:
    assert value("1") + value("2", "<") == Interval(None, Fraction(3), high_open=True)
    assert value("1", ">") + value("2") == Interval(Fraction(3), None, low_open=True)
    assert value("1", "<") + value("2", ">") == Interval(None, None, low_open=True, high_open=True)


def test_mapping_keeps_ends_where_they_are() -> None:
    fahrenheit = Conversion(Fraction(9), Fraction(5), Fraction(32))
    assert value("38", "<").mapped(fahrenheit) == Interval(None, Fraction("100.4"), high_open=True)
    assert Interval(None, None).mapped(fahrenheit) == Interval(None, None)


@given(number=DECIMALS, comparator=COMPARATORS, limit=DECIMALS)
def test_sides_agree_with_samples(number: Decimal, comparator: str | None, limit: Decimal) -> None:
    """Take the values that the comparator allows near the number, and compare each."""
    step, far = Fraction(1, 10_000), Fraction(10**9)
    at = Fraction(number)
    allowed = {
        None: [at], "<": [at - step, -far], "<=": [at, -far], ">": [at + step, far], ">=": [at, far],
    }[comparator]  # fmt: skip
    interval = Interval.of(number, comparator)
    assert interval.wholly_below(Fraction(limit)) is all(v < limit for v in allowed)
    assert interval.wholly_above(Fraction(limit)) is all(v > limit for v in allowed)
    assert interval.wholly_below(Fraction(limit), inclusive=True) is all(v <= limit for v in allowed)
    assert interval.wholly_above(Fraction(limit), inclusive=True) is all(v >= limit for v in allowed)


# -- scaling ---------------------------------------------------------------------------------------------


@given(number=DECIMALS, comparator=COMPARATORS, limit=DECIMALS)
def test_scaled_integers_compare_as_the_interval_does(number: Decimal, comparator: str | None, limit: Decimal) -> None:
    interval, bound = Interval.of(number, comparator), Fraction(limit)
    numbers = scaled({"value": interval}, {"limit": bound})
    low, high, scale = numbers["value_low"], numbers["value_high"], numbers["limit"]
    assert scale is not None
    assert (high is not None and high < scale) is interval.wholly_below(bound)
    assert (high is not None and high <= scale) is interval.wholly_below(bound, inclusive=True)
    assert (low is not None and low > scale) is interval.wholly_above(bound)
    assert (low is not None and low >= scale) is interval.wholly_above(bound, inclusive=True)


def test_scaled_infinite_and_absent_bounds_are_null() -> None:
    numbers = scaled({"a": value("0.1", "<"), "b": None}, {"limit": THREE_TENTHS})
    assert numbers["a_low"] is None
    assert (numbers["b_low"], numbers["b_high"]) == (None, None)
    assert numbers["a_high"] == 2 * 1 - 1  # tenths, counted in half steps, half a step below
    assert numbers["limit"] == 2 * 3


@pytest.mark.parametrize(
    ("fine", "below"), [(Fraction(1, 3**40), True), (Fraction(3, 10) + Fraction(1, 10**30), False),
                        (Fraction(3, 10) - Fraction(1, 10**30), True)],
)  # fmt: skip
def test_a_value_with_too_many_digits_still_compares_with_a_limit_of_few(fine: Fraction, below: bool) -> None:
    numbers = scaled({"value": Interval.exactly(fine)}, {"limit": THREE_TENTHS})
    low, high, limit = (numbers[name] for name in ("value_low", "value_high", "limit"))
    assert low is not None
    assert high is not None
    assert limit is not None
    assert (high < limit, low > limit) == (below, not below)


def test_scaled_refuses_what_does_not_fit() -> None:
    with pytest.raises(TooFine):
        scaled({"value": value("0.3")}, {"limit": Fraction(1, 3**40)})
    with pytest.raises(TooFine):
        scaled({"value": Interval.exactly(Fraction(LARGEST_EXACT))}, {})
    with pytest.raises(TooFine):
        scaled({"value": Interval.exactly(Fraction(-LARGEST_EXACT))}, {})
    largest = Interval.exactly(Fraction(LARGEST_EXACT // 2 - 1))
    assert scaled({"value": largest}, {})["value_low"] == LARGEST_EXACT - 2


@given(
    part=st.fractions(min_value=-100, max_value=100),
    limit=st.integers(-(10**8), 10**8),
    comparator=COMPARATORS,
)
def test_the_grid_loses_no_comparison(part: Fraction, limit: int, comparator: str | None) -> None:
    exact = {
        None: Interval(part, part), "<": Interval(None, part, high_open=True), "<=": Interval(None, part),
        ">": Interval(part, None, low_open=True), ">=": Interval(part, None),
    }[comparator]  # fmt: skip
    bound, moved = limit * GRID, on_grid(exact)
    for inclusive in (False, True):
        assert moved.wholly_below(bound, inclusive) is exact.wholly_below(bound, inclusive)
        assert moved.wholly_above(bound, inclusive) is exact.wholly_above(bound, inclusive)
    scaled({"value": moved}, {"limit": bound})


# -- units -----------------------------------------------------------------------------------------------


def test_spellings_are_folded() -> None:
    units = Units({"umol/L": ["mcmol/L"]})
    for spelling in ("umol/L", "µmol/L", "μmol/L", "UMOL/L", " umol / L ", "mcmol/l", "umol/\tL"):
        assert units.canonical(spelling) == "umol/L", spelling
    for spelling in ("umol", "mol/L", "", None):
        assert units.canonical(spelling) is None
    assert fold("µmol") == fold("μmol")


def test_a_spelling_cannot_mean_two_units() -> None:
    with pytest.raises(ValueError, match=r"MG/L.*is given as 'mg/L' and as 'g/m3'"):
        Units({"mg/L": [], "g/m3": ["MG/L"]})
    with pytest.raises(ValueError, match="is given as"):
        Units({"ug/L": [], "µg/L": []})
    assert Units({"mg/L": ["mg / L", "MG/L"]}).canonical("mg/l") == "mg/L"


def test_a_unit_can_mean_something_else_under_one_code() -> None:
    factor = Conversion(Fraction(100))
    analyte = Analyte("x", "%", {"%": Conversion()}, {"71875-9": {"1": factor}})
    assert analyte.conversion("1", "71875-9") == factor
    assert analyte.conversion("1", "4548-4") is None
    assert analyte.conversion("1", None) is None
    assert analyte.conversion("%", "71875-9") == Conversion()


def test_a_unit_can_mean_something_else_beside_a_low_reference_range() -> None:
    tetramer = Conversion(Fraction("6.446"))
    analyte = Analyte(
        "Hb", "g/dL", {"mmol/L": Conversion(Fraction("1.611"))}, by_range={"mmol/L": (Fraction(4), tetramer)}
    )
    assert analyte.conversion("mmol/L", None, Fraction("2.5")) == tetramer
    assert analyte.conversion("mmol/L", None, Fraction(4)) == Conversion(Fraction("1.611"))
    assert analyte.conversion("mmol/L", None) == Conversion(Fraction("1.611"))


def test_assumed_units_hold_inside_their_range_and_codes() -> None:
    percent = AssumedUnit(Fraction(3), Fraction(20), "%", Confidence.MODERATE, frozenset({"4548-4"}))
    analyte = Analyte("HbA1c", "%", {}, assumed=(percent,))
    assert analyte.unit_for(Fraction(3), "4548-4") is percent
    assert analyte.unit_for(Fraction(20), "4548-4") is percent
    assert analyte.unit_for(Fraction("20.1"), "4548-4") is None
    assert analyte.unit_for(Fraction("2.9"), "4548-4") is None
    assert analyte.unit_for(Fraction(8), "59261-8") is None
    assert analyte.unit_for(Fraction(8), None) is None
    assert analyte.unit_for(Fraction(8), "4548-4", exact=False) is None


def test_plausible_is_what_is_not_wholly_outside() -> None:
    analyte = Analyte("HbA1c", "%", {}, plausible=(Fraction(3), Fraction(20)))
    for text, comparator, plausible in (
        ("3", None, True), ("20", None, True), ("2.99", None, False), ("20.01", None, False),
        ("4", "<", True), ("3", "<", False), ("3", "<=", True), ("18", ">", True), ("20", ">", False),
    ):  # fmt: skip
        assert analyte.is_plausible(value(text, comparator)) is plausible, f"{comparator}{text}"
    assert Analyte("x", "%", {}).is_plausible(value("-99999"))


# -- text ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7.5", ("7.5", None, None)),
        ("<0.1", ("0.1", "<", None)),
        ("< 0.1 ng/mL", ("0.1", "<", "ng/mL")),
        (">=14", ("14", ">=", None)),
        ("≤0.05", ("0.05", "<=", None)),
        ("≥ 14.0 %", ("14.0", ">=", "%")),
        ("15.0 gm/L", ("15.0", None, "gm/L")),
        ("8.4%", ("8.4", None, "%")),
        ("  8.40 % \n", ("8.40", None, "%")),
        ("-2.5", ("-2.5", None, None)),
        ("+3", ("3", None, None)),
        ("1+", ("1", None, "+")),
        ("5 10*9/L", ("5", None, "10*9/L")),
    ],
)
def test_parse_number(text: str, expected: tuple[str, str | None, str | None]) -> None:
    parsed = parse_number(text)
    assert parsed is not None
    assert (str(parsed[0]), *parsed[1:]) == expected


@pytest.mark.parametrize(
    "text",
    ["", "negative", "NEG", "about 7", "7,5", "1,200", "165/95", "5-10", "5 - 10", "7.5.1", "7.", ".5", "NaN",
     "inf", "=<5", "~5", "9" * 41, "0." + "1" * 41, "<" + "9" * 400],
)  # fmt: skip
def test_not_one_number(text: str) -> None:
    assert parse_number(text) is None


@pytest.mark.parametrize(
    ("text", "half"), [("7.5", "0.05"), ("7.50", "0.005"), ("58", "0.5"), ("1E+2", "0.5"), ("0", "0.5")]
)
def test_half_step(text: str, half: str) -> None:
    assert half_step(Decimal(text)) == Fraction(half)


@pytest.mark.parametrize("text", ["NaN", "Infinity"])
def test_no_half_step_of_what_is_not_a_number(text: str) -> None:
    with pytest.raises(ValueError, match="finite"):
        half_step(Decimal(text))


def test_plain() -> None:
    assert [plain(Fraction(text)) for text in ("7.50", "100", "0.0993", "1/3")] == [
        "7.5",
        "100",
        "0.0993",
        "0.3333",
    ]
    assert plain(Fraction("58.46"), digits=0) == "58"
