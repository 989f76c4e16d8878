"""Keras models of every kind through ONNX and back: the same numbers, at batch 1 and many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from dlcli.backend import startup
from dlcli.exports.parity import FLOOR, Parity, judge, measure
from dlcli.exports.reference import reference_outputs, rounding_noise
from dlcli.exports.to_onnx import LOGITS, to_onnx
from dlcli.trained.onnx_predictor import Session

pytestmark = pytest.mark.tensorflow

Layers = Callable[[Any], list[Any]]

MODELS: dict[str, tuple[tuple[int, ...], str, Layers]] = {
    "MLP": ((20,), "float32", lambda k: [k.Dense(16, "relu"), k.Dense(1, "sigmoid")]),
    "gelu": ((6,), "float32", lambda k: [k.Dense(8, "gelu"), k.Dense(8, "silu"), k.PReLU(), k.Dense(2, "tanh")]),
    "normalised": ((8,), "float32", lambda k: [k.BatchNormalization(), k.Dropout(0.5), k.LayerNormalization()]),
    "CNN": ((12, 12, 2), "float32", lambda k: [k.Conv2D(4, 3, padding="same"), k.MaxPooling2D(), k.Flatten()]),
    "Conv1D": ((16, 3), "float32", lambda k: [k.Conv1D(4, 3), k.GlobalMaxPooling1D()]),
    "groups 1D": (
        (16, 4),
        "float32",
        lambda k: [k.Conv1D(6, 3, groups=2, padding="causal", dilation_rate=2), k.Conv1D(4, 3, groups=2, strides=2)],
    ),
    "groups 2D": (
        (9, 9, 4),
        "float32",
        lambda k: [
            k.Conv2D(4, 3, groups=4, padding="same"),
            k.Conv2D(4, 3, groups=2, dilation_rate=2),
            k.DepthwiseConv2D(2, dilation_rate=2),
            k.Conv2DTranspose(3, 3, strides=2),
        ],
    ),
    "groups 3D": (
        (5, 5, 5, 4),
        "float32",
        lambda k: [k.Conv3D(6, 2, groups=2, padding="same"), k.Conv3D(3, 2, dilation_rate=2)],
    ),
    "LSTM": ((9, 3), "float32", lambda k: [k.LSTM(4), k.Dense(1)]),
    "GRU": ((9, 3), "float32", lambda k: [k.GRU(4), k.Dense(1)]),
    "SimpleRNN": ((9, 3), "float32", lambda k: [k.SimpleRNN(4)]),
    "Bidirectional": ((9, 3), "float32", lambda k: [k.Bidirectional(k.LSTM(3))]),
    "Embedding": ((7,), "int32", lambda k: [k.Embedding(10, 4), k.GlobalAveragePooling1D()]),
    "mask": ((7,), "int32", lambda k: [k.Embedding(10, 4, mask_zero=True), k.LSTM(3)]),
    "attention": ((6, 8), "float32", lambda k: [lambda x: k.MultiHeadAttention(2, 4)(x, x), k.LayerNormalization()]),
    "causal": ((6, 8), "float32", lambda k: [lambda x: k.MultiHeadAttention(2, 4)(x, x, use_causal_mask=True)]),
    "dot attention": ((6, 8), "float32", lambda k: [lambda x: k.Attention()([x, x]), k.Flatten(), k.Dense(2)]),
}


LEARNT_SINCE = ("normalised", "CNN", "GRU", "mask")
"""Models that are converted once more, with weights that were learnt since; the way is that of all."""


def compare(one: Sequence[NDArray[Any]], other: Sequence[NDArray[Any]], *, floors: Sequence[float] = ()) -> Parity:
    """All rows at once."""
    return judge([one], [other], floors=floors)


@pytest.mark.parametrize("name", MODELS)
def test_the_same_numbers(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    keras = startup.load()  # in silence
    shape, dtype, layers = MODELS[name]
    keras.utils.set_random_seed(1)
    source = keras.Input(shape, dtype=dtype, name="the feature, named oddly")
    tensor = source
    for layer in layers(keras.layers):
        tensor = layer(tensor)
    model = keras.Model({source.name: source}, tensor)
    random = np.random.default_rng(0)
    rows = random.integers(0, 10, (50, *shape)) if dtype == "int32" else random.normal(size=(50, *shape))
    inputs = {source.name: rows.astype(dtype)}
    for _ in range(1 + (name in LEARNT_SINCE)):
        session = Session(to_onnx(model, ("out put",), metadata={"key": "value"}))
        assert (session.inputs, session.outputs) == ((source.name,), ("out put",))
        parity = measure(lambda x: reference_outputs(model, x), lambda x: session.run(x, ["out put"]), inputs)  # noqa: B023
        assert parity.agrees, str(parity)
        for weight in model.trainable_weights:
            weight.assign(weight.value + random.uniform(0.01, 0.02, weight.shape))
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_several_inputs_and_outputs() -> None:
    keras = startup.load()
    layers = keras.layers
    keras.utils.set_random_seed(2)
    sources = [
        keras.Input((4,), name="a b"),
        keras.Input((5, 3), name="series"),
        keras.Input((), dtype="int32", name="id"),
    ]
    first, second, third = sources
    together = layers.Concatenate()(
        [layers.Dense(3, "relu")(first), layers.GRU(4)(second), layers.Embedding(9, 2)(third)]
    )
    outputs = [layers.Dense(1, "sigmoid")(together), layers.Dense(3, "softmax")(together), layers.Dense(2)(first)]
    model = keras.Model({source.name: source for source in sources}, outputs)
    names = ("yes", "kind", "numbers")
    session = Session(to_onnx(model, names, metadata={}, with_logits=True))
    assert session.outputs == (*names, "yes" + LOGITS, "kind" + LOGITS)
    random = np.random.default_rng(1)
    inputs: dict[str, NDArray[Any]] = {
        "a b": random.normal(size=(40, 4)).astype(np.float32),
        "series": random.normal(size=(40, 5, 3)).astype(np.float32),
        "id": random.integers(0, 9, 40).astype(np.int32),
    }
    parity = measure(
        lambda x: reference_outputs(model, x, with_logits=True), lambda x: session.run(x, session.outputs), inputs
    )
    assert parity.agrees, str(parity)


def test_sums_that_cancel() -> None:
    """Terms of 1,000 that make 0.0001: float32 gives each runtime a number of its own, and a mistake is found still."""
    keras = startup.load()
    random = np.random.default_rng(4)
    source = keras.Input((64,), name="x")
    model = keras.Model({"x": source}, keras.layers.Dense(1)(source))
    kernel = random.normal(size=(64, 1)).astype(np.float32) * 1000
    model.set_weights([kernel, np.zeros(1, np.float32)])
    rows = random.normal(size=(30, 64))
    rows -= (rows @ kernel) @ kernel.T / (kernel.T @ kernel)
    inputs = {"x": rows.astype(np.float32)}
    session = Session(to_onnx(model, ("y",), metadata={}))
    before = model.get_weights()

    def proof(off: float) -> bool:
        return measure(
            lambda x: reference_outputs(model, x),
            lambda x: [values + np.float32(off) for values in session.run(x, ["y"])],
            inputs,
            noise=lambda: rounding_noise(model, inputs),
        ).agrees

    assert proof(0.0)
    assert not proof(1.0)
    for weight, same in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, same)


def test_what_a_softmax_was_given() -> None:
    keras = startup.load()
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


def test_the_greatest_difference_need_not_be_the_worst() -> None:
    """0.001 of a thousand is tolerated, and 0.0001 of one is not."""
    expected = np.array([[1000.0, 1.0], [1000.0, 1.0]])
    received = expected + np.array([[0.001, 0.0], [0.0, 1e-4]])
    found = compare([expected], [received])
    assert (found.row, found.agrees) == (1, False)
    assert found.difference == pytest.approx(1e-3)
    assert found.relative == pytest.approx(1e-4)
    assert "row 2 of 2 (in a batch of 2) differs by 0.0001:" in str(found)


def test_the_record_says_what_was_allowed() -> None:
    one, other = [np.array([[1.0], [2.0]])], [np.array([[1.0], [2.00003]])]
    strict = compare(one, one).document()
    assert strict == {"rows": 2, "batch_sizes": [1, 2], "difference": 0.0, "relative": 0.0, "tolerance": 1e-5}
    assert compare(one, one, floors=[FLOOR]).document() == {**strict, "floor": FLOOR}
    noisy = judge([one], [other], noise=lambda: [np.array([[1e-6], [5e-5]])])
    assert noisy.agrees
    assert (noisy.document()["noise"], noisy.document()["difference"]) == (5e-5, pytest.approx(3e-5))
    assert Parity.of(noisy.document()).document() == noisy.document()
    assert judge([one], [one], noise=lambda: [np.array([[1e-6], [5e-5]])]).document() == strict


def test_a_row_alone_may_be_off_by_what_it_is_for_keras_too() -> None:
    """A softmax of large scores differs by more than its noise between a batch and a row alone, in Keras itself."""
    rows, alone, off = (np.array([[0.03], [each]], np.float32) for each in (0.02, 0.0200004, 0.0200008))
    noise = 2e-7
    expected = [[rows], [rows[:1]], [alone[1:]]]
    received = [[rows], [rows[:1]], [off[1:]]]
    assert judge(expected, received, noise=lambda: [np.full((2, 1), noise)]).agrees
    assert not judge([[rows], [rows[:1]], [rows[1:]]], received, noise=lambda: [np.full((2, 1), noise)]).agrees
    far = [[rows], [rows[:1]], [rows[1:] * 2]]  # what depends on the batch is no rounding
    assert not judge(far, [[rows], [rows[:1]], [rows[1:]]], noise=lambda: [np.full((2, 1), noise)]).agrees


def test_what_is_not_finite_is_equal_to_its_like_alone() -> None:
    one, other = np.array([[np.nan, np.inf, -np.inf]]), np.array([[np.nan, np.inf, 0.0]])
    assert compare([one], [one]).agrees
    assert not compare([one], [other]).agrees
    assert not compare([other], [one]).agrees


magnitudes = st.floats(1e-20, 1e20)


@given(magnitudes, magnitudes, st.integers(0, 4), st.floats(0, 0.9), st.floats(1.1, 1e6))
def test_each_column_is_measured_by_itself(one: float, other: float, row: int, less: float, more: float) -> None:
    """Whatever stands beside it, and whatever its unit."""
    random = np.random.default_rng(0)
    values = random.uniform(-1, 1, (5, 2))
    values[0] = 1
    expected = values * [one, other]
    for column, unit in enumerate((one, other)):
        for part, agrees in ((less, True), (more, False)):
            received = expected.copy()
            received[row, column] += part * 1e-5 * unit
            found = compare([expected], [received])
            assert found.agrees == agrees
            if not agrees:
                assert found.row == row
                assert found.relative == pytest.approx(part * 1e-5, rel=1e-3)


@given(st.floats(1e-25, 1e3))
def test_zeros_are_not_the_same_as_small_numbers(unit: float) -> None:
    assert not compare([np.full((3, 1), unit)], [np.zeros((3, 1))]).agrees


def test_a_sigmoid_is_known_to_so_many_places() -> None:
    small = np.full((3, 1), 1e-9)
    assert compare([small], [np.zeros((3, 1))], floors=[FLOOR]).agrees
    assert not compare([small], [np.full((3, 1), 1e-6)], floors=[FLOOR]).agrees


def test_a_row_alone_is_measured_by_all_rows() -> None:
    whole = np.array([[1.0], [1e-9]])
    expected = [[whole], [whole[:1]], [whole[1:]]]
    received = [[whole], [whole[:1]], [np.array([[1e-7]])]]
    assert judge(expected, received).agrees
    received[2] = [np.array([[1e-3]])]
    found = judge(expected, received)
    assert not found.agrees
    assert (found.row, found.batch) == (1, 1)


def test_the_last_axis_of_a_sequence_is_its_columns() -> None:
    expected = np.ones((2, 3, 2)) * [1e6, 1e-3]
    received = expected.copy()
    received[1, 2, 1] *= 1.001
    assert compare([expected], [received]).row == 1
    assert not compare([expected], [received]).agrees


def test_the_tolerance_is_the_format_s() -> None:
    one, other = [np.array([[1.0], [2.0]])], [np.array([[1.0], [2.001]])]
    assert not judge([one], [other]).agrees
    found = judge([one], [other], tolerance=1e-3)
    assert found.agrees
    assert found.document()["tolerance"] == 1e-3
    assert Parity.of(found.document()).document() == found.document()
