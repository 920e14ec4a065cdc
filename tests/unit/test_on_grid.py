"""Ends moved outward to the grid compare with every limit as the exact interval does."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from rules.quantities import GRID, Interval, on_grid, scaled

VALUES = st.fractions(min_value=-1000, max_value=1000)
LIMITS = st.integers(-1000 * 10**6, 1000 * 10**6).map(lambda steps: steps * GRID)


@given(value=VALUES, limit=LIMITS)
def test_a_value_lies_on_the_same_side_of_every_limit(value: Fraction, limit: Fraction) -> None:
    moved = on_grid(Interval.exactly(value))
    assert moved.wholly_above(limit) == (value > limit)
    assert moved.wholly_below(limit) == (value < limit)


@given(limit=LIMITS)
def test_a_value_on_the_grid_stays_exact(limit: Fraction) -> None:
    assert on_grid(Interval.exactly(limit)) == Interval.exactly(limit)


def test_infinite_and_open_ends_stay() -> None:
    assert on_grid(Interval(None, Fraction(35), high_open=True)) == Interval(None, Fraction(35), high_open=True)


def test_a_fraction_without_end_fits_the_engine() -> None:
    limit = Fraction(35)
    numbers = scaled({"bmi": on_grid(Interval.exactly(Fraction(10**20 + 1, 3 * 10**18)))}, {"limit": limit})
    assert numbers["bmi_low"] is not None
    assert numbers["limit"] is not None
    assert numbers["bmi_low"] < numbers["limit"]
