"""Columns may have any name; TensorFlow's tensors may not, and two of them never have the same."""

from __future__ import annotations

import keyword
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.backend import startup
from dlcli.exports.draft import write_model
from dlcli.exports.formats import find_format
from dlcli.exports.reload import reload
from dlcli.exports.saved_model import tensor_names

ODD = ["_", "_id", "é", "2nd", "a.b", "a-b", "a_b", "A", "a", "self", "class", "None", "a b", "name", "args"]


@given(st.lists(st.text(max_size=6) | st.sampled_from(ODD), unique=True, max_size=20))
def test_every_name_becomes_another(names: list[str]) -> None:
    legal = list(tensor_names(names).values())
    assert tensor_names(names[::-1]) == tensor_names(names)
    assert len({each.lower() for each in legal}) == len(names)
    for each in legal:
        assert each.isidentifier()
        assert each.isascii()
        assert each[0] != "_"
        assert not keyword.iskeyword(each)


@pytest.mark.parametrize(
    ("format", "name"), [pytest.param("saved_model", "m", marks=pytest.mark.soak), ("litert", "m.tflite")]
)
def test_columns_of_odd_names(format: str, name: str, tmp_path: Path) -> None:
    keras = startup.load()
    sources = {each: keras.Input((1,), name=each) for each in ODD}
    model = keras.Model(sources, keras.layers.Dense(2)(keras.layers.Concatenate()(list(sources.values()))))
    write_model(model, tmp_path / name, format=find_format(format), outputs=["the class"], metadata={})
    given = {each: np.full((3, 1), place, np.float32) for place, each in enumerate(ODD)}
    whole, alone = reload(tmp_path / name, given, format=find_format(format), outputs=["the class"], singles=1, code=[])
    expected = np.asarray(model({each: keras.ops.convert_to_tensor(values) for each, values in given.items()}))
    np.testing.assert_allclose(whole[0], expected, rtol=1e-5)
    np.testing.assert_allclose(alone[0], expected[:1], rtol=1e-5)
