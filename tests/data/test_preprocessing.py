"""All features and targets together."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from dlcli.codecs.category.schema import CategoryFeature
from dlcli.codecs.number.schema import NumberTarget
from dlcli.config.options.feature import Feature, Target
from dlcli.config.schema.features import AnyFeature, AnyTarget
from dlcli.config.signature import InputSpec
from dlcli.data.columns.chunk import Chunk
from dlcli.data.preprocessing.preprocessing import VERSION, Preprocessing
from dlcli.errors import ConfigError, DataError, RunError

FEATURES: dict[str, Any] = {
    "age": {"type": "number", "missing": "median"},
    "island": "category",
    "town": {"type": "category", "encode": {"embedding": 3}},
    "code": {"type": "category", "encode": "index"},
    "smoker": {"type": "boolean", "missing": False},
    "day": {"type": "datetime", "missing": "median"},
    "note": {"type": "text", "max_tokens": 4},
    "tale": {"type": "text", "columns": "note", "encode": {"sequence": 2}},
    "pixels": {"type": "number", "columns": "px*", "shape": [2, 2], "scale": {"divide": 255}},
    "image": {"type": "number"},
}
TARGETS: dict[str, Any] = {"species": "category", "size": {"type": "number", "scale": "standard"}}


def make_chunk(seed: int, rows: int, start: int = 0) -> Chunk:
    random = np.random.default_rng(seed)

    def texts(*values: str | None) -> pa.Array:
        return pa.array([values[place] for place in random.integers(0, len(values), rows)], pa.string())

    columns: dict[str, Any] = {
        "age": pa.array(random.normal(40, 9, rows)),
        "island": texts("a", "b", None),
        "town": texts("x", "y"),
        "code": pa.array(random.integers(0, 3, rows)),
        "smoker": texts("yes", "no", None),
        "day": texts("2024-01-01", "2024-05-05T10:00:00", None),
        "note": texts("good good", "bad", "it is good", None),
        "image": random.integers(0, 9, (rows, 3, 3, 2)),
        "species": texts("s", "t", "u"),
        "size": pa.array(random.normal(0, 1, rows)),
        **{f"px{place}": pa.array(random.integers(0, 256, rows).astype(float)) for place in (10, 9, 1, 2)},
    }
    return Chunk(columns, rows, start)


def build(features: dict[str, Any], targets: dict[str, Any], available: list[str]) -> Preprocessing:
    read_feature, read_target = TypeAdapter[Feature](AnyFeature), TypeAdapter[Target](AnyTarget)
    return Preprocessing.build(
        {name: read_feature.validate_python(feature) for name, feature in features.items()},
        {name: read_target.validate_python(target) for name, target in targets.items()},
        available=available,
    )


def fitted(features: dict[str, Any] = FEATURES, targets: dict[str, Any] = TARGETS, seed: int = 1) -> Preprocessing:
    chunk = make_chunk(seed, 200)
    preprocessing = build(features, targets, list(chunk.columns))
    preprocessing.fit([chunk])
    return preprocessing


def test_vectors_join_and_the_rest_has_inputs_of_its_own() -> None:
    assert fitted().inputs() == (
        InputSpec("features", (1 + 3 + 1 + 9 + 4,)),
        InputSpec("town", (), "int32", vocabulary=3, embedding=3),
        InputSpec("code", (), "int32", vocabulary=4),
        InputSpec("tale", (2,), "int32", vocabulary=6),
        InputSpec("pixels", (2, 2)),
        InputSpec("image", (3, 3, 2)),
    )


def test_named_features_leave_the_vector() -> None:
    inputs = {spec.name: spec for spec in fitted().inputs({"island", "pixels"})}
    assert inputs["features"].shape == (15,)
    assert inputs["island"] == InputSpec("island", (3,), named=True)
    assert inputs["pixels"].named
    assert not inputs["town"].named


def test_no_vector_when_nothing_joins_it() -> None:
    preprocessing = fitted({"town": FEATURES["town"], "age": FEATURES["age"]})
    assert [spec.name for spec in preprocessing.inputs({"age"})] == ["town", "age"]


@pytest.mark.parametrize("named", [(), ("island", "image"), tuple(FEATURES)], ids=len)
def test_the_vector_is_the_features_side_by_side(named: tuple[str, ...]) -> None:
    preprocessing = fitted()
    chunk = make_chunk(2, 30)
    encoded = preprocessing.encode(chunk, named)
    assert list(encoded) == [spec.name for spec in preprocessing.inputs(named)]
    parts = []
    for name, codec in preprocessing.features.items():
        alone = codec.encode([chunk.columns[column] for column in codec.columns])
        if name in encoded:
            np.testing.assert_array_equal(encoded[name], alone, strict=True)
        else:
            parts.append(alone)
    if parts:
        np.testing.assert_array_equal(encoded["features"], np.concatenate(parts, axis=1), strict=True)
        assert len(preprocessing.names(named)) == encoded["features"].shape[1]
    for spec in preprocessing.inputs(named):
        assert encoded[spec.name].shape == (30, *spec.shape)
        assert encoded[spec.name].dtype == spec.dtype


def test_names_of_the_vector() -> None:
    assert fitted().names()[:5] == ("age", "island=<unknown>", "island=a", "island=b", "smoker")


def test_writes_in_place() -> None:
    preprocessing = fitted()
    chunk = make_chunk(2, 10)
    out: Any = {spec.name: np.full((25, *spec.shape), 7, spec.dtype) for spec in preprocessing.inputs()}
    preprocessing.encode(chunk, out={name: array[10:20] for name, array in out.items()})
    for name, array in preprocessing.encode(chunk).items():
        np.testing.assert_array_equal(out[name][10:20], array)
        assert (out[name][:10] == 7).all()


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000))
def test_state_travels_bit_for_bit(seed: int) -> None:
    preprocessing = fitted(seed=seed)
    state = preprocessing.state()
    assert state["version"] == VERSION
    copy = Preprocessing.from_state(json.loads(json.dumps(state, allow_nan=False, sort_keys=True)))
    assert copy.state() == state
    assert copy.inputs() == preprocessing.inputs()
    assert copy.target_specs == preprocessing.target_specs
    chunk = make_chunk(seed + 1, 20)
    for one, other in (
        (copy.encode(chunk), preprocessing.encode(chunk)),
        (copy.encode_targets(chunk), preprocessing.encode_targets(chunk)),
    ):
        assert list(one) == list(other)
        for name in one:
            np.testing.assert_array_equal(one[name], other[name], strict=True)


def test_targets_there_and_back() -> None:
    preprocessing = fitted()
    chunk = make_chunk(3, 20)
    encoded = preprocessing.encode_targets(chunk)
    assert encoded["species"].shape == (20,)
    assert encoded["size"].shape == (20, 1)
    decoded = {name: preprocessing.targets[name].decode(array) for name, array in encoded.items()}
    assert pa.array(decoded["species"]).equals(pa.array(chunk.columns["species"]))
    np.testing.assert_allclose(np.asarray(decoded["size"])[:, 0], np.asarray(chunk.columns["size"]), atol=1e-6)


def test_features_need_no_target_column() -> None:
    preprocessing = fitted()
    chunk = make_chunk(3, 5)
    rows = Chunk({name: chunk.columns[name] for name in preprocessing.feature_columns}, 5)
    assert preprocessing.encode(rows)["features"].shape == (5, 18)
    with pytest.raises(DataError, match="there is no column 'species'"):
        preprocessing.encode_targets(rows)


def test_zero_rows() -> None:
    preprocessing = fitted()
    empty = make_chunk(1, 0)
    assert all(len(array) == 0 for array in preprocessing.encode(empty).values())
    assert all(len(array) == 0 for array in preprocessing.encode_targets(empty).values())


def test_all_faults_of_the_cells_at_once() -> None:
    features = {
        "age": {"type": "number", "missing": "error"},
        "island": {"type": "category", "unknown": "error"},
        "smoker": {"type": "boolean"},
    }
    chunk = make_chunk(1, 50)
    rows = {"age": pa.array([1.0, None]), "island": pa.array(["z", "a"]), "smoker": pa.array(["yes", "?"])}
    with pytest.raises(DataError) as error:
        fitted(features).encode(Chunk(rows, 2, start=1000))
    assert [(problem.path, problem.rule) for problem in error.value.problems] == [
        ("data.features.age", "missing-value"),
        ("data.features.island", "unknown-value"),
        ("data.features.smoker", "not-a-boolean"),
    ]
    assert "row 1002" in error.value.problems[0].message
    with pytest.raises(DataError) as error:
        fitted().encode_targets(Chunk({**chunk.columns, "size": pa.nulls(50), "species": pa.nulls(50)}, 50))
    assert [problem.path for problem in error.value.problems] == ["data.target.species", "data.target.size"]


def test_all_missing_columns_at_once() -> None:
    chunk = make_chunk(1, 5)
    rest = {name: column for name, column in chunk.columns.items() if name not in ("age", "px9")}
    with pytest.raises(DataError) as error:
        fitted().encode(Chunk({**rest, "agee": chunk.columns["age"]}, 5))
    first, second = error.value.problems
    assert (first.message, first.hint) == ("there is no column 'age' in the data", "did you mean 'agee' or 'image'?")
    assert second.message == "there is no column 'px9' in the data"
    assert first.rule == "missing-column"


def test_all_that_cannot_be_fitted_at_once() -> None:
    chunk = make_chunk(1, 20)
    empty = {"age": pa.nulls(20, pa.float64()), "island": pa.nulls(20), "species": pa.array(["s"] * 20)}
    preprocessing = build(FEATURES, TARGETS, list(chunk.columns))
    with pytest.raises(DataError) as error:
        preprocessing.fit([Chunk({**chunk.columns, **empty}, 20)])
    assert [(problem.path, problem.rule) for problem in error.value.problems] == [
        ("data.features.age", "no-values"),
        ("data.features.island", "no-values"),
        ("data.target.species", "one-class"),
    ]


@pytest.mark.parametrize(
    ("name", "feature", "rule"),
    [
        ("heigth", "number", "missing-column"),
        ("pixels", {"type": "number", "columns": "px*", "shape": [3]}, "array-shape"),
        ("town", {"type": "category", "categories": ["a", "a"]}, "listed-twice"),
        ("town", {"type": "category", "categories": ["a"], "max_categories": 1}, "conflicting-options"),
        ("town", {"type": "category", "unknown": "error", "max_categories": 1}, "conflicting-options"),
        ("both", {"type": "category", "columns": ["town", "island"]}, "too-many-columns"),
        ("day", {"type": "datetime", "format": "%Q"}, "invalid-format"),
        ("sizes", {"type": "number", "columns": "size"}, "target-is-feature"),
        ("features", {"type": "number", "columns": "age"}, "reserved-name"),
    ],
)
def test_faults_of_the_config(name: str, feature: Any, rule: str) -> None:
    available = list(make_chunk(1, 1).columns)
    with pytest.raises(ConfigError) as error:
        build({name: feature, "wrong": "text", "code": "category"}, TARGETS, available)
    problem, other = error.value.problems
    assert {problem.path, other.path} == {f"data.features.{name}", "data.features.wrong"}
    assert {problem.rule, other.rule} == {rule, "missing-column"}
    assert problem.hint


def test_a_single_feature_may_be_called_features() -> None:
    codecs = build({"features": {"type": "number", "columns": "age"}}, TARGETS, list(make_chunk(1, 1).columns))
    codecs.fit([make_chunk(1, 10)])
    assert codecs.inputs() == (InputSpec("features", (1,)),)


def test_a_layer_takes_a_feature_that_is_not_there() -> None:
    with pytest.raises(ConfigError, match="no feature is called 'iland'") as error:
        fitted().inputs({"iland"})
    assert error.value.problems[0].hint == "did you mean 'island'?"


@pytest.mark.parametrize(
    ("state", "rule"),
    [
        ({"version": VERSION + 1}, "run-newer"),
        ({}, "run-damaged"),
        ({"version": 1, "features": [{"name": "x", "type": "sound"}], "targets": []}, "run-damaged"),
        ({"version": 1, "features": [{"name": "x", "type": "number"}], "targets": []}, "run-damaged"),
        ({"version": 1, "features": None, "targets": []}, "run-damaged"),
    ],
)
def test_a_state_that_cannot_be_read(state: dict[str, Any], rule: str) -> None:
    with pytest.raises(RunError) as error:
        Preprocessing.from_state(state)
    assert error.value.problems[0].rule == rule


def test_values_that_are_no_category_are_counted_when_the_bucket_takes_them() -> None:
    preprocessing = Preprocessing.build({"island": CategoryFeature()}, {"y": NumberTarget()}, available=["island", "y"])
    preprocessing.fit([Chunk({"island": pa.array(["a", "b", None]), "y": pa.array([1.0, 2.0, 3.0])}, 3, 0)])
    preprocessing.encode(Chunk({"island": pa.array(["a", "b", None])}, 3, 0))
    assert preprocessing.unseen_values() == ()
    for _ in range(2):
        preprocessing.encode(Chunk({"island": pa.array(["a", "z", "z", "q"])}, 4, 0))
    (warning,) = preprocessing.unseen_values()
    assert warning.path == "data.features.island"
    assert "6 values that are none of the 2 categories learnt: 'z' (4 times), 'q' (2 times)" in warning.message
