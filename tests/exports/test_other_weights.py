"""A model that has learnt something else is written with its new weights, and is what a conversion would have made."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import onnx
import pytest
from keras import layers
from numpy.typing import NDArray

from dlcli.backend import onnx as backend
from dlcli.exports import portable
from dlcli.exports.reference import reference_outputs
from dlcli.exports.to_onnx import convert_anew, to_onnx
from dlcli.model.layers.number_embeddings import PeriodicEmbedding
from dlcli.model.layers.parametric_activation import ParametricActivation
from dlcli.model.layers.scaling import Scaling
from dlcli.model.layers.tangent_dense import TangentDense

Make = Callable[[Any], Any]

MODELS: dict[str, tuple[tuple[int, ...], Make]] = {
    "dense": ((5,), lambda x: layers.Dense(1, "sigmoid")(layers.Dense(8, "relu")(x))),
    "dropout, gelu": ((5,), lambda x: layers.Dense(3, "softmax")(layers.Dropout(0.1)(layers.Dense(8, "gelu")(x)))),
    "square": ((5,), lambda x: layers.Dense(5)(layers.Dense(5, "tanh")(layers.Dense(5)(x)))),
    "batch normalization": ((5,), lambda x: layers.Dense(3)(layers.BatchNormalization()(layers.Dense(8)(x)))),
    "layer normalization": ((5,), lambda x: layers.Dense(3)(layers.LayerNormalization()(layers.Dense(8)(x)))),
    "convolution": ((6, 6, 2), lambda x: layers.Dense(3)(layers.Flatten()(layers.Conv2D(4, 3, activation="elu")(x)))),
    "one layer twice": ((5,), lambda x: (layer := layers.Dense(5, "tanh"))(layer(x))),
    "weights times rates": (
        (5,),
        lambda x: TangentDense(2, bias_rate=0.1)(
            ParametricActivation("mish")(TangentDense(8, bias_rate=0.1)(Scaling()(PeriodicEmbedding()(x))))
        ),
    ),
    "own unit norm": ((5,), lambda x: layers.Dense(3)(layers.UnitNormalization()(layers.Dense(8)(x)))),
}


def made(name: str) -> tuple[Any, NDArray[np.float32]]:
    shape, make = MODELS[name]
    inputs = keras.Input(shape, name="input")
    rows = np.random.default_rng(1).normal(size=(16, *shape)).astype(np.float32)
    return keras.Model({"input": inputs}, make(inputs)), rows


def learn(model: Any, seed: int) -> None:
    """Give it other weights; variances are positive."""
    random = np.random.default_rng(seed)
    for weight in model.weights:
        weight.assign(np.abs(random.normal(size=weight.shape)).astype(np.float32) + 0.1)


@pytest.fixture
def conversions(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The models that were converted from their beginning."""
    found: list[Any] = []
    convert = backend._convert

    def counting(model: Any, *arguments: Any, **options: Any) -> Any:
        found.append(model)
        return convert(model, *arguments, **options)

    monkeypatch.setattr(backend, "_convert", counting)
    return found


def numbers(content: bytes) -> list[Any]:
    """What a file computes with: the names in it are counted up in a process."""
    graph = onnx.load_from_string(content).graph
    return [
        *sorted(
            (list(each.dims), each.data_type, onnx.numpy_helper.to_array(each).tobytes()) for each in graph.initializer
        ),
        *(
            (node.op_type, [(each.name, each.f, each.i, list(each.ints)) for each in node.attribute])
            for node in graph.node
        ),
        *(
            (each.name, [dim.dim_value for dim in each.type.tensor_type.shape.dim])
            for each in (*graph.input, *graph.output)
        ),
    ]


@pytest.mark.parametrize("name", MODELS)
def test_other_weights_in_a_converted_model_are_as_if_it_was_converted_again(name: str, conversions: list[Any]) -> None:
    model, _ = made(name)
    said = {"written": "first"}
    for seed in (1, 2, 3):
        learn(model, seed)
        written = to_onnx(model, ("y",), metadata=said, with_logits=True)
        assert [each.value for each in onnx.load_from_string(written).metadata_props] == [str(said["written"])]
        said = {"written": str(seed)}
    assert len(conversions) == 1
    convert_anew(model)
    anew = to_onnx(model, ("y",), metadata={}, with_logits=True)
    assert numbers(written) == numbers(anew)
    # Other outputs are another graph.
    assert onnx.load_from_string(to_onnx(model, ("z",), metadata={})).graph.output[0].name == "z"


@pytest.mark.parametrize("name", MODELS)
def test_what_was_traced_gives_to_the_bit_what_the_model_gives(name: str) -> None:
    model, rows = made(name)
    learn(model, 1)
    to_onnx(model, ("y",), metadata={}, with_logits=True)
    assert backend.traced(model) is None
    learn(model, 2)
    to_onnx(model, ("y",), metadata={}, with_logits=True)
    given = backend.traced(model)
    assert given is not None
    for part in ({"input": rows}, {"input": rows[3:4]}):
        expected = reference_outputs(model, part, with_logits=True)
        for one, other in zip(expected, given(part), strict=True):
            np.testing.assert_array_equal(one, other)


def test_weights_that_look_like_others_are_not_known_by_their_numbers(conversions: list[Any]) -> None:
    model, _ = made("square")
    learn(model, 1)
    model.weights[3].assign(model.weights[1].numpy())  # two offsets alike
    to_onnx(model, ("y",), metadata={})
    learn(model, 2)
    to_onnx(model, ("y",), metadata={})
    assert len(conversions) == 2
    to_onnx(model, ("y",), metadata={})
    assert len(conversions) == 2, "the second time they were different"


def test_weights_in_the_wrong_place_do_not_pass(tmp_path: Path, conversions: list[Any]) -> None:
    model, rows = made("square")
    learn(model, 1)
    outputs: Any = [SimpleNamespace(name="y", head=SimpleNamespace(activation="linear"))]
    file = tmp_path / "model.onnx"
    portable._converted(model, file, outputs, {"input": rows}, metadata={})
    places = dict(backend._CONVERTED[model].places)
    weights = backend._CONVERTED[model].parts.values()
    one, other, _ = (number for number, (place, _) in places.items() if weights[place].shape == (5, 5))
    backend._CONVERTED[model].places = {**places, one: places[other], other: places[one]}
    learn(model, 2)
    assert portable._converted(model, file, outputs, {"input": rows}, metadata={}).agrees
    assert len(conversions) == 2
    assert numbers(file.read_bytes()) == numbers(to_onnx(model, ("y",), metadata={}, with_logits=True))


def test_large_models_and_those_that_are_gone_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    model, _ = made("dense")
    monkeypatch.setattr(backend, "MOST_BYTES", 100)
    to_onnx(model, ("y",), metadata={})
    assert model not in backend._CONVERTED
    monkeypatch.undo()
    learn(model, 1)
    to_onnx(model, ("y",), metadata={})
    assert model in backend._CONVERTED
    place = weakref.ref(model)
    del model
    keras.backend.clear_session()
    gc.collect()
    assert place() is None, "nothing of what is kept holds it"
