"""Sets of classes: however they are written, there and back."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.codecs.categories.target import CategoriesTargetCodec
from dlcli.codecs.category.target import CategoryTargetCodec
from dlcli.data.columns.codec import Column
from dlcli.errors import DataError

WANTED = [[1, 1, 0], [0, 0, 1], [0, 0, 0]]


def fitted(codec: CategoriesTargetCodec, *columns: Column) -> CategoriesTargetCodec:
    codec.fit(columns)
    codec.finish()
    return CategoriesTargetCodec.from_state(json.loads(json.dumps(codec.state())))


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["a|b", "c", ""]),
        pa.array(["b; a", " c ", None]),
        pa.array(["b,a,a", "c", " "]),
        pa.array([["a", "b"], ["c"], []]),
        pa.array([["b", "a"], ["c"], None]),
    ],
)
def test_a_set_is_a_set_however_it_is_written(column: pa.Array) -> None:
    codec = fitted(CategoriesTargetCodec("tags", ["tags"]), column)
    assert codec.classes == ("a", "b", "c")
    assert codec.counts == {"a": 1, "b": 1, "c": 1} or codec.counts == {"a": 2, "b": 1, "c": 1}
    assert codec.encode([column]).tolist() == WANTED


def test_columns_and_arrays_of_flags() -> None:
    columns = [pa.array([1, 0, 0]), pa.array(["1", "0", "0"]), pa.array([False, True, False])]
    codec = fitted(CategoriesTargetCodec("tags", ["x", "a", "b"]), *columns)
    assert codec.classes == ("x", "a", "b")
    assert codec.encode(columns).tolist() == WANTED
    array = np.array(WANTED, np.uint8)
    assert fitted(CategoriesTargetCodec("tags", ["y"]), array).classes == ("0", "1", "2")
    named = fitted(CategoriesTargetCodec("tags", ["y"], classes=["x", "a", "b"]), array)
    assert named.encode([array]).tolist() == WANTED
    with pytest.raises(DataError, match="must be 0 or 1, and row 5 holds something else"):
        named.encode([np.array([[0, 2, 1]])], start=4)


@given(st.lists(st.sets(st.sampled_from("abcd")), min_size=1, max_size=20).filter(any))
def test_there_and_back(sets: list[set[str]]) -> None:
    column = pa.array(["|".join(sorted(each)) for each in sets])
    codec = fitted(CategoriesTargetCodec("tags", ["tags"], separator="|"), column)
    back = codec.decode(codec.encode([column]))
    assert isinstance(back, pa.Array)
    assert back.to_pylist() == [sorted(each) for each in sets]


def test_classes_that_training_has_not_seen_are_named_with_their_rows() -> None:
    codec = fitted(CategoriesTargetCodec("tags", ["tags"]), pa.array(["a|b"]))
    with pytest.raises(DataError) as error:
        codec.encode([pa.array(["a", "c|d", "c"])], start=10)
    (problem,) = error.value.problems
    assert problem.rule == "unknown-class"
    assert "'c' (2 times, first in row 12), 'd' (1 time, first in row 12)" in problem.message


def test_an_empty_cell_may_be_an_error() -> None:
    codec = fitted(CategoriesTargetCodec("tags", ["tags"], missing="error"), pa.array(["a|b"]))
    with pytest.raises(DataError, match="missing value"):
        codec.encode([pa.array(["a", None])])


def test_one_of_several_columns_is_a_class() -> None:
    codec = CategoryTargetCodec("kind", ["dog", "cat"])
    columns = [pa.array([1, 0, 0]), pa.array([0, 1, 1])]
    codec.fit(columns)
    codec.finish()
    again = CategoryTargetCodec.from_state(json.loads(json.dumps(codec.state())))
    for each in (codec, again):
        assert each.classes == ("dog", "cat")
        assert each.columns == ("dog", "cat")
        assert each.encode(columns).tolist() == [0, 1, 1]
    with pytest.raises(DataError, match="save in row 8, 9"):
        again.encode([pa.array([1, 1]), pa.array([1, None])], start=7)
