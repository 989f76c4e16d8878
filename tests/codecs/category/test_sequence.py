"""Sequences of categories: the same from every kind of cell, padded with an index of its own, cut and told of."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.codecs.category.codec import CategorySequenceCodec, build
from dlcli.codecs.category.schema import CategoryFeature
from dlcli.data.columns.codec import Column
from dlcli.data.preprocessing.building import codec_class
from dlcli.errors import ConfigError, DataError

BAGS = [["tea", "milk", "tea"], ["New York"], ["milk"]]


def codec(pad: Any = "auto", **options: Any) -> CategorySequenceCodec:
    feature = CategoryFeature.model_validate({"pad": pad, "encode": "index", **options})
    made = build(feature, ("x",), seed=0)
    assert isinstance(made, CategorySequenceCodec)
    return made


def fitted(made: CategorySequenceCodec, column: Column) -> CategorySequenceCodec:
    made.fit([column])
    made.finish()
    again = codec_class("category").from_state(json.loads(json.dumps(made.state())))
    assert isinstance(again, CategorySequenceCodec)
    assert (again.encode([column]) == made.encode([column])).all()
    return again


CELLS: dict[str, tuple[Column, dict[str, Any]]] = {
    "lists": (pa.array(BAGS), {}),
    "json": (pa.array([json.dumps(row) for row in BAGS]), {}),
    "texts": (pa.array(["|".join(row) for row in BAGS]), {"separator": "|"}),
    "gaps at the end": (pa.array([BAGS[0], [*BAGS[1], None, None], BAGS[2]]), {}),
}


@pytest.mark.parametrize("cells", CELLS)
def test_every_kind_of_cell_gives_the_same(cells: str) -> None:
    column, options = CELLS[cells]
    made = fitted(codec(**options), column)
    assert made.index_names() == ("<padding>", "<unknown>", "New York", "milk", "tea")
    assert made.encode([column]).tolist() == [[4, 3, 4], [2, 0, 0], [3, 0, 0]]
    assert (made.vocabulary, made.padding, made.shape, made.dtype) == (5, 0, (3,), "int32")


def test_numbers_are_names_whether_all_rows_are_of_one_length_or_not() -> None:
    made = fitted(codec(), pa.array([[3, 1], [2]]))
    whole = np.array([[3.0, 1.0], [2.0, np.nan]])
    assert made.encode([whole]).tolist() == made.encode([pa.array([[3, 1], [2]])]).tolist() == [[4, 2], [3, 0]]


def test_vectors_are_zeros_where_there_is_nothing() -> None:
    made = fitted(codec(encode="one_hot", unknown="error", missing="error"), pa.array(BAGS))
    found = made.encode([pa.array([["milk"]])])
    assert found.tolist() == [[[0, 1, 0], [0, 0, 0], [0, 0, 0]]]
    assert [layer.name for layer in made.entrance] == ["Masking"]
    assert made.names()[:2] == ("x[0]=New York", "x[0]=milk")


def test_indices_for_vectors_that_are_learnt_are_masked() -> None:
    made = fitted(codec(encode={"embedding": 4}), pa.array(BAGS))
    assert (made.embedding, made.masked, made.entrance) == (4, True, ())
    assert not codec({"mask": False}, encode={"embedding": 4}).masked


@given(
    st.lists(st.lists(st.sampled_from("abc"), max_size=5), min_size=1, max_size=15),
    st.integers(1, 6),
    st.sampled_from(["end", "start"]),
    st.sampled_from(["end", "start"]),
)
def test_each_row_is_what_it_is_alone(rows: list[list[str]], length: int, side: str, cut: str) -> None:
    made = codec({"length": length, "side": side, "cut": cut}, categories=["a", "b", "c"])
    column = pa.array([*rows, ["a"]], pa.list_(pa.string()))
    for row, values in zip(fitted(made, column).encode([column]), rows, strict=False):
        kept = values[-length:] if cut == "start" else values[:length]
        filling = [0] * (length - len(kept))
        indices = [2 + "abc".index(value) for value in kept]
        assert row.tolist() == (filling + indices if side == "start" else indices + filling)


@pytest.mark.parametrize(
    ("options", "column", "says"),
    [
        ({"unknown": "error"}, [["tea"], ["milk", "gin"]], "training has not seen: 'gin' (row 12)"),
        ({"missing": "error"}, [["tea"], ["tea", None, "tea"]], "a missing value (row 12)"),
        ({"missing": "error"}, [["tea"], []], "a missing value (row 12)"),
    ],
)
def test_faults_name_the_row(options: dict[str, Any], column: list[list[str | None]], says: str) -> None:
    made = fitted(codec(**options), pa.array(BAGS))
    with pytest.raises(DataError) as error:
        made.encode([pa.array(column, pa.list_(pa.string()))], start=10)
    assert says in error.value.problems[0].message


def test_what_is_unknown_or_cut_is_told_of() -> None:
    made = fitted(codec(), pa.array(BAGS))
    made.forget_unseen()
    made.encode([pa.array([["gin"], ["tea"] * 4])])
    assert [one.rule for one in made.unseen_problems("")] == ["unknown-value", "cut-sequences"]
    made.forget_unseen()
    assert made.unseen_problems("") == []


def test_a_separator_without_sequences_is_refused() -> None:
    with pytest.raises(ConfigError, match="`separator` is for sequences"):
        build(CategoryFeature(separator="|"), ("x",), seed=0)
    single = build(CategoryFeature(), ("x",), seed=0)
    with pytest.raises(DataError) as error:
        single.fit([pa.array(BAGS)])
    assert "pad: auto" in error.value.problems[0].hint
