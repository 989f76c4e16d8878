"""Keras models of every kind through ONNX and back: the same numbers, at batch 1 and many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dlcli.inference.parity import compare, measure
from dlcli.inference.portable import Session
from dlcli.model import backend
from dlcli.model.reference import reference_outputs
from dlcli.model.to_onnx import LOGITS, to_onnx

Layers = Callable[[Any], list[Any]]

MODELS: dict[str, tuple[tuple[int, ...], str, Layers]] = {
    "MLP": ((20,), "float32", lambda k: [k.Dense(16, "relu"), k.Dense(1, "sigmoid")]),
    "gelu": ((6,), "float32", lambda k: [k.Dense(8, "gelu"), k.Dense(8, "silu"), k.PReLU(), k.Dense(2, "tanh")]),
    "normalised": ((8,), "float32", lambda k: [k.BatchNormalization(), k.Dropout(0.5), k.LayerNormalization()]),
    "CNN": ((12, 12, 2), "float32", lambda k: [k.Conv2D(4, 3, padding="same"), k.MaxPooling2D(), k.Flatten()]),
    "Conv1D": ((16, 3), "float32", lambda k: [k.Conv1D(4, 3), k.GlobalMaxPooling1D()]),
    "LSTM": ((9, 3), "float32", lambda k: [k.LSTM(4), k.Dense(1)]),
    "GRU": ((9, 3), "float32", lambda k: [k.GRU(4), k.Dense(1)]),
    "SimpleRNN": ((9, 3), "float32", lambda k: [k.SimpleRNN(4)]),
    "Bidirectional": ((9, 3), "float32", lambda k: [k.Bidirectional(k.LSTM(3))]),
    "Embedding": ((7,), "int32", lambda k: [k.Embedding(10, 4), k.GlobalAveragePooling1D()]),
    "mask": ((7,), "int32", lambda k: [k.Embedding(10, 4, mask_zero=True), k.LSTM(3)]),
}


@pytest.mark.parametrize("name", MODELS)
def test_the_same_numbers(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    keras = backend.load().keras  # in silence
    shape, dtype, layers = MODELS[name]
    keras.utils.set_random_seed(1)
    source = keras.Input(shape, dtype=dtype, name="the feature, named oddly")
    tensor = source
    for layer in layers(keras.layers):
        tensor = layer(tensor)
    model = keras.Model({source.name: source}, tensor)
    session = Session(to_onnx(model, ("out put",), metadata={"key": "value"}))
    assert (session.inputs, session.outputs) == ((source.name,), ("out put",))
    random = np.random.default_rng(0)
    rows = random.integers(0, 10, (50, *shape)) if dtype == "int32" else random.normal(size=(50, *shape))
    inputs = {source.name: rows.astype(dtype)}
    parity = measure(lambda x: reference_outputs(model, x), lambda x: session.run(x, ["out put"]), inputs)
    assert parity.agrees, str(parity)
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_what_a_softmax_was_given() -> None:
    keras = backend.load().keras
    source = keras.Input((3,), name="x")
    model = keras.Model({"x": source}, keras.layers.Dense(4, "softmax")(source))
    session = Session(to_onnx(model, ("y",), metadata={}, with_logits=True))
    assert session.outputs == ("y", "y" + LOGITS)
    rows = {"x": np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)}
    scores, logits = session.run(rows, session.outputs)
    powers = np.exp(logits)
    np.testing.assert_allclose(scores, powers / powers.sum(axis=1, keepdims=True), rtol=1e-5)


def test_a_difference_is_found_where_it_is() -> None:
    expected = np.zeros((9, 2), np.float32)
    received = expected.copy()
    received[6, 1] = 0.5
    found = compare([expected], [received])
    assert not found.agrees
    assert (found.row, found.difference, found.received) == (6, 0.5, (0.0, 0.5))
    assert "row 7 of 9" in str(found)
    assert "expected 0, 0, got 0, 0.5" in str(found)


def test_what_is_not_finite_is_equal_to_its_like_alone() -> None:
    one, other = np.array([[np.nan, np.inf, -np.inf]]), np.array([[np.nan, np.inf, 0.0]])
    assert compare([one], [one]).agrees
    assert not compare([one], [other]).agrees
    assert not compare([other], [one]).agrees


def test_large_numbers_may_differ_by_as_much_as_they_are_large() -> None:
    assert compare([np.array([[1e6]])], [np.array([[1e6 + 1]])]).agrees
    assert not compare([np.array([[1.0]])], [np.array([[1.0 + 1e-4]])]).agrees
