"""Categories: their order, the bucket, unknown and missing values."""

from __future__ import annotations

import json
from typing import Literal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.codecs.category.codec import CategoryCodec
from dlcli.data.columns.cells import labels, sort_labels
from dlcli.data.columns.codec import Column
from dlcli.data.columns.names import text_name
from dlcli.errors import DataError

ISLANDS = pa.array(["Dream", "Biscoe", "Dream", None, "Torgersen"])


def _fit(codec: CategoryCodec, column: Column) -> CategoryCodec:
    codec.fit([column])
    codec.finish()
    return codec


def test_index_0_is_the_bucket() -> None:
    codec = _fit(CategoryCodec(["island"]), ISLANDS)
    assert codec.categories == ("Biscoe", "Dream", "Torgersen")
    assert codec.counts == {"Biscoe": 1, "Dream": 2, "Torgersen": 1}
    assert codec.names() == ("island=<unknown>", "island=Biscoe", "island=Dream", "island=Torgersen")
    encoded = codec.encode([pa.array(["Dream", "Mars", None])])
    assert encoded.tolist() == [[0, 0, 1, 0], [1, 0, 0, 0], [1, 0, 0, 0]]


def test_without_a_bucket_categories_start_at_0() -> None:
    codec = _fit(CategoryCodec(["island"], encode="index", unknown="error", missing="most_frequent"), ISLANDS)
    assert codec.vocabulary == 3
    assert codec.encode([pa.array(["Biscoe", None])]).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array(["10", "9", "-1"]), ("-1", "9", "10")),
        (pa.array(["10", "9", "x"]), ("10", "9", "x")),
        (pa.array([10, 9]), ("9", "10")),
        (pa.array([10.0, None, 9.0]), ("9", "10")),
        (pa.array([0.5, 10.0]), ("0.5", "10")),
        (pa.array([True, False]), ("false", "true")),
        (np.array([[3], [1]]), ("1", "3")),
        (np.array(["b", "a"]), ("a", "b")),
        (np.array([2.0, np.nan], np.float16), ("2",)),
        (pa.array(["b", None, "a"]).dictionary_encode(), ("a", "b")),
    ],
    ids=str,
)
def test_order_and_text_of_categories(column: Column, expected: tuple[str, ...]) -> None:
    assert _fit(CategoryCodec(["x"]), column).categories == expected


def test_the_most_frequent_stay_the_first_by_name_among_equals() -> None:
    codec = _fit(CategoryCodec(["x"], max_categories=2), pa.array(["c", "b", "a", "c"]))
    assert codec.categories == ("a", "c")
    assert codec.encode([pa.array(["b"])]).tolist() == [[1, 0, 0]]


def test_given_categories_keep_their_order_and_count() -> None:
    codec = _fit(CategoryCodec(["x"], categories=["z", "a", "never"], encode="index"), pa.array(["a", "b", "z", "a"]))
    assert codec.counts == {"z": 1, "a": 2, "never": 0}
    assert codec.encode([pa.array(["z", "a", "never", "b"])]).tolist() == [1, 2, 3, 0]


def test_all_unknown_values_are_listed_in_one_error() -> None:
    codec = _fit(CategoryCodec(["island"], unknown="error", missing="error"), pa.array(["Dream", "Biscoe"]))
    with pytest.raises(DataError) as error:
        codec.encode([pa.array(["Mars", "Dream", None, "Pluto", "Mars"])], start=10)
    unknown, missing = error.value.problems
    assert unknown.message == (
        "column 'island' has values that training has not seen: 'Mars' (2 times, first in row 11), 'Pluto' (row 14)"
    )
    assert missing.message == "column 'island' has a missing value (row 13)"
    assert (unknown.rule, missing.rule) == ("unknown-value", "missing-value")


def test_a_near_miss_is_suggested() -> None:
    codec = _fit(CategoryCodec(["island"], unknown="error"), pa.array(["Dream", "Biscoe"]))
    with pytest.raises(DataError) as error:
        codec.encode([pa.array(["Bisco"])])
    assert error.value.problems[0].hint.startswith("did you mean 'Biscoe'?")


def test_many_unknown_values_are_cut() -> None:
    codec = _fit(CategoryCodec(["x"], unknown="error"), pa.array(["a"]))
    with pytest.raises(DataError, match=r"'5' \(row 5\) and 95 more"):
        codec.encode([pa.array([str(value) for value in range(1, 101)])])


def test_an_array_is_no_category() -> None:
    with pytest.raises(DataError, match="one value a row"):
        CategoryCodec(["x"]).fit([np.zeros((3, 2))])


@pytest.mark.parametrize("encode", ["one_hot", "index"])
@given(st.lists(st.text(max_size=5), min_size=1, max_size=40))
def test_each_category_has_a_place_of_its_own(encode: str, values: list[str]) -> None:
    codec = CategoryCodec(["x"], encode="one_hot" if encode == "one_hot" else "index")
    column = pa.array(values, pa.string())
    _fit(codec, column)

    def places(cells: pa.Array) -> list[int]:
        encoded = codec.encode([cells])
        indices: list[int] = (encoded.argmax(axis=1) if encode == "one_hot" else encoded).tolist()
        return indices

    assert [codec.categories[place - 1] for place in places(column)] == list(map(text_name, values))
    assert places(pa.array([None], pa.string())) == [0]


@given(st.lists(st.one_of(st.none(), st.integers(-(2**53) + 1, 2**53 - 1)), min_size=1))
def test_integers_and_whole_floats_read_alike(values: list[int | None]) -> None:
    whole = labels(pa.array(values, pa.int64()))
    floats = labels(pa.array([None if value is None else float(value) for value in values], pa.float64()))
    assert [whole.names[code] if code >= 0 else None for code in whole.codes] == [
        floats.names[code] if code >= 0 else None for code in floats.codes
    ]


@given(st.lists(st.integers().map(str), unique=True))
def test_integers_are_sorted_by_value(names: list[str]) -> None:
    assert sort_labels(names) == sorted(names, key=int)


@pytest.mark.parametrize(("count", "width"), [(1, 1), (2, 1), (8, 8)])
def test_auto_makes_numbers_of_few_categories(count: int, width: int) -> None:
    names = [f"c{place}" for place in range(count)]
    codec = CategoryCodec(["x"], encode="auto")
    codec.fit([pa.array(names)])
    codec.finish()
    assert (codec.shape, codec.dtype, codec.embedding, codec.vocabulary) == ((width,), "float32", None, None)
    found = codec.encode([pa.array([*names, "new", None])])
    np.testing.assert_array_equal(found[-2:], 0)
    np.testing.assert_array_equal(found[:-2], [[-1], [1]] if count == 2 else np.eye(count))
    assert len(codec.names()) == width
    strict = CategoryCodec(["x"], encode="auto", unknown="error", missing="error")
    strict.fit([pa.array(names)])
    strict.finish()
    np.testing.assert_array_equal(strict.encode([pa.array(names)]), found[:-2])


def test_auto_embeds_many_categories() -> None:
    codec = CategoryCodec(["x"], encode="auto")
    codec.fit([pa.array([f"c{place}" for place in range(9)])])
    codec.finish()
    assert (codec.shape, codec.dtype, codec.embedding, codec.vocabulary) == ((), "int32", 8, 10)
    again = CategoryCodec.from_state(json.loads(json.dumps(codec.state())))
    assert (again.form, again.embedding, again.deviation) == ("index", 8, 1.0)
    marks = _fit(CategoryCodec(["x"], encode="marks"), pa.array([f"c{place}" for place in range(9)]))
    assert (marks.shape, marks.dtype, marks.embedding) == ((9,), "float32", None)


@given(
    st.lists(st.none() | st.sampled_from("abcd"), min_size=1, max_size=40).filter(any),
    st.sampled_from(["one_hot", "marks", "auto"]),
)
def test_scaled_marks_are_the_marks_scaled_as_numbers(rows: list[str | None], encode: Literal["one_hot"]) -> None:
    column = pa.array(rows, pa.string())
    plain = _fit(CategoryCodec(["x"], encode=encode), column).encode([column]).astype(float)
    lower, median, upper = np.quantile(plain, [0.25, 0.5, 0.75], axis=0)
    distance = np.where(upper > lower, upper - lower, np.ptp(plain, axis=0) / 2)
    expected = np.where(distance > 0, (plain - median) / np.where(distance > 0, distance, 1), 0)
    codec = CategoryCodec(["x"], encode=encode, scale="robust")
    codec.fit([column[:7]])
    codec.fit([column[7:]])
    codec.finish()
    found = codec.encode([column])
    np.testing.assert_allclose(found, expected / np.sqrt(1 + (expected / 3) ** 2), rtol=1e-6)
    again = CategoryCodec.from_state(json.loads(json.dumps(codec.state())))
    np.testing.assert_array_equal(again.encode([column]), found)


@pytest.mark.parametrize("wrong", [{"scale": "standard"}, {"rows": 2}, {"rows": None}])
def test_a_state_of_scaled_marks_that_is_none(wrong: dict[str, object]) -> None:
    codec = _fit(CategoryCodec(["x"], encode="marks", scale="robust"), ISLANDS)
    with pytest.raises(ValueError, match="a scale"):
        CategoryCodec.from_state({**codec.state(), **wrong})


@pytest.mark.parametrize(
    ("cells", "words"), [(["z"], "1 value that is none of"), (["z", "z"], "2 values that are none of")]
)
def test_what_training_has_not_seen_is_counted(cells: list[str], words: str) -> None:
    codec = CategoryCodec(["x"])
    codec.fit([pa.array(["a", "b"])])
    codec.finish()
    codec.encode([pa.array(cells)])
    assert words in codec.unseen_problems("")[0].message
