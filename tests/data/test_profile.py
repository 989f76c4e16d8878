"""What is known of a column does not depend on how it is cut, nor on whether its values were gathered."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.data.columns.names import value_name
from dlcli.data.types import profile as profiles
from dlcli.data.types.profile import profile

columns = st.one_of(
    st.lists(st.sampled_from(["1", "2", "2.5", "-7", " 3 ", "007", "x", "", None])),
    st.lists(st.sampled_from(["1.5", "2.5", "1e3", None])),
    st.lists(st.sampled_from(["yes", "no", "True", "true", None])),
    st.lists(st.sampled_from(["2024-01-31", "2024-01-31 00:00:00", "x", None])),
).map(lambda values: pa.array(values, pa.string())) | st.lists(st.sampled_from([1.0, 2.5, None])).map(
    lambda values: pa.array(values, pa.float64())
)


@given(columns, st.data())
def test_the_cut_does_not_matter(column: pa.Array, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(column)), max_size=4)))
    edges = [0, *cuts, len(column)]
    parts = [column.slice(start, stop - start) for start, stop in itertools.pairwise(edges)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(profiles, "_COMPACT", 2)
        found, full = profile(parts), profile([column], gather="all")
    assert (found.type, found.present, found.missing) == (column.type, full.present, column.null_count)
    for what in ("constant", "numbers", "whole", "codes", "number_cells", "moment_cells"):
        assert getattr(found, what) == getattr(full, what)
    assert full.distinct is not None
    assert full.distinct.to_pylist() == list(dict.fromkeys(map(value_name, column.drop_null().to_pylist())))
    if found.distinct is None:
        assert found.numbers or pa.types.is_floating(column.type)
    else:
        assert found.distinct.to_pylist() == full.distinct.to_pylist()


@pytest.mark.parametrize(
    ("parts", "distinct"),
    [
        ([pa.array([1, 2]), pa.array([2.0, 1.5]), pa.array(["b"])], ["1", "2", "1.5", "b"]),
        ([pa.array([1, 2]), pa.array(["b"])], ["1", "2", "b"]),
        ([pa.array(["1.5", "2.5"]), pa.array(["b"])], ["1.5", "2.5", "b"]),
    ],
)
def test_what_differs_is_told_apart_by_its_text(parts: list[Any], distinct: list[str]) -> None:
    found = profile(parts)
    assert found.distinct is not None
    assert found.distinct.to_pylist() == distinct
    assert pa.types.is_string(found.type)


def test_arrays() -> None:
    found = profile(np.array([[1.0], [np.nan]], np.float16))
    assert (found.present, found.missing, found.constant) == (1, 1, True)
