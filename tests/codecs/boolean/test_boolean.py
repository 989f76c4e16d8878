"""Words for true and false."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.codecs.boolean.codec import WORDS, BooleanCodec
from dlcli.data.columns.codec import Column
from dlcli.errors import DataError


def _fit(codec: BooleanCodec, column: Column) -> BooleanCodec:
    codec.fit([column])
    codec.finish()
    return codec


@pytest.mark.parametrize("change", [str.lower, str.upper, str.title, lambda word: f" {word} "])
def test_every_word_in_any_case(change: type[str]) -> None:
    column = pa.array([change(word) for word in WORDS])
    assert _fit(BooleanCodec(["x"]), column).encode([column])[:, 0].tolist() == list(WORDS.values())


@pytest.mark.parametrize(
    "column",
    [
        pa.array([True, False]),
        pa.array([1, 0]),
        pa.array([1.0, 0.0]),
        np.array([1, 0], np.uint8),
        np.array([True, False]),
    ],
    ids=str,
)
def test_booleans_and_numbers(column: Column) -> None:
    assert _fit(BooleanCodec(["x"]), column).encode([column]).tolist() == [[1.0], [0.0]]


@pytest.mark.parametrize(
    ("values", "expected"), [(["yes", "yes", "no"], 1.0), (["yes", "no", "no"], 0.0), (["yes", "no"], 0.0)]
)
def test_the_most_frequent_value_fills_in(values: list[str], expected: float) -> None:
    codec = _fit(BooleanCodec(["x"], missing="most_frequent"), pa.array(values))
    assert codec.encode([pa.array([None], pa.string())]).tolist() == [[expected]]


def test_faults_are_reported_together() -> None:
    codec = _fit(BooleanCodec(["x"]), pa.array(["yes"]))
    with pytest.raises(DataError) as error:
        codec.encode([pa.array(["maybe", None, "no", "2"])], start=5)
    words, missing = error.value.problems
    assert words.message == "column 'x' has values that are not true or false: 'maybe' (row 6), '2' (row 9)"
    assert missing.message == "column 'x' has a missing value (row 7)"
    assert (words.rule, missing.rule) == ("not-a-boolean", "missing-value")


@given(st.lists(st.booleans(), min_size=1))
def test_encodes_truth_as_one(values: list[bool]) -> None:
    codec = _fit(BooleanCodec(["x"]), pa.array(values))
    assert codec.encode([pa.array(values)])[:, 0].tolist() == values
