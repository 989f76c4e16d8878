"""Predicted numbers in text: the digits that were computed, and no noise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dlcli.prediction.digits import SIGNIFICANT, round_numbers


@given(st.floats(allow_nan=False, allow_infinity=False, width=32).filter(lambda value: abs(value) > 1e-30))
def test_numbers_have_six_significant_digits(value: float) -> None:
    (rounded,) = round_numbers(np.array([value], np.float32))
    assert float(rounded) == pytest.approx(value, rel=6e-6)
    digits = np.format_float_scientific(rounded, trim="-").partition("e")[0].strip("-").replace(".", "")
    assert len(digits) <= SIGNIFICANT


@given(st.floats(allow_nan=False, allow_infinity=False))
@example(1.2345678e-18)
@example(1.2345678e-316)
@example(5e-324)
@example(1.2345678e29)
@example(1.7976931348623157e308)
def test_numbers_of_every_size_have_them_in_float64_too(value: float) -> None:
    (rounded,) = round_numbers(np.array([value])).tolist()
    assert abs(rounded - value) <= abs(value) * 6e-6 + 5e-324
    assert float(f"{rounded:.5e}") == rounded


@given(st.floats(-3, 3), st.floats(-1e9, 1e9), st.floats(1e-3, 1e6))
def test_what_was_added_has_no_share_in_the_digits(value: float, offset: float, scale: float) -> None:
    number = value * scale + offset
    (rounded,) = round_numbers(np.array([number]), offset=offset, scale=scale)
    size = abs(number) if offset == 0 else max(abs(number - offset), scale)
    assert rounded == pytest.approx(number, abs=size * 6e-6 + abs(number) * 1e-15)


def test_what_has_no_digits_stays() -> None:
    values = np.array([0.0, np.nan, np.inf, -np.inf])
    np.testing.assert_array_equal(round_numbers(values), values)
