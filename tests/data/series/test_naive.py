"""The forecasts that need no model."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.data.series.naive import last_value, seasonal_naive, seasonal_scale


@given(st.integers(1, 30), st.integers(1, 12), st.integers(1, 30), st.integers(0, 5))
def test_a_series_that_repeats_itself_is_told_without_a_fault(length: int, season: int, steps: int, delay: int) -> None:
    series = np.tile(np.random.default_rng(season).normal(size=season), length + steps + delay)
    past, ahead = series[np.newaxis, :length], series[length + delay : length + delay + steps]
    told = seasonal_naive(past, steps, season, delay=delay)[0]
    assert told.shape == (steps,)
    if length >= season:
        assert told.tolist() == ahead.tolist()
    else:
        assert set(told) <= set(past[0])


def test_several_columns_and_classes() -> None:
    past = np.arange(12).reshape(2, 3, 2)
    assert last_value(past, 2).tolist() == [[[4, 5], [4, 5]], [[10, 11], [10, 11]]]
    assert seasonal_naive(past, 3, 2).tolist()[0] == [[2, 3], [4, 5], [2, 3]]


def test_what_is_not_known_is_passed_over() -> None:
    past = np.array([[1.0, 2.0, np.nan], [np.nan, np.nan, 3.0], [np.nan, np.nan, np.nan]])
    assert last_value(past, 1).tolist()[:2] == [[2.0], [3.0]]
    assert np.isnan(last_value(past, 1)[2, 0])


def test_a_season_longer_than_the_window_leaves_the_last_value() -> None:
    assert seasonal_naive(np.array([[1.0, 2.0]]), 2, 12).tolist() == [[2.0, 2.0]]


def test_the_scale_of_errors_stays_within_series() -> None:
    values, starts = np.array([0.0, 1.0, 3.0, 100.0, 104.0]), np.array([0, 3])
    assert seasonal_scale(values, starts, 1) == pytest.approx((1 + 2 + 4) / 3)
    assert seasonal_scale(values, starts, 2) == 3.0
    assert np.isnan(seasonal_scale(values, starts, 4))
