"""Values of callbacks come back as they were; a document of anybody's makes nothing but values, or is refused."""

from __future__ import annotations

import collections
import contextlib
import json
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as npst

from dlcli.training.checkpointing.values import NotPlain, PackedArrays, StoredArrays, pack, unpack

dtypes = npst.boolean_dtypes() | npst.integer_dtypes() | npst.floating_dtypes() | npst.unicode_string_dtypes()
arrays = npst.arrays(dtypes, npst.array_shapes(min_dims=0, max_dims=3, min_side=0))
huge = st.integers(-3, 3).map(lambda more: more * 10**5000 + more)
keys = st.none() | st.booleans() | st.integers() | huge | st.text() | st.binary()
plain = keys | st.floats() | st.complex_numbers(allow_nan=False) | st.datetimes() | st.dates()
values = st.recursive(
    plain | arrays,
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(keys, inner)
        | st.sets(keys)
        | st.frozensets(keys)
        | st.dictionaries(st.text(), inner).map(collections.OrderedDict)
        | st.dictionaries(st.text(), st.integers()).map(collections.Counter)
        | st.lists(inner, max_size=4).map(lambda items: collections.deque(items, maxlen=5))
    ),
    max_leaves=10,
)


def came_back(value: Any) -> Any:
    packed = PackedArrays()
    document = json.loads(json.dumps([pack(value, packed), packed.table()]))
    return unpack(document[0], StoredArrays(document[1], b"".join(packed.pieces())))


def equal(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return bool(one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes())
    if isinstance(one, collections.deque):
        return one.maxlen == other.maxlen and equal(list(one), list(other))
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(equal, one, other))
    if isinstance(one, dict):
        return equal(list(one), list(other)) and all(map(equal, one.values(), other.values()))
    return bool(one == other or one != one)


@given(values)
def test_a_value_comes_back(value: Any) -> None:
    assert equal(value, came_back(value))


@pytest.mark.parametrize("value", [np.float32(0.1), np.int64(3), np.bool_(True), np.datetime64("2024-01-01")])
def test_scalars_of_numpy_stay_so(value: Any) -> None:
    assert type(came_back(value)) is type(value)
    assert came_back(value) == value


endless: list[Any] = []
endless.append(endless)


@pytest.mark.parametrize(
    "value",
    [object(), print, np.array([object()]), [open], {"a": {1: range(3)}}, endless],
    ids=["object", "function", "array of objects", "list of functions", "range", "endless"],
)
def test_what_is_not_plain_is_said(value: Any) -> None:
    with pytest.raises(NotPlain):
        pack(value, PackedArrays())


@pytest.mark.parametrize(
    "value",
    [{object(): 1}, {(1, object()): 1}, {object()}, frozenset({(object(),)})],
    ids=["key", "in a key", "in a set", "in a frozen set"],
)
def test_an_object_in_a_set_or_as_a_key_is_said_also_when_what_is_in_it_is_known(value: Any) -> None:
    with pytest.raises(NotPlain):
        pack(value, PackedArrays(), contents=lambda inside: {"n": 1})


documents = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["array", "scalar", "dict", "list", "tuple", "set", "bytes", "x"]), inner)
    ),
)


@given(documents, st.binary(max_size=16))
def test_any_document_is_values_or_refused(document: Any, content: bytes) -> None:
    with contextlib.suppress(TypeError, ValueError):
        unpack(document, StoredArrays([{"dtype": "|u1", "shape": [len(content)]}], content))


@pytest.mark.parametrize(
    "table",
    [
        None,
        [{}],
        [{"dtype": "|O", "shape": [1]}],
        [{"dtype": "O", "shape": []}],
        [{"dtype": "f4,f4", "shape": [1]}],
        [{"dtype": "<f4", "shape": [2**40, 2**40]}],
        [{"dtype": "<f4", "shape": [-1]}],
        [{"dtype": "<f4", "shape": [2**63]}],
        [{"dtype": "<f4", "shape": [1.0]}],
        [{"dtype": "<f4", "shape": [0, 2**61]}, {"dtype": "<f4", "shape": [3]}],
        [{"dtype": "<f4", "shape": [1]}],
        [{"dtype": "U0", "shape": [1]}],
        [{"dtype": "no", "shape": [1]}],
        [{"dtype": 7, "shape": [1]}],
    ],
    ids=str,
)
def test_a_table_that_does_not_fit_its_bytes(table: Any) -> None:
    with pytest.raises(ValueError):
        StoredArrays(table, b"12345678")
