"""The quick look at all values of a column misses none of those that the slow one finds."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dlcli.data.lint.sentinels import _LIMITS, _has_shape, _may_have_shape

REPEATED = st.builds(
    lambda sign, digit, whole, part: float(f"{sign}{digit * whole}.{digit * part}0"),
    st.sampled_from(["", "-"]),
    st.sampled_from("1789"),
    st.integers(1, 16),
    st.integers(0, 7),
)


@given(st.one_of(REPEATED, st.sampled_from(_LIMITS), st.floats(allow_nan=False, allow_infinity=False)))
def test_the_quick_look_misses_nothing(value: float) -> None:
    assert _may_have_shape(np.array([value]))[0] or not _has_shape(value)


def test_the_quick_look_leaves_little_to_the_slow_one() -> None:
    assert _may_have_shape(np.random.default_rng(0).normal(size=10_000) * 100).mean() < 0.2
