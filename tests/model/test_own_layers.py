"""The layers, schedules, optimizer and callback of our own: held to formulas of NumPy, saved, and the same in ONNX."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import tensorflow as tf

from dlcli.backend import startup
from dlcli.exports.to_onnx import to_onnx
from dlcli.model.layers.decay import decay_of
from dlcli.model.layers.drawing import draw_from_rows, draws_from_rows
from dlcli.model.own import OWN, own_component

keras = startup.load()
RANDOM = np.random.default_rng(3)
ROWS = RANDOM.normal(size=(12, 5)).astype(np.float32)


def of(name: str, **arguments: Any) -> Any:
    return own_component(name)(**arguments)


def shaken(layer: Any, inputs: Any = ROWS) -> list[Any]:
    """Weights that are not those that it begins with, of a layer that is built for the inputs."""
    layer(inputs)
    for weight in layer.weights:
        weight.assign(np.asarray(weight) + RANDOM.normal(size=weight.shape) * 0.1)
    return [np.asarray(weight, np.float64) for weight in layer.weights]


LAYERS: dict[str, tuple[dict[str, Any], Any]] = {
    "Scaling": ({"rate": 6.0, "decay": 36.0}, ROWS),
    "TangentDense": ({"units": 3, "activation": "selu", "bias_rate": 0.1}, ROWS),
    "ParametricActivation": ({"activation": "mish", "rate": 0.1}, ROWS),
    "PeriodicEmbedding": ({"size": 4, "frequencies": 8, "places": [0, 3]}, ROWS),
    "PiecewiseLinearEmbedding": (
        {"size": 3, "bins": 3, "boundaries": [[-1.0, 0.0, 0.5], [0.0, 1.0]], "places": [1, 2]},
        ROWS,
    ),
    "EnsembleAffine": ({"members": 4, "initialize": "normal", "group": 2}, ROWS),
    "EnsembleDense": ({"units": 3, "activation": "softmax"}, np.stack([ROWS, ROWS + 1], axis=1)),
    "ScheduledDropout": ({"rate": 0.5, "steps": 10}, ROWS),
    "RangeClip": ({"minimum": -0.5, "maximum": [0.1, 0.2, 0.3, 0.4, 0.5]}, ROWS),
    "Patches": ({"size": 2}, RANDOM.normal(size=(2, 4, 6, 3)).astype(np.float32)),
    "TransformerEncoder": ({"intermediate_dim": 7, "num_heads": 2}, RANDOM.normal(size=(3, 4, 6)).astype(np.float32)),
}


def test_every_layer_is_looked_at() -> None:
    ours = {name for name, module in OWN.items() if module.startswith("layers.")}
    assert ours == {*LAYERS, "PositionEmbedding", "SinePositionEncoding"}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_the_same_from_its_config_in_a_file_and_in_onnx(name: str, tmp_path: Path) -> None:
    arguments, inputs = LAYERS[name]
    layer = of(name, **arguments)
    shaken(layer, inputs)
    expected = np.asarray(layer(inputs))
    again = type(layer).from_config(json.loads(json.dumps(layer.get_config())))
    again(inputs)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(np.asarray(again(inputs)), expected)
    assert expected.shape == tuple(again.compute_output_shape(inputs.shape))
    source = keras.Input(inputs.shape[1:], name="x")
    model = keras.Model({"x": source}, layer(source))
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(np.asarray(loaded({"x": inputs}, training=False)), expected)
    session = onnxruntime.InferenceSession(to_onnx(model, ("y",), metadata={}), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {session.get_inputs()[0].name: inputs})
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_mish_is_that_of_keras(dtype: str) -> None:
    numbers = np.linspace(-30, 60, 500)
    layer = of("ParametricActivation", activation="mish", dtype=dtype)
    tolerance = {"float16": 2e-3, "bfloat16": 4e-2, "float32": 1e-5, "float64": 1e-6}[dtype]
    exact = numbers * np.tanh(np.logaddexp(0, numbers))
    given = keras.ops.convert_to_numpy(keras.ops.cast(layer(keras.ops.cast(numbers, dtype)), "float64"))
    np.testing.assert_allclose(given, exact, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("shape", [(40, 3), (8, 5, 3)])
def test_the_gradient_of_mish_is_that_of_its_formula(shape: tuple[int, ...]) -> None:
    layer = of("ParametricActivation", activation="mish", rate=0.5)
    numbers = tf.linspace(-30.0, 60.0, math.prod(shape))
    numbers, weights = tf.reshape(numbers, shape), tf.constant(RANDOM.normal(size=shape), tf.float32)
    shaken(layer, numbers)

    def gradients(apply: Callable[[Any], Any]) -> list[Any]:
        with tf.GradientTape() as tape:
            tape.watch(numbers)
            total = tf.reduce_sum(apply(numbers) * weights)
        return list(tape.gradient(total, [numbers, layer.share.value]))

    found = gradients(lambda x: layer(x, training=True))
    expected = gradients(lambda x: x + (keras.activations.mish(x) - x) * (layer.share * 0.5))
    np.testing.assert_array_equal(layer(numbers, training=True), layer(numbers))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_mish_lets_large_numbers_through(dtype: str) -> None:
    layer = of("ParametricActivation", activation="mish", rate=0.1, dtype=dtype)
    numbers = tf.cast([[10.0], [1000.0], [60000.0]], dtype)
    layer(numbers)
    with tf.GradientTape() as tape:
        tape.watch(numbers)
        given = layer(numbers, training=True)
    of_numbers, of_share = tape.gradient(given, [numbers, layer.share.value])
    np.testing.assert_allclose(given, numbers, rtol=1e-7)
    np.testing.assert_allclose(tf.cast(of_numbers, "float32"), np.ones((3, 1)), atol=1e-6)
    assert abs(float(of_share[0])) < 1e-6


def test_scaling_and_activation_begin_as_they_should() -> None:
    np.testing.assert_allclose(of("Scaling")(ROWS), ROWS, rtol=1e-6)
    np.testing.assert_allclose(of("ParametricActivation", activation="selu")(ROWS), keras.activations.selu(ROWS), 1e-5)
    layer = of("ParametricActivation", activation="relu", rate=0.5)
    (share,) = shaken(layer)
    expected = ROWS + (np.maximum(ROWS, 0) - ROWS) * (share * 0.5)
    np.testing.assert_allclose(layer(ROWS), expected, rtol=1e-5, atol=1e-6)


def test_a_dense_layer_of_the_tangent_kernel() -> None:
    layer = of("TangentDense", units=3, bias_rate=0.1)
    kernel, bias = shaken(layer)
    np.testing.assert_allclose(layer(ROWS), ROWS @ kernel / math.sqrt(5) + 0.1 * bias, rtol=1e-5, atol=1e-6)
    assert decay_of(layer.bias) == 0
    assert decay_of(layer.kernel) == 1
    assert not np.asarray(of("TangentDense", units=3, initialize="zeros")(ROWS)).any()


def test_a_periodic_embedding() -> None:
    layer = of("PeriodicEmbedding", size=3, frequencies=4, sigma=0.5, rate=0.1, places=[2, 0])
    frequency, phase, kernel, bias = (0.1 * each for each in shaken(layer))
    chosen = ROWS[:, [2, 0]].astype(np.float64)
    waves = np.cos(2 * np.pi * chosen[..., np.newaxis] * frequency + phase)
    made = np.einsum("bnw,nwm->bnm", waves, kernel) + bias
    expected = np.concatenate([made.reshape(12, -1), chosen, ROWS[:, [1, 3, 4]]], axis=1)
    np.testing.assert_allclose(layer(ROWS), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(of("PeriodicEmbedding", places=[])(ROWS), ROWS)


def test_a_piecewise_linear_embedding() -> None:
    layer = of("PiecewiseLinearEmbedding", size=2, bins=4)
    layer.reset_state()
    for part in np.split(ROWS, 4):
        layer.update_state(part)
    layer.finalize_state()
    np.testing.assert_allclose(layer.boundaries[3], np.quantile(ROWS[:, 3].astype(float), [0, 0.25, 0.5, 0.75, 1]))
    wide = np.concatenate([ROWS, ROWS * 9])  # beyond the bins too
    slope, bias, kernel = shaken(layer, wide)
    expected = []
    for place, edges in enumerate(np.array(layer.boundaries)):
        inside = (wide[:, place, np.newaxis] - edges[:-1]) / np.diff(edges)
        inside[:, 0] = np.minimum(inside[:, 0], 1)
        inside[:, 1:-1] = np.clip(inside[:, 1:-1], 0, 1)
        inside[:, -1] = np.maximum(inside[:, -1], 0)
        expected.append(wide[:, place, np.newaxis] * slope[place] + bias[place] + inside @ kernel[place])
    np.testing.assert_allclose(layer(wide), np.concatenate(expected, axis=1), rtol=1e-3, atol=1e-4)


def test_an_ensemble_learns_the_mean_loss_and_predicts_the_mean_probability() -> None:
    inputs = RANDOM.normal(size=(6, 4, 5)).astype(np.float32)
    for activation, loss, targets in (
        ("softmax", keras.losses.CategoricalCrossentropy(), np.eye(3)[[0, 1, 2, 0, 1, 2]]),
        ("sigmoid", keras.losses.BinaryCrossentropy(), RANDOM.integers(0, 2, (6, 3)).astype(float)),
        ("linear", keras.losses.MeanSquaredError(), RANDOM.normal(size=(6, 3))),
    ):
        layer = of("EnsembleDense", units=3, activation=activation)
        kernel, bias = shaken(layer, inputs)
        scores = np.einsum("bmi,miu->mbu", inputs, kernel) + bias[:, np.newaxis]
        members = [np.asarray(getattr(keras.activations, activation)(each)) for each in scores.astype(np.float32)]
        np.testing.assert_allclose(layer(inputs), np.mean(members, axis=0), rtol=1e-4, atol=1e-5)
        learnt = float(loss(targets, layer(inputs, training=True))) + float(sum(layer.losses))
        mean = np.mean([float(loss(targets, each)) for each in members])
        assert learnt == pytest.approx(mean, rel=1e-3)


def test_the_members_of_an_ensemble_begin_apart() -> None:
    layer = of("EnsembleAffine", members=3, group=2)
    found = np.asarray(layer(ROWS))
    assert found.shape == (12, 3, 5)
    signs = np.asarray(layer.scale)
    assert set(np.unique(signs)) <= {-1.0, 1.0}
    np.testing.assert_array_equal(signs[:, 0], signs[:, 1])
    np.testing.assert_allclose(found, ROWS[:, np.newaxis] * signs)


def test_dropout_ends_with_the_training() -> None:
    layer = of("ScheduledDropout", rate=0.5, steps=4, seed=1)
    ones = np.ones((4000, 1), np.float32)
    shares = [float((np.asarray(layer(ones, training=True)) == 0).mean()) for _ in range(5)]
    np.testing.assert_allclose(shares, [0.5, 0.5, 0.5, 0.25, 0.0], atol=0.03)
    np.testing.assert_array_equal(layer(ones), ones)
    kept = np.asarray(of("ScheduledDropout", rate=0.2, steps=9)(ones, training=True))
    np.testing.assert_allclose(kept[kept > 0], 1.25, rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
@pytest.mark.parametrize("rate", [0.999, 0.9999, 0.99999, 1.0])
def test_dropout_of_nearly_all(rate: float, dtype: str) -> None:
    layer = of("ScheduledDropout", rate=rate, steps=4, flat=1.0, seed=3, dtype=dtype)
    found = np.asarray(layer(np.ones((1000, 1000), dtype), training=True), np.float64)
    assert np.isfinite(found).all()
    assert found.mean() == pytest.approx(float(rate < 1), abs=0.7 if rate > 0.9999 else 0.3)
    assert rate < 1 or not found.any()


def test_the_range_holds_in_prediction_alone() -> None:
    layer = of("RangeClip", minimum=-0.5, maximum=0.25)
    np.testing.assert_array_equal(layer(ROWS), np.clip(ROWS, -0.5, 0.25))
    np.testing.assert_array_equal(layer(ROWS, training=True), ROWS)


def test_patches_are_squares_row_by_row() -> None:
    image = np.arange(2 * 4 * 3).reshape(1, 2, 4, 3).astype(np.float32)
    found = np.asarray(of("Patches", size=2)(image))
    np.testing.assert_array_equal(found[0, 0], image[0, :2, :2].reshape(-1))
    np.testing.assert_array_equal(found[0, 1], image[0, :2, 2:].reshape(-1))


def test_padding_is_not_looked_at() -> None:
    layer = of("TransformerEncoder", intermediate_dim=4, num_heads=2, normalize_first=True)
    steps = RANDOM.normal(size=(1, 4, 6)).astype(np.float32)
    mask = np.array([[True, True, False, False]])
    other = steps.copy()
    other[:, 2:] = 9
    found = [np.asarray(layer(each, mask=mask))[:, :2] for each in (steps, other)]
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5, atol=1e-6)


def test_weights_are_drawn_to_fit_the_rows() -> None:
    inner = keras.Sequential([keras.Input((16,)), of("TangentDense", units=8, initialize="data")])
    source = keras.Input((5,), name="x")
    hidden = of("TangentDense", units=16, activation="selu", initialize="data", bias_rate=0.1)(source)
    model = keras.Model({"x": source}, inner(hidden))
    rows = RANDOM.normal(size=(500, 5)).astype(np.float32) * [1, 100, 0.01, 1, 0]
    assert draws_from_rows(model)
    draw_from_rows(model, {"x": rows}, seed=7)
    first = model.get_weights()
    found = np.asarray(model({"x": rows}))
    np.testing.assert_allclose(found.std(axis=0), 1, rtol=1e-3)
    draw_from_rows(model, {"x": rows}, seed=7)
    assert all((one == other).all() for one, other in zip(first, model.get_weights(), strict=True))
    draw_from_rows(model, {"x": rows}, seed=8)
    assert (first[0] != model.get_weights()[0]).all()
    assert not draws_from_rows(keras.Sequential([keras.Input((5,)), of("TangentDense", units=2)]))


def test_schedules() -> None:
    cosine = of("CosineLog", learning_rate=0.04, steps=100)
    for step in range(0, 120, 7):
        part = min(step / 100, 1)
        assert float(cosine(step)) == pytest.approx(
            0.04 * (1 - math.cos(2 * math.pi * math.log2(1 + 15 * part))) / 2, abs=1e-7
        )
    flat = of("FlatCosine", value=2.0, steps=100)
    expected = {0: 2.0, 50: 2.0, 75: 1.0, 100: 0.0, 130: 0.0}
    assert {step: round(float(flat(step)), 5) for step in expected} == expected
    for schedule in (cosine, flat):
        again = keras.optimizers.schedules.deserialize(keras.optimizers.schedules.serialize(schedule))
        assert float(again(33)) == float(schedule(33))


def test_weights_decay_by_the_schedule_and_by_their_share(monkeypatch: pytest.MonkeyPatch) -> None:
    scaling = of("Scaling", rate=2.0, decay=4.0)
    model = keras.Sequential([keras.Input((5,)), scaling, *(of("TangentDense", units=1) for _ in range(3))])
    schedule = of("FlatCosine", value=0.5, steps=2, flat=0.0)
    optimizer = of("AdamOfSchedules", learning_rate=0.1, weight_decay=schedule)
    optimizer.build(model.trainable_variables)
    asked: list[Any] = []
    ask = type(schedule).__call__

    def counting(self: Any, step: Any) -> Any:
        asked.append(step)
        return ask(self, step)

    monkeypatch.setattr(type(schedule), "__call__", counting)
    zero = [np.zeros(each.shape, np.float32) for each in model.trainable_variables]
    before = [np.asarray(each).copy() for each in model.trainable_variables]
    optimizer.apply([keras.ops.convert_to_tensor(each) for each in zero])
    optimizer.apply([keras.ops.convert_to_tensor(each) for each in zero])
    assert len(asked) == 2, "once a step, and not for each weight"
    for variable, old in zip(model.trainable_variables, before, strict=True):
        share = decay_of(variable)
        np.testing.assert_allclose(variable, old * (1 - 0.1 * 0.5 * share) * (1 - 0.1 * 0.25 * share), rtol=1e-5)
    assert {decay_of(each) for each in model.trainable_variables} == {0.0, 1.0, 4.0}
    again = type(optimizer).from_config(optimizer.get_config())
    assert again.get_config() == optimizer.get_config()
    assert type(again._decay).__name__ == "FlatCosine"
    assert of("AdamOfSchedules", weight_decay=0.1).get_config()["weight_decay"] == 0.1
    assert of("AdamOfSchedules").get_config()["weight_decay"] is None


@pytest.mark.parametrize("xla", [pytest.param(False, marks=pytest.mark.soak), True])
def test_schedules_that_are_asked_once_a_step_give_the_same_bits(xla: bool) -> None:
    own = type(of("AdamOfSchedules"))

    class ForEachWeight(own):  # type: ignore[misc,valid-type]
        def _once(self, name: str, ask: Callable[[], Any]) -> Any:
            return ask()

    rows = np.random.default_rng(0).normal(size=(96, 5)).astype(np.float32)
    found = []
    for optimizer in (own, ForEachWeight):
        keras.utils.set_random_seed(1)
        layers = [of("Scaling", decay=36.0), *(of("TangentDense", units=units, bias_rate=0.1) for units in (8, 8, 1))]
        model = keras.Sequential([keras.Input((5,)), *layers])
        rate, decay = of("CosineLog", learning_rate=0.2, steps=24), of("FlatCosine", value=0.02, steps=24)
        model.compile(optimizer(learning_rate=rate, weight_decay=decay, beta_2=0.95), "mse", jit_compile=xla)
        model.fit(rows, rows.sum(axis=1), batch_size=16, epochs=4, shuffle=False, verbose=0)
        found.append(model.get_weights())
    assert all(one.tobytes() == other.tobytes() for one, other in zip(*found, strict=True))


@pytest.mark.parametrize(
    "options",
    [pytest.param({}, marks=pytest.mark.soak), {"amsgrad": True}, {"clipnorm": 0.5, "gradient_accumulation_steps": 2}],
)
def test_it_is_adam(options: dict[str, Any]) -> None:
    rows = np.random.default_rng(0).integers(0, 9, size=(64, 3))
    found = []
    for optimizer in (type(of("AdamOfSchedules")), keras.optimizers.Adam):
        keras.utils.set_random_seed(1)
        embedded = [keras.Input((3,), dtype="int64"), keras.layers.Embedding(9, 4), keras.layers.Flatten()]
        model = keras.Sequential([*embedded, keras.layers.Dense(5, "tanh"), keras.layers.Dense(1)])
        model.compile(optimizer(learning_rate=0.01, beta_2=0.95, weight_decay=0.1, **options), "mse")
        model.fit(rows, rows.sum(axis=1), batch_size=16, epochs=4, shuffle=False, verbose=0)
        found.append(model.get_weights())
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_the_last_of_the_best_epochs_is_kept() -> None:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    callback = of("KeepBest", monitor="val_accuracy", mode="max")
    model.stop_training = False
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, accuracy in enumerate([0.5, 0.9, 0.7, 0.9, 0.8]):
        model.set_weights([np.array([[float(epoch)]]), np.array([0.0])])
        callback.on_epoch_end(epoch, {"val_accuracy": accuracy})
    callback.on_train_end()
    assert float(np.asarray(model.layers[0].kernel)[0, 0]) == 3.0
    assert callback.best_epoch == 3
    assert not model.stop_training


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("Scaling", {"rate": 0}),
        ("TangentDense", {"units": 0}),
        ("TangentDense", {"units": 1, "initialize": "he"}),
        ("ParametricActivation", {"activation": "relu", "rate": -1}),
        ("PeriodicEmbedding", {"size": 1}),
        ("PiecewiseLinearEmbedding", {"bins": 0}),
        ("EnsembleAffine", {"members": 0}),
        ("EnsembleDense", {"units": 1, "activation": "relu"}),
        ("ScheduledDropout", {"rate": 0.1, "steps": 0}),
        ("Patches", {"size": 0}),
        ("CosineLog", {"learning_rate": 1, "steps": 0}),
        ("FlatCosine", {"value": 1, "steps": 1, "flat": 2}),
    ],
)
def test_arguments_out_of_their_range(name: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        of(name, **arguments)
