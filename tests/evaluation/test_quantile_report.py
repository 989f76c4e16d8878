"""The report of quantiles: how many true values are below each, and in each interval, in any chunking."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.evaluation.quantile_report import QuantileReport


def test_quantiles_that_are_right_cover_what_they_say() -> None:
    true = np.arange(1, 101, dtype=float)[:, None]
    report = QuantileReport((0.05, 0.5, 0.95))
    report.add(true, [np.full((100, 1), bound) for bound in (5.0, 50.0, 95.0)])
    found = report.result()
    assert {name: each["coverage"] for name, each in found["quantiles"].items()} == {
        "0.05": 0.05,
        "0.5": 0.5,
        "0.95": 0.95,
    }
    interval = found["intervals"]["0.05 to 0.95"]
    assert (interval["nominal"], interval["coverage"], interval["width"]) == (0.9, 0.91, 90.0)


def test_only_pairs_around_the_middle_are_intervals() -> None:
    assert list(QuantileReport((0.1, 0.2, 0.5, 0.8, 0.9)).result()["intervals"]) == ["0.1 to 0.9", "0.2 to 0.8"]
    assert QuantileReport((0.5, 0.9)).result()["intervals"] == {}


def test_what_is_no_number_covers_nothing() -> None:
    report = QuantileReport((0.5,))
    report.add(np.array([[1.0]]), [np.array([[np.nan]])])
    assert report.result()["quantiles"]["0.5"]["coverage"] == 0


@given(st.lists(st.tuples(*[st.floats(-1e3, 1e3)] * 3), min_size=1, max_size=20), st.integers(0, 20))
def test_chunks_do_not_matter(rows: list[tuple[float, ...]], cut: int) -> None:
    values = np.array(rows)
    whole, parts = QuantileReport((0.1, 0.9)), QuantileReport((0.1, 0.9))
    whole.add(values[:, :1], [values[:, 1:2], values[:, 2:]])
    for part in (values[:cut], values[cut:]):
        parts.add(part[:, :1], [part[:, 1:2], part[:, 2:]])
    one, other = whole.result(), parts.result()
    assert other["pinball"] == pytest.approx(one["pinball"], rel=1e-9)
    for section in ("quantiles", "intervals"):
        for name, each in one[section].items():
            assert other[section][name] == pytest.approx(each, rel=1e-9, abs=1e-9)
