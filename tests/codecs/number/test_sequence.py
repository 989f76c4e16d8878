"""Sequences of numbers of several lengths: the same from every kind of cell, filled up, cut, and told of."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.codecs.number.codec import NumberSequenceCodec, build
from dlcli.codecs.number.schema import NumberFeature
from dlcli.data.columns.codec import Column
from dlcli.data.preprocessing.building import codec_class
from dlcli.data.values.padding import Padding
from dlcli.errors import ConfigError, DataError

LISTS = [[1.0, 2.0, 3.0], [4.0], [5.0, 6.0]]


def codec(pad: Any = "auto", columns: tuple[str, ...] = ("x",), **options: Any) -> NumberSequenceCodec:
    feature = NumberFeature.model_validate({"pad": pad, "scale": "none", **options})
    made = build(feature, columns, seed=0)
    assert isinstance(made, NumberSequenceCodec)
    return made


def encoded(made: NumberSequenceCodec, *columns: Column) -> Any:
    made.fit(columns)
    made.finish()
    again = codec_class("number").from_state(json.loads(json.dumps(made.state())))
    found = again.encode(columns)
    assert (found == made.encode(columns)).all()
    return found


WIDE = [pa.array([1.0, 4.0, 5.0]), pa.array([2.0, None, 6.0]), pa.array([3.0, None, None])]
CELLS: dict[str, Column] = {
    "lists": pa.array(LISTS),
    "whole numbers": pa.array([[int(one) for one in row] for row in LISTS]),
    "texts": pa.array(["1 2 3", "4", "5 6"]),
    "json": pa.array(["[1, 2, 3]", "[4]", "[5, 6]"]),
    "an array with gaps at its end": np.array([[1.0, 2, 3], [4, np.nan, np.nan], [5, 6, np.nan]]),
    "gaps at the end of lists": pa.array([[1.0, 2.0, 3.0], [4.0, None, None], [5.0, 6.0]]),
}


@pytest.mark.parametrize("cells", CELLS)
def test_every_kind_of_cell_gives_the_same(cells: str) -> None:
    found = encoded(codec(), CELLS[cells])
    assert found[..., 0].tolist() == [[1, 2, 3], [4, 0, 0], [5, 6, 0]]


def test_columns_of_which_the_last_are_empty() -> None:
    assert encoded(codec(columns=("a", "b", "c")), *WIDE)[..., 0].tolist() == [[1, 2, 3], [4, 0, 0], [5, 6, 0]]


@pytest.mark.parametrize(
    ("pad", "expected"),
    [
        ({"length": 2}, [[1, 2], [4, 0], [5, 6]]),
        ({"length": 2, "cut": "start"}, [[2, 3], [4, 0], [5, 6]]),
        ({"length": 2, "side": "start"}, [[1, 2], [0, 4], [5, 6]]),
        ({"side": "start"}, [[1, 2, 3], [0, 0, 4], [0, 5, 6]]),
        (4, [[1, 2, 3, 0], [4, 0, 0, 0], [5, 6, 0, 0]]),
        (True, [[1, 2, 3], [4, 0, 0], [5, 6, 0]]),
    ],
)
def test_where_it_is_filled_up_and_cut(pad: Any, expected: list[list[int]]) -> None:
    assert encoded(codec(pad), pa.array(LISTS))[..., 0].tolist() == expected


def test_steps_of_several_numbers() -> None:
    pairs = pa.array([[[1.0, 10.0], [2.0, 20.0]], [[3.0, 30.0]]])
    assert encoded(codec(), pairs).tolist() == [[[1, 10], [2, 20]], [[3, 30], [0, 0]]]
    flat = pa.array(["1 10 2 20", "3 30"])
    assert encoded(codec(shape=[2, 2]), flat).tolist() == [[[1, 10], [2, 20]], [[3, 30], [0, 0]]]
    array = np.array([[[1.0, 10], [2, 20]], [[3, 30], [np.nan, np.nan]]])
    assert encoded(codec(), array).tolist() == [[[1, 10], [2, 20]], [[3, 30], [0, 0]]]


def test_each_number_of_a_step_is_scaled_by_what_is_there() -> None:
    found = encoded(codec(scale="standard"), pa.array([[1.0, 3.0], [5.0]]))
    values = np.array([1.0, 3.0, 5.0])
    expected = (values - values.mean()) / values.std()
    assert found[..., 0].ravel()[[0, 2]] == pytest.approx(expected[[0, 2]])
    assert found[0, 1, 0] != 0, "the mean itself is no step that was filled up"
    assert abs(found[0, 1, 0]) < 1e-20
    assert found[1, 1, 0] == 0


@given(st.lists(st.lists(st.floats(-1e6, 1e6), max_size=6), min_size=1, max_size=20), st.integers(1, 7), st.data())
def test_each_row_is_what_it_is_alone(rows: list[list[float]], length: int, data: st.DataObject) -> None:
    side, cut = (data.draw(st.sampled_from(["end", "start"])) for _ in range(2))
    made = codec({"length": length, "side": side, "cut": cut})
    column = pa.array([*rows, [1.0]], pa.list_(pa.float64()))
    found = encoded(made, column)
    for row, values in zip(found, [*rows, [1.0]], strict=True):
        kept = values[-length:] if cut == "start" else values[:length]
        place = slice(length - len(kept), None) if side == "start" else slice(0, len(kept))
        assert row[place, 0] == pytest.approx(np.array(kept, np.float32), abs=1e-29)
        assert (row[place, 0] != 0).all(), "a mask finds what is there"
        assert np.count_nonzero(row) == len(kept)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30), st.integers(1, 9))
def test_places_are_those_of_a_loop(sizes: list[int], length: int) -> None:
    ends = np.concatenate([[0], np.cumsum(sizes)])
    found = Padding(length).places(ends)
    for row, (first, size) in enumerate(zip(ends, sizes, strict=False)):
        assert found[row].tolist() == [first + step if step < size else -1 for step in range(length)]


def test_longer_ones_are_counted() -> None:
    made = codec(2)
    encoded(made, pa.array(LISTS))
    assert made.tally.tolist() == [[1], [0], [0]]
    totals = {"train": np.array([3, 1]), "test": np.array([2, 0])}
    assert made.tally_lines("x", totals) == [("sequences of x cut to 2 steps", "train 1 of 3, test 0 of 2")]
    assert made.unseen_problems("") == [], "as training did"
    unlike = codec()
    encoded(unlike, pa.array(LISTS))
    unlike.encode([pa.array([[1.0] * 5])])
    (problem,) = unlike.unseen_problems("")
    assert (problem.rule, "1 of the" in problem.message) == ("cut-sequences", True)
    unlike.forget_unseen()
    assert unlike.unseen_problems("") == []


@pytest.mark.parametrize(
    ("column", "missing", "says"),
    [
        (pa.array([[1.0], [None, 2.0]]), "error", "a missing value (row 2)"),
        (pa.array([[1.0], []], pa.list_(pa.float64())), "error", "a missing value (row 2)"),
        (pa.array(["1 2", "3 b"]), "mean", "are not numbers: row 2"),
        (pa.array([[1.0], [float("inf")]]), "mean", "infinite or too large for float32: row 2"),
    ],
)
def test_faults_name_the_row(column: Column, missing: str, says: str) -> None:
    made = codec(missing=missing)
    made.fit([column])
    made.finish()
    with pytest.raises(DataError) as error:
        made.encode([column])
    assert says in error.value.problems[0].message


def test_gaps_within_a_sequence_are_filled_in() -> None:
    found = encoded(codec(missing="mean"), pa.array([[1.0, None, 3.0], [2.0]]))
    assert found[..., 0].tolist() == [[1, 2, 3], [2, 0, 0]]
    assert encoded(codec(missing=7.0), pa.array([None, [1.0, 2.0]]))[..., 0].tolist() == [[0, 0], [1, 2]]


def test_rows_of_nothing_are_told_of_where_training_had_none() -> None:
    made = codec()
    encoded(made, pa.array(LISTS))
    made.encode([pa.array([None, [], [1.0, None, 2.0]], pa.list_(pa.float64()))])
    assert made.gaps == 3
    made.gaps = 0
    assert made.gaps == 0
    used = codec()
    encoded(used, pa.array([None, [1.0, None, 2.0]], pa.list_(pa.float64())))
    used.encode([pa.array([None, [1.0, None, 2.0]], pa.list_(pa.float64()))])
    assert used.gaps == 0
    assert "1 cells within them empty: the mean of the training rows, rows without a step: 1" in used.learnt()


def test_nothing_to_learn_from() -> None:
    made = codec()
    made.fit([pa.array([[], []], pa.list_(pa.float64()))])
    with pytest.raises(DataError, match="no steps in the training split"):
        made.finish()


def test_a_shape_that_contradicts_the_length() -> None:
    with pytest.raises(ConfigError, match="`shape` says 4 steps, and `pad` says 5"):
        codec(5, shape=[4, 1])
    made = codec(shape=[2, 3])
    with pytest.raises(DataError, match="row 2 of 'x' has 2 numbers, and a step has 3"):
        made.fit([pa.array(["1 2 3", "1 2"])])


def test_what_was_filled_up_can_be_told_apart() -> None:
    for mask in (True, False):
        made = codec({"mask": mask})
        found = encoded(made, pa.array([[0.0, 0.0, 5.0], [0.0]]))
        assert [made.there(sample).tolist() for sample in found] == [[True] * 3, [True, False, False]]


def test_layers_are_told_of_what_was_filled_up() -> None:
    (layer,) = codec().entrance
    assert (layer.name, layer.arguments) == ("Masking", {"mask_value": 0.0})
    assert codec({"mask": False}).entrance == ()
