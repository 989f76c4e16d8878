"""Targets: classes and numbers, there and back."""

from __future__ import annotations

import json
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlcli.codecs.category.schema import CategoryTarget
from dlcli.codecs.category.target import CategoryTargetCodec
from dlcli.codecs.number.schema import NumberTarget
from dlcli.codecs.number.target import NumberTargetCodec
from dlcli.config.signature import TargetSpec
from dlcli.data.columns.codec import Column
from dlcli.data.columns.names import BLANKS, text_name
from dlcli.data.columns.target_codec import TargetCodec
from dlcli.data.preprocessing.building import build_target, target_codec_class
from dlcli.errors import ConfigError, DataError

AnyTarget = TypeVar("AnyTarget", bound=TargetCodec)

SPECIES = pa.array(["virginica", "setosa", "virginica"])


def _fit(codec: AnyTarget, *columns: Column) -> AnyTarget:
    codec.fit(columns)
    codec.finish()
    return codec


def test_classes_are_counted_and_indexed() -> None:
    codec = _fit(CategoryTargetCodec("species", ["kind"], encode="one_hot"), SPECIES)
    assert codec.spec == TargetSpec("species", "category", classes=("setosa", "virginica"), encode="one_hot")
    assert codec.counts == {"setosa": 1, "virginica": 2}
    encoded = codec.encode([SPECIES])
    assert encoded.dtype == np.int32
    assert encoded.tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    "column",
    [pa.array([10, 9, -1]), pa.array(["10", "9", "-1"]), pa.array([10.0, 9.0, -1.0]), np.array([[10], [9], [-1]])],
)
def test_integer_classes_are_sorted_by_value(column: Column) -> None:
    assert _fit(CategoryTargetCodec("y", ["y"]), column).spec.classes == ("-1", "9", "10")


def test_given_classes_keep_their_order() -> None:
    codec = _fit(CategoryTargetCodec("y", ["y"], classes=["virginica", "versicolor", "setosa"]), SPECIES)
    assert codec.encode([SPECIES]).tolist() == [0, 2, 0]
    assert codec.counts == {"virginica": 2, "versicolor": 0, "setosa": 1}


def test_unknown_and_missing_classes() -> None:
    codec = _fit(CategoryTargetCodec("y", ["y"]), SPECIES)
    with pytest.raises(DataError) as error:
        codec.encode([pa.array(["setosa", "rosa", None])], start=4)
    unknown, missing = error.value.problems
    assert unknown.message == "column 'y' has values that training has not seen: 'rosa' (row 6)"
    assert "the classes are setosa, virginica" in unknown.hint
    assert missing.message == "column 'y' has a missing value (row 7)"
    assert (unknown.rule, missing.rule) == ("unknown-class", "missing-target")


@pytest.mark.parametrize("classes", [None, ["a", "b"]])
def test_one_class_is_not_enough(classes: list[str] | None) -> None:
    with pytest.raises(DataError) as error:
        _fit(CategoryTargetCodec("y", ["y"], classes=classes), pa.array(["a", "a"]))
    (problem,) = error.value.problems
    assert problem.message.startswith("column 'y' holds only the class 'a' in the training split")
    assert problem.rule == "one-class"


@given(
    st.lists(st.text(max_size=4), min_size=2, max_size=30, unique_by=text_name),
)
def test_classes_decode_to_what_was_encoded(values: list[str]) -> None:
    column = pa.array(values, pa.string())
    codec = _fit(CategoryTargetCodec("y", ["y"]), column)
    decoded = codec.decode(codec.encode([column]))
    assert isinstance(decoded, pa.Array)
    assert decoded.to_pylist() == [value.strip(BLANKS) for value in values]


@pytest.mark.parametrize("scale", ["standard", "min_max", "none"])
@given(values=st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)), min_size=1, max_size=30))
def test_numbers_decode_to_what_was_encoded(scale: str, values: list[tuple[float, float]]) -> None:
    numbers = np.array(values)
    columns = [pa.array(numbers[:, 0]), pa.array(numbers[:, 1])]
    codec = build_target(
        "y", NumberTarget.model_validate({"columns": ["a", "b"], "scale": scale}), available=["a", "b"]
    )
    _fit(codec, *columns)
    encoded = codec.encode(columns)
    assert encoded.dtype == np.float32
    assert encoded.shape == numbers.shape
    assert (codec.spec.name, codec.spec.kind, codec.spec.width) == ("y", "number", 2)
    assert len(codec.spec.unit) == (0 if scale == "none" else 2)
    np.testing.assert_allclose(np.asarray(codec.decode(encoded)), numbers, rtol=1e-6, atol=5e-3)


def test_a_missing_number() -> None:
    codec = _fit(NumberTargetCodec("y", ["y"]), pa.array([1.0, 2.0]))
    with pytest.raises(DataError) as error:
        codec.encode([pa.array([1.0, None])])
    (problem,) = error.value.problems
    assert problem.rule == "missing-target"
    assert "drop these rows" in problem.hint


def test_an_array_of_numbers() -> None:
    vector = _fit(NumberTargetCodec("y", ["y"]), np.zeros((4, 3)))
    assert vector.spec.width == 3
    assert vector.components == ("0", "1", "2")
    assert _fit(NumberTargetCodec("y", ["y"]), np.zeros((4, 1))).components == ("y",)
    image = _fit(NumberTargetCodec("y", ["y"]), np.zeros((4, 3, 2)))
    assert (image.spec.shape, image.spec.axes, image.spec.width) == ((3, 2), (3,), 2)


@pytest.mark.parametrize(
    ("codec", "column"),
    [
        (CategoryTargetCodec("y", ["y"]), SPECIES),
        (CategoryTargetCodec("y", ["y"], classes=["virginica", "x", "setosa"], encode="index"), SPECIES),
        (NumberTargetCodec("y", ["y"], scale="standard"), pa.array([0.1, 0.2, 7.0])),
    ],
)
def test_state_travels_as_json(codec: TargetCodec, column: Column) -> None:
    _fit(codec, column)
    state = json.loads(json.dumps(codec.state(), allow_nan=False))
    copy = target_codec_class(state["type"]).from_state(state)
    assert copy.state() == codec.state()
    assert copy.spec == codec.spec
    np.testing.assert_array_equal(copy.encode([column]), codec.encode([column]), strict=True)


def test_classes_of_steps_that_training_has_not_seen_are_named_with_their_rows() -> None:
    codec = _fit(CategoryTargetCodec("y", ["y"], shape=[2], ignore=["-"]), pa.array(["a b", "b -"]))
    assert codec.spec.gaps
    assert codec.encode([pa.array(["b a", "a"])]).tolist() == [[1, 0], [0, -1]]
    with pytest.raises(DataError) as error:
        codec.encode([pa.array(["a b", "c d", "c a", "- -"])], start=10)
    unknown, missing = error.value.problems
    assert "'c' (2 times, first in row 12), 'd' (1 time, first in row 12)" in unknown.message
    assert (unknown.rule, missing.rule) == ("unknown-class", "missing-target")
    assert "(row 14)" in missing.message
    with pytest.raises(DataError, match="row 12 of column 'y' has a list of 3 values, expected 2"):
        codec.encode([pa.array(["a b", "a b a"])], start=10)


def test_faults_of_the_config() -> None:
    with pytest.raises(ConfigError, match="there is no column 'y'"):
        build_target("y", NumberTarget(), available=["a"])
    with pytest.raises(ConfigError, match="lists 'x' more than once"):
        build_target("y", CategoryTarget(classes=["x", "x"]), available=["y"])


@pytest.mark.parametrize(
    ("cells", "texts", "values"),
    [
        (pa.array([1, 0]), False, [0, 1]),
        (pa.array(["1", "0"]), False, [0, 1]),
        (pa.array(["1.0", "0.0"]), False, [0, 1]),
        (pa.array(["1", "0"]), True, ["0", "1"]),
        (pa.array(["1.0", "0.0"]), True, ["0.0", "1.0"]),
        (pa.array(["True", "False"]), False, [False, True]),
        (pa.array(["True", "False"]), True, ["False", "True"]),
        (pa.array([True, False]), False, [False, True]),
        (pa.array([0.5, 2.0]), False, [0.5, 2.0]),
        (pa.array(["01", "02"]), False, ["01", "02"]),
        (pa.array(["TRUE", "maybe"]), False, ["maybe", "TRUE"]),
        (pa.array([2**53, 2**53 + 1]), False, [2**53, 2**53 + 1]),
    ],
)
def test_classes_come_back_as_what_they_were(cells: pa.Array, texts: bool, values: list[object]) -> None:
    codec = _fit(CategoryTargetCodec("y", ["y"], texts=texts), cells)
    again = CategoryTargetCodec.from_state(json.loads(json.dumps(codec.state())))
    for each in (codec, again):
        assert each.values.to_pylist() == values
        decoded = each.decode(each.encode([cells]))
        assert isinstance(decoded, pa.Array)
        assert set(decoded.to_pylist()) == set(values)
        assert decoded.type == each.values.type


def test_classes_of_before_were_texts() -> None:
    codec = _fit(CategoryTargetCodec("y", ["y"]), pa.array(["1.0", "0"]))
    state = {key: value for key, value in codec.state().items() if key not in ("texts", "spellings")}
    old = CategoryTargetCodec.from_state({**state, "classes": ["0.0", "1.0"]})
    assert old.values.to_pylist() == ["0.0", "1.0"]
    assert old.encode([pa.array([1, 0])]).tolist() == [1, 0]
