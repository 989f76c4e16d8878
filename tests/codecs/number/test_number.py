"""Numbers: statistics, scaling, missing and faulty cells."""

from __future__ import annotations

import itertools
import math
import statistics

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dlcli.codecs.number.codec import MarkedNumberCodec, NumberCodec
from dlcli.codecs.number.curves import KEPT
from dlcli.data.columns.cells import numbers
from dlcli.data.columns.codec import Column
from dlcli.data.columns.median import Median
from dlcli.data.columns.moments import Moments
from dlcli.errors import DataError, Problem

FLOATS = st.floats(-1e9, 1e9)


def _fit(codec: NumberCodec, *columns: Column) -> NumberCodec:
    codec.fit(columns)
    codec.finish()
    return codec


def _problems(codec: NumberCodec, *columns: Column, start: int = 0) -> tuple[Problem, ...]:
    with pytest.raises(DataError) as error:
        codec.encode(columns, start=start)
    return error.value.problems


@given(arrays.arrays(np.float64, st.tuples(st.integers(1, 60), st.integers(1, 4)), elements=FLOATS))
def test_moments_are_numpys(block: np.ndarray) -> None:
    moments = Moments(block.shape[1])
    for part in np.array_split(block, 3):
        moments.update(part)
    scale = np.abs(block).max(axis=0) + 1e-30
    np.testing.assert_allclose(moments.mean / scale, block.mean(axis=0) / scale, rtol=0, atol=1e-12)
    np.testing.assert_allclose(moments.variance / scale**2, block.var(axis=0) / scale**2, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(moments.minimum, block.min(axis=0))
    np.testing.assert_array_equal(moments.maximum, block.max(axis=0))


def test_a_far_mean_costs_no_digits() -> None:
    values = np.random.default_rng(0).normal(1e9, 1e-2, (10_000, 1))
    moments = Moments(1)
    for part in np.array_split(values, 7):
        moments.update(part)
    assert moments.variance[0] == pytest.approx(np.var(values - 1e9), rel=1e-6)


@pytest.mark.parametrize("scale", ["standard", "min_max"])
@given(value=FLOATS, rows=st.integers(1, 50), cut=st.integers(0, 50))
def test_a_constant_column_becomes_zero(scale: str, value: float, rows: int, cut: int) -> None:
    codec = NumberCodec(["x"], scale="min_max" if scale == "min_max" else "standard")
    column = pa.array([value] * rows, pa.float64())
    codec.fit([column.slice(0, cut)])
    codec.fit([column.slice(cut)])
    codec.finish()
    assert codec.offset.tolist() == [value]
    assert codec.scale.tolist() == [1.0]
    assert not codec.encode([column]).any()


@given(arrays.arrays(np.float64, st.integers(2, 50), elements=FLOATS, unique=True))
def test_scaling(values: np.ndarray) -> None:
    column = pa.array(values)
    low, high = values.min(), values.max()
    wanted = (values - low) / (high - low)
    np.testing.assert_allclose(
        _fit(NumberCodec(["x"], scale="min_max"), column).encode([column])[:, 0], wanted, rtol=1e-6, atol=1e-30
    )
    divided = _fit(NumberCodec(["x"], scale=255.0), column).encode([column])
    np.testing.assert_array_equal(divided[:, 0], (values / 255).astype(np.float32))
    plain = _fit(NumberCodec(["x"], scale="none"), column).encode([column])
    np.testing.assert_array_equal(plain[:, 0], values.astype(np.float32))


@pytest.mark.parametrize("scale", ["standard", "min_max", "none"])
@given(arrays.arrays(np.float64, (20, 3), elements=st.floats(-1e6, 1e6)))
def test_decodes_what_it_encodes(scale: str, values: np.ndarray) -> None:
    codec = NumberCodec(["x"], scale="min_max" if scale == "min_max" else "standard" if scale == "standard" else "none")
    _fit(codec, values)
    np.testing.assert_allclose(codec.decode(codec.encode([values])), values, rtol=1e-5, atol=20)


@pytest.mark.parametrize(
    ("missing", "wanted"), [("mean", 11 / 3), ("median", 2.0), ("zero", 0.0), (-7.5, -7.5)], ids=str
)
def test_missing_cells_are_filled_before_scaling(missing: float, wanted: float) -> None:
    column = pa.array([1.0, None, 2.0, 8.0, float("nan")])
    codec = _fit(NumberCodec(["x"], scale=2.0, missing=missing), column)
    np.testing.assert_allclose(codec.encode([column])[:, 0], np.array([1, wanted, 2, 8, wanted]) / 2, rtol=1e-6)


def test_channels_of_an_array_share_statistics() -> None:
    images = np.random.default_rng(0).normal([1, 10, 100], [1, 2, 3], (50, 4, 4, 3))
    codec = _fit(NumberCodec(["x"]), images)
    assert codec.shape == (4, 4, 3)
    np.testing.assert_allclose(codec.offset, images.mean(axis=(0, 1, 2)))
    np.testing.assert_allclose(codec.scale, images.std(axis=(0, 1, 2)))
    assert codec.names()[:4] == ("x[0,0,0]", "x[0,0,1]", "x[0,0,2]", "x[0,1,0]")


def test_columns_fill_a_tensor_row_by_row() -> None:
    columns = [pa.array([float(place), 10.0 + place]) for place in range(6)]
    codec = _fit(NumberCodec([f"px{place}" for place in range(6)], shape=[2, 3], scale="none"), *columns)
    assert codec.encode(columns).tolist() == [[[0, 1, 2], [3, 4, 5]], [[10, 11, 12], [13, 14, 15]]]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([True, False]),
        pa.array([1, 0], pa.int8()),
        pa.array(["1", " 0.0 "]),
        pa.array(["1", "0"]).dictionary_encode(),
        pa.array(["1e0", "-0"]),
        np.array([1, 0], np.uint8),
        np.array([1, 0], np.float16),
        np.array([True, False]),
        np.array([[1.0], [0.0]]),
        np.array(["1", "0"]),
    ],
    ids=lambda column: str(getattr(column, "type", getattr(column, "dtype", ""))),
)
def test_reads_what_people_write_numbers_as(column: Column) -> None:
    codec = _fit(NumberCodec(["x"], scale="none"), column)
    assert codec.encode([column]).tolist() == [[1.0], [0.0]]


def test_missing_cells_are_reported() -> None:
    codec = _fit(NumberCodec(["age", "size"]), pa.array([1.0, 2.0]), pa.array([1.0, 2.0]))
    holes = pa.array([None, 1.0] * 6)
    one, two = _problems(codec, holes, pa.array([1.0] * 11 + [None]), start=100)
    assert one.message == "column 'age' has 6 missing values (rows 101, 103, 105, 107, 109 and 1 more)"
    assert two.message == "column 'size' has a missing value (row 112)"
    assert one.rule == "missing-value"
    assert "missing: median" in one.hint


def test_text_is_reported_with_its_rows() -> None:
    codec = _fit(NumberCodec(["age"]), pa.array([1.0, 2.0]))
    problems = _problems(codec, pa.array(["3", "young", None, "old", "young", "4"]))
    assert [problem.rule for problem in problems] == ["not-a-number", "missing-value"]
    wanted = "column 'age' has values that are not numbers: 'young' (2 times, first in row 2), 'old' (row 4)"
    assert problems[0].message == wanted
    assert problems[1].message == "column 'age' has a missing value (row 3)"


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), 1e39, -1e300])
@pytest.mark.parametrize("scale", ["standard", "none"])
def test_infinite_numbers_are_errors_and_do_not_spoil_the_fit(value: float, scale: str) -> None:
    column = pa.array([1.0, value, 3.0])
    codec = _fit(NumberCodec(["x"], scale="standard" if scale == "standard" else "none"), column)
    assert codec.minimum.tolist() == [1.0]
    assert codec.maximum.tolist() == [3.0]
    (problem,) = _problems(codec, column)
    assert problem.rule == "infinite-value"
    assert "(row 2)" in problem.message


def test_both_infinities_at_once() -> None:
    codec = _fit(NumberCodec(["x"]), pa.array([1.0, 3.0]))
    (problem,) = _problems(codec, pa.array([float("inf"), float("-inf")]))
    assert "'inf' (row 1), '-inf' (row 2)" in problem.message


def test_a_number_that_scaling_makes_too_large() -> None:
    codec = _fit(NumberCodec(["x"]), pa.array([0.0, 1e-30]))
    (problem,) = _problems(codec, pa.array([1e-30, 1e30]))
    assert problem.rule == "infinite-value"
    assert "(row 2)" in problem.message


def test_an_array_of_another_shape() -> None:
    codec = _fit(NumberCodec(["x"]), np.zeros((3, 28, 28)))
    (problem,) = _problems(codec, np.zeros((3, 28, 29)))
    assert problem.rule == "array-shape"
    assert "[28, 29]" in problem.message


def test_an_array_does_not_join_columns() -> None:
    with pytest.raises(DataError, match="cannot be joined"):
        NumberCodec(["x", "y"]).fit([np.zeros((3, 2)), np.zeros(3)])


def test_an_empty_channel_is_named() -> None:
    codec = NumberCodec(["a", "b"])
    codec.fit([pa.array([1.0]), pa.array([None], pa.float64())])
    with pytest.raises(DataError, match=r"column 'b' has no values in the training split"):
        codec.finish()


@given(st.lists(st.lists(FLOATS, max_size=20), max_size=8).filter(any))
def test_the_median_is_exact(parts: list[list[float]]) -> None:
    median = Median()
    for part in parts:
        median.update(np.array(part, dtype=np.float64))
    assert median.value() == np.median(np.concatenate([np.array(part, dtype=np.float64) for part in parts]))


@given(st.lists(st.integers(0, 3000), max_size=5))
def test_the_sample_does_not_depend_on_the_chunks(cuts: list[int]) -> None:
    values = np.random.default_rng(0).normal(size=3000)
    whole, cut = Median(seed=5, capacity=100), Median(seed=5, capacity=100)
    whole.update(values)
    bounds = [0, *sorted(cuts), 3000]
    for start, stop in itertools.pairwise(bounds):
        cut.update(values[start:stop])
    assert cut.value() == whole.value()
    assert abs(whole.value()) < 0.5
    assert whole.value() != np.median(values)


def test_reading_text_marks_what_is_no_number() -> None:
    read = numbers(pa.array(["1", "x", None]))
    np.testing.assert_array_equal(read.values, [1, np.nan, np.nan])
    assert read.unreadable is not None
    assert read.unreadable.tolist() == [False, True, False]


def _wild(rows: int = 2000) -> np.ndarray:
    return np.random.default_rng(4).standard_cauchy(rows)


def test_robust_is_by_the_quartiles_and_clips_what_is_far() -> None:
    values = _wild()
    codec = _fit(NumberCodec(["x"], scale="robust"), pa.array(values))
    lower, median, upper = np.quantile(values, [0.25, 0.5, 0.75])
    scaled = (values - median) / (upper - lower)
    found = codec.encode([pa.array(values)])[:, 0]
    np.testing.assert_allclose(found, scaled / np.sqrt(1 + (scaled / 3) ** 2), rtol=1e-5, atol=1e-6)
    assert not codec.linear
    far = codec.encode([pa.array([1e38, -1e38])])[:, 0]
    np.testing.assert_allclose(far, [3, -3])
    inner = np.abs(scaled) < 50
    np.testing.assert_allclose(codec.decode(found[:, np.newaxis])[inner, 0], values[inner], rtol=1e-3)


@pytest.mark.parametrize(("values", "wanted"), [([0, 0, 0, 0, 0, 8], 2 / math.sqrt(1 + 4 / 9)), ([5, 5, 5], 0.0)])
def test_robust_where_the_quartiles_are_one(values: list[float], wanted: float) -> None:
    codec = _fit(NumberCodec(["x"], scale="robust"), pa.array(values, pa.float64()))
    np.testing.assert_allclose(codec.encode([pa.array(values, pa.float64())])[-1, 0], wanted, rtol=1e-6)


def test_quantiles_become_those_of_a_normal() -> None:
    values = _wild(30_000)
    codec = _fit(NumberCodec(["x"], scale="quantile"), pa.array(values))
    found = codec.encode([pa.array(values)])[:, 0]
    normal = statistics.NormalDist()
    for level in (0.01, 0.1, 0.5, 0.8, 0.99):
        assert np.quantile(found, level) == pytest.approx(normal.inv_cdf(level), abs=0.02)
    assert (np.diff(found[np.argsort(values)]) >= 0).all()
    assert 1000 <= len(codec.knots[0].values) <= 1050
    np.testing.assert_allclose(codec.decode(found[:, np.newaxis])[:, 0], values, rtol=1e-3, atol=1e-3)
    beyond = codec.encode([pa.array([values.max() * 2])])
    assert beyond[0, 0] == found.max()


@pytest.mark.parametrize("count", [40, 265, 5_000])
def test_numbers_between_quantiles_are_where_their_level_is_in_a_normal(count: int) -> None:
    values = np.random.default_rng(count).exponential(size=count)
    codec = _fit(NumberCodec(["x"], scale="quantile"), pa.array(values))
    levels = np.linspace(0, 1, max(min(count // 30, 1000), 10))
    found = codec.encode([pa.array(values)])[:, 0]
    normal = statistics.NormalDist()
    exact = np.interp(values, np.quantile(values, levels), levels).clip(1e-7, 1 - 1e-7)
    np.testing.assert_allclose(found, [normal.inv_cdf(level) for level in exact], atol=0.025)
    assert (found.min(), found.max()) == pytest.approx((-5.2, 5.2), abs=0.01)


def test_equal_quantiles_are_one_knot_in_their_middle() -> None:
    values = np.repeat([0.0, 1.0, 7.0], [50, 30, 20])
    codec = _fit(NumberCodec(["x"], scale="quantile"), pa.array(values))
    zero, one, seven = codec.encode([pa.array([0.0, 1.0, 7.0])])[:, 0]
    assert zero < one < seven
    levels = [statistics.NormalDist().cdf(each) for each in codec.encode([pa.array([1.0, 4.0, 7.0])])[:, 0]]
    assert levels[1] == pytest.approx((levels[0] + levels[2]) / 2, abs=0.01)
    constant = _fit(NumberCodec(["x"], scale="quantile"), pa.array([3.0, 3.0]))
    assert constant.encode([pa.array([3.0, 99.0])]).tolist() == [[0.0], [0.0]]


def test_quantiles_of_many_rows_take_bounded_memory() -> None:
    codec = NumberCodec(["x"], scale="robust")
    random = np.random.default_rng(0)
    for _ in range(20):
        codec.fit([pa.array(random.normal(size=10_000))])
        assert sum(len(each) for sample in codec._spread for each in sample._values) <= 2 * KEPT + 10_000
    codec.finish()
    np.testing.assert_allclose(codec.offset, 0, atol=0.03)
    np.testing.assert_allclose(codec.scale, 1.349, atol=0.04)


@pytest.mark.parametrize("broken", [{"quartiles": [[1.0], [2.0]]}, {"quartiles": [1.0]}])
def test_a_damaged_state_of_quartiles(broken: dict[str, object]) -> None:
    state = _fit(NumberCodec(["x"], scale="robust"), pa.array([1.0, 2.0, 5.0])).state()
    with pytest.raises(ValueError):
        NumberCodec.from_state({**state, **broken})


def test_a_damaged_state_of_knots() -> None:
    state = _fit(NumberCodec(["x"], scale="quantile"), pa.array([1.0, 2.0, 5.0])).state()
    for knots in ([], [{"values": [2.0, 1.0], "scores": [0.0, 1.0]}], [{"values": [1.0], "scores": []}]):
        with pytest.raises(ValueError):
            NumberCodec.from_state({**state, "knots": knots})


def test_a_damaged_state_of_marks() -> None:
    codec = MarkedNumberCodec(NumberCodec(["x"], missing="mean"))
    codec.fit([pa.array([1.0, None])])
    codec.finish()
    assert codec.mean.tolist() == MarkedNumberCodec.from_state(codec.state()).mean.tolist() == [1.0, 0.5]
    with pytest.raises(ValueError):
        MarkedNumberCodec.from_state({**codec.state(), "shares": [0.5, 0.5]})


def test_arrays_are_not_marked() -> None:
    codec = MarkedNumberCodec(NumberCodec(["x"], missing="mean"))
    codec.fit([np.ones((3, 2))])
    with pytest.raises(DataError, match="mark_missing"):
        codec.finish()
